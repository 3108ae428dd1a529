import type { IMarker, Terminal } from "@xterm/xterm";
import type { ShellNow } from "../session/shell";
import { type Mark, parseMark } from "./mark";

export interface Command {
  readonly number: number;
  /** The entered line; null if the shell does not report it. */
  line: string | null;
  /** The line on the screen, for a shell that does not report it. */
  seen: string;
  cut: boolean;
  running: boolean;
  /** null while it runs, and if the shell did not report it. */
  exitCode: number | null;
  /** In ms since 1970; null for what was replayed without a time. */
  startedAt: number | null;
  endedAt: number | null;
  readonly prompt: IMarker;
  output: IMarker;
  /** Where the output ends, and in which column. */
  end: IMarker | null;
  endColumn: number;
}

/** The most commands that are kept. */
const mostCommands = 500;
const mostLines = 10_000;

/** The commands of one terminal, from the marks that its shell prints, with their places among its lines. */
export class CommandLog {
  readonly commands: Command[] = [];
  onChange: (command: Command | null) => void = () => undefined;
  /** A command is over, now and not in a replay. */
  onDone: (command: Command) => void = () => undefined;
  #now: ShellNow = { nonce: "" };
  #prompts = false;
  #number = 0;
  #prompt: IMarker | null = null;
  #input: { marker: IMarker; column: number } | null = null;
  #line: { text: string; cut: boolean } | null = null;
  #before: string | null = null;
  #continued = "";

  constructor(readonly terminal: Terminal, private readonly isReplaying: () => boolean) {
    terminal.parser.registerOscHandler(633, data => {
      const mark = parseMark(data, this.#now.nonce);
      if (mark) {
        this.#take(mark);
      }
      return true;
    });
  }

  get running(): Command | null {
    const last = this.commands.at(-1);
    return last?.running ? last : null;
  }

  /** The line of the running command; empty if the shell does not report it, null if no command is known to run. */
  get runs(): string | null {
    const { running } = this;
    const reported = this.#now.running;
    if (running || reported) {
      return running?.line ?? reported?.command ?? running?.seen ?? "";
    }
    // The alternate screen belongs to a program, never to a shell.
    return this.terminal.buffer.active.type === "alternate" ? "" : null;
  }

  /** Whether a program has the terminal, as far as the shell reports it: one that reports only prompts has left the line of its prompt. */
  get isBusy(): boolean {
    if (this.runs !== null) {
      return true;
    }
    const { active } = this.terminal.buffer;
    const at = this.#input;
    return this.#prompts && at !== null && !at.marker.isDisposed && at.marker.line !== active.baseY + active.cursorY;
  }

  /** Whether the shell has shown a prompt. */
  get hasPrompt(): boolean {
    return this.#input !== null;
  }

  /** Whether the shell reports its commands. */
  get isReported(): boolean {
    return this.#now.nonce !== "";
  }

  /** The server reported the state of the shell. */
  update(now: ShellNow): void {
    this.#now = now;
  }

  /** Whether the prompt is free: no command runs and nothing is typed. */
  get isReady(): boolean {
    const { active } = this.terminal.buffer;
    const at = this.#input;
    const isTyped = at !== null && !at.marker.isDisposed && (at.marker.line !== active.baseY + active.cursorY || at.column !== active.cursorX);
    return !this.running && !this.#now.running && active.type === "normal" && !isTyped;
  }

  /** Output was skipped, and marks with it: a command still runs only if the server says so. */
  skipped(): void {
    const { running } = this;
    const now = this.#now.running;
    if (running && !(now && (now.truncated ? running.line?.startsWith(now.command ?? "") : running.line === (now.command ?? null)))) {
      running.running = false;
      this.onChange(running);
    }
    this.#prompt?.dispose();
    this.#input?.marker.dispose();
    this.#prompt = this.#input = this.#line = this.#before = null;
    this.#continued = "";
  }

  /** The output of a command, as far as it is kept. */
  outputOf(command: Command): string {
    const buffer = this.terminal.buffer.normal;
    if (command.output.isDisposed) {
      return "";
    }
    const first = command.output.line;
    const end = command.end && !command.end.isDisposed ? command.end.line : buffer.baseY + buffer.cursorY;
    const last = command.end && command.endColumn === 0 ? end - 1 : end;
    const text: string[] = [];
    for (let at = Math.max(first, last - mostLines); at <= last; at++) {
      const line = buffer.getLine(at);
      if (line) {
        const goesOn = buffer.getLine(at + 1)?.isWrapped ?? false;
        text.push(line.translateToString(!goesOn), goesOn ? "" : "\n");
      }
    }
    return text.join("").replace(/\n+$/, "\n");
  }

  #take(mark: Mark): void {
    if (this.terminal.buffer.active.type === "alternate") {
      return;
    }
    switch (mark.kind) {
      case "P":
        this.#prompts ||= mark.text === "Integration=prompt";
        break;
      case "A":
        this.#end(null, mark.time);
        this.#prompt?.dispose();
        this.#prompt = this.terminal.registerMarker(0) ?? null;
        break;
      case "B": {
        this.#input?.marker.dispose();
        const marker = this.terminal.registerMarker(0);
        this.#input = marker ? { marker, column: this.terminal.buffer.active.cursorX } : null;
        break;
      }
      case "E":
        this.#line = { text: mark.text, cut: mark.cut };
        break;
      case "F":
        this.#continued = `${this.#continued}${mark.text}\n`.slice(0, 4096);
        break;
      case "C":
        if (!this.#prompts) {
          this.#begin(this.#line, mark.time, 0);
          this.#line = null;
        }
        break;
      case "D":
        if (this.#prompts) {
          this.#doneAtPrompt(mark);
        } else {
          this.#end(exitCode(mark.text), mark.time);
        }
        break;
    }
  }

