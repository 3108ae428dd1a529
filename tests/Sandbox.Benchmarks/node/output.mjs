import { Series } from "./series.mjs";
import { sides } from "./keys.mjs";

const kinds = [
  { name: "output without newlines", command: size => `head -c ${size} /dev/zero | tr '\\0' x`, bytes: size => size },
  // Each newline becomes two bytes on its way through a terminal.
  { name: "output of 80-column lines", command: size => `yes ${"l".repeat(79)} | head -c ${size}`, bytes: size => size + Math.floor(size / 80) },
];

const rounds = 7;

/** How fast output comes; each side in turn, after a round that does not count. */
export async function output(bench) {
  const { options, report } = bench;
  const { all, end } = await sides(bench);
  for (const { name, command, bytes } of kinds) {
    const rates = all.map(() => new Series());
    for (let round = 0; round <= rounds; round++) {
      for (const [side, terminal] of all.entries()) {
        await terminal.quiet();
        const began = performance.now();
        terminal.type(`${command(options.bytes)}\n`);
        await terminal.take(bytes(options.bytes));
        if (round > 0) {
          rates[side].add(options.bytes / 1000 / (performance.now() - began));
        }
        await terminal.quiet();
      }
    }
    const [own, docker, shell] = rates.map(rate => rate.p50);
    report.add(`${name}, p50 of ${rounds}`, "MB/s", own, docker, shell, "≥ bare", own >= shell);
  }
  await end();
}
