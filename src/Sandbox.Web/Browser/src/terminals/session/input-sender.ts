import { hubCode, isHubAnswer, isUnknownMethod } from "./hub-error";
import type { Clock, Connection } from "./hub-link";
import { InputQueue } from "./input-queue";
import { inputWindow, maxInput } from "./windows";

/** full: the server takes no input yet. refused: too much at once. uncertain: keys were under way when the connection broke. lost: the server did not take them. */
export type InputNotice = "full" | "refused" | "uncertain" | "lost" | null;

/** Each key is sent at once. With this many under way, further keys are sent together. */
const maxPieces = 64;
/** Input kept here while the server takes none. */
const maxQueued = 2 * 1024 * 1024;
/** The first pause before a piece that found the server full is sent again, and the longest, in ms. */
const firstPause = 40;
const longestPause = 640;
/** How often in a row the server may refuse a piece for reasons of its own before it counts as lost. */
const maxRefusals = 4;

/** One attachment, with the bytes sent since it began: the server counts from there. */
interface Way {
  readonly connection: Connection;
  sent: number;
}

interface Piece {
  readonly way: Way;
  /** The bytes that were sent before it. */
  readonly at: number;
  readonly data: Uint8Array;
  /** When it went out. */
  readonly since: number;
  /** Why the server did not take it. */
  refusal?: unknown;
}

/** Stands for the answer that a broken connection kept. */
const broken = Symbol("broken");

/**
 * Sends what is typed to one terminal, in order. Several pieces are under way at once: each says how much was sent
 * before it, and the server takes it only where it took all of that. So behind a refused piece everything is refused,
 * nothing can overtake, and it goes on from there.
 */
export class InputSender {
  onNotice: (notice: InputNotice) => void = () => undefined;
  /** The server's count is unknown: nothing is sent before the terminal is attached again. */
  onAstray: () => void = () => undefined;
  readonly #queue = new InputQueue(maxQueued);
  #underWay: Piece[] = [];
  #way: Way | null = null;
  /** A connection to a server that has only Input, which carries no position: one piece at a time then. */
  #older: Connection | null = null;
  #pause = firstPause;
  #refusals = 0;
  #endPause: (() => void) | null = null;

  constructor(private readonly terminal: string, private readonly clock: Clock) {}

  /** When the oldest piece went out that has no answer yet; null when all have one. */
  get waitingSince(): number | null {
    return this.#underWay.find(piece => !("refusal" in piece))?.since ?? null;
  }

  /** Takes all of the bytes, or none of them when too many wait. */
  push(bytes: Uint8Array): boolean {
    if (!this.#queue.push(bytes)) {
      this.onNotice("refused");
      return false;
    }
    this.#pump();
    return true;
  }

  /** The server attached this viewer; input is sent over this connection. */
  attached(connection: Connection): void {
    this.#way = { connection, sent: 0 };
    this.#refusals = 0;
    this.#endPause?.();
    this.#endPause = null;
    this.#pump();
  }

  /** The stream ended; calls under way are still answered. */
  detached(): void {
    this.#way = null;
  }

  /** The connection broke, and its answers are lost. */
  broke(): void {
    this.#way = null;
    for (const piece of this.#underWay) {
      piece.refusal ??= broken;
    }
    this.#goBack();
  }

  /** Sends and reports nothing any more. */
  end(): void {
    this.#way = null;
    this.#underWay = [];
    this.#queue.clear();
    this.#endPause?.();
    this.#endPause = null;
  }

