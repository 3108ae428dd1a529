import { make } from "../page/dom";
import { copied } from "./copied";

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
  const quoted = (text: string): string => text.replaceAll("&", "&amp;").replaceAll('"', "&quot;").replaceAll("<", "&lt;");
  const address = url.slice(url.lastIndexOf("/") + 1);
  return [
    ["Markdown", `[![${alt.replace(/[\\[\]`*_<>]/g, "\\$&")}](${badge})](${url})`],
    ["HTML", `<a href="${url}"><img src="${badge}" alt="${quoted(alt)}"></a>`],
    ["In a page", `<script type="module" src="${new URL(url).origin}/embed.js"></script>\n<sandbox-terminal link="${address}"></sandbox-terminal>`],
    ["As an iframe", `<iframe src="${new URL(url).origin}/embed/terminal?link=${address}" title="${quoted(title)}" width="100%" height="400" loading="lazy" allow="clipboard-read; clipboard-write"></iframe>`],
    ["reStructuredText", `.. image:: ${badge}\n   :target: ${url}\n   :alt: ${alt}`],
  ];
}

/** The pictures come from where the page is: the public address may be another name of this server. */
function path(url: string): string {
  return new URL(url).pathname;
}
