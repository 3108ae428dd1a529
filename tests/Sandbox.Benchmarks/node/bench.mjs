// Measures terminals and the page of our service beside ttyd, with one client for all. Started by infra/bench.
import { parseArgs } from "node:util";
import { crowd } from "./crowd.mjs";
import { embed } from "./embed.mjs";
import { echo, echoAmongBusy } from "./keys.mjs";
import { neighbour } from "./neighbour.mjs";
import { Ours } from "./ours.mjs";
import { output } from "./output.mjs";
import { page } from "./page.mjs";
import { Report } from "./report.mjs";
import { tutorials } from "./tutorials.mjs";

const { values } = parseArgs({
  options: {
    url: { type: "string" },
    docker: { type: "string" },
    shell: { type: "string" },
    floor: { type: "string" },
    held: { type: "string" },
    holders: { type: "string" },
    "web-pid": { type: "string" },
    long: { type: "string" },
    import: { type: "string" },
    corpus: { type: "string" },
    json: { type: "string" },
    measure: { type: "string", multiple: true },
    keys: { type: "string", default: "1000" },
    busy: { type: "string", default: "200" },
    crowd: { type: "string", default: "500" },
    bomb: { type: "string", multiple: true, default: [] },
    "neighbour-keys": { type: "string", default: "400" },
    "neighbour-launches": { type: "string", default: "8" },
  },
});

const bench = {
  ours: new Ours(values.url),
  report: new Report(),
  options: {
    docker: values.docker,
    shell: values.shell,
    floor: values.floor,
    held: values.held,
    holders: values.holders,
    webPid: Number(values["web-pid"]),
    long: values.long,
    import: values.import,
    corpus: values.corpus,
    keys: Number(values.keys),
    busy: Number(values.busy),
    crowd: Number(values.crowd),
    crowdSeconds: 20,
    bombs: values.bomb,
    neighbourKeys: Number(values["neighbour-keys"]),
    neighbourLaunches: Number(values["neighbour-launches"]),
    bytes: 50_000_000,
    longBytes: 50_000_000,
  },
};
const measures = { echo, output, busy: echoAmongBusy, crowd, page, embed, tutorials, neighbour };
try {
  for (const name of values.measure ?? Object.keys(measures)) {
    console.error(`measuring: ${name}`);
    await measures[name](bench);
  }
} finally {
  bench.report.print(); // what was measured before something failed, too
}
if (values.json) {
  bench.report.write(values.json);
}
process.exit(0);
