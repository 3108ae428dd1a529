import type { Keyboard } from "../input/keyboard";
import type { TerminalSession } from "../session/terminal-session";
import type { TerminalView } from "../view/terminal-view";
import type { CommandActions } from "./actions";
import { type Command, CommandLog } from "./command-log";
import { Gutter } from "./gutter";

const encoder = new TextEncoder();

/** The commands of one terminal: their log, and the marks beside the output. */
export class TerminalCommands implements CommandActions {
  readonly log: CommandLog;
  readonly gutter: Gutter;
  readonly enter: ((line: string) => Promise<void>) | null;
  /** A command changed; null if all of them may have. */
  onChange: (command: Command | null) => void = () => undefined;
  /** A command ended, now and not in a replay. */
  onDone: (command: Command) => void = () => undefined;
  readonly #followers = new Set<(command: Command | null) => void>();

  constructor(private readonly view: TerminalView, keyboard: Keyboard, session: TerminalSession, canType: boolean) {
    const log = this.log = new CommandLog(view.terminal, () => view.isReplaying);
    this.enter = !canType ? null : async line => {
      await keyboard.paster.paste(line);
      session.type(encoder.encode("\r"));
    };
    const gutter = this.gutter = new Gutter(view.element, this);
    view.onSkipped = () => log.skipped();
    session.onShell = shell => {
      const first = !log.isReported;
      log.update(shell);
      if (first) {
        this.#changed(null);
      }
    };
    log.onChange = command => {
      if (command?.running) {
        // The shortcuts act on the newest command again.
        gutter.leave();
      }
      gutter.refresh();
      this.#changed(command);
    };
    log.onDone = command => this.onDone(command);
  }

  /** Calls back with every change, as {@link onChange} does. Returns a function that ends it. */
  follow(listener: (command: Command | null) => void): () => void {
    this.#followers.add(listener);
    return () => this.#followers.delete(listener);
  }

  #changed(command: Command | null): void {
    this.onChange(command);
    for (const listener of [...this.#followers]) {
      listener(command);
    }
  }

  focus(): void {
    this.view.focus();
  }
}