  #pump(): void {
    const way = this.#way;
    const oldest = this.#underWay[0];
    // Pieces of an earlier attachment have to be answered first: they may have to be sent again before all others.
    if (!way || this.#endPause || oldest && oldest.way !== way || this.#underWay.some(piece => "refusal" in piece)) {
      return;
    }
    const isAlone = this.#older === way.connection || this.#pause > firstPause || this.#refusals > 0;
    const most = isAlone ? 1 : maxPieces;
    let room = inputWindow - this.#underWay.reduce((sum, piece) => sum + piece.data.length, 0);
    while (this.#queue.length > 0 && room > 0 && this.#underWay.length < most) {
      const data = this.#queue.take(Math.min(maxInput, room));
      const piece: Piece = { way, at: way.sent, data, since: this.clock.now() };
      way.sent += data.length;
      room -= data.length;
      this.#underWay.push(piece);
      const answer = this.#older === way.connection
        ? way.connection.invoke("Input", this.terminal, data)
        : way.connection.invoke("Type", this.terminal, piece.at, data);
      answer.then(() => this.#taken(piece), (error: unknown) => this.#refused(piece, error));
    }
  }

  #taken(piece: Piece): void {
    const index = this.#underWay.indexOf(piece);
    if (index < 0) {
      return;
    }
    // With it the server has all that was before it.
    this.#underWay.splice(0, index + 1);
    this.#refusals = 0;
    if (this.#pause > firstPause) {
      this.#pause = firstPause;
      this.onNotice(null);
    }
    this.#settle();
  }

  #refused(piece: Piece, error: unknown): void {
    if (this.#underWay.includes(piece)) {
      piece.refusal = isHubAnswer(error) || isUnknownMethod(error) ? error : broken;
      this.#settle();
    }
  }

  /** Goes on; after a refusal only once everything under way is answered. */
  #settle(): void {
    if (this.#underWay.every(piece => "refusal" in piece)) {
      this.#goBack();
    } else {
      this.#pump();
    }
  }

  /** All pieces under way are refused or uncertain: continues from the first refused one. */
  #goBack(): void {
    const all = this.#underWay;
    const known = all.findIndex(piece => piece.refusal !== broken);
    // Sent and not answered: to send it again could type it twice, which is worse than typing it again by hand.
    const uncertain = known < 0 ? all.length : known;
    const again = all.slice(uncertain);
    this.#underWay = [];
    const first = again[0];
    const isLost = first !== undefined && this.#isLost(first.refusal);
    if (isLost) {
      again.shift();
    }
    for (const piece of again.reverse()) {
      this.#queue.unshift(piece.data);
    }
    if (first) {
      first.way.sent = first.at;
    }
    if (uncertain > 0) {
      this.onNotice("uncertain");
    }
    if (isLost) {
      this.onNotice("lost");
    }
    if (uncertain > 0 && this.#way) {
      // The server broke over it, and the connection stands.
      this.#way = null;
      this.onAstray();
    } else if (first && !isLost && first.way === this.#way) {
      this.#hold(first.way.connection, first.refusal);
    }
    this.#pump();
  }

  /** Whether the refusal is final, or there were too many. */
  #isLost(refusal: unknown): boolean {
    return !isFull(refusal) && !isUnknownMethod(refusal) && !(passing.includes(hubCode(refusal)) && this.#refusals < maxRefusals);
  }

  /** Waits before it sends again, depending on the refusal. */
  #hold(connection: Connection, refusal: unknown): void {
    if (isUnknownMethod(refusal)) {
      this.#older = connection;
    } else if (isFull(refusal)) {
      const pause = this.#pause;
      this.#pause = Math.min(pause * 2, longestPause);
      this.#wait(pause);
      this.onNotice("full");
    } else {
      // The hub refused before it took anything, as while it reconnects to the terminal.
      this.#refusals++;
      this.#wait(150 * 2 ** this.#refusals);
    }
  }

  #wait(ms: number): void {
    this.#endPause = this.clock.after(ms, () => {
      this.#endPause = null;
      this.#pump();
    });
  }
}

/** For input, `conflict` means that the program does not read. */
function isFull(error: unknown): boolean {
  return hubCode(error) === "conflict";
}

/** Refused before any of the input was taken, for a reason that may pass. */
const passing: readonly (string | null)[] = ["not_found", "runtime_unavailable", "timeout", "internal"];
