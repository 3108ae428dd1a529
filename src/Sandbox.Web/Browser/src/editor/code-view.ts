import { closeBrackets, closeBracketsKeymap } from "@codemirror/autocomplete";
import { defaultKeymap, history, historyKeymap, indentWithTab } from "@codemirror/commands";
import { bracketMatching, HighlightStyle, indentOnInput, syntaxHighlighting } from "@codemirror/language";
import { highlightSelectionMatches, searchKeymap } from "@codemirror/search";
import { EditorState, type Extension } from "@codemirror/state";
import {
  crosshairCursor, drawSelection, dropCursor, EditorView, highlightActiveLine, highlightActiveLineGutter, highlightSpecialChars, keymap, lineNumbers, rectangularSelection,
} from "@codemirror/view";
import { tags } from "@lezer/highlight";

/** Colours are the page's variables, so the editor follows the page's theme. */
const colours = HighlightStyle.define([
  { tag: [tags.keyword, tags.operatorKeyword, tags.modifier, tags.controlKeyword], color: "var(--code-keyword)" },
  { tag: [tags.string, tags.special(tags.string), tags.regexp, tags.inserted], color: "var(--code-string)" },
  { tag: [tags.number, tags.bool, tags.null, tags.atom, tags.unit, tags.color], color: "var(--code-number)" },
  { tag: [tags.comment, tags.meta], color: "var(--code-comment)", fontStyle: "italic" },
  { tag: [tags.function(tags.variableName), tags.function(tags.propertyName), tags.labelName, tags.standard(tags.variableName)], color: "var(--code-function)" },
  { tag: [tags.typeName, tags.className, tags.namespace, tags.attributeName], color: "var(--code-type)" },
  { tag: [tags.propertyName, tags.definition(tags.propertyName)], color: "var(--code-function)" },
  { tag: [tags.tagName, tags.deleted, tags.invalid], color: "var(--code-tag)" },
  { tag: tags.heading, color: "var(--code-keyword)", fontWeight: "650" },
  { tag: [tags.link, tags.url], color: "var(--code-function)", textDecoration: "underline" },
  { tag: tags.emphasis, fontStyle: "italic" },
  { tag: tags.strong, fontWeight: "650" },
]);

const look = EditorView.theme({
  "&": { height: "100%", backgroundColor: "var(--terminal)", color: "var(--ink)", fontSize: ".875rem" },
  "&.cm-focused": { outline: "none" },
  ".cm-scroller": { fontFamily: "var(--mono)", lineHeight: "1.5" },
  ".cm-content": { caretColor: "var(--accent)", paddingBlock: ".5rem" },
  ".cm-cursor, .cm-dropCursor": { borderLeftColor: "var(--accent)", borderLeftWidth: "2px" },
  ".cm-gutters": { backgroundColor: "var(--terminal)", color: "var(--ink-2)", border: "0" },
  ".cm-activeLineGutter": { backgroundColor: "var(--surface-2)", color: "var(--ink)" },
  ".cm-activeLine": { backgroundColor: "color-mix(in srgb, var(--surface-2) 55%, transparent)" },
  "&.cm-focused > .cm-scroller > .cm-selectionLayer .cm-selectionBackground, .cm-selectionBackground": { background: "color-mix(in srgb, var(--focus) 28%, transparent)" },
  ".cm-selectionMatch": { backgroundColor: "color-mix(in srgb, var(--accent) 20%, transparent)" },
  "&.cm-focused .cm-matchingBracket": { backgroundColor: "color-mix(in srgb, var(--ok) 25%, transparent)" },
  "&.cm-focused .cm-nonmatchingBracket": { backgroundColor: "color-mix(in srgb, var(--bad) 25%, transparent)" },
  ".cm-panels": { backgroundColor: "var(--surface)", color: "var(--ink)", borderColor: "var(--line)" },
  ".cm-panels.cm-panels-bottom": { borderTop: "1px solid var(--line)" },
  ".cm-panel.cm-search": { padding: ".5rem 2.2rem .5rem .6rem", fontSize: ".9rem" },
  ".cm-textfield": { border: "1px solid var(--line-strong)", borderRadius: "6px", backgroundColor: "var(--surface)", color: "var(--ink)" },
  ".cm-button": { border: "1px solid var(--line-strong)", borderRadius: "6px", background: "var(--surface)", color: "var(--ink)" },
  ".cm-panel.cm-search [name=close]": { color: "var(--ink)", fontSize: "1.2rem" },
  ".cm-searchMatch": { backgroundColor: "var(--warn-bg)", outline: "1px solid var(--warn)" },
  ".cm-specialChar": { color: "var(--bad)" },
});

/** The state of a file that is opened: its text, and how it is edited. */
export function stateOf(text: string, path: string, more: Extension): EditorState {
  return EditorState.create({
    doc: text,
    extensions: [
      // Line ends stay as they are. A file that mixes them keeps each: the carriage returns are characters of their lines.
      EditorState.lineSeparator.of(text.includes("\r\n") && !/(^|[^\r])\n/.test(text) ? "\r\n" : "\n"),
      lineNumbers(), highlightActiveLineGutter(), highlightSpecialChars(), history(), drawSelection(), dropCursor(),
      EditorState.allowMultipleSelections.of(true), indentOnInput(), bracketMatching(), closeBrackets(), rectangularSelection(), crosshairCursor(),
      highlightActiveLine(), highlightSelectionMatches(), syntaxHighlighting(colours), look,
      keymap.of([...closeBracketsKeymap, ...searchKeymap, ...historyKeymap, indentWithTab, ...defaultKeymap]),
      EditorView.contentAttributes.of({ "aria-label": `Text of ${path}`, "aria-description": "Tab indents. Press Escape and then Tab to leave the editor." }),
      matchMedia("(max-width: 760px)").matches ? EditorView.lineWrapping : [],
      more,
    ],
  });
}
