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
        this.onChange(null);
      }
    };
    log.onChange = command => {
      if (command?.running) {
        // The shortcuts act on the newest command again.
        gutter.leave();
      }
      gutter.refresh();
      this.onChange(command);
    };
    log.onDone = command => this.onDone(command);
  }

  focus(): void {
    this.view.focus();
  }
}
