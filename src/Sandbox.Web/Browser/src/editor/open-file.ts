import { Compartment, type EditorState, type Text, type Transaction } from "@codemirror/state";
import { EditorView } from "@codemirror/view";
import { nameOf, type Path, shown } from "../files/path";
import { stateOf } from "./code-view";
import { read, save } from "./file-content";
import { languageOf } from "./languages";

/** A file that is open in the editor. */
export class OpenFile {
  onChange: () => void = () => undefined;
  readonly path: string;
  readonly name: string;
  state: EditorState;
  /** The file on disk is another one than the text began from. */
  isOutdated = false;
  readonly #language = new Compartment();
  #saved: Text;

  /** @param version null for a file that is not on disk yet */
  constructor(readonly sandbox: string, readonly bytes: Path, text: string, private version: string | null) {
    this.path = shown(bytes);
    this.name = shown(nameOf(bytes));
    this.state = this.#begin(text);
    this.#saved = this.state.doc;
  }

  get isUnsaved(): boolean {
    return this.version === null || !this.state.doc.eq(this.#saved);
  }

  get isNew(): boolean {
    return this.version === null;
  }

  /** Takes over what an edit made of the state. */
  take(transaction: Transaction): void {
    this.state = transaction.state;
    if (transaction.docChanged) {
      this.onChange();
    }
  }

  /** Saves the text; `changed` if the file on disk is another one now. */
  async save(): Promise<"saved" | "changed"> {
    const { doc } = this.state;
    const saved = await save(this.sandbox, this.bytes, this.state.sliceDoc(), this.version);
    if (saved === "changed") {
      this.isOutdated = true;
      return saved;
    }
    this.version = saved.version;
    this.#saved = doc;
    this.isOutdated = false;
    this.onChange();
    return "saved";
  }

  /** Saves the text in place of what is on disk now, whatever that is. */
  async overwrite(): Promise<"saved" | "changed"> {
    const now = await read(this.sandbox, this.bytes);
    this.version = "version" in now ? now.version : null;
    return await this.save();
  }

  /**
   * Looks whether the file on disk is still the one that was read.
   * @param discard whether the text gives way to the file even if it has changes
   */
  async refresh(discard = false): Promise<"same" | "loaded" | "outdated" | "gone"> {
    if (this.version === null && !discard) {
      return "same";
    }
    const now = await read(this.sandbox, this.bytes, discard ? null : this.version);
    if (now.kind === "unchanged") {
      return "same";
    }
    if (now.kind !== "text") {
      this.isOutdated = true;
      this.onChange();
      return "gone";
    }
    if (this.isUnsaved && !discard) {
      this.isOutdated = true;
      this.onChange();
      return "outdated";
    }
    const { main } = this.state.selection;
    this.version = now.version;
    this.state = this.#begin(now.text);
    this.#saved = this.state.doc;
    const length = this.#saved.length;
    this.state = this.state.update({ selection: { anchor: Math.min(main.anchor, length), head: Math.min(main.head, length) } }).state;
    this.isOutdated = false;
    this.onChange();
    return "loaded";
  }

  /** Loads the language of the file into a view that shows it. */
  async colour(view: EditorView): Promise<void> {
    const language = languageOf(this.name, this.state.doc.line(1).text);
    const extension = await language?.load().catch(() => null);
    if (extension && view.state === this.state) {
      view.dispatch({ effects: this.#language.reconfigure(extension) });
    } else if (extension) {
      this.state = this.state.update({ effects: this.#language.reconfigure(extension) }).state;
    }
  }

  #begin(text: string): EditorState {
    return stateOf(text, this.path, this.#language.of([]));
  }
}
