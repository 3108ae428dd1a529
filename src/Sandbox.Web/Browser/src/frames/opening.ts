import type { Problem } from "../page/api";
import { make, textButton } from "../page/dom";
import { toast } from "../page/toast";
import { offer } from "./offer";

/**
 * *Open full page*: offers the running playground to a tab of our own, where the visitor has a cookie and confirms. The tab
 * is opened with the click, before the address is known, or browsers would block it.
 */
export class Opening {
  /** The page around, to which the tab leads back. */
  page: string | null = null;
  /** Whether the playground may be elsewhere now. */
  wasOpened = false;

  constructor(private readonly button: HTMLButtonElement, private readonly place: HTMLElement, private readonly playground: () => string | null) {
    button.addEventListener("click", () => void this.open());
  }

  show(isRunning: boolean): void {
    this.button.hidden = !isRunning;
  }

  /** Offers it, as a click on the button does. */
  async open(): Promise<void> {
    const id = this.playground();
    if (!id) {
      return;
    }
    // A tab that a page without an origin opens has none either: no cookie, so nothing that could be continued in it.
    const tab = window.origin === "null" ? null : window.open("about:blank", "_blank");
    this.button.disabled = true;
    try {
      const address = await offer(id, this.page);
      this.wasOpened = true;
      if (tab) {
        tab.opener = null;
        tab.location.replace(address);
      } else {
        this.#tell(address);
      }
    } catch (error) {
      tab?.close();
      toast((error as Problem).message, "error");
    } finally {
      this.button.disabled = false;
    }
  }

  /** The browser let no tab open: the visitor opens it. */
  #tell(address: string): void {
    this.place.querySelector(".frame-address")?.remove();
    const field = make("input", "");
    field.readOnly = true;
    field.value = address;
    field.setAttribute("aria-label", "Address of the full page, good once within two minutes");
    field.addEventListener("focus", () => field.select());
    const bar = make("div", "frame-address ws-notice", make("span", "", "The browser blocked the new tab. Open this address within two minutes:"), field);
    bar.append(textButton("Close", () => bar.remove()));
    this.place.append(bar);
    field.focus();
  }
}
