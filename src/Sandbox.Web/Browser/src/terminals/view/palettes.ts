import type { ITheme } from "@xterm/xterm";

/** The terminal's colours; xterm lifts what is too faint to {@link Palette.contrast} by itself. */
const siteDark: ITheme = {
  background: "#12100d", foreground: "#ece5d6", cursor: "#f3a665", cursorAccent: "#12100d",
  selectionBackground: "#5b4a33", selectionInactiveBackground: "#3d3427",
  black: "#2b271f", red: "#f0857a", green: "#9ccc8b", yellow: "#eac06b", blue: "#86b4e8", magenta: "#d6a0dc", cyan: "#7fcfc4", white: "#d9d0be",
  brightBlack: "#8f8673", brightRed: "#ffa79c", brightGreen: "#b9e3a8", brightYellow: "#ffdb8f", brightBlue: "#aacdf5", brightMagenta: "#eac0ee", brightCyan: "#a3e6dc", brightWhite: "#fffaf0",
};

const siteLight: ITheme = {
  background: "#fffdf8", foreground: "#262019", cursor: "#9c3f12", cursorAccent: "#fffdf8",
  selectionBackground: "#f0d3b0", selectionInactiveBackground: "#efe4d3",
  black: "#262019", red: "#b3261e", green: "#2c6e31", yellow: "#7d5a00", blue: "#1f5fa8", magenta: "#8a3794", cyan: "#0f6b66", white: "#6b6252",
  brightBlack: "#6f6757", brightRed: "#c8372d", brightGreen: "#3a7d34", brightYellow: "#8c6500", brightBlue: "#2b6cb8", brightMagenta: "#9b46a5", brightCyan: "#1a7a74", brightWhite: "#4a4337",
};

/** Ethan Schoonover's, https://ethanschoonover.com/solarized, with bright colours that are colours. */
const solarized = {
  red: "#dc322f", green: "#859900", yellow: "#b58900", blue: "#268bd2", magenta: "#d33682", cyan: "#2aa198",
  brightRed: "#cb4b16", brightGreen: "#859900", brightYellow: "#b58900", brightBlue: "#268bd2", brightMagenta: "#6c71c4", brightCyan: "#2aa198",
};
const solarizedDark: ITheme = {
  ...solarized, background: "#002b36", foreground: "#93a1a1", cursor: "#eee8d5", cursorAccent: "#002b36", selectionBackground: "#0f5566", selectionInactiveBackground: "#0a4451",
  black: "#073642", white: "#eee8d5", brightBlack: "#657b83", brightWhite: "#fdf6e3",
};
const solarizedLight: ITheme = {
  ...solarized, background: "#fdf6e3", foreground: "#586e75", cursor: "#073642", cursorAccent: "#fdf6e3", selectionBackground: "#d9d2b6", selectionInactiveBackground: "#e6dfc8",
  black: "#073642", white: "#93a1a1", brightBlack: "#657b83", brightWhite: "#586e75",
};

/** Atom's. */
const oneDark: ITheme = {
  background: "#282c34", foreground: "#c8ccd4", cursor: "#61afef", cursorAccent: "#282c34", selectionBackground: "#4a5162", selectionInactiveBackground: "#3e4451",
  black: "#3f4451", red: "#e06c75", green: "#98c379", yellow: "#e5c07b", blue: "#61afef", magenta: "#c678dd", cyan: "#56b6c2", white: "#d7dae0",
  brightBlack: "#7f848e", brightRed: "#ff8b92", brightGreen: "#b5e890", brightYellow: "#ffd68a", brightBlue: "#7fc4ff", brightMagenta: "#de8ef5", brightCyan: "#6fd8e5", brightWhite: "#ffffff",
};

