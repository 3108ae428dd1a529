import { hubCode } from "./hub-error";
import { type Clock, type Connection, type HubLink, realClock } from "./hub-link";
import { type InputNotice, InputSender } from "./input-sender";
import type { ShellNow } from "./shell";
import { ackAtLeast } from "./windows";

/** One item of the hub's Attach stream. `offset`: bytes of the terminal that came before `data`. */
export interface TerminalItem {
  offset: number;
  data: Uint8Array;
  exitCode?: number | null;
  /** After a gap: `data` draws the terminal as it is now, at this size, in place of the last bytes skipped. */
  screen?: { cols: number; rows: number } | null;
  /** What the shell says of itself; then there are no bytes. */
  shell?: ShellNow | null;
}

/** Where output goes: xterm on the page. */
export interface TerminalSink {
  /** Draws bytes in order. Calls `parsed` when they are drawn, which acknowledges them. */
  write(data: Uint8Array, parsed: () => void): void;
  /** `bytes` of output are lost; `first` if this viewer has seen nothing yet. */
  gap(bytes: number, first: boolean): void;
  /** Shows the terminal as it is now. `skipped` bytes of output are lost; 0 if this viewer is new and only earlier output is lost. */
  screen(data: Uint8Array, size: { cols: number; rows: number }, skipped: number, parsed: () => void): void;
}

/** attaching → live ⇄ offline → exited (the program ended) or gone (the terminal no longer exists). */
export type SessionState = "attaching" | "live" | "offline" | "exited" | "gone";

/** Measures the time from a key to the next output. */
export interface EchoTimer {
  typed(): void;
  printed(): void;
  forget(): void;
}

/** Longer input was pasted, not typed. Input that begins with an escape may be xterm's answer to a program. */
const longestKey = 8;
const escape = 0x1b;
/** Twice as often as the server asks for, so that an ack under way does not hold it up. */
const ackEvery = ackAtLeast / 2;
/** From this many bytes on an ack follows within so many ms, so that output does not run far ahead of a slow viewer. */
const ackSoon = 4 * 1024;
const ackWithin = 200;
/** Attempts to attach over a standing connection before the terminal counts as gone. */
const maxAttaches = 4;

/**
 * One viewer of one terminal. It counts the bytes it holds, acknowledges those that were drawn, and resumes at the next
 * byte after the connection was lost. It needs no page.
 */
export class TerminalSession {
  state: SessionState = "attaching";
  exitCode: number | null = null;
  timer: EchoTimer | null = null;
  onState: (state: SessionState) => void = () => undefined;
  onShell: (shell: ShellNow) => void = () => undefined;
  onInputNotice: (notice: InputNotice) => void = () => undefined;

  /** Bytes of the terminal that were received, drawn, and acknowledged. */
  #held = 0;
  #parsed = 0;
  #acked = 0;
  #acksSoon = false;
  #seen = false;
  #attaches = 0;
  #generation = 0;
  #heard: Connection | null = null;
  #unhear: () => void = () => undefined;
  #subscription: { dispose(): void } | null = null;
  #closed = false;
  #size: { cols: number; rows: number } | null = null;
  #sentSize = "";
  readonly #input: InputSender;
  readonly #unlisten: () => void;

