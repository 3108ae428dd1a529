/** Longer runs of blanks are shown as a count, so that they cannot push text out of sight. */
const mostBlanks = 16;

/** Invisible characters and those that reorder the text around them, without line ends and plain spaces. */
const unseen = /[^\P{Cc}\n]|[\p{Cf}\p{Cs}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}]/gu;

/** Characters that look like a space. */
const blank = /[^\P{Zs} ]|\u2800/gu;

/** A program's text for display: characters that reorder, hide or move text are replaced by a sign. */
export function visible(text: string): string {
  return text.replace(unseen, letter => {
    const code = letter.charCodeAt(0);
    return code < 0x20 ? String.fromCharCode(0x2400 + code) : code === 0x7f ? "\u2421" : "\ufffd";
  }).replace(blank, "\u2423");
}

/** The same, with long runs of blanks as a count. */
export function shown(text: string): string {
  return visible(text).replace(/ {2,}|\n{2,}/g, run => run.length <= mostBlanks ? run : ` ⟨${run.length.toLocaleString("en")} ${run[0] === " " ? "spaces" : "line ends"}⟩ `);
}
