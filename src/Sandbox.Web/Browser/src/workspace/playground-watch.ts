import { api, type Playground, type Problem, waitAddress } from "../page/api";
import { type Clock, realClock } from "../terminals/session/hub-link";

/** What becomes of a playground, as far as the server says it. */
export interface PlaygroundEvents {
  changed(playground: Playground): void;
  /** It does not exist, or belongs to somebody else. */
  gone(): void;
}

/** Pauses before the server is asked again, in ms. */
const soon = 300;
const unexpected = 1000;
const nowAndThen = 15_000;
const longest = 10_000;

/**
 * Knows what the server says of the playground of this page: asks now and then, and never takes an old answer for news.
 * Several questions can be under way at once, as when a page wakes up while its lease is extended.
 */
export class PlaygroundWatch {
  now: Playground | null = null;
  #asked = 0;
  /** The newest question of which the answer is known; answers to earlier ones are old. */
  #answered = 0;
  #acting = 0;
  #failures = 0;
  #cancel: () => void = () => undefined;
  /** The question that waits until the place in the queue changes. */
  #waiting: AbortController | null = null;
  #waitingSince = 0;

  constructor(private readonly on: PlaygroundEvents, private readonly ask: typeof api = api, private readonly clock: Clock = realClock) {}

  /** The server said so. */
  take(playground: Playground): void {
    this.#take(playground, ++this.#asked);
  }

  async poll(): Promise<void> {
    if (!this.now || this.now.state === "ended" || this.#acting > 0) {
      return;
    }
    const question = ++this.#asked;
    this.#waiting?.abort();
    const waiting = this.#waiting = this.now.queue ? new AbortController() : null;
    this.#waitingSince = performance.now();
    try {
      const answer = await this.ask<Playground>("GET", waitAddress(this.now), undefined, {}, waiting?.signal ?? null);
      if (this.#acting === 0) {
        this.#take(answer, question);
      }
    } catch (error) {
      if (!this.now || this.#isOver || waiting?.signal.aborted) {
        return;
      }
      if ((error as Problem).status === 404) {
        this.#cancel();
        this.now = null;
        this.on.gone();
        return;
      }
      this.later(Math.min(1000 * ++this.#failures, longest));
    }
  }

  /** Asks in so many ms, and not before. */
  later(ms: number): void {
    this.#cancel();
    if (this.now && !this.#isOver) {
      this.#cancel = this.clock.after(ms, () => void this.poll());
    }
  }

  /** Starts, stops, pauses … its sandboxes. The server reports intermediate states meanwhile. */
  async act(action: string): Promise<void> {
    this.#acting++;
    try {
      for (const sandbox of this.now?.sandboxes.filter(({ state }) => isFor(action, state)) ?? []) {
        await this.ask("POST", `/api/v1/sandboxes/${sandbox.id}/${action}`);
      }
    } finally {
      this.#acting--;
      this.#answered = ++this.#asked;
    }
  }

  async extend(): Promise<void> {
    if (!this.now) {
      return;
    }
    const question = ++this.#asked;
    this.#take(await this.ask<Playground>("POST", `/api/v1/playgrounds/${this.now.id}/extend`), question);
  }

  async setUp(action: "retry" | "enter"): Promise<void> {
    if (!this.now) {
      return;
    }
    const question = ++this.#asked;
    this.#take(await this.ask<Playground>("POST", `/api/v1/playgrounds/${this.now.id}/setup`, { action }), question);
  }

  /** @param save keep its state as a private link first; when that fails it goes on */
  async remove(save = false): Promise<void> {
    if (!this.now) {
      return;
    }
    await this.ask("DELETE", `/api/v1/playgrounds/${this.now.id}${save ? "?save=1" : ""}`);
    this.#answered = ++this.#asked;
    await this.poll();
  }

  get #isOver(): boolean {
    return this.now?.state === "ended";
  }

  #take(playground: Playground, question: number): void {
    if (question < this.#answered || this.#isOver) {
      return;
    }
    this.#answered = question;
    this.#failures = 0;
    const isNoNews = this.now?.queue?.place === playground.queue?.place && performance.now() - this.#waitingSince < unexpected;
    this.now = playground;
    if (playground.queue && !isNoNews) {
      // Not by a timer: in a tab in the background they run once a minute.
      this.#cancel();
      void this.poll();
    } else {
      this.later(playground.queue ? unexpected : playground.state === "queued" || playground.state === "starting" ? soon : nowAndThen);
    }
    this.on.changed(playground);
  }
}

/** Whether an action changes a sandbox in this state: one node of several may have been stopped alone. */
function isFor(action: string, state: string): boolean {
  const from: Record<string, readonly string[]> = { start: ["stopped"], pause: ["running"], resume: ["paused"], stop: ["running", "paused"], restart: ["running", "stopped", "paused"] };
  return from[action]?.includes(state) ?? true;
}
