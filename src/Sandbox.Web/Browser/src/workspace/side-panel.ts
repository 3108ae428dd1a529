/** A part shown beside the terminals: files, commands. */
export interface SidePart {
  title: string;
  /** Fills the element. Returns a function that is called when the panel closes or shows another part. */
  show(element: HTMLElement): void | (() => void) | Promise<void | (() => void)>;
}

/**
 * The place beside the terminals, for one part at a time. Every element with `data-side="id"` opens and closes the part
 * of that id. On a phone it covers the page.
 */
export class SidePanel {
  onClosed: () => void = () => undefined;
  readonly #parts = new Map<string, SidePart>();
  #shown: string | null = null;
  #opener: HTMLElement | null = null;
  #clean: (() => void) | null = null;
  #generation = 0;

  constructor(private readonly element: HTMLElement) {
    element.querySelector("[data-side-close]")!.addEventListener("click", () => this.close());
    element.addEventListener("keydown", event => {
      if (event.key === "Escape" && !event.defaultPrevented) {
        event.preventDefault();
        this.close();
      }
    });
    document.addEventListener("click", event => {
      const opener = (event.target as Element).closest<HTMLElement>("[data-side]");
      if (opener) {
        opener.closest<HTMLElement>("[popover]")?.hidePopover();
        void this.toggle(opener.dataset["side"]!, opener);
      }
    });
  }

  /** The id of what is shown. */
  get shown(): string | null {
    return this.#shown;
  }

  add(id: string, part: SidePart): void {
    this.#parts.set(id, part);
  }

  async toggle(id: string, opener: HTMLElement | null = null): Promise<void> {
    if (this.#shown === id) {
      this.close();
    } else {
      await this.open(id, opener);
    }
  }

  async open(id: string, opener: HTMLElement | null = null): Promise<void> {
    const part = this.#parts.get(id);
    if (!part) {
      return;
    }
    this.#end();
    const generation = this.#generation;
    this.#shown = id;
    this.#opener = opener;
    const heading = this.element.querySelector<HTMLElement>("h2")!;
    heading.textContent = part.title;
    const body = document.createElement("div");
    body.className = "ws-side-body";
    this.element.querySelector(".ws-side-body")!.replaceWith(body);
    this.element.dataset["part"] = id;
    this.element.hidden = false;
    this.#mark();
    heading.focus();
    const clean = await part.show(body) ?? null;
    if (generation === this.#generation) {
      this.#clean = clean;
    } else {
      clean?.();
    }
  }

  close(): void {
    if (this.#shown === null) {
      return;
    }
    const opener = this.#opener;
    this.#end();
    this.element.hidden = true;
    this.#mark();
    if (opener?.checkVisibility()) {
      opener.focus();
    } else {
      this.onClosed();
    }
  }

  #end(): void {
    this.#generation++;
    this.#shown = null;
    this.#opener = null;
    this.#clean?.();
    this.#clean = null;
  }

  #mark(): void {
    for (const opener of document.querySelectorAll<HTMLElement>("[data-side]")) {
      opener.setAttribute("aria-expanded", String(opener.dataset["side"] === this.#shown));
      opener.setAttribute("aria-controls", this.element.id);
    }
  }
}
