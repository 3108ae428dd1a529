import type { ITheme } from "@xterm/xterm";

/** The terminal's colours; xterm lifts what is too faint to 4.5:1 by itself. */
export const darkPalette: ITheme = {
  background: "#12100d", foreground: "#ece5d6", cursor: "#f3a665", cursorAccent: "#12100d",
  selectionBackground: "#5b4a33", selectionInactiveBackground: "#3d3427",
  black: "#2b271f", red: "#f0857a", green: "#9ccc8b", yellow: "#eac06b", blue: "#86b4e8", magenta: "#d6a0dc", cyan: "#7fcfc4", white: "#d9d0be",
  brightBlack: "#8f8673", brightRed: "#ffa79c", brightGreen: "#b9e3a8", brightYellow: "#ffdb8f", brightBlue: "#aacdf5", brightMagenta: "#eac0ee", brightCyan: "#a3e6dc", brightWhite: "#fffaf0",
};

export const lightPalette: ITheme = {
  background: "#fffdf8", foreground: "#262019", cursor: "#9c3f12", cursorAccent: "#fffdf8",
  selectionBackground: "#f0d3b0", selectionInactiveBackground: "#efe4d3",
  black: "#262019", red: "#b3261e", green: "#2c6e31", yellow: "#7d5a00", blue: "#1f5fa8", magenta: "#8a3794", cyan: "#0f6b66", white: "#6b6252",
  brightBlack: "#6f6757", brightRed: "#c8372d", brightGreen: "#3a7d34", brightYellow: "#8c6500", brightBlue: "#2b6cb8", brightMagenta: "#9b46a5", brightCyan: "#1a7a74", brightWhite: "#4a4337",
};
