import { iconButton, make, textButton } from "../page/dom";
import { parentOf, shown } from "./path";
import { leftText, sizeText } from "./sizes";
import { isActive, type Totals, type Transfer, type Transfers, type TransferState } from "./transfers";

const mostRows = 60;

/** How long the list of finished uploads stays open. */
const openFor = 4000;

/** Bars at the bottom of the page, which the tray must not cover: questions, notices, keys of a phone. */
const bars = ".ws-notice, .ws-keys, .ws-link, .toast";
const order: Record<TransferState, number> = { sending: 0, held: 1, failed: 2, waiting: 3, done: 4, cancelled: 5 };

interface Row {
  readonly element: HTMLLIElement;
  update(): void;
}

/** The files on their way: how far each is, and what can be done about it. */
export class Tray {
  readonly #element = make("section", "files-tray");
  readonly #title = make("h2", "");
  readonly #detail = make("p", "");
  readonly #total = document.createElement("progress");
  readonly #list = make("ul", "files-tray-list");
  readonly #more = make("p", "files-tray-more");
  readonly #cancelAll: HTMLButtonElement;
  readonly #retryAll: HTMLButtonElement;
  readonly #close: HTMLButtonElement;
  readonly #fold: HTMLButtonElement;
  readonly #said = make("p", "hidden-text");
  #rows = new Map<Transfer, Row>();
  #drawing = false;
  #announced = "";
  #foldTimer = 0;

  constructor(private readonly transfers: Transfers) {
    this.#element.setAttribute("aria-label", "Uploads");
    this.#said.setAttribute("role", "status");
    this.#total.setAttribute("aria-label", "All uploads");
    this.#total.max = 1;
    this.#cancelAll = textButton("Cancel all", () => transfers.cancelAll());
    this.#retryAll = textButton("Retry all", () => {
      for (const each of transfers.all.filter(each => each.state === "failed")) {
        transfers.retry(each);
      }
    });
    this.#close = iconButton("close", "Close the list of uploads", () => {
      transfers.clear();
      this.#element.hidden = true;
    });
    this.#fold = iconButton("down", "Show less", () => this.#folded(!this.#list.hidden));
    this.#element.append(
      make("header", "", make("div", "", this.#title, this.#detail), this.#fold, this.#close),
      this.#total, this.#list, this.#more, make("footer", "", this.#retryAll, this.#cancelAll), this.#said);
    this.#element.hidden = true;
    document.body.append(this.#element);
    transfers.onChange = () => this.#later();
    // Toasts and bars come and go at any time.
    new MutationObserver(() => this.#makeRoom()).observe(document.body, { subtree: true, childList: true, attributeFilter: ["hidden"] });
    window.setInterval(() => {
      if (transfers.all.some(isActive)) {
        this.#later();
      }
    }, 1000);
  }

  /** A question below asks for a click: the tray is a chip above it. */
  #makeRoom(): void {
    if (this.#element.hidden) {
      return;
    }
    if (document.querySelector(".ws-question") && !this.#list.hidden) {
      this.#folded(true);
    }
    const seen = [...document.querySelectorAll<HTMLElement>(bars)].map(bar => bar.getBoundingClientRect()).filter(({ height, bottom }) => height > 0 && bottom > innerHeight - 130);
    const under = Math.max(0, ...seen.map(({ top }) => innerHeight - top));
    this.#element.style.setProperty("--under-tray", `${Math.round(under)}px`);
  }

  #folded(folded: boolean): void {
    this.#list.hidden = folded;
    this.#element.classList.toggle("chip", folded);
    this.#fold.setAttribute("aria-expanded", String(!folded));
    const label = folded ? "Show the files" : "Show less";
    this.#fold.setAttribute("aria-label", label);
    this.#fold.title = label;
    this.#later();
  }

  /** Progress comes faster than a screen shows it. */
  #later(): void {
    if (!this.#drawing) {
      this.#drawing = true;
      window.setTimeout(() => {
        this.#drawing = false;
        this.#draw();
      }, 80);
    }
  }

  #draw(): void {
    const all = this.transfers.all;
    if (all.length === 0) {
      this.#element.hidden = true;
      return;
    }
    const totals = this.transfers.totals();
    this.#element.hidden = false;
    this.#title.textContent = titleOf(totals);
    this.#detail.textContent = detailOf(totals);
    this.#total.hidden = totals.active === 0;
    this.#total.value = totals.bytes > 0 ? totals.sent / totals.bytes : totals.files > 0 ? totals.done / totals.files : 1;
    this.#cancelAll.hidden = totals.active === 0;
    this.#retryAll.hidden = totals.failed < 2;
    this.#close.hidden = totals.active > 0;
    this.#makeRoom();
    window.clearTimeout(this.#foldTimer);
    if (totals.active === 0 && totals.failed === 0 && !this.#list.hidden) {
      this.#foldTimer = window.setTimeout(() => {
        if (!this.#element.matches(":hover, :focus-within")) {
          this.#folded(true);
        }
      }, openFor);
    }
    this.#say(totals);

    const shownOnes = [...all].sort((a, b) => order[a.state] - order[b.state]).slice(0, mostRows);
    const rows = new Map<Transfer, Row>();
    for (const each of shownOnes) {
      rows.set(each, this.#rows.get(each) ?? this.#row(each));
    }
    for (const [each, row] of this.#rows) {
      if (!rows.has(each)) {
        row.element.remove();
      }
    }
    // Rows stay where they are, so that no button moves away from under a finger or loses the focus.
    for (const row of rows.values()) {
      row.update();
      if (!row.element.isConnected) {
        this.#list.append(row.element);
      }
    }
    this.#rows = rows;
    this.#more.hidden = all.length <= mostRows || this.#list.hidden;
    this.#more.textContent = `and ${(all.length - mostRows).toLocaleString()} more`;
  }

  #row(transfer: Transfer): Row {
    const name = make("span", "files-tray-name", shown(transfer.path));
    name.title = shown(transfer.path);
    const state = make("span", "files-tray-state");
    const bar = document.createElement("progress");
    bar.max = Math.max(1, transfer.size);
    const text = shown(transfer.path);
    bar.setAttribute("aria-label", text);
    const cancel = iconButton("close", `Cancel ${text}`, () => this.transfers.cancel(transfer));
    const retry = textButton("Retry", () => this.transfers.retry(transfer));
    retry.setAttribute("aria-label", `Retry ${text}`);
    const element = make("li", "", make("div", "", name, state, bar), retry, cancel);
    return {
      element,
      update: () => {
        element.dataset["state"] = transfer.state;
        state.textContent = stateOf(transfer);
        bar.value = transfer.size > 0 ? transfer.sent : 0;
        bar.hidden = transfer.state !== "sending" && transfer.state !== "held";
        retry.hidden = transfer.state !== "failed";
        cancel.hidden = !isActive(transfer) && transfer.state !== "failed";
      },
    };
  }

  /** What happened, once each: a screen reader is not to hear every percent. */
  #say(totals: Totals): void {
    const held = this.transfers.all.some(each => each.state === "held");
    const text = totals.active === 0 ? titleOf(totals) : held ? "Uploads are waiting for the connection" : `Uploading ${totals.files.toLocaleString()} ${totals.files === 1 ? "file" : "files"}`;
    if (text !== this.#announced) {
      this.#announced = text;
      this.#said.textContent = text;
    }
  }
}

