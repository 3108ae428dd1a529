import { isDark, onThemeChange } from "../../page/theme-toggle";
import { paletteOf } from "./palettes";
import { preferences } from "./preferences";

/** Gives the surroundings of the terminal its background, and text there a matching colour. */
export function startTerminalTheme(root: HTMLElement): void {
  const apply = (): void => {
    const { theme } = preferences.now;
    const { dark, colours } = paletteOf(theme, isDark());
    if (theme === "site") {
      root.style.removeProperty("--terminal");
      delete root.dataset["shade"];
    } else {
      root.style.setProperty("--terminal", colours.background!);
      root.dataset["shade"] = dark ? "dark" : "light";
    }
  };
  apply();
  preferences.onChange(apply);
  onThemeChange(apply);
}
