import { api, type Playground, type Problem } from "../page/api";
import { openDialog } from "../page/dialog";
import { make } from "../page/dom";

/** The answer of `GET /api/v1/sandboxes/{id}/isolation`. */
interface Receipt {
  readonly name: string;
  readonly isolation: string;
  readonly classes: readonly { name: string; title: string; meaning: string; isOffered: boolean }[];
  readonly checks: readonly { name: string; title: string; meaning: string; isProven: boolean }[];
  readonly limits: { memoryBytes: number; cpus: number; diskBytes: number; files: number; processes: number };
  readonly network: { words: string };
}

/** The dialog that says what keeps each sandbox of a playground apart. `closed` gives the keys back to the terminal. */
export function openReceipt({ sandboxes }: Playground, closed: () => void): void {
  const node = make("select", "", ...sandboxes.map(({ id, name }) => new Option(name, id)));
  const error = make("p", "share-error");
  error.setAttribute("role", "alert");
  const lead = make("p", "receipt-lead", "Loading …");
  lead.setAttribute("role", "status");
  const parts = make("div", "receipt-parts");

  const show = async (): Promise<void> => {
    const id = node.value;
    error.textContent = "";
    try {
      const receipt = await api<Receipt>("GET", `/api/v1/sandboxes/${id}/isolation`);
      if (id === node.value) {
        lead.textContent = leadOf(receipt);
        parts.replaceChildren(classes(receipt), checks(receipt), limits(receipt), part("Network", make("p", "", receipt.network.words)));
      }
    } catch (problem) {
      if (id === node.value) {
        lead.textContent = "";
        parts.replaceChildren();
        error.textContent = (problem as Problem).message;
      }
    }
  };

  const content = make("div", "receipt");
  if (sandboxes.length > 1) {
    node.id = "receipt-node";
    const label = make("label", "", "Sandbox");
    label.htmlFor = node.id;
    node.addEventListener("change", () => void show());
    content.append(make("div", "share-row", label, node));
  }
  content.append(lead, error, parts);
  const dialog = openDialog("How this sandbox is kept apart", content);
  dialog.classList.add("receipt-dialog");
  dialog.addEventListener("close", closed);
  void show();
}

function leadOf({ name, isolation, classes, checks }: Receipt): string {
  const title = classes.find(each => each.name === isolation)?.title ?? isolation;
  const missing = checks.filter(({ isProven }) => !isProven).length;
  return `The sandbox ${name} has the isolation class ${title}. ${missing === 0 ? `All ${checks.length} protections below work on this server.` : `${missing} of the ${checks.length} protections below ${missing === 1 ? "does" : "do"} not work on this server.`}`;
}

function classes({ classes, isolation }: Receipt): HTMLElement {
  return part("Isolation class", make("ul", "receipt-list receipt-classes", ...classes.map(({ name, title, meaning, isOffered }) => {
    const isChosen = name === isolation;
    const item = make("li", "", words(title, isChosen ? "this sandbox" : isOffered ? "also on this server" : "this server does not offer it", meaning));
    item.dataset["state"] = isChosen ? "chosen" : isOffered ? "offered" : "absent";
    if (isChosen) {
      item.setAttribute("aria-current", "true");
    }
    return item;
  })));
}

function checks({ checks }: Receipt): HTMLElement {
  return part("Protections", make("p", "hint", "The server tried each of these when it started."), make("ul", "receipt-list", ...checks.map(({ title, meaning, isProven }) => {
    const item = make("li", "", words(title, isProven ? "works" : "does not work here", meaning));
    item.dataset["state"] = isProven ? "proven" : "missing";
    return item;
  })));
}

function words(title: string, state: string, meaning: string): HTMLElement {
  return make("div", "", make("div", "receipt-title", make("strong", "", title), " ", make("span", "receipt-state", state)), make("p", "", meaning));
}

function limits({ limits: { memoryBytes, cpus, diskBytes, files, processes } }: Receipt): HTMLElement {
  const rows: readonly (readonly [string, string, string])[] = [
    ["Memory", size(memoryBytes), "Programs that need more are ended."],
    ["Processor", cpus === 1 ? "1 core" : `${count(cpus)} cores`, "Programs that need more get slower."],
    ["Disk", size(diskBytes), `Beyond the image, and at most ${count(files)} files. A write over it fails.`],
    ["Processes", count(processes), "Threads count too. Starting another one fails."],
  ];
  return part("Limits", make("dl", "receipt-limits", ...rows.map(([name, value, meaning]) =>
    make("div", "", make("dt", "", name), make("dd", "receipt-value", value), make("dd", "hint", meaning)))));
}

function part(title: string, ...content: Node[]): HTMLElement {
  return make("section", "", make("h3", "", title), ...content);
}

function size(bytes: number): string {
  const mebibytes = bytes / (1 << 20);
  return mebibytes < 1024 ? `${count(mebibytes)} MiB` : `${count(mebibytes / 1024)} GiB`;
}

function count(number: number): string {
  return number.toLocaleString("en", { maximumFractionDigits: 2 });
}
