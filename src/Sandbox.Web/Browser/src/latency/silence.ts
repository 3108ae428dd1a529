import { type Clock, type Connection, type HubLink, realClock } from "../terminals/session/hub-link";

/** What is looked at of a session. */
export interface Answered {
  /** When the oldest key went out that has no answer yet; null when all have one. */
  readonly waitingSince: number | null;
  ping(connection: Connection): Promise<void>;
}

/** From here on a visitor wonders where the keys are, in ms. */
const wondersAfter = 1500;
/** A connection that answers no key for so long is asked whether it is one, every so many ms. */
const asksAfter = 6000;
/** In which time it has to say so. */
const answersWithin = 4000;

/**
 * Notices that keys go out and nothing comes back. The server answers each key at once, whatever the program does with
 * it; where a network swallows everything, nothing else would say so for half a minute.
 */
export class Silence {
  #askedAt = -Infinity;

  constructor(private readonly link: HubLink, private readonly sessions: () => readonly Answered[], private readonly clock: Clock = realClock) {}

  /** How long the oldest key has waited, in ms; null while that is nothing to speak of. Looks after the link when it is too long. */
  look(): number | null {
    if (!this.link.connection) {
      return null;
    }
    const now = this.clock.now();
    let worst: Answered | null = null;
    let since = now;
    for (const session of this.sessions()) {
      if (session.waitingSince !== null && session.waitingSince < since) {
        since = session.waitingSince;
        worst = session;
      }
    }
    if (!worst || now - since < wondersAfter) {
      return null;
    }
    if (now - since >= asksAfter && now - this.#askedAt >= asksAfter) {
      this.#askedAt = now;
      const asked = worst;
      void this.link.probe(connection => asked.ping(connection), answersWithin);
    }
    return now - since;
  }
}
