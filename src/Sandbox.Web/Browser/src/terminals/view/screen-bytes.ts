import type { IBufferCell, Terminal } from "@xterm/xterm";

type Shown = Pick<Terminal, "rows" | "cols" | "buffer">;

/**
 * The present screen of a terminal, as output that makes an empty one show the same: the lines in sight with their colours, and
 * the cursor. What was printed before and has scrolled away is not in it.
 */
export function screenBytes({ rows, cols, buffer }: Shown): string {
  const { active } = buffer;
  let output = active.type === "alternate" ? "\u001b[?1049h\u001b[H" : "\u001b[H\u001b[2J";
  const cell = active.getNullCell();
  for (let row = 0; row < rows; row++) {
    const line = active.getLine(active.baseY + row);
    let style = "";
    let text = "";
    let blank = "";
    for (let column = 0; line && column < cols; column++) {
      if (!line.getCell(column, cell) || cell.getWidth() === 0) {
        continue;
      }
      const wanted = styleOf(cell);
      const letters = cell.getChars() || " ";
      if (letters === " " && wanted === "") {
        blank += " "; // at the end of a line it is nothing
        continue;
      }
      if (blank !== "" && style !== "") {
        text += "\u001b[0m";
        style = "";
      }
      text += blank + (wanted === style ? "" : `\u001b[0${wanted}m`) + letters;
      blank = "";
      style = wanted;
    }
    output += text + (style === "" ? "" : "\u001b[0m") + (row + 1 < rows ? "\r\n" : "");
  }
  return `${output}\u001b[${active.cursorY + 1};${active.cursorX + 1}H`;
}

/** Parameters of SGR after a reset; empty for plain letters. */
function styleOf(cell: IBufferCell): string {
  const on = (parameter: number, is: number): string => is ? `;${parameter}` : "";
  return on(1, cell.isBold()) + on(2, cell.isDim()) + on(3, cell.isItalic()) + on(4, cell.isUnderline()) + on(5, cell.isBlink()) + on(7, cell.isInverse())
    + on(8, cell.isInvisible()) + on(9, cell.isStrikethrough()) + on(53, cell.isOverline())
    + color(38, cell.isFgRGB(), cell.isFgPalette(), cell.getFgColor()) + color(48, cell.isBgRGB(), cell.isBgPalette(), cell.getBgColor());
}

function color(parameter: number, isRgb: boolean, isPalette: boolean, value: number): string {
  return isRgb ? `;${parameter};2;${value >> 16 & 255};${value >> 8 & 255};${value & 255}` : isPalette ? `;${parameter};5;${value}` : "";
}
