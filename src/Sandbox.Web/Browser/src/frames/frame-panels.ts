import { headline, type Playground, type Problem } from "../page/api";
import type { PanelContent } from "../page/panel";
import { type PanelRuns, stateOf } from "../workspace/playground-panels";

/** Actions of a visitor in a panel of a frame. */
export interface FrameRuns extends Omit<PanelRuns, "takeHome"> {
  again(): void;
}

/** The panel of a playground that does not run; null for one that does. In a frame there is no way to other pages of ours. */
export function frameStateOf(playground: Playground, title: string, runs: FrameRuns, isPausedByPage: boolean): PanelContent | null {
  const content = stateOf(playground, title, { ...runs, takeHome: () => undefined });
  if (playground.state === "ended") {
    return { ...content!, actions: [{ label: "Start again", run: () => runs.again(), primary: true }] };
  }
  if (playground.state === "paused" && isPausedByPage) {
    return { ...content!, text: "Another terminal of this page is in use. Nothing here is lost." };
  }
  return content;
}

/** It could not be started. */
export function refusedStart(problem: Problem, again: () => void): PanelContent {
  return { kind: "error", title: headline(problem.code), text: problem.message, actions: [{ label: "Try again", run: again, primary: true }] };
}

/** The page that the visitor opened has it now, or it ended so long ago that nobody knows why. */
export function notHere(opened: boolean, again: () => void): PanelContent {
  return {
    kind: "ended",
    title: opened ? "It continues in its own tab" : "This playground no longer exists",
    text: opened ? "This frame no longer shows it." : "It ended some time ago.",
    actions: [{ label: "Start again", run: again, primary: true }],
  };
}