function titleOf(totals: Totals): string {
  const files = (count: number): string => `${count.toLocaleString()} ${count === 1 ? "file" : "files"}`;
  if (totals.active > 0) {
    return totals.files === 1 ? "Uploading" : `Uploading ${(totals.done + 1).toLocaleString()} of ${totals.files.toLocaleString()}`;
  }
  return totals.failed > 0 ? `${files(totals.failed)} not uploaded` : totals.files === 0 ? "Upload cancelled" : `${files(totals.done)} uploaded`;
}

function detailOf(totals: Totals): string {
  if (totals.active === 0) {
    return totals.failed > 0 && totals.done > 0 ? `${totals.done.toLocaleString()} uploaded` : "";
  }
  const parts = [`${sizeText(totals.sent)} of ${sizeText(totals.bytes)}`];
  if (totals.speed > 1) {
    parts.push(`${sizeText(totals.speed)}/s`, `${leftText((totals.bytes - totals.sent) / totals.speed)} left`);
  }
  return parts.join(" · ");
}

function stateOf(transfer: Transfer): string {
  switch (transfer.state) {
    case "waiting": return "Waiting";
    case "sending": return `${sizeText(transfer.sent)} of ${sizeText(transfer.size)}`;
    case "held": return `${transfer.message}. It goes on by itself.`;
    case "done": return `${sizeText(transfer.size)} in ${shown(parentOf(transfer.path))}`;
    case "failed": return transfer.message;
    case "cancelled": return "Cancelled";
  }
}
