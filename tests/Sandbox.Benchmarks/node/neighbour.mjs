import { spawn } from "node:child_process";
import { once } from "node:events";
import { writeFileSync } from "node:fs";
import { setPriority } from "node:os";
import { fileURLToPath } from "node:url";
import { bombNames } from "./bombs.mjs";
import { Series } from "./series.mjs";

const prompt = /[#$] (\x1b(\[[?0-9]*[a-z]|\][^\x07]*\x07))*$/;
const pause = ms => new Promise(resolve => setTimeout(resolve, ms));
const program = fileURLToPath(new URL("./bombs.mjs", import.meta.url));

/**
 * What a neighbour feels of one guest who uses all of their plan against the host: a key's echo and a launch, quiet and
 * beside each bomb. Quiet and bomb take turns, so that whatever else the machine does meets both.
 */
export async function neighbour({ ours, options, report }) {
  precede();
  const quiet = new Beside();
  const besides = [];
  const own = await Neighbour.launch(ours);
  await own.measure(new Beside(), options); // warms up
  for (const name of options.bombs.length > 0 ? options.bombs : bombNames) {
    await own.measure(quiet, options);
    console.error(`  beside ${name}`);
    const bomb = spawn(process.execPath, [program, "--url", ours.url, "--bomb", name], { stdio: ["pipe", "pipe", "inherit"], detached: true });
    const ended = once(bomb, "exit");
    const began = await Promise.race([once(bomb.stdout, "data"), ended.then(() => null)]);
    if (began === null) {
      throw new Error(`the bomb ${name} did not start`);
    }
    await pause(2000);
    const beside = new Beside();
    try {
      await own.measure(beside, options);
    } finally {
      bomb.stdin.end();
      await ended;
    }
    besides.push([name, beside]);
    await pause(2000);
  }
  await own.end();
  for (const [name, beside] of besides) {
    const most = 2 * quiet.echo.p99 + 5;
    report.beside(`echo beside ${name}, p50 of ${beside.echo.count}`, "ms", quiet.echo.p50, beside.echo.p50);
    report.beside(`echo beside ${name}, p99`, "ms", quiet.echo.p99, beside.echo.p99, "≤ 2 × quiet + 5 ms", beside.echo.p99 <= most);
    report.beside(`launch beside ${name}, p50 of ${beside.launch.count}`, "ms", quiet.launch.p50, beside.launch.p50, "≤ 3 × quiet", beside.launch.p50 <= 3 * quiet.launch.p50);
    if (beside.failures > 0) {
      report.beside(`launches beside ${name} that failed`, "", quiet.failures, beside.failures, "none", false);
    }
    report.beside(`launch beside ${name}, longest`, "ms", quiet.launch.at(1), beside.launch.at(1));
  }
}

/** What was measured in one situation. */
class Beside {
  echo = new Series();
  launch = new Series();
  failures = 0;
}

/** A guest who types, and another who launches. */
class Neighbour {
  static async launch(ours) {
    const playground = await ours.launch("debian");
    const terminal = await ours.open(playground);
    await terminal.see(prompt);
    terminal.type("cat\n");
    await terminal.quiet();
    return Object.assign(new Neighbour(), { ours, playground, terminal, other: await ours.guest() });
  }

  async measure(beside, { neighbourKeys, neighbourLaunches }) {
    for (let key = 1; key <= neighbourKeys; key++) {
      beside.echo.add(await this.terminal.echo());
      if (key % 60 === 0) {
        this.terminal.type("\n");
        await this.terminal.quiet(50);
      }
      await pause(5 + Math.random() * 20);
    }
    for (let number = 0; number < neighbourLaunches; number++) {
      const began = performance.now();
      try {
        const playground = await this.ours.launch("debian", this.other);
        const terminal = await this.ours.open(playground);
        await terminal.see(prompt);
        beside.launch.add(performance.now() - began);
        terminal.close();
        await this.ours.remove(playground);
      } catch (fault) {
        // A launch that is refused, or that takes longer than a client waits, counts as long as that took, and is named.
        beside.launch.add(performance.now() - began);
        beside.failures++;
        console.error(`  a launch failed: ${fault.cause ?? fault}`);
      }
      await pause(100);
    }
  }

  async end() {
    this.terminal.close();
    await this.ours.remove(this.playground);
  }
}

/** The one that measures stands for a machine elsewhere: whatever runs here does not make it late. */
function precede() {
  setPriority(-20);
  try {
    writeFileSync("/proc/self/autogroup", "-20");
  } catch {
    // A kernel without groups for sessions.
  }
}
