import { execFileSync } from "node:child_process";
import { endAll, fromCatalog, openBrowser } from "./browser.mjs";
import { Series } from "./series.mjs";

const lesson = "linux-shell";
const rounds = 10;

/** Runs in every page: the text of the terminal that is shown, and when the visitor did something last. */
const watch = () => {
  for (const type of ["click", "keydown"]) {
    addEventListener(type, () => {
      window.actedAt = performance.now();
    }, true);
  }
  window.screenText = () => {
    const buffer = document.querySelector(".ws-pane.focused .ws-terminal:not([hidden]) .ws-xterm")?.terminal?.buffer.active;
    return buffer ? Array.from({ length: buffer.length }, (_, row) => buffer.getLine(row).translateToString(true)).join("\n").trimEnd() : "";
  };
};

const prompts = () => /[#$]$/.test(window.screenText());

/** A tutorial in the page: its first paint, its prompt, a block that is run, and a step that is begun again. */
export async function tutorials({ ours, options, report }) {
  const browser = await openBrowser();
  const [paint, start, own, block, echo, again] = Array.from({ length: 6 }, () => new Series());
  try {
    // One visitor who was here before; the first round fills the cache.
    const context = await browser.newContext({ viewport: { width: 1280, height: 800 } });
    await context.addInitScript(watch);
    for (let round = 0; round <= rounds; round++) {
      const launched = await fromCatalog(context, ours, prompts);
      const took = await inTutorial(context, ours);
      if (round > 0) {
        own.add(launched);
        for (const [series, value] of [[paint, took.paint], [start, took.start], [block, took.block], [echo, took.echo], [again, took.again]]) {
          series.add(value);
        }
      }
    }
  } finally {
    await browser.close();
  }
  const add = (measure, unit, value, goal, met) => report.add(measure, unit, value, null, null, goal, met);
  add("tutorial, first paint of its page, p50 of 10", "ms", paint.p50, "≤ 300 ms", paint.p50 <= 300);
  add("tutorial, from Start to the prompt, p50 of 10", "ms", start.p50, "≤ launch + 200 ms", start.p50 <= own.p50 + 200);
  add("tutorial, a launch from the catalog, p50 of 10", "ms", own.p50, "", null);
  add("tutorial, from a block's click to its output, p50", "ms", block.p50, "≤ echo + 50 ms", block.p50 <= echo.p50 + 50);
  add("tutorial, the echo of a key in that page, p50", "ms", echo.p50, "", null);
  add("tutorial, a step begun again until its prompt, p50", "ms", again.p50, "≤ 1.5 × launch", again.p50 <= 1.5 * own.p50);

  const read = JSON.parse(execFileSync(options.import, [options.corpus, "--json"], { encoding: "utf8", stdio: ["ignore", "pipe", "ignore"], maxBuffer: 1 << 28 }));
  add(`tutorial, import of ${read.scenarios.length} scenarios`, "s", read.seconds, "≤ 10 s", read.seconds <= 10);
}

async function inTutorial(context, ours) {
  const page = await context.newPage();
  await page.goto(`${ours.url}/t/${lesson}`);
  await page.waitForFunction(() => performance.getEntriesByName("first-contentful-paint").length > 0, null, { polling: 10 });
  const paint = await page.evaluate(() => performance.getEntriesByName("first-contentful-paint")[0].startTime);

  let began = Date.now();
  await page.locator("#tutorial").getByRole("button", { name: /^Start/ }).click();
  await page.waitForURL(/\/p\//, { waitUntil: "commit" });
  await page.waitForFunction(prompts, null, { polling: 5, timeout: 60_000 });
  const start = Date.now() - began;

  const run = page.locator(".block[data-index='0'] .block-run");
  await run.waitFor();
  const block = await timed(page, () => run.click(), "\n/root\n");
  await page.locator(".ws-xterm:visible").click();
  const echo = await timed(page, () => page.keyboard.type("%"), "%");
  await page.keyboard.press("Backspace");

  await page.locator("#ws-tutorial").getByRole("button", { name: "Reset this step" }).click();
  const before = page.url();
  began = Date.now();
  await page.getByRole("button", { name: "Reset the step" }).click();
  await page.waitForURL(url => url.href !== before, { waitUntil: "commit" });
  await page.waitForFunction(prompts, null, { polling: 5, timeout: 60_000 });
  const again = Date.now() - began;
  await endAll(context, ours);
  await page.close();
  return { paint, start, block, echo, again };
}

/** Milliseconds from a click or a key until a text is on the screen, both by the page's clock. */
async function timed(page, act, text) {
  await page.waitForTimeout(300);
  const seen = page.evaluate(wanted => new Promise(resolve => {
    const look = () => window.screenText().concat("\n").includes(wanted) ? resolve(performance.now() - window.actedAt) : setTimeout(look, 1);
    look();
  }), text);
  await act();
  return await seen;
}
