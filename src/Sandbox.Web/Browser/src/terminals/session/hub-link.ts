/** The part of a SignalR connection that is used; tests bring their own. */
export interface Connection {
  start(): Promise<void>;
  stop(): Promise<void>;
  /** Calls back for what the server says by itself. */
  on?(method: string, callback: (...values: never[]) => void): void;
  /** Ends that for one callback. */
  off?(method: string, callback: (...values: never[]) => void): void;
  onclose(callback: (error?: Error) => void): void;
  invoke<T>(method: string, ...args: unknown[]): Promise<T>;
  send(method: string, ...args: unknown[]): Promise<void>;
  stream<T>(method: string, ...args: unknown[]): {
    subscribe(observer: { next(item: T): void; error(error: unknown): void; complete(): void }): { dispose(): void };
  };
}

/** Time, so that tests need not wait. */
export interface Clock {
  now(): number;
  after(ms: number, action: () => void): () => void;
  random(): number;
}

export const realClock: Clock = {
  now: () => Date.now(),
  after: (ms, action) => {
    const timer = setTimeout(action, ms);
    return () => clearTimeout(timer);
  },
  random: Math.random,
};

export type LinkState =
  | { kind: "idle" }
  | { kind: "connecting" }
  | { kind: "connected" }
  | { kind: "waiting"; retryAt: number }
  | { kind: "closed" };

/** Pauses before the second and later attempts, in ms; the last one repeats forever. The first attempt is at once. */
const pauses = [250, 500, 1000, 2000, 3000, 5000];

/** Some networks drop packets silently, so an attempt is given up after so many ms. */
const patience = 10_000;
/** A request to retry replaces an attempt that has taken longer than this, in ms. */
const moment = 1500;

/** Keeps one hub connection alive: connects, notices its loss, and comes back until it is closed. */
export class HubLink {
  state: LinkState = { kind: "idle" };
  #connection: Connection | null = null;
  #failures = 0;
  #generation = 0;
  /** Of the next attempt, or of giving this one up. */
  #cancelTimer: (() => void) | null = null;
  #begunAt = 0;
  readonly #listeners = new Set<(state: LinkState) => void>();

  /** @param make makes a new connection, given how many attempts failed in a row */
  constructor(private readonly make: (failures: number) => Connection, private readonly clock: Clock = realClock) {}

  /** The connection while it stands, else null. */
  get connection(): Connection | null {
    return this.state.kind === "connected" ? this.#connection : null;
  }

  onState(listener: (state: LinkState) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Resolves as soon as the connection stands; fails once it is closed for good. */
  connected(): Promise<void> {
    return new Promise((resolve, reject) => {
      const settle = (): void => {
        if (this.connection) {
          resolve();
        } else if (this.state.kind === "closed") {
          reject(new Error("The connection is closed."));
        } else {
          return;
        }
        stop();
      };
      const stop = this.onState(settle);
      settle();
    });
  }

  /** Begins to connect; once begun, it is no fault to ask again. */
  start(): void {
    if (this.state.kind === "idle") {
      void this.#connect();
    }
  }

  /** Retries at once: ends the pause before the next attempt, and replaces a slow one. */
  retryNow(): void {
    if (this.state.kind === "waiting" || this.state.kind === "connecting" && this.clock.now() - this.#begunAt > moment) {
      this.#drop();
      void this.#connect();
    }
  }

  /** The browser is offline: input waits for the next connection. */
  networkLost(): void {
    if (this.state.kind === "connected") {
      this.#lost(this.#generation);
    }
  }

  /** Tests a connection: after sleep or a change of network it may be dead without an event. */
  async probe(ask: (connection: Connection) => Promise<unknown>, ms = 4000): Promise<void> {
    const connection = this.connection;
    if (!connection) {
      this.retryNow();
      return;
    }
    const generation = this.#generation;
    const answered = await new Promise<boolean>(resolve => {
      const cancel = this.clock.after(ms, () => resolve(false));
      const done = (): void => {
        cancel();
        resolve(true);
      };
      // An error is an answer too.
      ask(connection).then(done, done);
    });
    if (!answered && generation === this.#generation) {
      this.#lost(generation);
    }
  }

  close(): void {
    this.#drop();
    this.#set({ kind: "closed" });
  }

  /** Drops the connection, or the attempt to make one. */
  #drop(): void {
    this.#generation++;
    this.#cancelTimer?.();
    this.#cancelTimer = null;
    void this.#connection?.stop().catch(() => undefined);
    this.#connection = null;
  }

  async #connect(): Promise<void> {
    const generation = ++this.#generation;
    this.#begunAt = this.clock.now();
    this.#set({ kind: "connecting" });
    const connection = this.make(this.#failures);
    this.#connection = connection;
    connection.onclose(() => {
      if (generation === this.#generation && this.state.kind === "connected") {
        this.#lost(generation);
      }
    });
    const cancel = this.#cancelTimer = this.clock.after(patience, () => {
      this.#drop();
      this.#wait();
    });
    try {
      await connection.start();
    } catch {
      if (generation === this.#generation) {
        cancel();
        this.#wait();
      }
      return;
    }
    if (generation !== this.#generation) {
      void connection.stop().catch(() => undefined);
      return;
    }
    cancel();
    this.#failures = 0;
    this.#set({ kind: "connected" });
  }

  #lost(generation: number): void {
    if (generation === this.#generation) {
      this.#drop();
      void this.#connect();
    }
  }

  #wait(): void {
    const pause = pauses[Math.min(this.#failures, pauses.length - 1)] ?? 5000;
    this.#failures++;
    // Jitter, so that not all pages reconnect to a restarted server at once.
    const ms = Math.round(pause * (0.8 + 0.4 * this.clock.random()));
    this.#cancelTimer = this.clock.after(ms, () => void this.#connect());
    this.#set({ kind: "waiting", retryAt: this.clock.now() + ms });
  }

  #set(state: LinkState): void {
    this.state = state;
    for (const listener of this.#listeners) {
      listener(state);
    }
  }
}
