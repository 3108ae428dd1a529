/** So many blanks in a row are counted instead of shown: what stands behind them would be out of sight. */
const mostBlanks = 16;

/** A line end and a plain space are seen for what they are. Nobody sees these, or what they do to the words around them. */
const unseen = /[^\P{Cc}\n]|[\p{Cf}\p{Cs}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}]/gu;

/** Looks like a space, and is none. */
const blank = /[^\P{Zs} ]|\u2800/gu;

/** Words of a program as they can be shown: what would turn them around, hide or move them is a sign instead. */
export function visible(text: string): string {
  return text.replace(unseen, letter => {
    const code = letter.charCodeAt(0);
    return code < 0x20 ? String.fromCharCode(0x2400 + code) : code === 0x7f ? "\u2421" : "\ufffd";
  }).replace(blank, "\u2423");
}

/** The same without the room that could hide an end. */
export function shown(text: string): string {
  return visible(text).replace(/ {2,}|\n{2,}/g, run => run.length <= mostBlanks ? run : ` ⟨${run.length.toLocaleString("en")} ${run[0] === " " ? "spaces" : "line ends"}⟩ `);
}
