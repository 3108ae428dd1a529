import type { Playground, Problem } from "../page/api";
import { endsSoon, timeLeft } from "../page/countdown";
import { toast } from "../page/toast";
import type { PlaygroundWatch } from "./playground-watch";

const byId = <T extends HTMLElement = HTMLElement>(id: string): T => document.getElementById(id) as T;

/** The time that is left, in the bar. */
export interface Lease {
  /** Shows the lease of a playground that has changed. */
  show(playground: Playground): void;
  extend(): Promise<void>;
}

/** Counts down each second. @param done gives the focus back */
export function startLease(watch: PlaygroundWatch, done: () => void): Lease {
  const bar = byId("ws-lease");
  const tick = (): void => {
    const playground = watch.now;
    if (!playground || playground.state === "ended") {
      return;
    }
    const endsAt = Date.parse(playground.lease.endsAt);
    byId("ws-time").textContent = timeLeft(endsAt, Date.now());
    const soon = endsSoon(endsAt, Date.now());
    if (soon && !bar.classList.contains("soon")) {
      byId("ws-live").textContent = `Less than five minutes left.${playground.lease.canExtend ? " You can extend." : ""}`;
    }
    bar.classList.toggle("soon", soon);
    if (endsAt <= Date.now() && playground.state !== "queued" && playground.state !== "starting") {
      watch.later(500);
    }
  };
  setInterval(tick, 1000);
  return {
    show: playground => {
      bar.hidden = playground.state === "ended" || playground.state === "queued" || playground.state === "starting";
      byId("ws-extend").hidden = byId("ws-extend-item").hidden = !playground.lease.canExtend;
      tick();
    },
    extend: async () => {
      const button = byId<HTMLButtonElement>("ws-extend");
      button.disabled = true;
      try {
        await watch.extend();
        if (watch.now) {
          toast(`Extended: ${timeLeft(Date.parse(watch.now.lease.endsAt), Date.now())} left`);
        }
      } catch (error) {
        toast((error as Problem).message, "error");
        await watch.poll();
      } finally {
        button.disabled = false;
        done();
      }
    },
  };
}
