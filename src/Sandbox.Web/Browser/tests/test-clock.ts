import type { Clock } from "../src/terminals/session/hub-link";

/** A clock that stands until a test moves it. */
export class TestClock implements Clock {
  #now = 0;
  #timers: { at: number; action: () => void }[] = [];

  now(): number {
    return this.#now;
  }
  random(): number {
    return 0.5;
  }
  after(ms: number, action: () => void): () => void {
    const timer = { at: this.#now + ms, action };
    this.#timers.push(timer);
    return () => {
      this.#timers = this.#timers.filter(other => other !== timer);
    };
  }
  advance(ms: number): void {
    this.#now += ms;
    const due = this.#timers.filter(timer => timer.at <= this.#now).sort((a, b) => a.at - b.at);
    this.#timers = this.#timers.filter(timer => timer.at > this.#now);
    for (const timer of due) {
      timer.action();
    }
  }
}
