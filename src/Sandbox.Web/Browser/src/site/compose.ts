import { api, headline, Problem } from "../page/api";
import { writeClipboard } from "../page/clipboard";
import { consent } from "../page/consent";
import { make, textButton } from "../page/dom";
import { selectLine } from "../page/select-line";
import { toast } from "../page/toast";

interface Place {
  readonly line: number;
  readonly column: number;
  readonly field?: string | null;
  readonly what: string;
}

/** The answer of `POST /api/v1/compose`. */
interface Verdict {
  readonly kind: "nodes" | "docker";
  readonly nodes: readonly { readonly name: string; readonly image: string; readonly ports: readonly number[] }[];
  readonly decides?: Place | null;
  readonly problems: readonly Place[];
}

interface Link {
  readonly hash: string;
  readonly url: string;
}

/** How long the text has to stay as it is before the server is asked about it, in ms. */
const pause = 400;

/** The page of a compose file: says what it starts while it is written, starts it, and makes a link of it. */
export function startCompose(form: HTMLFormElement): void {
  const byId = <T extends HTMLElement>(id: string): T => document.getElementById(`compose-${id}`) as T;
  const text = byId<HTMLTextAreaElement>("text");
  const shown = byId("verdict");
  const error = byId("error");
  const file = byId<HTMLInputElement>("file-input");
  const address = byId<HTMLInputElement>("address");
  const made = byId("link");
  const most = Number(form.dataset["most"]);
  const buttons = [...form.querySelectorAll<HTMLButtonElement>(".link-start button")];
  let asking = new AbortController();
  let timer = 0;

  text.addEventListener("input", () => {
    made.hidden = error.hidden = true;
    clearTimeout(timer);
    timer = window.setTimeout(() => void ask(), pause);
  });
  form.addEventListener("submit", event => {
    event.preventDefault();
    void act(start);
  });
  byId("keep").addEventListener("click", () => void act(keep));
  byId("copy").addEventListener("click", () => void writeClipboard(address.value).then(isCopied => isCopied ? toast("Copied") : toast("The browser blocked copying", "error")));
  byId("file").addEventListener("click", () => file.click());
  file.addEventListener("change", () => void take(file.files?.[0]));
  form.addEventListener("dragover", event => {
    event.preventDefault();
    form.classList.add("over");
  });
  form.addEventListener("dragleave", () => form.classList.remove("over"));
  form.addEventListener("drop", event => {
    event.preventDefault();
    form.classList.remove("over");
    void take(event.dataTransfer?.files[0]);
  });
  void ask();

  async function take(chosen: File | undefined): Promise<void> {
    file.value = "";
    if (!chosen) {
      return;
    }
    if (chosen.size > most) {
      fail(`${chosen.name} has more than ${most / 1024} KiB.`);
      return;
    }
    try {
      text.value = await chosen.text();
      text.dispatchEvent(new Event("input"));
    } catch {
      fail("The browser could not read that. Drop a file, not a folder.");
    }
  }

  /** Asks what the text starts. An answer to an older text is not shown. */
  async function ask(): Promise<void> {
    asking.abort();
    const { signal } = asking = new AbortController();
    if (text.value.trim() === "") {
      shown.dataset["kind"] = "empty";
      shown.replaceChildren();
      return;
    }
    try {
      const response = await fetch("/api/v1/compose", { method: "POST", headers: { "content-type": "application/yaml" }, body: text.value, signal });
      const answer: unknown = await response.json();
      if (!signal.aborted) {
        show(response.ok ? answer as Verdict : answer as { detail: string; problems?: readonly Place[] });
      }
    } catch {
      if (!signal.aborted) {
        delete shown.dataset["kind"];
        shown.replaceChildren(make("p", "", "The server cannot be reached. Check your connection."));
      }
    }
  }

  function show(answer: Verdict | { detail: string; problems?: readonly Place[] }): void {
    if (!("nodes" in answer)) {
      shown.dataset["kind"] = "mistake";
      shown.replaceChildren(...answer.problems ? [make("p", "", make("strong", "", "It cannot be read")), ...places(answer.problems)] : [make("p", "", answer.detail)]);
      return;
    }
    shown.dataset["kind"] = answer.kind;
    shown.replaceChildren(...answer.kind === "nodes"
      ? [make("p", "", make("strong", "", answer.nodes.length === 1 ? "One node" : `${answer.nodes.length} nodes`), answer.nodes.length === 1 ? "." : ", which reach each other by name."),
        make("ul", "", ...answer.nodes.map(node => make("li", "", make("code", "", node.name), `: ${node.image}${node.ports.length > 0 ? `, port ${node.ports.join(", ")}` : ""}`)))]
      : [make("p", "", make("strong", "", "Docker"), " starts it with ", make("code", "", "docker compose up"), ", because nodes do not support this:"), ...places([answer.decides!])],
    ...places(answer.problems));
  }

  function places(all: readonly Place[]): HTMLElement[] {
    return all.length === 0 ? [] : [make("ul", "compose-places", ...all.map(place => {
      const to = textButton(`Line ${place.line}, column ${place.column}`, () => selectLine(text, place.line));
      return make("li", "", to, make("span", "", ...place.field ? [make("code", "", place.field), ": "] : [], place.what));
    }))];
  }

  async function act(what: () => Promise<void>): Promise<void> {
    buttons.forEach(button => button.disabled = true);
    error.hidden = made.hidden = true;
    try {
      await what();
    } catch (fault) {
      const problem = fault instanceof Problem ? fault : new Problem("internal", 0, "Something went wrong.");
      fail(problem.code === "invalid" ? problem.message : `${headline(problem.code)}. ${problem.message}`);
    } finally {
      buttons.forEach(button => button.disabled = false);
    }
  }

  function fail(words: string): void {
    error.textContent = words;
    error.hidden = false;
  }

  async function start(): Promise<void> {
    const { hash } = await link("private");
    consent.give(hash, { parameters: {} });
    location.assign(`/p/new?link=${hash}`);
  }

  async function keep(): Promise<void> {
    address.value = (await link("anyone")).url;
    made.hidden = false;
    address.focus();
    address.select();
  }

  function link(access: "private" | "anyone"): Promise<Link> {
    return api<Link>("POST", `/api/v1/links?access=${access}&title=Compose%20file`, new Blob([text.value]), { "content-type": "application/yaml" });
  }
}
