import { writeClipboard } from "../page/clipboard";
import { make, textButton } from "../page/dom";

/** A link that is there: its address, and for one that anybody may open what shows it elsewhere. */
export function madeLink(url: string, title: string, isPublic: boolean): HTMLElement {
  const parts: Node[] = [copied("Address", url)];
  if (isPublic) {
    const qr = make("img", "made-qr");
    qr.src = `${path(url)}/qr.svg`;
    qr.alt = "The address as a QR code";
    qr.width = qr.height = 148;
    const badge = make("img", "made-badge");
    badge.src = `${path(url)}/badge.svg`;
    badge.alt = `Badge: open in Sandbox, ${title}`;
    badge.height = 22;
    const snippets = make("div", "made-snippets", badge);
    for (const [name, text] of snippetsOf(url, title)) {
      snippets.append(copied(name, text));
    }
    parts.push(make("div", "made-show", qr, snippets));
  } else {
    parts.push(make("p", "hint", "Only you can open it, in this browser or signed in."));
  }
  return make("div", "made-link", ...parts);
}

/** The badge with its link, and the terminal itself, as pages elsewhere write them. */
export function snippetsOf(url: string, title: string): [string, string][] {
  const badge = `${url}/badge.svg`;
  const alt = `Open in Sandbox: ${title}`;
  return [
    ["Markdown", `[![${alt.replace(/[\\[\]`*_<>]/g, "\\$&")}](${badge})](${url})`],
    ["HTML", `<a href="${url}"><img src="${badge}" alt="${alt.replaceAll("&", "&amp;").replaceAll('"', "&quot;").replaceAll("<", "&lt;")}"></a>`],
    ["In a page", `<script type="module" src="${new URL(url).origin}/embed.js"></script>\n<sandbox-terminal link="${url.slice(url.lastIndexOf("/") + 1)}"></sandbox-terminal>`],
    ["reStructuredText", `.. image:: ${badge}\n   :target: ${url}\n   :alt: ${alt}`],
  ];
}

/** The pictures come from where the page is: the public address may be another name of this server. */
function path(url: string): string {
  return new URL(url).pathname;
}

function copied(name: string, text: string): HTMLElement {
  const shown = text.includes("\n") ? make("textarea", "") : make("input", "");
  if (shown instanceof HTMLTextAreaElement) {
    shown.rows = text.split("\n").length;
  }
  shown.readOnly = true;
  shown.value = text;
  shown.spellcheck = false;
  shown.setAttribute("aria-label", name);
  shown.addEventListener("focus", () => shown.select());
  const copy = textButton("Copy", () => {
    void writeClipboard(text).then(done => {
      copy.textContent = done ? "Copied" : "Press Ctrl+C";
      if (!done) {
        shown.focus();
      }
    });
  });
  copy.setAttribute("aria-label", `Copy: ${name}`);
  return make("div", "made-row", make("span", "made-name", name), shown, copy);
}
