import { renameSync, writeFileSync } from "node:fs";

const number = value => (value === null || value === undefined ? "" : Math.abs(value) < 100 ? value.toFixed(2) : value.toFixed(0)).padStart(9);
const isMet = met => (met === null ? "" : met ? "yes" : "NO");

/**
 * Lines of tables. Those of `add` are as Report.cs writes them: the same measure of ours, of ttyd with docker run -it (peer)
 * and of ttyd with a bare shell (floor), in one unit. Those of `beside` are one measure of ours, on a quiet host and
 * beside somebody's bomb. `met` is null where there is no goal.
 */
export class Report {
  at = new Date().toISOString();
  lines = [];

  add(measure, unit, ours, peer, floor, goal = null, met = null) {
    this.lines.push({ measure, unit, ours, peer, floor, goal, met, ratio: peer > 0 ? ours / peer : null, ratioToFloor: floor > 0 ? ours / floor : null });
  }

  beside(measure, unit, quiet, ours, goal = null, met = null) {
    this.lines.push({ measure, unit, quiet, ours, goal, met, ratio: quiet > 0 ? ours / quiet : null });
  }

  print() {
    const besides = this.lines.filter(line => line.quiet !== undefined);
    this.#table(this.lines.filter(line => line.quiet === undefined), ["ours", "docker", "bare", "/ docker", "/ bare"], line => [line.ours, line.peer, line.floor, line.ratio, line.ratioToFloor]);
    this.#table(besides, ["quiet", "beside", "ratio"], line => [line.quiet, line.ours, line.ratio]);
  }

  write(file) {
    writeFileSync(`${file}.new`, JSON.stringify({ at: this.at, lines: this.lines }, null, 2));
    renameSync(`${file}.new`, file);
  }

  #table(lines, columns, values) {
    if (lines.length === 0) {
      return;
    }
    console.log(`\n${"measure".padEnd(52)} ${"unit".padEnd(5)} ${columns.map(name => name.padStart(9)).join(" ")}  ${"goal".padEnd(44)} met`);
    for (const line of lines) {
      console.log(`${line.measure.padEnd(52)} ${line.unit.padEnd(5)} ${values(line).map(number).join(" ")}  ${(line.goal ?? "").padEnd(44)} ${isMet(line.met)}`);
    }
  }
}
