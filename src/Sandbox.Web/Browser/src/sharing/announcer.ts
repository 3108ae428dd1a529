import { type Audience, changes, following, type Viewer } from "./audience";

/** Announces viewers who join and leave to screen readers; changes within a moment are one sentence. */
export class Announcer {
  readonly #element = document.createElement("div");
  /** The viewers at the last announcement. */
  readonly #announced = new Map<Audience, readonly Viewer[]>();
  #timer = 0;

  constructor(host: HTMLElement) {
    this.#element.className = "hidden-text";
    this.#element.setAttribute("role", "status");
    host.append(this.#element);
  }

  listen(audience: Audience): void {
    this.#announced.set(audience, []);
    audience.onChange(() => {
      this.#timer ||= window.setTimeout(() => this.#announce(), 2500);
    });
  }

  forget(audience: Audience): void {
    this.#announced.delete(audience);
  }

  #announce(): void {
    this.#timer = 0;
    const sentences: string[] = [];
    for (const [audience, before] of this.#announced) {
      const text = changes(before, audience.guests);
      this.#announced.set(audience, audience.guests);
      if (text) {
        sentences.push(`${text}. ${following(audience.guests) || "No guests are left"}.`);
      }
    }
    if (sentences.length > 0) {
      this.#element.textContent = sentences.join(" ");
    }
  }
}
