// One guest with all their sandboxes who does one thing to the host, as hard as their plan and a client allow. A program of
// its own, so that its clients take no turns of the one that measures: bombs.mjs --url URL --bomb NAME. Prints a line
// once the bomb is at work, and removes everything when its input ends.
import { spawn } from "node:child_process";
import { parseArgs } from "node:util";
import { Ours } from "./ours.mjs";

const pause = ms => new Promise(resolve => setTimeout(resolve, ms));
const terminalsEach = 16;
// Clears, scrolls, inserts and repeats over a screen of a million cells.
const escapes = String.raw`while :; do printf '\033c\033[999;999H\033[2J\033[500L\033[500T\033[999@x\033[99999b\033[?1049h\033[2J\033[?1049l'; done`;

/** A command in the background of each sandbox, which goes on until its playground ends. */
const inside = (script, count = 1) => async guest => {
  await Promise.all(guest.sandboxes.map(sandbox => guest.ours.exec(sandbox, "bash", "-c", `cd /root; { for i in $(seq ${count}); do (${script}) & done; wait; } > /dev/null 2>&1 < /dev/null &`)));
};

/** The same in sandboxes in which Docker runs: root there makes networks of its own. */
const nested = script => Object.assign(inside(script), { image: "docker" });

/** The same request over and over, so many at once for each sandbox. */
const requests = (count, ask) => async guest => {
  for (const sandbox of guest.sandboxes) {
    for (let number = 0; number < count; number++) {
      void (async () => {
        for (;;) {
          await ask(guest, sandbox).catch(() => pause(20));
        }
      })();
    }
  }
};

/** Terminals of 1000 x 1000, all that a sandbox may have. */
const terminals = (script, isRead) => async guest => {
  for (const sandbox of guest.sandboxes) {
    const hub = await guest.ours.connect(sandbox.token);
    for (let number = 0; number < terminalsEach; number++) {
      const id = await hub.invoke("Open", sandbox.sandbox, 1000, 1000, ["bash", "-c", script]);
      let taken = 0;
      if (isRead) {
        hub.stream("Attach", id, 0).subscribe({
          next: item => {
            taken = item.offset + item.data.length;
            void hub.send("Ack", id, taken);
          },
          error: () => {},
          complete: () => {},
        });
      }
    }
  }
};

/** A download by a program that costs this host little. */
const download = async (guest, { sandbox, token }, path) => {
  const curl = spawn("curl", ["--noproxy", "*", "-s", "-o", "/dev/null", "-H", `Authorization: Bearer ${token}`, `${guest.ours.url}/api/v1/sandboxes/${sandbox}/files/${path}`], { stdio: "ignore" });
  guest.children.add(curl);
  await new Promise(resolve => curl.once("exit", resolve));
  guest.children.delete(curl);
};

const bombs = {
  loops: inside("while :; do :; done", 200),
  forks: inside("b() { b | b & }; while :; do b; sleep .2; done"),
  memory: inside("while :; do head -c 500M /dev/zero | tail; done", 4),
  writes: inside("while :; do dd if=/dev/zero of=big$i bs=1M count=200; done", 4),
  syncs: inside("while :; do sync; done", 8),
  fsyncs: inside("while :; do dd if=/dev/zero of=sync$i bs=64k count=8 conv=fsync; done", 8),
  reads: inside("f=$(find /usr -type f -size +4M | head -n 1); while :; do dd if=$f iflag=direct bs=128k; done", 16),
  saves: async guest => {
    await inside("head -c 150M /dev/urandom > saved")(guest);
    await pause(2000);
    await requests(4, ({ ours }, { id, token }) => ours.ask("POST", `/api/v1/playgrounds/${id}/links`, token, {}))(guest);
  },
  links: nested("while :; do for n in $(seq 100); do echo link add b$n type bridge; done; for n in $(seq 100); do echo link del b$n; done; done | ip -force -batch -"),
  networks: nested("while :; do unshare -n true; done"),
  execs: requests(64, (guest, sandbox) => guest.ours.exec(sandbox, "true")),
  downloads: async guest => {
    await inside("truncate -s 1T sparse")(guest);
    await pause(200);
    await requests(32, (_, sandbox) => download(guest, sandbox, "root/sparse"))(guest);
  },
  archives: requests(16, (guest, sandbox) => download(guest, sandbox, "usr?archive=tar")),
  screens: terminals(escapes, false),
  "read screens": terminals(escapes, true),
  output: terminals("yes 'A line of a build log, as long as such lines are, eighty columns or nearly so'", true),
};

export const bombNames = Object.keys(bombs);

if (process.argv[1] === new URL(import.meta.url).pathname) {
  const { values } = parseArgs({ options: { url: { type: "string" }, bomb: { type: "string" } } });
  const ours = new Ours(values.url);
  const token = await ours.guest();
  const guest = { ours, token, sandboxes: [], children: new Set() };
  const end = async code => {
    for (const child of guest.children) {
      child.kill();
    }
    await Promise.allSettled(guest.sandboxes.map(sandbox => ours.remove(sandbox)));
    process.exit(code);
  };
  process.stdin.resume().once("end", () => void end(0));
  try {
    for (let number = 0; number < 3; number++) {
      guest.sandboxes.push(await ours.launch(bombs[values.bomb].image ?? "debian", token));
    }
    await bombs[values.bomb](guest);
    console.log("at work");
  } catch (fault) {
    console.error(fault);
    await end(1);
  }
}
