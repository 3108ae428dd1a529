import type { Playground } from "../page/api";

const most = 12;
const longest = 160;

/** The last lines of a log as plain text, without the sequences that move a cursor or choose a colour. */
export function tailOf(log: string): string {
  const plain = log
    // Operating system commands, control sequences, and escapes of two characters.
    .replace(/\u001b\][^\u0007\u001b]*(?:\u0007|\u001b\\)|\u001b\[[0-?]*[ -/]*[@-~]|\u001b[ -/]*[0-~]/g, "")
    // A carriage return starts a line over.
    .replace(/[^\n]*\r(?=[^\n])/g, "")
    .replace(/[\u0000-\u0008\u000b-\u001f\u007f]/g, "");
  return plain.trimEnd().split("\n").slice(-most).map(line => line.length > longest ? `${line.slice(0, longest)}…` : line).join("\n");
}

/** What the own program of a playground's image printed last, asked for once each time it has stopped. */
export class LastLines {
  #of = "";
  #lines = "";

  constructor(private readonly changed: () => void) {}

  of({ sandboxes }: Playground): string {
    const [sandbox] = sandboxes;
    if (sandbox && this.#of !== sandbox.id) {
      this.#of = sandbox.id;
      void this.#ask(sandbox.id);
    }
    return this.#lines;
  }

  forget(): void {
    this.#of = this.#lines = "";
  }

  async #ask(sandbox: string): Promise<void> {
    const answer = await fetch(`/api/v1/sandboxes/${sandbox}/log`).catch(() => null);
    const lines = answer?.ok ? tailOf(await answer.text()) : "";
    if (lines && this.#of === sandbox) {
      this.#lines = lines;
      this.changed();
    }
  }
}
