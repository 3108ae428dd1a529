import { api, type Playground, type Problem } from "../page/api";
import { writeClipboard } from "../page/clipboard";
import { make } from "../page/dom";
import { toast } from "../page/toast";
import type { Place } from "../previews/framed";
import type { Preview } from "./start-preview";

interface Port {
  readonly port: number;
  readonly origin: string | null;
  readonly open: string | null;
}

interface SeenPort extends Port {
  readonly sandbox: string;
  readonly name: string;
}

const every = 3000;

/**
 * Shows the ports on which programs of the playground listen: a button in the bar that opens their list, and a message
 * when one comes. `preview` shows one beside the terminals; `elsewhere` says how they are reached from the visitor's computer.
 * Asks only while the page is seen and the playground runs. Returns the page of the first of them.
 */
export function startPorts(button: HTMLButtonElement, menu: HTMLElement, now: () => Playground | null, preview: Preview, elsewhere: () => void): () => Place | null {
  let seen: readonly SeenPort[] = [];
  let offered: SeenPort | null = null;
  let withdraw = (): void => undefined;
  const isBeside = (port: SeenPort): boolean => preview.place?.port === port.port && preview.place.sandbox === port.sandbox;
  preview.onShow = () => {
    if (offered && isBeside(offered)) {
      withdraw();
    }
  };
  const away = make("button", "", "Use from your computer");
  away.type = "button";
  away.addEventListener("click", () => {
    menu.hidePopover();
    elsewhere();
  });

  const ask = async (playground: Playground): Promise<readonly SeenPort[]> => {
    const answers = await Promise.all(playground.sandboxes.filter(({ state }) => state === "running").map(async sandbox =>
      (await api<{ ports: Port[] }>("GET", `/api/v1/sandboxes/${sandbox.id}/ports`)).ports.map(port => ({ ...port, sandbox: sandbox.id, name: sandbox.name }))));
    return answers.flat().filter(port => port.open !== null);
  };

  const look = async (): Promise<void> => {
    const playground = now();
    if (document.visibilityState !== "visible" || playground?.state !== "running") {
      return;
    }
    try {
      show(await ask(playground), playground.sandboxes.length > 1);
    } catch {
      // It ended, or the server is away: the rest of the page says so.
    }
  };

  const show = (ports: readonly SeenPort[], isNamed: boolean): void => {
    const added = ports.filter(port => !seen.some(known => known.port === port.port && known.sandbox === port.sandbox));
    if (added.length === 0 && ports.length === seen.length) {
      return;
    }
    seen = ports;
    button.hidden = ports.length === 0;
    button.querySelector("span")!.textContent = ports.length === 1 ? `${ports[0]!.port}` : `${ports.length} ports`;
    button.setAttribute("aria-label", ports.length === 1 ? `Port ${ports[0]!.port}` : `${ports.length} ports`);
    menu.replaceChildren(...ports.map(port => row(port, isNamed)), away);
    if (offered && !ports.some(port => port.port === offered!.port && port.sandbox === offered!.sandbox)) {
      withdraw(); // its program has ended
    }
    const port = added.find(each => !isBeside(each));
    if (port) {
      withdraw();
      offered = port;
      withdraw = toast(`A program listens on port ${port.port}.`, "info", { label: "Open it", href: port.open!, isElsewhere: true });
    }
  };

  const row = (port: SeenPort, isNamed: boolean): HTMLElement => {
    const item = document.createElement("div");
    item.className = "port-row";
    const open = document.createElement("a");
    open.href = port.open!;
    open.target = "_blank";
    open.rel = "noopener";
    const name = `port ${port.port}${isNamed ? ` of ${port.name}` : ""}`;
    open.append(make("span", "", `Open ${name}`), " ", make("small", "", "in a tab"));
    const near = make("button", "", "Beside the terminal");
    near.type = "button";
    near.setAttribute("aria-label", `Beside the terminal: ${name}`);
    near.addEventListener("click", () => {
      menu.hidePopover();
      preview.show(placeOf(port));
    });
    const copy = document.createElement("button");
    copy.type = "button";
    copy.textContent = "Copy a link for others";
    copy.setAttribute("aria-label", `Copy a link for others: ${name}`);
    copy.addEventListener("click", () => void link(port));
    item.append(open, make("div", "menu-row", near, copy));
    return item;
  };

  const link = async (port: SeenPort): Promise<void> => {
    try {
      const made = await api<{ url: string }>("POST", `/api/v1/sandboxes/${port.sandbox}/ports/${port.port}/links`, {});
      toast(await writeClipboard(made.url) ? "Copied. Anyone with the link sees this port for an hour." : `Copy this link: ${made.url}`);
      menu.hidePopover();
    } catch (error) {
      toast((error as Problem).message, "error");
    }
  };

  setInterval(() => void look(), every);
  document.addEventListener("visibilitychange", () => void look());
  return () => seen[0] ? placeOf(seen[0]) : null;
}

function placeOf({ sandbox, port }: SeenPort): Place {
  return { sandbox, port, path: "/" };
}
