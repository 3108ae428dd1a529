import { make } from "../page/dom";
import { showModal } from "../page/keys-home";
import { isDark, onThemeChange } from "../page/theme-toggle";
import { paletteOf, themeNames } from "../terminals/view/palettes";
import { bells, cursors, defaults, type FontName, fonts, keyBars, largestText, leastText, painters, type Preferences, preferences, rightClicks, scrollbacks } from "../terminals/view/preferences";

type Words<T extends string> = Record<T, string>;

const cursorWords: Words<(typeof cursors)[number]> = { block: "Block", bar: "Bar", underline: "Underline" };
const rightClickWords: Words<(typeof rightClicks)[number]> = { menu: "Browser menu", paste: "Paste" };
const bellWords: Words<(typeof bells)[number]> = { none: "Off", visual: "Flash" };
const painterWords: Words<(typeof painters)[number]> = { auto: "Automatic", webgl: "WebGL", elements: "DOM" };
const keyBarWords: Words<(typeof keyBars)[number]> = { touch: "On touch screens", always: "Always" };

/** The dialog of what a visitor may choose for terminals. Every choice shows at once, here and behind it. */
export class SettingsDialog {
  readonly #dialog = document.createElement("dialog");
  readonly #sample = make("pre", "set-sample");
  /** Each brings a field up to date with what is chosen. */
  readonly #fills: ((now: Preferences) => void)[] = [];

  constructor() {
    const dialog = this.#dialog;
    dialog.id = "ws-settings";
    dialog.className = "set-dialog";
    dialog.setAttribute("aria-labelledby", "set-title");
    const title = make("h2", "", "Terminal settings");
    title.id = "set-title";
    const close = make("button", "icon-button", "×");
    close.type = "button";
    close.setAttribute("aria-label", "Close");
    close.addEventListener("click", () => dialog.close());
    const head = make("header", "");
    head.append(title, close);

    this.#sample.setAttribute("aria-hidden", "true");
    const reset = make("button", "button", "Reset to defaults");
    reset.type = "button";
    reset.addEventListener("click", () => preferences.change(defaults));
    const done = make("button", "button primary", "Done");
    done.type = "button";
    done.addEventListener("click", () => dialog.close());
    const foot = make("div", "dialog-actions");
    foot.append(reset, done);

    dialog.append(
      head, this.#sample,
      group("Appearance",
        this.#choice("theme", "Colours", themeNames.map(name => [name, name === "site" ? "Match site" : paletteOf(name, false).label])),
        this.#choice("font", "Font", (Object.keys(fonts) as FontName[]).map(name => [name, fonts[name].label])),
        this.#number("fontSize", "Text size", leastText, largestText, 1, size => `${size} px`),
        this.#number("lineHeight", "Line height", 1, 2, 0.05, height => height.toFixed(2)),
        this.#choice("cursor", "Cursor", cursors.map(name => [name, cursorWords[name]])),
        this.#flag("blink", "Blinking cursor"),
        this.#choice("painter", "Renderer", painters.map(name => [name, painterWords[name]]))),
      group("Mouse and clipboard",
        this.#flag("copyOnSelect", "Copy on select"),
        this.#flag("askPaste", "Confirm before pasting several lines"),
        this.#choice("rightClick", "Right click", rightClicks.map(name => [name, rightClickWords[name]]))),
      group("Output",
        this.#choice("scrollback", "Scrollback lines", scrollbacks.map(lines => [String(lines), lines.toLocaleString("en")])),
        this.#choice("bell", "Bell", bells.map(name => [name, bellWords[name]]))),
      group("Accessibility",
        this.#choice("keyBar", "Key bar", keyBars.map(name => [name, keyBarWords[name]])),
        this.#flag("screenReader", "Screen reader support")),
      foot);
    dialog.addEventListener("close", () => this.onClose());
    dialog.addEventListener("click", event => {
      // A click beside the dialog lands on the dialog itself.
      if (event.target === dialog) {
        dialog.close();
      }
    });
    document.body.append(dialog);
    preferences.onChange(() => this.#show());
    onThemeChange(() => this.#show());
  }

  onClose: () => void = () => undefined;

  open(): void {
    if (!this.#dialog.open) {
      this.#show();
      showModal(this.#dialog);
      this.#dialog.querySelector("select")!.focus();
    }
  }

  #show(): void {
    const now = preferences.now;
    this.#fills.forEach(fill => fill(now));
    const { colours } = paletteOf(now.theme, isDark());
    const sample = this.#sample;
    sample.style.cssText = `background:${colours.background};color:${colours.foreground};font-size:${now.fontSize}px;line-height:${now.lineHeight * 1.2}`;
    sample.style.fontFamily = fonts[now.font].stack || "var(--mono)";
    const part = (text: string, colour?: string): HTMLElement => {
      const span = make("span", "", text);
      span.style.color = colour ?? "";
      return span;
    };
    const cursor = make("span", `set-cursor ${now.cursor}`, " ");
    cursor.style.setProperty("--cursor", colours.cursor!);
    sample.replaceChildren(
      part("root@sandbox", colours.green), ":", part("~", colours.blue), "# ls --color\n",
      part("notes", colours.blue), "  ", part("run.sh", colours.green), "  ", part("latest", colours.cyan), "  ", part("old.tar", colours.red), "  0O 1lI\n",
      part("root@sandbox", colours.green), ":", part("~", colours.blue), "# ", cursor);
  }

  #choice<K extends "theme" | "font" | "cursor" | "rightClick" | "scrollback" | "bell" | "keyBar" | "painter">(name: K, label: string, options: readonly (readonly [string, string])[]): HTMLElement {
    const select = document.createElement("select");
    select.append(...options.map(([value, text]) => new Option(text, value)));
    select.addEventListener("change", () => preferences.change({ [name]: name === "scrollback" ? Number(select.value) : select.value }));
    this.#fills.push(now => {
      select.value = String(now[name]);
    });
    return row(name, label, select);
  }

  #flag(name: "blink" | "copyOnSelect" | "askPaste" | "screenReader", label: string): HTMLElement {
    const box = document.createElement("input");
    box.type = "checkbox";
    box.addEventListener("change", () => preferences.change({ [name]: box.checked }));
    this.#fills.push(now => {
      box.checked = now[name];
    });
    return row(name, label, box);
  }

  #number(name: "fontSize" | "lineHeight", label: string, least: number, most: number, step: number, words: (value: number) => string): HTMLElement {
    const range = document.createElement("input");
    range.type = "range";
    range.min = String(least);
    range.max = String(most);
    range.step = String(step);
    const value = document.createElement("output");
    range.addEventListener("input", () => preferences.change({ [name]: Number(range.value) }));
    this.#fills.push(now => {
      range.value = String(now[name]);
      value.textContent = words(now[name]);
      range.setAttribute("aria-valuetext", words(now[name]));
    });
    return row(name, label, range, value);
  }
}

function group(title: string, ...rows: HTMLElement[]): HTMLElement {
  const set = document.createElement("fieldset");
  set.append(make("legend", "", title), ...rows);
  return set;
}

function row(name: string, words: string, field: HTMLElement, ...more: HTMLElement[]): HTMLElement {
  field.id = `set-${name}`;
  const label = make("label", "", words);
  label.htmlFor = field.id;
  const line = make("div", "set-row");
  const end = make("div", "");
  end.append(field, ...more);
  line.append(label, end);
  return line;
}
