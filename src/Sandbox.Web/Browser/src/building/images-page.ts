import { api, headline, Problem } from "../page/api";
import { confirmed } from "../page/confirm";
import { make } from "../page/dom";
import { refresh } from "../page/refresh";
import { selectLine } from "../page/select-line";
import { toast } from "../page/toast";
import { build, type BuildEvent, Mistake } from "./build-stream";
import { type Chosen, ofDrop, ofFile, ofPicker } from "./dropped";
import { startPasswords } from "./registry-password";
import { Steps } from "./steps";
import { tar } from "./tar";

const mostText = 1024 * 1024;

/** The page of one's own images: builds one, and lists them. */
export function startImages(section: HTMLElement): void {
  const form = document.getElementById("build-form") as HTMLFormElement;
  const name = document.getElementById("build-name") as HTMLInputElement;
  const text = document.getElementById("build-text") as HTMLTextAreaElement;
  const start = document.getElementById("build-start") as HTMLButtonElement;
  const cancel = document.getElementById("build-cancel") as HTMLButtonElement;
  const forget = document.getElementById("build-forget") as HTMLButtonElement;
  const folder = document.getElementById("build-folder-input") as HTMLInputElement;
  const file = document.getElementById("build-file-input") as HTMLInputElement;
  const run = document.getElementById("build-run")!;
  const step = document.getElementById("build-step")!;
  const progress = document.getElementById("build-progress") as HTMLProgressElement;
  const error = document.getElementById("build-error")!;
  const done = document.getElementById("build-done")!;
  const drop = document.getElementById("build-drop")!;
  let chosen: Chosen | null = null;
  let stop: AbortController | null = null;

  const push = document.getElementById("push");
  if (push) {
    startPasswords(push);
  }
  times();
  document.getElementById("images")!.addEventListener("refreshed", times);
  document.getElementById("images")!.addEventListener("click", event => void act(event).catch((fault: unknown) => toast((fault as Problem).message, "error")));
  document.getElementById("build-folder")!.addEventListener("click", () => folder.click());
  document.getElementById("build-file")!.addEventListener("click", () => file.click());
  folder.addEventListener("change", () => void choose(folder.files ? ofPicker(folder.files) : null));
  file.addEventListener("change", () => void choose(file.files?.[0] ? ofFile(file.files[0]) : null));
  forget.addEventListener("click", () => {
    chosen = null;
    show();
    text.focus();
  });
  section.addEventListener("dragover", event => {
    event.preventDefault();
    drop.classList.add("over");
  });
  section.addEventListener("dragleave", () => drop.classList.remove("over"));
  section.addEventListener("drop", event => {
    event.preventDefault();
    drop.classList.remove("over");
    if (event.dataTransfer) {
      void ofDrop(event.dataTransfer).then(choose).catch(() => toast("The browser could not read that.", "error"));
    }
  });
  form.addEventListener("submit", event => {
    event.preventDefault();
    void go();
  });
  cancel.addEventListener("click", () => stop?.abort());

  /** A Dockerfile goes into the editor, so that it can be changed; the rest waits for the build. */
  async function choose(next: Chosen | null): Promise<void> {
    folder.value = file.value = "";
    if (!next) {
      return;
    }
    const recipe = next.files.find(each => each.path === "Dockerfile" || each.path === "Containerfile");
    if (recipe && recipe.content instanceof Blob && recipe.content.size <= mostText) {
      text.value = await recipe.content.text();
    }
    next.files = next.files.filter(each => each !== recipe);
    chosen = next.files.length > 0 || next.archive ? next : null;
    const word = next.name.toLowerCase().replace(/\.(tar|tgz)(\..*)?$/, "").replace(/[^a-z0-9]+/g, "-").replace(/^-|-$/g, "");
    if (word && chosen) {
      name.value = word.slice(0, 60);
    }
    show();
  }

  function show(): void {
    const place = document.getElementById("build-context")!;
    const bytes = chosen?.archive?.size ?? chosen?.files.reduce((sum, each) => sum + (each.content as Blob).size, 0) ?? 0;
    place.textContent = !chosen ? "No folder: the Dockerfile is built alone. Drop one here, or a tar."
      : chosen.archive ? `The archive ${chosen.name} (${size(bytes)}) with its own Dockerfile.`
      : `${chosen.name}: ${chosen.files.length} ${chosen.files.length === 1 ? "file" : "files"} (${size(bytes)}) beside the Dockerfile.`;
    forget.hidden = !chosen;
    text.disabled = !!chosen?.archive;
  }

  async function go(): Promise<void> {
    stop = new AbortController();
    const steps = new Steps(document.getElementById("build-steps")!);
    run.hidden = cancel.hidden = false;
    error.hidden = done.hidden = start.hidden = true;
    progress.hidden = step.hidden = false;
    progress.value = 0;
    step.textContent = "Starting a sandbox that builds it …";
    cancel.focus();
    let last: BuildEvent | null = null;
    try {
      const context = chosen?.archive ?? (chosen ? tar([{ path: "Dockerfile", content: new TextEncoder().encode(text.value) }, ...chosen.files]) : text.value);
      for await (const happened of build(context, new URLSearchParams({ name: name.value.trim() }), stop.signal)) {
        last = happened;
        progress.value = happened.percent ?? progress.value;
        steps.add(happened);
        if (happened.type === "phase") {
          step.textContent = `${happened.text} …`;
        } else if (happened.type === "step") {
          step.textContent = `Building: ${happened.instruction}`;
        }
      }
      if (last?.type === "image") {
        steps.end("done");
        await finish(last);
      } else {
        steps.end("failed");
        fail(headline(last?.code ?? "internal"), last?.detail ?? "The build was interrupted.", last?.line);
      }
    } catch (fault) {
      steps.end("failed");
      const problem = fault instanceof Problem ? fault : new Problem("internal", 0, (fault as Error).message);
      if (problem.code === "cancelled") {
        fail("Cancelled", "Nothing was kept.");
      } else {
        fail(problem.code === "invalid" || problem.code === "conflict" ? "It cannot be built" : headline(problem.code), problem.message, problem instanceof Mistake ? problem.line : undefined);
      }
    } finally {
      stop = null;
      cancel.hidden = step.hidden = progress.hidden = true;
      start.hidden = false;
      if (document.activeElement === document.body) {
        start.focus();
      }
    }
  }

  async function finish(last: BuildEvent): Promise<void> {
    const image = last.image!;
    const link = make("a", "button primary", "Start it");
    link.href = `/p/new?image=${encodeURIComponent(image.name)}`;
    done.replaceChildren(make("p", "", make("strong", "", image.name), ` is built: ${size(image.size)}, ${size(image.ownBytes)} of your storage.`), link);
    done.hidden = false;
    toast(`${image.name} is built`);
    await refresh("images");
    link.focus();
  }

  function fail(title: string, detail: string, line?: number): void {
    error.textContent = `${title}. ${detail}`;
    error.hidden = false;
    if (line !== undefined && !chosen?.archive) {
      selectLine(text, line);
    }
  }

  async function act(event: Event): Promise<void> {
    const button = (event.target as Element).closest<HTMLElement>("button[data-act]");
    if (button?.dataset.act === "clear") {
      await api("DELETE", "/api/v1/images/layers");
      await refresh("images");
      toast("The next build runs every instruction");
      return;
    }
    const row = button?.closest<HTMLElement>("[data-name]");
    if (!button || !row) {
      return;
    }
    if (button.dataset.act === "share") {
      await api("POST", "/api/v1/images/shares", { image: row.dataset.name });
      await refresh("images");
      toast(`Anyone with the address can now pull ${row.dataset.name}`);
    } else if (button.dataset.act === "unshare") {
      await api("DELETE", `/api/v1/images/shares/${button.dataset.code}`);
      await refresh("images");
      toast(`${row.dataset.name} is not shared any more`);
    } else {
      await remove(row);
    }
  }

  async function remove(row: HTMLElement): Promise<void> {
    const { name: image, frees } = row.dataset as { name: string; frees: string };
    if (await confirmed({ title: `Delete “${image}”?`, text: `It frees ${frees} of your storage, unless a link holds it. Links to it and playgrounds of it stay. An address that shares it stops working.`, no: "Keep it", yes: "Delete it" })) {
      await api("DELETE", `/api/v1/images/own/${image.split("/").map(encodeURIComponent).join("/")}`);
      await refresh("images");
      toast("Deleted");
    }
  }

  function times(): void {
    for (const time of document.querySelectorAll<HTMLTimeElement>("#images time[data-at]")) {
      time.textContent = new Date(time.dateTime).toLocaleString([], { dateStyle: "medium", timeStyle: "short" });
    }
  }
}

function size(bytes: number): string {
  return bytes < 1e6 ? `${Math.max(1, Math.round(bytes / 1e3))} kB` : bytes < 1e7 ? `${(bytes / 1e6).toFixed(1)} MB` : `${Math.round(bytes / 1e6)} MB`;
}
