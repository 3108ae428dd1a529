import { createServer } from "node:http";
import { once } from "node:events";
import { fromCatalog, openBrowser } from "./browser.mjs";
import { Series } from "./series.mjs";

/** The terminal of a workspace, or of a frame. */
const prints = () => {
  const terminal = document.querySelector(".ws-xterm")?.terminal;
  return !!terminal && terminal.buffer.active.cursorY + terminal.buffer.active.cursorX > 0;
};

/** A page of another site: from the click on our element until its first output, beside a launch on our own page. */
export async function embed({ ours, report }) {
  const elsewhere = createServer((_, answer) => {
    answer.setHeader("content-type", "text/html");
    answer.end(`<!doctype html><script type="module" src="${ours.url}/embed.js"></script><sandbox-terminal image="debian"></sandbox-terminal>`);
  }).listen(0, "127.0.0.2");
  await once(elsewhere, "listening");
  const browser = await openBrowser("--test-third-party-cookie-phaseout");
  const [embedded, launched] = [new Series(), new Series()];
  try {
    // One visitor who was here before: both have the scripts in their cache.
    const context = await browser.newContext({ viewport: { width: 1280, height: 800 } });
    for (let round = 0; round < 11; round++) {
      const times = [await onPage(context, `http://127.0.0.2:${elsewhere.address().port}/`), await fromCatalog(context, ours, prints)];
      if (round > 0) {
        embedded.add(times[0]);
        launched.add(times[1]);
      }
    }
  } finally {
    await browser.close();
    elsewhere.close();
  }
  report.add("embed, from the click to the first output, p50 of 10", "ms", embedded.p50, null, null, "≤ launch + 300 ms", embedded.p50 <= launched.p50 + 300);
  report.add("embed, a launch on our own page, p50 of 10", "ms", launched.p50, null, null, "", true);
}

async function onPage(context, url) {
  const page = await context.newPage();
  await page.goto(url);
  const button = page.locator("sandbox-terminal").getByRole("button");
  await button.waitFor();
  const began = Date.now();
  await button.click();
  const frame = await (await page.locator("sandbox-terminal iframe").elementHandle()).contentFrame();
  await frame.waitForURL(/\/embed\//);
  await frame.waitForFunction(prints, null, { polling: 5, timeout: 60_000 });
  const ms = Date.now() - began;
  // Removed, it ends.
  await page.evaluate(() => document.querySelector("sandbox-terminal").remove());
  await page.waitForTimeout(300);
  await page.close();
  return ms;
}