  /** A shell that marks only prompts: text after the prompt means that there was a command. */
  #doneAtPrompt(mark: Mark): void {
    const line = this.#line && { text: this.#continued + this.#line.text, cut: this.#line.cut };
    const isNew = this.#line !== null && this.#line.text !== this.#before;
    const buffer = this.terminal.buffer.active;
    const at = buffer.baseY + buffer.cursorY;
    const input = this.#input;
    if (input && !input.marker.isDisposed) {
      const rows = Math.max(1, Math.ceil((input.column + (isNew ? line!.text.length : 0)) / this.terminal.cols));
      const output = Math.min(at, input.marker.line + rows);
      const typed = this.#seen() !== "";
      const code = exitCode(mark.text);
      const givenUp = code === 130 && !isNew && output >= at;
      if ((typed || isNew) && !givenUp) {
        this.#begin(line, null, output - at);
        this.#end(code, null);
      }
    }
    this.#before = this.#line?.text ?? null;
    this.#line = null;
    this.#continued = "";
  }

  #begin(line: { text: string; cut: boolean } | null, time: number | null, outputAt: number): void {
    const prompt = this.#prompt ?? this.terminal.registerMarker(-1);
    const output = this.terminal.registerMarker(outputAt);
    if (!prompt || !output) {
      return;
    }
    this.#end(null, null);
    const command: Command = {
      number: ++this.#number,
      line: line?.text ?? null,
      seen: this.#seen(),
      cut: line?.cut ?? false,
      running: true,
      exitCode: null,
      startedAt: time ?? (this.isReplaying() || this.#prompts ? null : Date.now()),
      endedAt: null,
      prompt,
      output,
      end: null,
      endColumn: 0,
    };
    this.#prompt = null;
    this.commands.push(command);
    for (const old of this.commands.splice(0, Math.max(0, this.commands.length - mostCommands))) {
      old.prompt.dispose();
      old.output.dispose();
      old.end?.dispose();
    }
    this.onChange(command);
  }

  #end(code: number | null, time: number | null): void {
    const command = this.running;
    if (!command) {
      return;
    }
    command.running = false;
    command.exitCode = code;
    command.endedAt = time ?? (this.isReplaying() || this.#prompts ? null : Date.now());
    command.end = this.terminal.registerMarker(0) ?? null;
    command.endColumn = this.terminal.buffer.active.cursorX;
    this.onChange(command);
    if (!this.isReplaying()) {
      this.onDone(command);
    }
  }

  /** The text after the prompt, up to the end of its line. */
  #seen(): string {
    const input = this.#input;
    return input && !input.marker.isDisposed ? this.terminal.buffer.active.getLine(input.marker.line)?.translateToString(true, input.column).trim() ?? "" : "";
  }
}

function exitCode(text: string): number | null {
  return /^-?\d{1,10}$/.test(text) ? Number(text) : null;
}
