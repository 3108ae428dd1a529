import { api, authorization, headline, type Playground, Problem } from "../page/api";
import { openDialog } from "../page/dialog";
import { make, textButton } from "../page/dom";
import { copied } from "./copied";

/** The forms in which REST exports a playground. */
type Form = "image" | "dockerfile" | "base" | "tar" | "run";

/** Files of the sandbox that are downloaded, and the commands that use them. */
interface Way {
  readonly title: string;
  readonly text: string;
  readonly downloads: readonly { readonly form: Form; readonly label: string; readonly file: string }[];
  readonly commands: string;
}

const dockerfile: Way = {
  title: "Build it again",
  text: "A Dockerfile with the files that you changed, and the image that it builds on.",
  downloads: [{ form: "base", label: "Base image", file: "base.tar" }, { form: "dockerfile", label: "Dockerfile and files", file: "build.tar" }],
  commands: "docker load -i base.tar\ndocker build -t playground - < build.tar",
};

const files: Way = {
  title: "Only the files",
  text: "The files that you added or changed, as an archive. Deleted files are not in it.",
  downloads: [{ form: "tar", label: "Changed files", file: "changes.tar" }],
  commands: "mkdir changes && tar -xf changes.tar -C changes",
};

/** The dialog that takes a playground home: while it runs, and for a day after its state was saved at its end. */
export async function takeHome(playground: string): Promise<void> {
  const { sandboxes } = await api<Playground>("GET", `/api/v1/playgrounds/${playground}`);
  const node = make("select", "", ...sandboxes.map(({ name }) => new Option(name, name)));
  const error = make("p", "share-error");
  error.setAttribute("role", "alert");
  const address = (form: Form): string => `/api/v1/playgrounds/${playground}/export?as=${form}&node=${encodeURIComponent(node.value)}`;
  const attempt = async (button: HTMLButtonElement, action: () => Promise<void>): Promise<void> => {
    error.textContent = "";
    button.disabled = true;
    try {
      await action();
    } catch (problem) {
      const { code, message } = problem as Problem;
      error.textContent = `${headline(code)}. ${message}`;
    } finally {
      button.disabled = false;
    }
  };
  const image = make("section", "home-way", make("h3", "", "Run it with Docker"), make("p", "", "The whole sandbox as an image, and the commands that load it and run it with the same limits."));
  const commands = make("div", "");
  commands.setAttribute("role", "status");
  const whole = textButton("Download the image", () => void attempt(whole, async () => {
    // The commands name the image by its digest, which is that of the files now.
    const text = await readText(address("run"));
    commands.replaceChildren(copied("Commands", text.trim()), make("p", "hint", "If docker load prints another name, files changed meanwhile: run the image that it prints."));
    download(address("image"), "playground.tar");
  }), "primary");
  image.append(make("div", "share-row home-downloads", whole), commands);

  const parts: Node[] = [make("p", "", "Everything here is a plain file for your own computer. A running playground is paused during the copy only.")];
  if (sandboxes.length > 1) {
    node.id = "home-node";
    const label = make("label", "", "Sandbox");
    label.htmlFor = node.id;
    node.addEventListener("change", () => commands.replaceChildren());
    parts.push(make("div", "share-row", label, node));
  }
  openDialog("Take it home", make("div", "home-ways", ...parts, error, image, ...[dockerfile, files].map(way => show(way, address, attempt))));
}

function show(way: Way, address: (form: Form) => string, attempt: (button: HTMLButtonElement, action: () => Promise<void>) => Promise<void>): HTMLElement {
  const downloads = way.downloads.map(({ form, label, file }) => {
    const button = textButton(label, () => void attempt(button, async () => {
      await readText(address(form), "HEAD");
      download(address(form), file);
    }));
    button.setAttribute("aria-label", `Download: ${label}`);
    return button;
  });
  return make("section", "home-way", make("h3", "", way.title), make("p", "", way.text), make("div", "share-row home-downloads", ...downloads), copied(`Commands: ${way.title.toLowerCase()}`, way.commands));
}

/** The browser stores it: a whole image does not fit in the memory of a page. */
function download(address: string, file: string): void {
  const link = make("a", "");
  link.href = address;
  link.download = file;
  document.body.append(link);
  link.click();
  link.remove();
}

/** The text of an answer, or the problem in it. A HEAD says whether a download would begin. */
async function readText(address: string, method = "GET"): Promise<string> {
  let answer: Response;
  try {
    answer = await fetch(address, { method, headers: authorization(), credentials: "same-origin", cache: "no-store" });
  } catch {
    throw new Problem("offline", 0, "The server cannot be reached. Check your connection.");
  }
  if (answer.ok) {
    return answer.text();
  }
  if (method === "HEAD") {
    // Its answer has no body: the problem is in that of GET.
    answer = await fetch(address, { headers: authorization(), credentials: "same-origin", cache: "no-store" });
    if (answer.ok) {
      await answer.body?.cancel();
      return "";
    }
  }
  const problem = await answer.json().catch(() => ({})) as { code?: string; detail?: string };
  throw new Problem(problem.code ?? "internal", answer.status, problem.detail ?? `The server answered ${answer.status}.`);
}
