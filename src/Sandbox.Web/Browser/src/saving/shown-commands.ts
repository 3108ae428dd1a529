import { api } from "../page/api";
import { make } from "../page/dom";

/** The most commands that are offered, the latest; and characters of each. */
const most = 200;
const longest = 1000;

/** A tick that puts the commands of the terminals on the page of the link, which therefore needs a name. The author can edit them. */
export class ShownCommands {
  readonly element = make("fieldset", "shown-commands");
  readonly #tick = make("input", "");
  readonly #text = make("textarea", "");

  constructor(commands: readonly string[], private readonly name: HTMLInputElement) {
    const lines = commands.map(line => line.trim()).filter(line => line !== "" && line.length <= longest).slice(-most);
    this.element.hidden = lines.length === 0;
    this.#tick.type = "checkbox";
    const note = make("p", "hint", "The page of the link's name shows them, so the link needs a name. You can edit them.");
    this.#text.rows = Math.min(8, lines.length);
    this.#text.value = lines.join("\n");
    this.#text.spellcheck = false;
    this.#text.setAttribute("aria-label", "Commands to show");
    const warning = make("p", "share-warning");
    warning.hidden = true;
    const more = make("div", "state-form", note, warning, this.#text);
    more.hidden = true;
    this.#tick.addEventListener("change", () => {
      more.hidden = !this.#tick.checked;
      this.name.required = this.#tick.checked;
    });
    this.element.append(make("label", "share-choice", this.#tick, make("span", "", lines.length === 1 ? "Show the command that I ran" : `Show the ${lines.length} commands that I ran`)), more);
    if (lines.length > 0) {
      void this.#leaveOutSecrets(lines, warning);
    }
  }

  /** Markdown of the commands; undefined when they are not shared. */
  get markdown(): string | undefined {
    const text = this.#text.value.trim();
    if (!this.#tick.checked || text === "") {
      return undefined;
    }
    const fence = "`".repeat(Math.max(3, ...[...text.matchAll(/`+/g)].map(([run]) => run.length + 1)));
    return `## Commands\n\n${fence}sh\n${text}\n${fence}\n`;
  }

  /** Lines that look like secrets are left out before anybody sees them. */
  async #leaveOutSecrets(lines: readonly string[], warning: HTMLElement): Promise<void> {
    this.#tick.disabled = true;
    try {
      const found = await api<{ index: number; rule: string }[]>("POST", "/api/v1/secrets", { lines });
      const left = new Map(found.map(({ index, rule }) => [index, rule]));
      this.#text.value = lines.filter((_, index) => !left.has(index)).join("\n");
      warning.hidden = left.size === 0;
      const words = [...new Set(left.values())].map(rule => rule.replaceAll("-", " ")).join(", ");
      warning.textContent = `${left.size === 1 ? "One command looks like a secret and is" : `${left.size} commands look like secrets and are`} left out: ${words}.`;
    } catch {
      warning.hidden = false;
      warning.textContent = "The commands could not be searched for secrets. Look through them before you share them.";
    } finally {
      this.#tick.disabled = false;
    }
  }
}
