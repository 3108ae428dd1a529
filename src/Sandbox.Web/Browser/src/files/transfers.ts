import { Problem } from "../page/api";
import type { Path } from "./path";
import { isPassing, type Sending } from "./sending";

export type TransferState = "waiting" | "sending" | "held" | "done" | "failed" | "cancelled";

/** One file, or one empty directory, on its way into a sandbox. */
export interface Transfer {
  readonly sandbox: string;
  readonly path: Path;
  readonly size: number;
  readonly sending: Sending;
  sent: number;
  state: TransferState;
  /** Why it waits or failed. */
  message: string;
  attempts: number;
}

export interface Totals {
  files: number;
  done: number;
  failed: number;
  active: number;
  bytes: number;
  sent: number;
  /** Bytes a second, over the last seconds. */
  speed: number;
}

export interface Clock {
  now(): number;
  after(ms: number, action: () => void): void;
}

const atOnce = 3;
const patience = 12;
const speedWindow = 5000;

/** Sends files a few at a time. What a passing trouble stops waits and goes on by itself; the rest says why it failed. */
export class Transfers {
  onChange: () => void = () => undefined;
  onArrived: (transfer: Transfer) => void = () => undefined;
  #all: Transfer[] = [];
  #samples: { at: number; sent: number }[] = [];
  #moved = 0;

  constructor(private readonly clock: Clock) {}

  get all(): readonly Transfer[] {
    return this.#all;
  }

  add(transfers: Pick<Transfer, "sandbox" | "path" | "size" | "sending">[]): void {
    if (this.#all.every(each => each.state === "done" || each.state === "cancelled")) {
      this.#all = [];
      this.#samples = [];
    }
    this.#all.push(...transfers.map(each => ({ ...each, sent: 0, state: "waiting" as const, message: "", attempts: 0 })));
    this.#pump();
  }

  totals(): Totals {
    const totals: Totals = { files: 0, done: 0, failed: 0, active: 0, bytes: 0, sent: 0, speed: 0 };
    for (const each of this.#all) {
      if (each.state === "cancelled") {
        continue;
      }
      totals.files++;
      totals.done += each.state === "done" ? 1 : 0;
      totals.failed += each.state === "failed" ? 1 : 0;
      totals.active += isActive(each) ? 1 : 0;
      totals.bytes += each.size;
      totals.sent += each.sent;
    }
    const now = this.clock.now();
    const first = this.#samples.find(sample => now - sample.at <= speedWindow);
    if (first && now - first.at >= 500) {
      totals.speed = Math.max(0, (this.#moved - first.sent) / (now - first.at) * 1000);
    }
    return totals;
  }

  cancel(transfer: Transfer): void {
    if (isActive(transfer) || transfer.state === "failed") {
      // What failed may still have something on the server.
      transfer.state = "cancelled";
      transfer.message = "";
      transfer.sending.cancel();
      this.#pump();
    }
  }

  cancelAll(): void {
    for (const each of this.#all.filter(isActive)) {
      each.state = "cancelled";
      each.sending.cancel();
    }
    this.#pump();
  }

  retry(transfer: Transfer): void {
    if (transfer.state === "failed") {
      transfer.state = "waiting";
      transfer.message = "";
      transfer.attempts = 0;
      this.#pump();
    }
  }

  /** Where there is no network, a request may hang for minutes before it fails. */
  hold(): void {
    for (const each of this.#all.filter(transfer => transfer.state === "sending")) {
      each.sending.pause();
    }
  }

  /** Tries again at once what waits for the connection. */
  wake(): void {
    for (const each of this.#all) {
      if (each.state === "held") {
        each.state = "waiting";
      }
    }
    this.#pump();
  }

  /** Forgets what needs nothing more. */
  clear(): void {
    for (const each of this.#all) {
      if (each.state === "failed") {
        each.sending.cancel();
      }
    }
    this.#all = this.#all.filter(isActive);
    this.onChange();
  }

  #pump(): void {
    let free = atOnce - this.#all.filter(each => each.state === "sending").length;
    for (const each of this.#all) {
      if (free <= 0) {
        break;
      }
      if (each.state === "waiting") {
        free--;
        void this.#send(each);
      }
    }
    this.onChange();
  }

  async #send(transfer: Transfer): Promise<void> {
    transfer.state = "sending";
    transfer.message = "";
    try {
      await transfer.sending.start(sent => this.#progress(transfer, sent));
      if (transfer.state === "sending") {
        transfer.state = "done";
        this.#progress(transfer, transfer.size);
        this.onArrived(transfer);
      }
    } catch (error) {
      if (transfer.state === "sending") {
        this.#stopped(transfer, error instanceof Problem ? error : new Problem("internal", 400, "The file could not be sent."));
      }
    }
    this.#pump();
  }

  #stopped(transfer: Transfer, problem: Problem): void {
    // No connection and a restarting server are waited for; other troubles must pass soon.
    const forEver = problem.status === 0 || problem.status === 502 || problem.status === 503 || problem.code === "rate";
    if (!isPassing(problem) || (!forEver && transfer.attempts >= patience)) {
      transfer.state = "failed";
      transfer.message = problem.message;
      return;
    }
    transfer.state = "held";
    transfer.message = problem.status === 0 || problem.status >= 502 ? "Waiting for the connection" : problem.code === "rate" ? "Waiting a moment" : problem.message;
    const wait = Math.min(10_000, 500 * 2 ** Math.min(transfer.attempts, 5));
    transfer.attempts++;
    this.clock.after(wait, () => {
      if (transfer.state === "held") {
        transfer.state = "waiting";
        this.#pump();
      }
    });
  }

  #progress(transfer: Transfer, sent: number): void {
    const moved = Math.max(0, sent - transfer.sent);
    if (moved > 0) {
      transfer.attempts = 0;
    }
    transfer.sent = sent;
    this.#moved += moved;
    const now = this.clock.now();
    if (now - (this.#samples.at(-1)?.at ?? 0) > 250) {
      this.#samples.push({ at: now, sent: this.#moved });
      this.#samples = this.#samples.filter(sample => now - sample.at <= speedWindow);
    }
    this.onChange();
  }
}

export function isActive(transfer: Transfer): boolean {
  return transfer.state === "waiting" || transfer.state === "sending" || transfer.state === "held";
}
