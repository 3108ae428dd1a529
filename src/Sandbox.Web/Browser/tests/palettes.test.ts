import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { paletteOf, themeNames } from "../src/terminals/view/palettes";

/** https://www.w3.org/TR/WCAG22/#dfn-contrast-ratio */
function contrast(first: string, second: string): number {
  const luminance = (colour: string): number => {
    const [red, green, blue] = [1, 3, 5].map(at => {
      const part = parseInt(colour.slice(at, at + 2), 16) / 255;
      return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
    }) as [number, number, number];
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
  };
  const [dark, light] = [luminance(first), luminance(second)].sort((one, other) => one - other) as [number, number];
  return (light + 0.05) / (dark + 0.05);
}

// npm runs the tests in the folder of package.json.
const tokens = new Map(Array.from(readFileSync("src/styles/tokens.css", "utf8").matchAll(/--([\w-]+): light-dark\((#[0-9a-f]{6}), (#[0-9a-f]{6})\)/g), match => [match[1]!, [match[2]!, match[3]!]]));

test("What the page writes onto a terminal can be read on every palette, and so can the terminal", () => {
  for (const name of themeNames) {
    for (const dark of [false, true]) {
      const palette = paletteOf(name, dark);
      const background = palette.colours.background!;
      for (const ink of ["ink", "ink-2", "accent", "bad"]) {
        const colour = tokens.get(ink)![palette.dark ? 1 : 0]!;
        assert.ok(contrast(colour, background) >= 4.5, `${ink} ${colour} on ${name} ${background}: ${contrast(colour, background).toFixed(2)}`);
      }
      assert.ok(contrast(palette.colours.foreground!, background) >= palette.contrast, `${name}: its own letters`);
      assert.ok(contrast(palette.colours.cursor!, background) >= 3, `${name}: its cursor`);
      assert.ok(contrast(tokens.get("focus")![palette.dark ? 1 : 0]!, background) >= 3, `${name}: what has the focus`);
      for (const [each, colour] of Object.entries(palette.colours)) {
        assert.match(String(colour), /^#[0-9a-f]{6}$/, `${name} ${each}`);
      }
    }
  }
});
