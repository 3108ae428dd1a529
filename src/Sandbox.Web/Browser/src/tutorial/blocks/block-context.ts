import type { TutorialPlace } from "../run/place";
import type { RanBlocks } from "../run/ran-blocks";
import type { Run, RunApi } from "../run/run-api";

/** State that the blocks of a step share. */
export interface BlockContext {
  readonly api: RunApi;
  readonly place: TutorialPlace;
  readonly ran: RanBlocks;
  readonly step: number;
  /** The directory that relative paths of the editor begin at. */
  readonly editorPath: string;
  readonly parameters: Readonly<Record<string, string>>;
  /** Says a sentence to a screen reader. */
  announce(text: string): void;
  /** Another value of a parameter changes the text of the step. */
  changed(run: Run): void;
  /** Ends with the step. */
  readonly signal: AbortSignal;
}