/** Pavel Pertsev's, https://github.com/morhetz/gruvbox. */
const gruvboxDark: ITheme = {
  background: "#282828", foreground: "#ebdbb2", cursor: "#fe8019", cursorAccent: "#282828", selectionBackground: "#5c5248", selectionInactiveBackground: "#45403c",
  black: "#3c3836", red: "#fb4934", green: "#b8bb26", yellow: "#fabd2f", blue: "#83a598", magenta: "#d3869b", cyan: "#8ec07c", white: "#d5c4a1",
  brightBlack: "#a89984", brightRed: "#ff6b57", brightGreen: "#d0d33e", brightYellow: "#ffd65c", brightBlue: "#a3c4b7", brightMagenta: "#e9a6b9", brightCyan: "#aedda0", brightWhite: "#fbf1c7",
};
const gruvboxLight: ITheme = {
  background: "#fbf1c7", foreground: "#3c3836", cursor: "#af3a03", cursorAccent: "#fbf1c7", selectionBackground: "#dcc99a", selectionInactiveBackground: "#e9dcb2",
  black: "#3c3836", red: "#9d0006", green: "#79740e", yellow: "#8f5f0d", blue: "#076678", magenta: "#8f3f71", cyan: "#427b58", white: "#7c6f64",
  brightBlack: "#665c54", brightRed: "#cc241d", brightGreen: "#6d6a0a", brightYellow: "#9a6a12", brightBlue: "#226d78", brightMagenta: "#9b4f7d", brightCyan: "#4c7a45", brightWhite: "#282828",
};

const contrastDark: ITheme = {
  background: "#000000", foreground: "#ffffff", cursor: "#ffff00", cursorAccent: "#000000", selectionBackground: "#00509e", selectionInactiveBackground: "#003a73",
  black: "#000000", red: "#ff8080", green: "#80ff80", yellow: "#ffff66", blue: "#99ccff", magenta: "#ff99ff", cyan: "#80ffff", white: "#ffffff",
  brightBlack: "#bfbfbf", brightRed: "#ffa6a6", brightGreen: "#a6ffa6", brightYellow: "#ffff99", brightBlue: "#b8dcff", brightMagenta: "#ffb8ff", brightCyan: "#adffff", brightWhite: "#ffffff",
};
const contrastLight: ITheme = {
  background: "#ffffff", foreground: "#000000", cursor: "#0000b3", cursorAccent: "#ffffff", selectionBackground: "#a8d0ff", selectionInactiveBackground: "#cfe4ff",
  black: "#000000", red: "#990000", green: "#005c00", yellow: "#5c4700", blue: "#0000b3", magenta: "#7a007a", cyan: "#005757", white: "#404040",
  brightBlack: "#404040", brightRed: "#a60000", brightGreen: "#006300", brightYellow: "#664f00", brightBlue: "#0000cc", brightMagenta: "#8a008a", brightCyan: "#006161", brightWhite: "#000000",
};

/** How terminals are coloured, and whether that is dark. */
export interface Palette {
  readonly label: string;
  readonly dark: boolean;
  readonly colours: ITheme;
  /** Text has at least this contrast to what is behind it. */
  readonly contrast: number;
}

const palettes = {
  "solarized-light": { label: "Solarized light", dark: false, colours: solarizedLight, contrast: 4.5 },
  "solarized-dark": { label: "Solarized dark", dark: true, colours: solarizedDark, contrast: 4.5 },
  "one-dark": { label: "One Dark", dark: true, colours: oneDark, contrast: 4.5 },
  "gruvbox-light": { label: "Gruvbox light", dark: false, colours: gruvboxLight, contrast: 4.5 },
  "gruvbox-dark": { label: "Gruvbox dark", dark: true, colours: gruvboxDark, contrast: 4.5 },
  "contrast-light": { label: "High contrast, light", dark: false, colours: contrastLight, contrast: 7 },
  "contrast-dark": { label: "High contrast, dark", dark: true, colours: contrastDark, contrast: 7 },
} as const satisfies Record<string, Palette>;

/** site: as the page is, light or dark. */
export type ThemeName = "site" | keyof typeof palettes;
export const themeNames = ["site", ...Object.keys(palettes)] as readonly ThemeName[];

/** @param dark whether the page is */
export function paletteOf(theme: ThemeName, dark: boolean): Palette {
  return theme === "site" ? { label: "Match site", dark, colours: dark ? siteDark : siteLight, contrast: 4.5 } : palettes[theme];
}