  constructor(
    private readonly link: HubLink,
    readonly id: string,
    private readonly sink: TerminalSink,
    private readonly clock: Clock = realClock,
  ) {
    this.#input = new InputSender(id, clock);
    this.#input.onNotice = notice => this.onInputNotice(notice);
    this.#input.onAstray = () => {
      if (this.#heard) {
        this.#subscription?.dispose();
        this.#attach(this.#heard);
      }
    };
    this.#unlisten = link.onState(() => this.#linkChanged());
  }

  /** Bytes of the terminal this viewer holds. */
  get held(): number {
    return this.#held;
  }

  /** Whether its program has ended. */
  get isOver(): boolean {
    return this.state === "exited" || this.state === "gone";
  }

  /** When the oldest unanswered input was sent; null if there is none. */
  get waitingSince(): number | null {
    return this.#input.waitingSince;
  }

  start(): void {
    this.#linkChanged();
  }

  /** Sends input in order. False, and nothing is sent, if the queue is full. */
  type(bytes: Uint8Array): boolean {
    if (this.#closed || this.isOver || !this.#input.push(bytes)) {
      return false;
    }
    if (bytes.length <= longestKey && bytes[0] !== escape && this.state === "live") {
      this.timer?.typed();
    }
    return true;
  }

  resize(cols: number, rows: number): void {
    this.#size = { cols, rows };
    this.#sendSize();
  }

  /** Sends no size until the next {@link resize}, also after a reconnect. */
  forgetSize(): void {
    this.#size = null;
    this.#sentSize = "";
  }

  /** Makes a small call that the server answers at once. */
  async ping(connection: Connection): Promise<void> {
    await connection.invoke("Ack", this.id, this.#parsed);
  }

  /** Stops following the terminal, which goes on for others. */
  detach(): void {
    this.#closed = true;
    this.#generation++;
    this.#subscription?.dispose();
    this.#subscription = null;
    this.#input.end();
    this.#unhear();
    this.#unlisten();
  }

  /** Ends the terminal for everybody, once connected. Fails if that is not certain. */
  async close(): Promise<void> {
    this.detach();
    try {
      await this.link.connected();
      await this.link.connection?.invoke("Close", this.id);
    } catch (error) {
      if (hubCode(error) !== "not_found") {
        throw error;
      }
    }
  }

  #linkChanged(): void {
    if (this.#closed || this.isOver) {
      return;
    }
    const { connection } = this.link;
    if (connection && connection === this.#heard) {
      return;
    }
    this.#unhear();
    this.#heard = connection;
    if (connection) {
      this.#attaches = 0;
      this.#listen(connection);
      this.#attach(connection);
    } else {
      this.#generation++;
      this.#subscription = null;
      this.timer?.forget();
      this.#input.broke();
      this.#set("offline");
    }
  }

  /** The server reports that a viewer is attached: a quiet program may print nothing for hours. */
  #listen(connection: Connection): void {
    const attached = (terminal: string): void => {
      if (terminal === this.id && connection === this.#heard && this.#subscription && this.state === "attaching") {
        this.#live(connection);
      }
    };
    connection.on?.("Attached", attached);
    this.#unhear = () => connection.off?.("Attached", attached);
  }

  #live(connection: Connection): void {
    this.#set("live");
    this.#input.attached(connection);
  }

  #attach(connection: Connection): void {
    const generation = ++this.#generation;
    this.#attaches++;
    this.#set("attaching");
    // Received bytes are about to be drawn, so the server may count them as held.
    this.#acked = Math.max(this.#acked, this.#held);
    const current = (): boolean => generation === this.#generation;
    this.#subscription = connection.stream<TerminalItem>("Follow", this.id, this.#held).subscribe({
      next: item => {
        if (current()) {
          if (this.state !== "live") {
            this.#live(connection);
          }
          this.#receive(item);
        }
      },
      error: error => {
        if (current()) {
          if (passing.includes(hubCode(error))) {
            this.#attaches = Math.min(this.#attaches, maxAttaches - 1);
          }
          this.#detached();
        }
      },
      complete: () => {
        if (current()) {
          this.#detached();
        }
      },
    });
    this.#sentSize = "";
    this.#sendSize();
  }

  #receive(item: TerminalItem): void {
    this.#attaches = 0;
    if (item.shell) {
      this.onShell(item.shell);
      return;
    }
    let data = item.data ?? new Uint8Array();
    if (item.screen && item.offset > this.#held) {
      const end = item.offset + data.length;
      const skipped = this.#held > 0 ? end - this.#held : 0;
      this.#held = end;
      this.#seen = true;
      this.sink.screen(data, item.screen, skipped, () => this.#written(end));
      return;
    }
    if (item.offset > this.#held) {
      this.sink.gap(item.offset - this.#held, !this.#seen);
      this.#held = item.offset;
    } else if (item.offset < this.#held) {
      data = data.subarray(Math.min(this.#held - item.offset, data.length));
    }
    this.#seen = true;
    if (data.length > 0) {
      this.timer?.printed();
      this.#held += data.length;
      const end = this.#held;
      this.sink.write(data, () => this.#written(end));
    }
    if (item.exitCode !== undefined && item.exitCode !== null) {
      this.exitCode = item.exitCode;
      this.#finish("exited");
    }
  }

  #written(end: number): void {
    this.#parsed = Math.max(this.#parsed, end);
    const behind = this.#parsed - this.#acked;
    if (behind >= ackEvery) {
      this.#acknowledge();
    } else if (behind >= ackSoon && !this.#acksSoon) {
      this.#acksSoon = true;
      this.clock.after(ackWithin, () => {
        this.#acksSoon = false;
        this.#acknowledge();
      });
    }
  }

  #acknowledge(): void {
    const connection = this.link.connection;
    if (connection && !this.#closed && this.#parsed > this.#acked) {
      this.#acked = this.#parsed;
      // If it is lost, so is the connection, and the next Follow sends the offset.
      connection.send("Ack", this.id, this.#parsed).catch(() => undefined);
    }
  }

  /** The stream ended; the connection may still be up. */
  #detached(): void {
    this.#subscription = null;
    this.#input.detached();
    const generation = ++this.#generation;
    if (!this.link.connection) {
      this.#set("offline");
      return;
    }
    if (this.#attaches >= maxAttaches) {
      this.#finish("gone");
      return;
    }
    this.#set("attaching");
    this.clock.after(150 * 2 ** this.#attaches, () => {
      if (generation === this.#generation && !this.#closed && this.link.connection) {
        this.#attach(this.link.connection);
      }
    });
  }

  #finish(state: "exited" | "gone"): void {
    this.#generation++;
    this.#input.end();
    this.#set(state);
  }

  #sendSize(): void {
    const connection = this.link.connection;
    if (!this.#size || !connection || this.#closed) {
      return;
    }
    const text = `${this.#size.cols}x${this.#size.rows}`;
    if (text !== this.#sentSize) {
      this.#sentSize = text;
      connection.send("Resize", this.id, this.#size.cols, this.#size.rows).catch(() => undefined);
    }
  }

  #set(state: SessionState): void {
    if (this.state !== state) {
      this.state = state;
      this.onState(state);
    }
  }
}

/** Faults between the hub and the terminal; the terminal itself may still run. */
const passing: readonly (string | null)[] = ["runtime_unavailable", "timeout", "internal"];
