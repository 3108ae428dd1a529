import { readFileSync } from "node:fs";
import { Series } from "./series.mjs";

const each = 16;
const keysPerSecond = 5;
const pause = ms => new Promise(resolve => setTimeout(resolve, ms));

/** Many visitors that type at once, each over a connection of their own. */
export async function crowd({ ours, options, report }) {
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
  await pause(2000);
  const series = new Series();
  let late = 0;
  const until = performance.now() + options.crowdSeconds * 1000;
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
        late += took > 20 ? 1 : 0;
      }
      await pause(Math.max(0, due - performance.now()));
    }
  }));
  const heapTyping = await heap(ours.url);
  const residentTyping = resident(options.webPid);
  for (const terminal of terminals) {
    terminal.close();
  }
  for (const playground of playgrounds) {
    await ours.remove(playground);
  }
  report.add(`echo of ${options.crowd} that type ${keysPerSecond} keys/s, p50 of ${series.count}`, "ms", series.p50, null, null);
  report.add(`echo of ${options.crowd} that type ${keysPerSecond} keys/s, p99`, "ms", series.p99, null, null, "≤ 20 ms", series.p99 <= 20);
  const managed = heapTyping - heapBefore;
  report.add("managed memory of one attached terminal", "kB", managed / options.crowd / 1000, null, null, "≤ 60 kB", managed / options.crowd <= 60_000);
  report.add("growth of the web process for each, resident", "kB", (residentTyping - residentBefore) / options.crowd / 1000, null, null);
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
