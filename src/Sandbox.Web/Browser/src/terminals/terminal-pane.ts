import { make } from "../page/dom";
import { toast } from "../page/toast";
import { TerminalCommands } from "./commands/terminal-commands";
import { type CopyPermission, followCopyRequests } from "./input/copy-requests";
import { Keyboard } from "./input/keyboard";
import { openLink } from "./input/link-questions";
import { followMouse } from "./input/mouse";
import { Questions } from "./input/questions";
import { followTouch } from "./input/touch-scroll";
import { inputWords } from "./notices";
import type { HubLink } from "./session/hub-link";
import type { InputNotice } from "./session/input-sender";
import { type SessionState, TerminalSession } from "./session/terminal-session";
import { followBell } from "./view/bell";
import { directoryOf } from "./view/osc";
import { selectText } from "./view/select-text";
import type { Size } from "./view/terminal-size";
import { TerminalView } from "./view/terminal-view";

/** How a page uses a terminal. */
export interface PaneOptions {
  /** The element of the view, if the page has one already. */
  readonly host?: HTMLElement;
  /** The viewer may only watch: nothing that is typed or pasted is sent. */
  readonly readOnly?: boolean;
  /** Another page answers what programs ask their terminal (its size, its colours), until {@link TerminalView.answers} changes. */
  readonly silent?: boolean;
  /** Whether programs may write to the clipboard; without it they may not. */
  readonly copies?: CopyPermission;
  /** The size before the element is visible. */
  readonly size?: Size | undefined;
}

/** A button of a notice. */
export interface NoticeAction {
  readonly label: string;
  run(): void;
}

/**
 * One terminal on a page: its view, session, commands, notices and keys.
 *
 * The element has to be in the document, because the view measures itself, and `painterReady` has to be settled. Then
 * {@link attach} binds a terminal of the hub, {@link start} lets output come, and {@link dispose} ends it for this page:
 *
 *     const pane = new TerminalPane(element, link, { readOnly: true });
 *     pane.onState = state => …;
 *     pane.attach(terminalId, { replay: true });
 *     pane.start();
 */
export class TerminalPane {
  /** The element of the view. */
  readonly host: HTMLElement;
  /** Bars below the view: the notice and the questions of programs, a child each. */
  readonly bars = make("div", "ws-bars");
  readonly view: TerminalView;
  readonly keyboard: Keyboard;
  onState: (state: SessionState) => void = () => undefined;
  /** The program set the title of its window (OSC 0, 2). */
  onTitle: (title: string) => void = () => undefined;
  /** The program reported its working directory (OSC 7). */
  onDirectory: (path: string) => void = () => undefined;
  readonly #notice = make("div", "ws-notice");
  #session: TerminalSession | null = null;
  #commands: TerminalCommands | null = null;

  constructor(readonly element: HTMLElement, private readonly link: HubLink, private readonly options: PaneOptions = {}) {
    this.#notice.setAttribute("role", "status");
    this.#notice.hidden = true;
    this.bars.append(this.#notice);
    this.host = options.host ?? make("div", "ws-xterm");
    element.append(this.host, this.bars);
    const view = this.view = new TerminalView(this.host, options.size);
    // WebGL draws the screen where nothing can read it; browser tests find it here.
    Object.assign(this.host, { terminal: view.terminal });
    this.keyboard = new Keyboard(view);
    view.terminal.options.disableStdin = options.readOnly ?? false;
    view.answers = !options.silent;
    view.onTitle = title => this.onTitle(title);
    const questions = new Questions(this.bars, () => view.focus());
    this.keyboard.onQuestions = () => questions.focus();
    view.onLink = (link, words, event) => openLink(link, words, event, questions);
    followCopyRequests(view, questions, options.copies ?? null);
    view.terminal.parser.registerOscHandler(7, data => {
      const path = directoryOf(data);
      if (path) {
        this.onDirectory(path);
      }
      return false;
    });
    followBell(view);
    // Before the mouse: a long press is not a right click.
    const touch = followTouch(view.element, view.terminal, line => void selectText(view, line));
    view.onDispose(() => touch.dispose());
    followMouse(view, this.keyboard.paster);
  }

  /** The id of the attached terminal. */
  get id(): string {
    return this.session.id;
  }

  /** The session of the attached terminal. */
  get session(): TerminalSession {
    return this.#session ?? notAttached();
  }

  /** The commands of the attached terminal. */
  get commands(): TerminalCommands {
    return this.#commands ?? notAttached();
  }

  /**
   * Binds a terminal of the hub. No output comes before {@link start}.
   * @param replay whether its first output was shown before, on this or another page
   */
  attach(terminal: string, { replay }: { replay: boolean }): void {
    if (this.#session) {
      throw new Error("The pane is attached already.");
    }
    const session = this.#session = new TerminalSession(this.link, terminal, this.view);
    session.onState = state => this.onState(state);
    session.onInputNotice = notice => this.#inputNotice(notice);
    this.#commands = new TerminalCommands(this.view, this.keyboard, session, !this.options.readOnly);
    this.keyboard.use(session);
    this.view.use(session, replay);
  }

  start(): void {
    this.session.start();
  }

  focus(): void {
    this.view.focus();
  }

  /** Shows a notice below the view. The first action is the primary one. */
  note(text: string, actions: readonly NoticeAction[] = []): void {
    this.#notice.replaceChildren(make("span", "", text), ...actions.map((action, index) => {
      const button = make("button", index === 0 ? "button small primary" : "button small", action.label);
      button.type = "button";
      button.addEventListener("click", () => action.run());
      return button;
    }));
    this.#notice.hidden = false;
  }

  hideNote(): void {
    this.#notice.hidden = true;
  }

  /** Stops following the terminal and keeps what the view shows. */
  detach(): void {
    this.#session?.detach();
  }

  /** Stops following the terminal, which goes on for others, and removes the view. */
  dispose(): void {
    this.detach();
    this.view.dispose();
    this.element.remove();
  }

  #inputNotice(notice: InputNotice): void {
    if (notice === "full") {
      this.note(inputWords.full);
    } else if (notice) {
      toast(inputWords[notice], "error");
    } else if (!this.session.isOver) {
      this.hideNote();
    }
  }
}

function notAttached(): never {
  throw new Error("The pane is not attached.");
}
