import { api, type Playground, type Problem } from "../page/api";
import { openDialog } from "../page/dialog";
import { make, textButton } from "../page/dom";
import { copied } from "../saving/copied";
import { startLine, type Target, useLines } from "./tunnel-lines";

type Sandbox = Playground["sandboxes"][number];

/** The dialog that says how programs of the visitor's computer reach a playground. `closed` gives the keys back to the terminal. */
export function openTunnels(playground: Playground, closed: () => void): void {
  const running = playground.sandboxes.filter(({ state }) => state === "running");
  const node = make("select", "", ...running.map(({ id, name }) => new Option(name, id)));
  const error = make("p", "share-error");
  error.setAttribute("role", "alert");
  const start = make("div", "tunnel-lines");
  const use = make("div", "tunnel-lines");

  const show = async (): Promise<void> => {
    const sandbox = running.find(({ id }) => id === node.value);
    if (!sandbox) {
      return;
    }
    try {
      const found = await targetsOf(sandbox);
      if (sandbox.id !== node.value) {
        return;
      }
      const targets: readonly Target[] = found.length > 0 ? found : [8080];
      start.replaceChildren(copied("Command", startLine(location.origin, sandbox.id, targets)), make("p", "hint", found.length > 0
        ? "It asks for the token. If a port is taken on your computer, write another one before it: 15432:5432."
        : "Nothing listens in this sandbox yet. Start a server first, and write its port in place of 8080."));
      use.replaceChildren(...targets.flatMap(target => useLines(sandbox.id, target)).map(({ words, line }) => copied(words, line)));
    } catch (problem) {
      error.textContent = (problem as Problem).message;
    }
  };

  const token = make("div", "tunnel-lines");
  token.setAttribute("role", "status");
  const create = textButton("Create a token", () => {
    create.disabled = true;
    error.textContent = "";
    void api<{ token: string; expiresAt: string }>("POST", `/api/v1/playgrounds/${playground.id}/tunnel-tokens`)
      .then(made => token.replaceChildren(
        copied("Token", made.token),
        make("p", "hint", `Good until ${new Date(made.expiresAt).toLocaleString([], { dateStyle: "medium", timeStyle: "short" })}, or until the playground ends. Anyone who has it reaches this playground’s programs, and nothing else of yours.`)))
      .catch((problem: unknown) => { error.textContent = (problem as Problem).message; })
      .finally(() => { create.disabled = false; });
  }, "primary");

  const revoke = textButton("Revoke all tokens", () => {
    revoke.disabled = true;
    error.textContent = "";
    void api("DELETE", `/api/v1/playgrounds/${playground.id}/tunnel-tokens`)
      .then(() => token.replaceChildren(make("p", "hint", "The tokens of this playground are revoked, and connections through tunnels are closed.")))
      .catch((problem: unknown) => { error.textContent = (problem as Problem).message; })
      .finally(() => { revoke.disabled = false; });
  });

  const download = make("a", "", "sandbox-tunnel.py");
  download.href = "/sandbox-tunnel.py";
  download.download = "sandbox-tunnel.py";
  const content = make("div", "home-ways", make("p", "", "Your own docker, psql, redis-cli or browser reach this playground through a small program on your computer."), error);
  if (running.length > 1) {
    node.id = "tunnel-node";
    const label = make("label", "", "Sandbox");
    label.htmlFor = node.id;
    node.addEventListener("change", () => void show());
    content.append(make("div", "share-row", label, node));
  }
  content.append(
    step("1. Get the program", copied("Download it", `curl -fO ${location.origin}/sandbox-tunnel.py`), make("p", "hint", "Or download ", download, ". It is one file that you can read, and needs Python 3.8 or newer.")),
    step("2. Create a token", make("div", "share-row home-downloads", create, revoke), token),
    step("3. Start it", start),
    step("4. Use your own programs", use));
  const dialog = openDialog("Use from your computer", content);
  dialog.classList.add("tunnel-dialog");
  dialog.addEventListener("close", closed);
  void show();
}

function step(title: string, ...content: Node[]): HTMLElement {
  return make("section", "home-way", make("h3", "", title), ...content);
}

/** Where programs of a sandbox listen now. */
async function targetsOf({ id }: Sandbox): Promise<Target[]> {
  const [{ ports }, docker] = await Promise.all([
    api<{ ports: { port: number }[] }>("GET", `/api/v1/sandboxes/${id}/ports`),
    api<{ listens: boolean }>("GET", `/api/v1/sandboxes/${id}/docker/tunnel`),
  ]);
  return [...docker.listens ? ["docker" as const] : [], ...ports.map(({ port }) => port)];
}
