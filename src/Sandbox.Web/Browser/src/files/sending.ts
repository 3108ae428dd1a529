import { Problem } from "../page/api";

/** One file on its way. It can be started again after it failed, and goes on where the server has it. */
export interface Sending {
  /** Resolves when the server has the whole file in its place; rejects with a Problem. */
  start(onProgress: (sent: number) => void): Promise<void>;
  /** Breaks off what is under way, as a lost connection would. */
  pause(): void;
  /** Stops, and has the server forget what arrived. */
  cancel(): void;
}

/** Whether trying again later may help without anybody doing anything. */
export function isPassing(problem: Problem): boolean {
  return problem.status === 0 || problem.status === 409 || problem.status === 423 || problem.status === 429 || problem.status === 500
    || (problem.status >= 502 && problem.status <= 504);
}
