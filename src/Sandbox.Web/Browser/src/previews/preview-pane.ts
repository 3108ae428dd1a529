import { iconButton, icon, make, outside } from "../page/dom";
import { Framed, type Place } from "./framed";

/** The longest path that is opened; a program that needs more opens it from its own page. */
const maxPath = 4096;

/** Makes a path of a visitor's text: with a slash at its beginning, and of a whole address of the port only its path. */
export function pathOf(text: string): string {
  const trimmed = text.trim().slice(0, maxPath);
  const whole = /^https?:\/\/[^/?#]*(.*)$/i.exec(trimmed);
  const path = whole ? whole[1]! : trimmed;
  return path.startsWith("/") ? path : `/${path}`;
}

/** The address on this site that opens a page of a port in a tab. */
export function tabAddress({ sandbox, port, path }: Place): string {
  return `/sandboxes/${sandbox}/ports/${port}${path === "/" ? "" : `?path=${encodeURIComponent(path)}`}`;
}

/** The parts of the page that the pane uses. */
export interface PaneWays {
  close(): void;
  /** Another page of the port is shown. */
  moved(place: Place): void;
  /** Gives the focus back to the terminal. */
  home(): void;
}

/** A page of a port with a bar: its path, load again, open in a tab, close. */
export class PreviewPane {
  readonly #framed: Framed;
  readonly #title = make("h2", "");
  readonly #path = make("input", "");
  readonly #tab = outside("", icon("external"));
  #place: Place | null = null;

  constructor(element: HTMLElement, private readonly ways: PaneWays) {
    this.#framed = new Framed(() => ways.home());
    this.#path.type = "text";
    this.#path.maxLength = maxPath;
    this.#path.spellcheck = false;
    this.#path.autocomplete = "off";
    this.#path.setAttribute("autocapitalize", "off");
    this.#path.title = "Opened path; the page itself may have gone on";
    this.#tab.className = "icon-button";
    this.#tab.setAttribute("aria-label", "Open in a tab");
    this.#tab.title = "Open in a tab";
    const form = make("form", "preview-head", this.#title, this.#path,
      iconButton("refresh", "Load again", () => this.#load()), this.#tab, iconButton("close", "Close the preview", () => ways.close()));
    form.addEventListener("submit", event => {
      event.preventDefault();
      if (this.#place) {
        this.show({ ...this.#place, path: pathOf(this.#path.value) }, null);
      }
    });
    element.addEventListener("keydown", event => {
      if (event.key === "Escape" && !event.defaultPrevented) {
        event.preventDefault();
        ways.close();
      }
    });
    element.append(form, this.#framed.element);
  }

  /** @param node the name of its sandbox where there are several; null leaves the title as it is */
  show(place: Place, node: string | null): void {
    this.#place = place;
    if (node !== null) {
      this.#title.textContent = node === "" ? `${place.port}` : `${node}:${place.port}`;
    }
    this.#path.value = place.path;
    this.#path.setAttribute("aria-label", `Path of port ${place.port}`);
    this.#tab.href = tabAddress(place);
    this.ways.moved(place);
    this.#load();
  }

  focus(): void {
    this.#path.focus();
  }

  clear(): void {
    this.#place = null;
    this.#framed.clear();
  }

  #load(): void {
    if (this.#place) {
      void this.#framed.load(this.#place);
    }
  }
}
