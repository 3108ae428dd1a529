/** Styles of the elements. A sheet that a script makes is allowed by any policy of the page around it. */
export function sheetOf(css: string): CSSStyleSheet {
  const sheet = new CSSStyleSheet();
  sheet.replaceSync(css);
  return sheet;
}

export const common = sheetOf(`
:host {
  display: block; position: relative; box-sizing: border-box; margin: 1em 0; overflow: hidden; border: 1px solid var(--line); border-radius: 10px; background: var(--back); color: var(--ink);
  font: 15px/1.5 ui-sans-serif, system-ui, -apple-system, "Segoe UI", "Noto Sans", sans-serif; text-align: left; color-scheme: light dark;
  --back: light-dark(#fffdf8, #12100d); --bar: light-dark(#f1eadc, #221f19); --line: light-dark(#d6cab4, #3a342a); --ink: light-dark(#231d14, #f2ebdd); --soft: light-dark(#5f5544, #b8ad99);
  --accent: light-dark(#9c3f12, #f3a665); --on-accent: light-dark(#fffaf2, #25160a); --bad: light-dark(#a3201a, #ff9488); --ok: light-dark(#1d6b3a, #86d6a0); --focus: light-dark(#1758b0, #8fc1ff);
  --mono: ui-monospace, "SF Mono", "Cascadia Mono", Menlo, Consolas, "DejaVu Sans Mono", "Liberation Mono", monospace;
}
:host([hidden]) { display: none; }
:host([theme="light"]) { color-scheme: light; }
:host([theme="dark"]) { color-scheme: dark; }
*, *::before { box-sizing: border-box; }
[hidden] { display: none !important; }
button, a.button { display: inline-block; min-height: 36px; padding: 5px 14px; border: 1px solid var(--line); border-radius: 8px; background: var(--back); color: var(--ink); font: inherit; font-weight: 600; line-height: 24px; text-decoration: none; cursor: pointer; }
button:hover, a.button:hover { border-color: var(--soft); }
button.primary { border-color: var(--accent); background: var(--accent); color: var(--on-accent); }
button:disabled { opacity: .6; cursor: default; }
:focus-visible { outline: 3px solid var(--focus); outline-offset: 2px; }
@media (pointer: coarse) { button, a.button { min-height: 44px; padding-block: 9px; } }
`);
