import { type Audience, changes, following, type Viewer } from "./audience";

/** Tells screen readers who comes and goes; what happens within a moment is one sentence. */
export class Announcer {
  readonly #element = document.createElement("div");
  /** Who was there when it was last told. */
  readonly #told = new Map<Audience, readonly Viewer[]>();
  #timer = 0;

  constructor(host: HTMLElement) {
    this.#element.className = "hidden-text";
    this.#element.setAttribute("role", "status");
    host.append(this.#element);
  }

  listen(audience: Audience): void {
    this.#told.set(audience, []);
    audience.onChange(() => {
      this.#timer ||= window.setTimeout(() => this.#tell(), 2500);
    });
  }

  forget(audience: Audience): void {
    this.#told.delete(audience);
  }

  #tell(): void {
    this.#timer = 0;
    const sentences: string[] = [];
    for (const [audience, before] of this.#told) {
      const text = changes(before, audience.guests);
      this.#told.set(audience, audience.guests);
      if (text) {
        sentences.push(`${text}. ${following(audience.guests) || "No guests are left"}.`);
      }
    }
    if (sentences.length > 0) {
      this.#element.textContent = sentences.join(" ");
    }
  }
}
