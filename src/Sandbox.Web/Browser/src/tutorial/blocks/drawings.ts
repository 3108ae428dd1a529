import { isDark, onThemeChange } from "../../page/theme-toggle";

/** Formulas of a text, drawn by KaTeX as MathML, which browsers draw without fonts of ours. The source stays if it cannot be read. */
export async function drawFormulas(text: HTMLElement): Promise<void> {
  const formulas = [...text.querySelectorAll<HTMLElement>(".math")];
  if (formulas.length === 0) {
    return;
  }
  const { default: katex } = await import("katex");
  for (const formula of formulas) {
    const source = (formula.textContent ?? "").trim().replace(/^\\[([]|\\[)\]]$/g, "");
    try {
      katex.render(source, formula, { output: "mathml", displayMode: formula.tagName === "DIV", throwOnError: true, maxExpand: 200, maxSize: 20, trust: false });
    } catch {
      formula.classList.add("unreadable");
    }
  }
}

let drawn = 0;

/** A diagram, drawn by Mermaid in the colours of the page, until the signal ends it. Its source stays if it cannot be read. */
export async function startDiagram(element: HTMLElement, source: string, signal: AbortSignal): Promise<void> {
  await draw(element, source);
  const end = onThemeChange(() => void draw(element, source));
  signal.addEventListener("abort", end);
}

async function draw(element: HTMLElement, source: string): Promise<void> {
  const { default: mermaid } = await import("mermaid");
  mermaid.initialize({ startOnLoad: false, securityLevel: "strict", theme: isDark() ? "dark" : "neutral", htmlLabels: false, flowchart: { htmlLabels: false }, maxTextSize: 20_000, maxEdges: 300 });
  try {
    const { svg } = await mermaid.render(`diagram-${drawn++}`, source);
    const picture = new DOMParser().parseFromString(svg, "image/svg+xml").documentElement;
    picture.setAttribute("role", "img");
    picture.setAttribute("aria-label", `Diagram: ${source.slice(0, 500)}`);
    element.replaceChildren(document.importNode(picture, true));
  } catch {
    document.querySelectorAll("[id^=ddiagram-]").forEach(left => left.remove());
    element.classList.add("unreadable");
  }
}
