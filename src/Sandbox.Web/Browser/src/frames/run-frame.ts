// Runs the code of a page's <sandbox-run> elements. Nothing is shown here, and the token stays here.
import { Embedder } from "./embedder";
import { tellWhenLeft } from "./leaving";
import { RunSandbox } from "./run-sandbox";

const { image, link, refusal } = document.getElementById("run")!.dataset;
const embedder = new Embedder();
const sandbox = new RunSandbox(image ? { image } : { link: link! });
tellWhenLeft(() => sandbox.playground === null ? null : { playground: sandbox.playground, leaving: "end" });
let last: Promise<unknown> = Promise.resolve();

embedder.onMessage = message => {
  if (message.sandbox === "open") {
    const { run, files, address } = message;
    last = last.then(async () => embedder.say({ sandbox: "opened", run, ...await sandbox.open(files, address) }));
    return;
  }
  if (message.sandbox !== "run") {
    return;
  }
  const { run, files, command } = message;
  if (refusal) {
    embedder.say({ sandbox: "result", run, result: { exitCode: null, stdout: "", stderr: "", truncated: false, durationMs: 0, error: refusal } });
    return;
  }
  // One after the other: blocks that share a sandbox build on each other.
  last = last.then(async () => {
    const result = await sandbox.run(files, command, {
      progress: text => embedder.say({ sandbox: "progress", run, text }),
      printed: (isError, text) => embedder.say({ sandbox: "output", run, isError, text }),
    });
    embedder.say({ sandbox: "result", run, result });
  });
};
embedder.say({ sandbox: "ready" });
