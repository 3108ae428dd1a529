import { api, type Problem } from "../page/api";
import { make } from "../page/dom";
import { toast } from "../page/toast";

/** Minutes for which an opened port stays open in its tab. */
const minutes = 60;

/** A link that opens a port of a sandbox in a tab. The tab has no token of this frame, so the address is made with each click. */
export function portLink(sandbox: string, port: number, path: string): HTMLAnchorElement {
  const link = make("a", "");
  link.href = "#";
  link.addEventListener("click", event => {
    event.preventDefault();
    // With the click, before the address is known, or browsers would block the tab.
    const tab = window.open("about:blank", "_blank");
    void api<{ url: string }>("POST", `/api/v1/sandboxes/${sandbox}/ports/${port}/links`, { minutes }).then(({ url }) => {
      const address = new URL(url, location.href);
      address.searchParams.set("path", path);
      if (tab) {
        tab.opener = null;
        tab.location.replace(address.href);
      } else {
        toast("The browser blocked the new tab.", "error");
      }
    }, (problem: Problem) => {
      tab?.close();
      toast(problem.message, "error");
    });
  });
  return link;
}
