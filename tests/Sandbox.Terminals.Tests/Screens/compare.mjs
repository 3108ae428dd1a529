// Compares what xterm.js makes of a program's output with what it makes of a screen that was written from the model.
// One question a line: {"cols","rows","output","screen","tail"}, bytes in base64.
// One answer a line: {"differences":[…]}.
import { createRequire } from "node:module";
import { createInterface } from "node:readline";

const require = createRequire(process.argv[2] + "/package.json");
const { Terminal } = require("@xterm/headless");
const { Unicode11Addon } = require("@xterm/addon-unicode11");
const mostScrollback = 1000;

function make(cols, rows) {
  const terminal = new Terminal({ cols, rows, scrollback: 10_000, allowProposedApi: true, logLevel: "off" });
  terminal.loadAddon(new Unicode11Addon());
  terminal.unicode.activeVersion = "11";
  terminal.title = "";
  terminal.onTitleChange(title => {
    terminal.title = title;
  });
  return terminal;
}

const write = (terminal, bytes) => new Promise(resolve => terminal.write(bytes, resolve));

function pen(attributes) {
  const is = name => (attributes[`is${name}`]() ? name : "");
  const flags = ["Bold", "Dim", "Italic", "Blink", "Inverse", "Invisible", "Strikethrough", "Overline"].map(is).join("");
  const underline = attributes.getUnderlineStyle() ? `${attributes.getUnderlineStyle()}/${attributes.getUnderlineColorMode()}/${attributes.getUnderlineColor()}` : "";
  return `${flags} ${attributes.getFgColorMode()}/${attributes.getFgColor()} ${attributes.getBgColorMode()}/${attributes.getBgColor()} ${underline}`;
}

// A cell that was never written looks like a space.
function cell(line, x) {
  const cell = line?.getCell(x);
  if (!cell) {
    return "none";
  }
  const chars = cell.getChars() || (cell.getWidth() === 0 ? "" : " ");
  return `${JSON.stringify(chars)} ${cell.getWidth()} ${pen(cell)}`;
}

function compareRows(name, a, b, firstA, firstB, count, cols, differences) {
  for (let y = 0; y < count; y++) {
    for (let x = 0; x < cols; x++) {
      const [one, other] = [cell(a.getLine(firstA + y), x), cell(b.getLine(firstB + y), x)];
      if (one !== other) {
        differences.push(`${name} row ${y} column ${x}: ${one} | ${other} in ${a.getLine(firstA + y).translateToString()} | ${b.getLine(firstB + y)?.translateToString()}`);
        break;
      }
    }
  }
}

function state(terminal) {
  const core = terminal._core;
  const buffer = core.buffer;
  const saved = kind => {
    const one = core.buffers[kind];
    return [Math.min(one.savedX, terminal.cols - 1), Math.min(Math.max(one.savedY - one.ybase, 0), terminal.rows - 1), pen(one.savedCurAttrData)].join();
  };
  const tabs = one => Object.keys(one.tabs).filter(x => one.tabs[x] && Number(x) < terminal.cols).join();
  return {
    type: terminal.buffer.active.type,
    cursor: [Math.min(buffer.x, terminal.cols), buffer.y].join(),
    margins: [buffer.scrollTop, buffer.scrollBottom].join(),
    tabs: tabs(buffer),
    savedNormal: saved("normal"),
    savedAlt: terminal.buffer.active.type === "alternate" ? saved("alt") : "",
    modes: JSON.stringify({ ...terminal.modes, synchronizedOutputMode: false }),
    cursorHidden: core.coreService.isCursorHidden,
    cursorStyle: [core.coreService.decPrivateModes.cursorStyle, core.coreService.decPrivateModes.cursorBlink].join(),
    encoding: core.coreMouseService.activeEncoding,
    feed: core.optionsService.options.convertEol,
    charset: JSON.stringify(core._charsetService.charset),
    pen: pen(core._inputHandler._curAttrData),
    title: terminal.title,
  };
}

function compare(when, one, other) {
  const differences = [];
  const [a, b] = [state(one), state(other)];
  for (const key of Object.keys(a)) {
    if (a[key] !== b[key]) {
      differences.push(`${when}: ${key}: ${a[key]} | ${b[key]}`);
    }
  }
  const [normalA, normalB] = [one.buffer.normal, other.buffer.normal];
  compareRows(`${when}: normal`, normalA, normalB, normalA.baseY, normalB.baseY, one.rows, one.cols, differences);
  if (one.buffer.active.type === "alternate") {
    compareRows(`${when}: alternate`, one.buffer.alternate, other.buffer.alternate, 0, 0, one.rows, one.cols, differences);
  }
  const scrolled = Math.min(normalA.baseY, mostScrollback);
  if (normalB.baseY < scrolled) {
    differences.push(`${when}: ${normalA.baseY} lines to scroll back | ${normalB.baseY}`);
  } else {
    compareRows(`${when}: scrolled ${normalA.baseY} | ${normalB.baseY}`, normalA, normalB, normalA.baseY - scrolled, normalB.baseY - scrolled, scrolled, one.cols, differences);
  }
  return differences;
}

for await (const line of createInterface({ input: process.stdin })) {
  const question = JSON.parse(line);
  const bytes = name => Buffer.from(question[name], "base64");
  const shown = make(question.cols, question.rows);
  await write(shown, bytes("output"));
  const restored = make(question.cols, question.rows);
  await write(restored, bytes("screen"));
  const differences = compare("restored", shown, restored);
  if (differences.length === 0 && question.tail) {
    await write(shown, bytes("tail"));
    await write(restored, bytes("tail"));
    differences.push(...compare("afterwards", shown, restored));
  }
  shown.dispose();
  restored.dispose();
  process.stdout.write(JSON.stringify({ differences: differences.slice(0, 8) }) + "\n");
}
