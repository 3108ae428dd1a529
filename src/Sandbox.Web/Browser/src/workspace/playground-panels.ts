import { headline, type Playground, type Problem, type Setup } from "../page/api";
import type { PanelAction, PanelContent } from "../page/panel";
import { returnOf } from "../page/return-address";

/** What a visitor can do about a playground from a panel. */
export interface PanelRuns {
  remove(): void;
  resume(): void;
  start(): void;
  setUp(action: "retry" | "enter"): void;
  takeHome(): void;
}

const mine: PanelAction = { label: "My playgrounds", href: "/playgrounds" };
const others: PanelAction = { label: "Other images", href: "/" };

export const asking = (title: string): PanelContent => ({ kind: "busy", title: `Starting ${title}`, text: "Requesting your sandbox" });

export const openingShell: PanelContent = { kind: "busy", title: "Opening a shell", text: "Your sandbox is running" };

export const notHere: PanelContent = {
  kind: "ended", title: "This playground does not exist", text: "It ended some time ago, or it is not yours.", actions: [{ ...others, primary: true }, mine],
};

/** The panel of a playground that does not run; null for one that does. */
export function stateOf(playground: Playground, title: string, runs: PanelRuns): PanelContent | null {
  switch (playground.state) {
    case "queued":
      return {
        kind: "busy", title: "Waiting in the queue", text: queueText(playground),
        percent: playground.queue ? undefined : percentOf(playground.progress), actions: [{ label: playground.queue ? "Leave the queue" : "Cancel", run: () => runs.remove() }],
      };
    case "starting":
      if (playground.setup) {
        return setupOf(playground.setup, playground.progress, title, runs);
      }
      return { kind: "busy", title: `Starting ${title}`, text: playground.progress ?? "Creating your sandbox" };
    case "paused":
      return { kind: "note", title: "Paused", text: [noticeOf(playground), "It keeps its memory and uses no CPU time."].filter(Boolean).join(" "), actions: [{ label: "Resume", run: () => runs.resume(), primary: true }] };
    case "stopped": {
      const code = playground.sandboxes[0]?.exitCode;
      return {
        kind: "note", title: "Stopped", text: noticeOf(playground) ?? `No programs are running. Your files are kept.${typeof code === "number" ? ` The image's own program ended with exit code ${code}.` : ""}`,
        actions: [{ label: "Start", run: () => runs.start(), primary: true }],
      };
    }
    case "ended":
      return {
        kind: playground.error ? "error" : "ended",
        title: playground.error ? headline(playground.error.code) : "This playground has ended",
        text: `${playground.error?.message ?? reasonText(playground.lease.reason, playground.lease.message)}${playground.saved ? " Its files are saved in a private link of yours." : ""}`,
        actions: [
          ...back(playground.id),
          ...playground.saved
            ? [{ label: "Continue", href: `/p/new?link=${playground.saved}`, primary: true }, { label: "Take it home", run: () => runs.takeHome() }, mine]
            : [{ label: "Start a new one", href: playground.tutorial ? `/t/${playground.tutorial.address}` : playground.link ? `/x/${playground.link}` : `/p/new?image=${encodeURIComponent(playground.image)}`, primary: true }, others],
        ],
      };
    default:
      return null;
  }
}

/** The place changes in the text alone: the panel keeps its button, and screen readers read the new text. */
function queueText({ queue, progress }: Playground): string {
  const text = progress ?? "It starts automatically as soon as there is room.";
  return queue ? `Place ${queue.place} in the queue. ${text} If you close this tab, you lose your place.` : text;
}

/** The way back to the page elsewhere that it came from, with the whole address: anybody can have written it. */
function back(playground: string): PanelAction[] {
  const url = returnOf(playground);
  return url ? [{ label: `Back to ${url.host}${url.pathname === "/" ? "" : url.pathname}`, href: url.href }] : [];
}

