import { api, type Playground, type Problem } from "../page/api";
import { writeClipboard } from "../page/clipboard";
import { make } from "../page/dom";
import { toast } from "../page/toast";
import type { Place } from "../previews/framed";

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
 * when one comes. `beside` shows one beside the terminals; `elsewhere` says how they are reached from the visitor's computer.
 * Asks only while the page is seen and the playground runs. Returns the page of the first of them.
 */
export function startPorts(button: HTMLButtonElement, menu: HTMLElement, now: () => Playground | null, beside: (place: Place) => void, elsewhere: () => void): () => Place | null {
  let seen: readonly SeenPort[] = [];
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
    if (added.length > 0) {
      const port = added[0]!;
      toast(`A program listens on port ${port.port}.`, "info", { label: "Open it", href: port.open!, isElsewhere: true });
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
      beside(placeOf(port));
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
