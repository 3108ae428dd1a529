import { renameSync, writeFileSync } from "node:fs";

/**
 * One line of the table, as Report.cs writes it: the same measure of ours, of ttyd with docker run -it (peer) and of
 * ttyd with a bare shell (floor), in one unit. `met` is null where there is no goal.
 */
export class Report {
  at = new Date().toISOString();
  lines = [];

  add(measure, unit, ours, peer, floor, goal = null, met = null) {
    this.lines.push({ measure, unit, ours, peer, floor, goal, met, ratio: peer > 0 ? ours / peer : null, ratioToFloor: floor > 0 ? ours / floor : null });
  }

  print() {
    const number = value => (value === null || value === undefined ? "" : Math.abs(value) < 100 ? value.toFixed(2) : value.toFixed(0)).padStart(9);
    console.log(`\n${"measure".padEnd(52)} ${"unit".padEnd(5)} ${["ours", "docker", "bare", "/ docker", "/ bare"].map(name => name.padStart(9)).join(" ")}  ${"goal".padEnd(44)} met`);
    for (const line of this.lines) {
      console.log(`${line.measure.padEnd(52)} ${line.unit.padEnd(5)} ${[line.ours, line.peer, line.floor, line.ratio, line.ratioToFloor].map(number).join(" ")}  ${(line.goal ?? "").padEnd(44)} ${line.met === null ? "" : line.met ? "yes" : "NO"}`);
    }
  }

  write(file) {
    writeFileSync(`${file}.new`, JSON.stringify({ at: this.at, lines: this.lines }, null, 2));
    renameSync(`${file}.new`, file);
  }
}
