import { toast } from "../page/toast";
import type { HubLink } from "../terminals/session/hub-link";
import { KeyTimer } from "./key-timer";
import { type Pace, paceOf, paceWords, RoundTrip } from "./round-trip";
import { type Answered, Silence } from "./silence";

/** What the dot needs to know of a session. */
export interface Pingable extends Answered {
  readonly state: string;
}

/** Without keys for this long, one small call tells the same. */
const idleMs = 10_000;

/** Shows how long a key takes to the sandbox and back. It is painted twice a second, and only when its words change. */
export class LatencyDot {
  readonly #trip = new RoundTrip();
  readonly #silence: Silence;
  #measuredAt = -Infinity;
  #pinging = false;
  #pace: Pace | null = null;
  #words = "";

  /** @param sessions those open now, for the call when nobody types. */
  constructor(private readonly element: HTMLElement, private readonly link: HubLink, private readonly sessions: () => readonly Pingable[]) {
    this.#silence = new Silence(link, sessions);
    link.onState(state => {
      if (state.kind !== "connected") {
        this.#trip.clear();
        this.#measuredAt = -Infinity;
      }
      this.#paint();
    });
    // Where nothing hovers, a tap says the same.
    element.addEventListener("click", () => toast(this.#words));
    setInterval(() => this.#tick(), 500);
  }

  /** The timer of one terminal's keys. */
  timer(): KeyTimer {
    return new KeyTimer(ms => this.#add(ms));
  }

  #add(ms: number): void {
    this.#trip.add(ms);
    this.#measuredAt = performance.now();
  }

  #tick(): void {
    if (!document.hidden) {
      void this.#ping();
      this.#paint();
    }
  }

  async #ping(): Promise<void> {
    const connection = this.link.connection;
    // One that is attached anew is not live before it prints something, which may be never.
    const session = this.sessions().find(each => each.state === "live" || each.state === "attaching");
    if (this.#pinging || !connection || !session || performance.now() - this.#measuredAt < idleMs) {
      return;
    }
    this.#pinging = true;
    const began = performance.now();
    try {
      await session.ping(connection);
      if (this.link.connection === connection) {
        this.#add(performance.now() - began);
      }
    } catch {
      // The link finds out by itself.
    } finally {
      this.#pinging = false;
    }
  }

  #paint(): void {
    const { kind } = this.link.state;
    const ms = this.#trip.ms;
    const silent = this.#silence.look();
    const pace = paceOf(kind === "connected", ms, silent);
    const hidden = kind === "idle" || kind === "closed";
    const words = paceWords(pace, ms, silent);
    if (this.element.hidden !== hidden) {
      this.element.hidden = hidden;
    }
    if (pace !== this.#pace) {
      this.#pace = pace;
      this.element.dataset["pace"] = pace;
    }
    if (words !== this.#words) {
      this.#words = words;
      this.element.title = words;
      this.element.querySelector(".latency-words")!.textContent = words;
    }
  }
}
