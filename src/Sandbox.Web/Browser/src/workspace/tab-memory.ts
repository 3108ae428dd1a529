import type { Layout } from "./layout";
import { recall, remember } from "./layout-store";
import { nextNumber } from "./tab-label";

/** The names and numbers of a playground's terminals, and where they are, kept in this browser. */
export class TabMemory {
  #playground = "";
  #names: Record<string, string> = {};
  #numbers: Record<string, number> = {};
  /** Terminals that this page closed; another page may still store them. */
  readonly #gone = new Set<string>();

  get playground(): string {
    return this.#playground;
  }

  /** Reads what is stored, and drops the terminals that are not open any more. Returns the stored layout. */
  load(playground: string, open: readonly string[]): Layout | null {
    this.#playground = playground;
    const stored = recall(playground);
    const ofOpen = <T>(values: Record<string, T>): Record<string, T> => Object.fromEntries(Object.entries(values).filter(([id]) => open.includes(id)));
    this.#names = ofOpen(stored?.names ?? {});
    this.#numbers = ofOpen(stored?.numbers ?? {});
    if (stored) {
      remember(playground, { ...stored, names: this.#names, numbers: this.#numbers });
    }
    return stored?.layout ?? null;
  }

  /** Stores the layout and the given names, beside those of terminals that only other pages show. */
  save(layout: Layout, given: ReadonlyMap<string, string>): void {
    this.#names = Object.fromEntries([...given].filter(([, name]) => name));
    const stored = recall(this.#playground);
    const others = <T>(values: Record<string, T> = {}): Record<string, T> => Object.fromEntries(Object.entries(values).filter(([id]) => !given.has(id) && !this.#gone.has(id)));
    remember(this.#playground, {
      layout,
      names: { ...others(stored?.names), ...this.#names },
      numbers: { ...others(stored?.numbers), ...this.#numbers },
    });
  }

  nameOf(terminal: string): string {
    return this.#names[terminal] ?? "";
  }

  /** The number of a terminal, which it keeps. */
  numberOf(terminal: string): number {
    return this.#numbers[terminal] ??= nextNumber(Object.values(this.#numbers));
  }

  forget(terminal: string): void {
    this.#gone.add(terminal);
    delete this.#names[terminal];
    delete this.#numbers[terminal];
  }

  /** Begins to number anew. */
  reset(): void {
    this.#numbers = {};
  }
}
