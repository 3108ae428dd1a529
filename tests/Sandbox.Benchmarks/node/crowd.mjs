import { readFileSync } from "node:fs";
import { Series } from "./series.mjs";
import { TtydTerminal } from "./ttyd.mjs";

const each = 16;
const keysPerSecond = 5;
const pause = ms => new Promise(resolve => setTimeout(resolve, ms));

/** Many visitors that type at once, each over a connection of their own. */
export async function crowd(bench) {
  const { ours, options, report } = bench;
  const heapBefore = await heap(ours.url);
  const residentBefore = resident(options.webPid);
  const playgrounds = [];
  const terminals = [];
  for (let number = 0; number < options.crowd; number++) {
    if (number % each === 0) {
      playgrounds.push(await ours.launch("busybox"));
    }
    terminals.push(await ours.open(playgrounds.at(-1), ["cat"]));
  }
  const own = await typing(terminals, options.crowdSeconds);
  const heapTyping = await heap(ours.url);
  const residentTyping = resident(options.webPid);
  for (const terminal of terminals) {
    terminal.close();
  }
  for (const playground of playgrounds) {
    await ours.remove(playground);
  }
  const shell = await bareCrowd(options);
  report.add(`echo of ${options.crowd} that type ${keysPerSecond} keys/s, p50 of ${own.count}`, "ms", own.p50, null, shell.p50);
  report.add(`echo of ${options.crowd} that type ${keysPerSecond} keys/s, p99`, "ms", own.p99, null, shell.p99, "≤ 20 ms", own.p99 <= 20);
  const managed = heapTyping - heapBefore;
  report.add("managed memory of one attached terminal", "kB", managed / options.crowd / 1000, null, null, "≤ 60 kB", managed / options.crowd <= 60_000);
  report.add("growth of the web process for each, resident", "kB", (residentTyping - residentBefore) / options.crowd / 1000, null, null);
}

/** The same before ttyd: what the client and the machine take by themselves. */
async function bareCrowd(options) {
  const terminals = [];
  for (let number = 0; number < options.crowd; number++) {
    const terminal = await TtydTerminal.connect(options.shell);
    terminal.type("exec cat\n");
    terminals.push(terminal);
  }
  await pause(2000);
  await Promise.all(terminals.map(terminal => terminal.quiet()));
  const series = await typing(terminals, options.crowdSeconds);
  for (const terminal of terminals) {
    terminal.close();
  }
  await pause(1500);
  return series;
}

async function typing(terminals, seconds) {
  await pause(2000);
  const series = new Series();
  const until = performance.now() + seconds * 1000;
  const warm = performance.now() + 3000;
  await Promise.all(terminals.map(async terminal => {
    // People do not type in step.
    await pause(Math.random() * 1000);
    for (let keys = 1; performance.now() < until; keys++) {
      if (keys % 60 === 0) {
        terminal.type("\n");
        await terminal.quiet(100);
      }
      const due = performance.now() + (0.5 + Math.random()) * 1000 / keysPerSecond;
      const took = await terminal.echo();
      if (performance.now() > warm) {
        series.add(took);
      }
      await pause(Math.max(0, due - performance.now()));
    }
  }));
  return series;
}

/** Bytes of the web process's heap that the last collection left in use: what is live, and what died in the elder generations since. */
async function heap(url) {
  const text = await (await fetch(`${url}/metrics`)).text();
  const sum = name => [...text.matchAll(new RegExp(`^system_runtime_dotnet_gc_last_collection_heap_${name}\\{.*\\} (\\S+)`, "gm"))].reduce((all, found) => all + Number(found[1]), 0);
  return sum("size") - sum("fragmentation_size");
}

function resident(pid) {
  return Number(/^VmRSS:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/status`, "utf8"))[1]) * 1024;
}