/** The commands of a setup, how far they are, and what to do after one failed. */
function setupOf({ state, steps }: Setup, progress: string | null | undefined, title: string, runs: PanelRuns): PanelContent {
  const failed = state === "failed";
  return {
    kind: failed ? "error" : "busy",
    title: failed ? "A setup command failed" : `Setting up ${title}`,
    text: failed ? "You can run it again, or enter without the rest of the setup." : progress && progress !== "starting" ? progress : "",
    ...failed ? {} : { percent: percentOf(progress) },
    steps: steps.map(step => ({ text: step.command, state: step.state, detail: step.state === "running" ? step.output : step.state === "failed" ? `${step.output}${step.exitCode ? `\nended with ${step.exitCode}` : ""}`.trim() : "" })),
    actions: failed
      ? [{ label: "Run it again", run: () => runs.setUp("retry"), primary: true }, { label: "Enter anyway", run: () => runs.setUp("enter") }, { label: "End it", run: () => runs.remove() }]
      : [{ label: "Cancel", run: () => runs.remove() }],
  };
}

/** The reach of each sandbox's network in words; once if all are the same. */
export function networkOf(playground: Playground): string {
  const [first, ...others] = playground.sandboxes;
  return first && others.every(other => other.reaches === first.reaches)
    ? `Network: ${first.reaches}`
    : `Network: ${playground.sandboxes.map(({ name, reaches }) => `${name}: ${reaches}`).join("; ")}`;
}

/** The host's notice about a sandbox of the playground; null when there is none. */
export function noticeOf(playground: Playground): string | null {
  return playground.sandboxes.map(sandbox => sandbox.notice).filter(Boolean).join(" ") || null;
}

/**
 * A launch that the server refused.
 * @param from the page of the link or tutorial that was to start; null for an image
 */
export function refusedLaunch(problem: Problem, again: () => void, from: string | null): PanelContent {
  const retry: PanelAction = { label: "Try again", run: again };
  return {
    kind: "error",
    title: headline(problem.code),
    text: problem.message,
    actions: problem.code === "quota" ? [{ ...mine, primary: true }, retry]
      : problem.code === "image_not_found" || problem.code === "isolation_unavailable" ? [{ ...others, primary: true }]
        : from && (problem.code.startsWith("link_") || problem.code === "invalid" || problem.code === "not_found" || problem.code === "conflict") ? [{ label: from.startsWith("/t/") ? "Back to the tutorial" : "Back to the link", href: from, primary: true }, others]
          : [{ ...retry, primary: true }, others],
  };
}

/** It runs, and no terminal could be opened in it. */
export function noTerminal(problem: Problem, again: () => void, restart: () => void): PanelContent {
  return problem.code === "command_not_found"
    ? { kind: "note", title: "Its program has ended", text: "The image has no shell to open beside it.", actions: [{ label: "Run it again", run: restart, primary: true }, mine] }
    : { kind: "error", title: "The terminal could not be opened", text: problem.message, actions: [{ label: "Try again", run: again, primary: true }, mine] };
}

function reasonText(reason: string | null | undefined, message: string | null | undefined): string {
  if (message) {
    return reason === "operator" ? `The operator ended it: “${message}”` : message;
  }
  switch (reason) {
    case "removed": return "You ended it.";
    case "expired": return "Its time was up.";
    case "idle": return "It was idle for too long.";
    case "operator": return "The operator ended it.";
    case "host_restarted": return "The host was restarted.";
    case "disk_full": return "The host's disk was nearly full, and your sandboxes used the most of it. The playground could not be saved: a save needs room on the same disk.";
    case "launch_failed": return "It could not be started.";
    default: return "It has ended.";
  }
}

function percentOf(text: string | null | undefined): number | undefined {
  const percent = /(\d{1,3}) ?%/.exec(text ?? "")?.[1];
  return percent === undefined ? undefined : Number(percent);
}
