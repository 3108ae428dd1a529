import type { Connection, HubLink } from "../terminals/session/hub-link";

/** A viewer of a terminal, as the hub reports it. The name is untrusted text. */
export interface Viewer {
  id: string;
  name: string;
  access: "own" | "type" | "watch";
  you: boolean;
  /** The owner's page that typed or was resized last. */
  leads: boolean;
}

/** The viewers of a terminal, and its size; 0 by 0 while the server does not know it. */
export interface AudienceNow {
  viewers: Viewer[];
  cols: number;
  rows: number;
  policy: SizePolicy;
}

export type SizePolicy = "owner" | "smallest";

/** Pauses before the server is asked again after it refused, in ms. */
const again = [500, 2000, 8000];

/** Follows the viewers of one terminal. */
export class Audience {
  now: AudienceNow | null = null;
  readonly #listeners: ((now: AudienceNow) => void)[] = [];
  readonly #unlisten: () => void;
  #subscription: { dispose(): void } | null = null;
  #connection: Connection | null = null;
  #refusals = 0;
  #wanted: SizePolicy | null = null;
  #closed = false;

  constructor(private readonly link: HubLink, readonly terminal: string) {
    this.#unlisten = link.onState(() => this.#linkChanged());
    this.#linkChanged();
  }

  get you(): Viewer | undefined {
    return this.now?.viewers.find(viewer => viewer.you);
  }

  /** Those who came by a link. */
  get guests(): Viewer[] {
    return this.now?.viewers.filter(viewer => viewer.access !== "own") ?? [];
  }

  /** Resolves with the first report, or after so many ms. */
  first(most: number): Promise<void> {
    return new Promise(resolve => {
      this.#listeners.push(() => resolve());
      setTimeout(resolve, this.now ? 0 : most);
    });
  }

  onChange(listener: (now: AudienceNow) => void): void {
    this.#listeners.push(listener);
  }

  /** Chooses whose window decides the size. A restarted server forgets it, so it is sent again. */
  async decide(policy: SizePolicy): Promise<void> {
    await this.link.connection?.invoke("SizePolicy", this.terminal, policy);
    this.#wanted = policy;
  }

  async introduce(name: string): Promise<void> {
    await this.link.connection?.invoke("Introduce", this.terminal, name);
  }

  dispose(): void {
    this.#closed = true;
    this.#unlisten();
    this.#subscription?.dispose();
    this.#subscription = null;
  }

  #linkChanged(): void {
    const connection = this.link.connection;
    if (connection !== this.#connection) {
      this.#connection = connection;
      this.#subscription = null;
      this.#refusals = 0;
      this.#subscribe();
    }
  }

  #subscribe(): void {
    const connection = this.#connection;
    if (!connection || this.#closed) {
      return;
    }
    let first = true;
    this.#subscription = connection.stream<AudienceNow>("Viewers", this.terminal).subscribe({
      next: now => {
        if (connection !== this.#connection || this.#closed) {
          return;
        }
        this.#refusals = 0;
        if (first && this.#wanted && this.#wanted !== now.policy) {
          void this.decide(this.#wanted).catch(() => undefined);
        } else if (this.#wanted) {
          // Another page may have decided otherwise.
          this.#wanted = now.policy;
        }
        first = false;
        this.now = now;
        this.#listeners.forEach(listener => listener(now));
      },
      error: () => this.#later(connection),
      complete: () => this.#later(connection),
    });
  }

  #later(connection: Connection): void {
    const pause = again[this.#refusals++];
    if (pause !== undefined && connection === this.#connection) {
      setTimeout(() => {
        if (connection === this.#connection) {
          this.#subscribe();
        }
      }, pause);
    }
  }
}

/** "Ada is watching", "2 watching, 1 typing", for those who came by a link; empty for nobody. */
export function following(guests: readonly Viewer[]): string {
  const typing = guests.filter(viewer => viewer.access === "type").length;
  const watching = guests.length - typing;
  return [watching > 0 ? `${watching} watching` : "", typing > 0 ? `${typing} can type` : ""].filter(Boolean).join(", ");
}

/** Who came and who went, in one sentence; empty when it is the same people. */
export function changes(before: readonly Viewer[], after: readonly Viewer[]): string {
  const came = after.filter(viewer => !before.some(other => other.id === viewer.id));
  const left = before.filter(viewer => !after.some(other => other.id === viewer.id));
  const say = (viewers: readonly Viewer[], verb: string): string =>
    viewers.length === 0 ? "" : viewers.length <= 3 ? `${viewers.map(viewer => viewer.name).join(", ")} ${verb}` : `${viewers.length} people ${verb}`;
  return [say(came, "came"), say(left, "left")].filter(Boolean).join("; ");
}
