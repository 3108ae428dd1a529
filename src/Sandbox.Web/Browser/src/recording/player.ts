import { create, type Player } from "asciinema-player";
import { isDark, onThemeChange } from "../page/theme-toggle";
import { type CastEvent, clock, marksOf, parseCast, shortenPauses, translate } from "./cast";
import { startManaging } from "./manage";

/** Pauses are shortened to this many seconds. */
const longestPause = 2;

async function load(address: string): Promise<ReturnType<typeof parseCast> | null> {
  try {
    const response = await fetch(address, { cache: "no-store" });
    return response.ok ? parseCast(await response.text()) : null;
  } catch {
    // The network went in between, or it is no recording.
    return null;
  }
}

/** A moment after something was first printed: the player shows what came before the moment it is given. */
function firstShown(events: readonly CastEvent[]): number {
  return (events.find(event => event[1] === "o" && event[2].trim() !== "")?.[0] ?? 0) + .01;
}

/** The page of one recording. */
export async function startPlayer(page: HTMLElement): Promise<void> {
  startManaging(document.getElementById("recording-head")!, () => location.assign("/recordings"));
  const host = document.getElementById("rec-player")!;
  const speed = document.getElementById("rec-speed") as HTMLSelectElement;
  const pauses = document.getElementById("rec-pauses") as HTMLInputElement;
  const cast = await load(page.dataset["cast"]!);
  if (!cast) {
    host.textContent = "The recording could not be loaded. Reload the page.";
    host.classList.add("rec-nothing");
    return;
  }
  const { header, events } = cast;
  if (!events.some(event => event[1] === "o")) {
    host.textContent = "The recording has no output.";
    host.classList.add("rec-nothing");
    return;
  }
  const whole: readonly CastEvent[] = events;
  const short = shortenPauses(events, longestPause);
  let shown = whole;
  let player: Player | null = null;
  let playing = false;

  // The player takes speed, theme and pauses only when it is made; so it is made again, at the same moment.
  const make = (): void => {
    const at = player?.getCurrentTime() ?? 0;
    const next = pauses.checked ? short : whole;
    const begun = player !== null && (at > 0 || playing);
    const startAt = translate(at, shown, next);
    shown = next;
    player?.dispose();
    host.replaceChildren();
    player = create({ data: [header, ...shown] }, host, {
      autoPlay: playing,
      controls: true,
      fit: "width",
      // The moment at which it will start: the picture and the bar below it say the same.
      poster: `npt:${begun ? startAt : firstShown(shown)}`,
      preload: true,
      speed: Number(speed.value),
      startAt,
      terminalFontFamily: getComputedStyle(document.documentElement).getPropertyValue("--mono"),
      theme: isDark() ? "sandbox-dark" : "sandbox-light",
    });
    player.addEventListener("play", () => { playing = true; });
    player.addEventListener("pause", () => { playing = false; });
    player.addEventListener("ended", () => { playing = false; });
    // The canvas cannot be read; browser tests ask the player.
    Object.assign(host, { player });
    list();
  };

  const list = (): void => {
    const marks = marksOf(shown);
    document.getElementById("rec-commands")!.hidden = marks.length === 0;
    document.getElementById("rec-marks")!.replaceChildren(...marks.map(({ time, label }) => {
      const item = document.createElement("li");
      const button = document.createElement("button");
      button.type = "button";
      const at = document.createElement("span");
      at.className = "rec-at";
      at.textContent = clock(time);
      const words = document.createElement("code");
      words.textContent = label;
      button.append(at, words);
      button.addEventListener("click", () => void player?.seek(time));
      item.append(button);
      return item;
    }));
  };

  make();
  speed.addEventListener("change", make);
  pauses.addEventListener("change", make);
  onThemeChange(make);
}
