import { api, type Problem } from "../page/api";
import { make, textButton } from "../page/dom";
import { FrameCover } from "./frame-cover";

/** A page of a port of a sandbox. */
export interface Place {
  readonly sandbox: string;
  readonly port: number;
  /** With its query. */
  readonly path: string;
}

/**
 * The frame in which a page of a port is shown. Its page is a stranger's, from an origin of its own: it may run scripts, send
 * forms and open tabs, and neither lead this page elsewhere, nor open questions over it, nor use the visitor's devices.
 */
export class Framed {
  readonly element = make("div", "preview-body");
  #generation = 0;
  #cover: FrameCover | null = null;

  /** @param home gives the focus back to the element that had it */
  constructor(private readonly home: () => void) {}

  /** Loads the page, again if it is there; each time with a new pass. */
  async load(place: Place): Promise<void> {
    const generation = ++this.#generation;
    this.element.setAttribute("aria-busy", "true");
    try {
      const { url } = await api<{ url: string }>("POST", `/api/v1/sandboxes/${place.sandbox}/ports/${place.port}/frames`, { path: place.path });
      if (generation === this.#generation) {
        this.#show(url, place);
      }
    } catch (error) {
      if (generation === this.#generation) {
        this.#say((error as Problem).message, place);
      }
    }
  }

  /** Ends what the page does. */
  clear(): void {
    this.#generation++;
    this.#cover?.dispose();
    this.#cover = null;
    this.element.replaceChildren();
    this.element.removeAttribute("aria-busy");
  }

  #show(url: string, place: Place): void {
    this.clear();
    const frame = make("iframe", "preview-frame");
    // Its own origin is not ours: allow-same-origin gives it its own storage. Without allow-top-navigation it leads us nowhere.
    frame.setAttribute("sandbox", "allow-scripts allow-same-origin allow-forms allow-popups allow-popups-to-escape-sandbox allow-downloads");
    frame.setAttribute("allow", "");
    frame.referrerPolicy = "no-referrer";
    frame.title = `Page of port ${place.port}`;
    frame.addEventListener("load", () => this.element.removeAttribute("aria-busy"));
    frame.src = url;
    this.element.setAttribute("aria-busy", "true");
    this.#cover = new FrameCover(frame, place.port, this.home, () => this.#say("This page kept taking the keyboard from the terminal, so it was closed.", place));
    this.element.append(frame, this.#cover.element);
  }

  #say(text: string, place: Place): void {
    this.clear();
    const note = make("p", "", text);
    note.setAttribute("role", "alert");
    this.element.append(make("div", "preview-note", note, textButton("Load it", () => void this.load(place))));
  }
}
