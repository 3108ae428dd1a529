import { join } from "node:path";
import { Floor } from "./floor.mjs";
import { HolderTerminal } from "./holder.mjs";
import { Series } from "./series.mjs";
import { exit } from "./terminal.mjs";
import { TtydTerminal } from "./ttyd.mjs";

const prompt = /[#$] (\x1b(\[[?0-9]*[a-z]|\][^\x07]*\x07))*$/;
const busy = "while :; do read -t .1; echo 'A line of a build log, as long as such lines are, eighty columns or nearly so'; done";
const pause = ms => new Promise(resolve => setTimeout(resolve, ms));

/** A terminal on each side, each at its prompt: ours, ttyd with docker, ttyd with a bare shell. */
export async function sides({ ours, options }) {
  const launched = await ours.launch("debian");
  const all = [await ours.open(launched), await TtydTerminal.connect(options.docker), await TtydTerminal.connect(options.shell)];
  await Promise.all(all.map(terminal => terminal.see(prompt)));
  return {
    all,
    launched,
    end: async () => {
      all[0].close();
      await ours.remove(launched);
      await Promise.all(all.slice(1).map(exit));
    },
  };
}

/**
 * Keys in turn on all sides, so that whatever else the machine does meets all of them, and in another order each time, so
 * that nobody always comes behind the same one, whose code may be theirs too; the line discipline echoes.
 */
async function echoes(all, keys) {
  const series = all.map(() => new Series());
  for (const terminal of all) {
    terminal.type("cat\n");
    await terminal.quiet();
  }
  for (let key = 0; key < keys; key++) {
    if (key > 0 && key % 60 === 0) {
      for (const terminal of all) {
        terminal.type("\n");
        await terminal.quiet(30);
      }
    }
    for (const side of shuffled(all.length)) {
      series[side].add(await all[side].echo());
    }
  }
  for (const terminal of all) {
    terminal.type("\u0003");
    await terminal.quiet();
  }
  return series;
}

/** The numbers below one in some order. */
function shuffled(count) {
  const numbers = Array.from({ length: count }, (_, number) => number);
  for (let left = count - 1; left > 0; left--) {
    const other = Math.floor(Math.random() * (left + 1));
    [numbers[left], numbers[other]] = [numbers[other], numbers[left]];
  }
  return numbers;
}

/** What has no terminal behind it, in place of a key: an answer, and nothing else. */
class Call {
  constructor(call) {
    this.call = call;
  }

  type() {}

  async quiet() {}

  async echo() {
    const began = performance.now();
    await this.call();
    return performance.now() - began;
  }
}

/** A terminal of ours, without the web process that opened it: `connect` makes another way to the holder of that id. */
async function straight(ours, launched, connect) {
  const opened = await ours.open(launched);
  const terminal = await connect(opened.id);
  opened.close();
  await terminal.see(prompt);
  return terminal;
}

/** A key's way there and back in quiet terminals of a quiet host; what of it is no terminal's; and what it costs in C that a shell outlives its server. */
export async function echo(bench) {
  const { all, launched, end } = await sides(bench);
  const { ours, options } = bench;
  const holder = await straight(ours, launched, id => HolderTerminal.connect(join(options.holders, launched.sandbox, `${id}.sock`)));
  const relayed = await straight(ours, launched, id => HolderTerminal.relayed(`${options.floor.replace(/^http/, "ws")}/relay/${launched.sandbox}/${id}`));
  const floor = await Floor.connect(options.floor);
  const held = await TtydTerminal.connect(options.held);
  held.type("\n"); // its prompt was printed before anybody saw it
  await held.see(prompt);
  await echoes([...all, holder, relayed, held], 100);
  const [own, docker, alone, relays, calls, hubs, sockets, outliving, shell] = await echoes(
    [all[0], all[1], holder, relayed, new Call(() => all[0].call()), new Call(() => floor.call()), new Call(() => floor.echo()), held, all[2]],
    options.keys,
  );
  holder.close();
  relayed.close();
  await end();
  await exit(held);
  floor.close();
  tell(bench.report, `echo of a key, p50 of ${own.count}`, "echo of a key", own, docker, shell);
  for (const [what, series] of [
    ["a key straight at our holder, no web process, p50", alone],
    ["the same through a WebSocket of an empty program, p50", relays],
    ["ttyd with a shell that dtach holds, p50", outliving],
    ["a call of our hub that does nothing, p50", calls],
    ["the same of an empty program's hub, p50", hubs],
    ["a WebSocket message to an empty program, p50", sockets],
  ]) {
    bench.report.add(what, "ms", series.p50, docker.p50, shell.p50);
  }
}

function tell(report, p50, name, own, docker, shell) {
  report.add(p50, "ms", own.p50, docker?.p50, shell.p50, `≤ 1.1 × bare${docker ? ", ≤ 0.5 × docker" : ""}`, own.p50 <= 1.1 * shell.p50 && (!docker || own.p50 <= 0.5 * docker.p50));
  report.add(`${name}, p99`, "ms", own.p99, docker?.p99, shell.p99, "≤ bare + 1 ms", own.p99 <= shell.p99 + 1);
}

/** The same while many other terminals of the same side print a line ten times a second. */
export async function echoAmongBusy(bench) {
  const { ours, options, report } = bench;
  const results = [];
  for (const side of ["ours", "shell"]) {
    const others = [];
    const launched = [];
    for (let number = 0; number < options.busy; number++) {
      if (side === "ours") {
        if (number % 16 === 0) {
          launched.push(await ours.launch("debian"));
        }
        others.push(await ours.open(launched.at(-1), ["bash", "-c", busy]));
      } else {
        const terminal = await TtydTerminal.connect(options.shell);
        terminal.type(`exec bash -c "${busy}"\n`);
        others.push(terminal);
      }
    }
    await pause(2000);
    const own = side === "ours" ? await ours.launch("debian") : null;
    const terminal = own ? await ours.open(own) : await TtydTerminal.connect(options.shell);
    await terminal.see(prompt);
    await echoes([terminal], 100);
    results.push((await echoes([terminal], options.keys))[0]);
    terminal.close();
    for (const other of others) {
      other.close();
    }
    for (const playground of own ? [own, ...launched] : []) {
      await ours.remove(playground);
    }
    await pause(1500);
  }
  tell(report, `echo among ${options.busy} busy terminals, p50`, `echo among ${options.busy} busy terminals`, results[0], null, results[1]);
}
