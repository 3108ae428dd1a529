import { endAll, openBrowser } from "./browser.mjs";
import { Series } from "./series.mjs";

/** A side that is not done with the long file after so many ms counts as if it were done then, and is not asked again. */
const patience = 240_000;

/** Runs in every page before its own scripts: notes when a prompt shows, and the longest time in which no frame and no timer ran. */
const watch = () => {
  const terminal = () => document.querySelector(".ws-xterm")?.terminal ?? window.term;
  window.bench = {
    promptAt: 0,
    longest: 0,
    ends(text) {
      const buffer = terminal()?.buffer?.active;
      for (let row = buffer ? buffer.baseY + buffer.cursorY : -1; row >= Math.max(0, (buffer?.baseY ?? 0) - 2); row--) {
        if (buffer.getLine(row)?.translateToString(true).includes(text)) {
          return true;
        }
      }
      return false;
    },
    prompts() {
      const buffer = terminal()?.buffer?.active;
      return !!buffer && /[#$] ?$/.test(buffer.getLine(buffer.baseY + buffer.cursorY)?.translateToString(true) ?? "");
    },
  };
  const look = () => {
    if (!window.bench.promptAt && window.bench.prompts()) {
      window.bench.promptAt = performance.now();
    }
    if (!window.bench.promptAt) {
      requestAnimationFrame(look);
    }
  };
  requestAnimationFrame(look);
  let last = performance.now();
  setInterval(() => {
    const now = performance.now();
    window.bench.longest = Math.max(window.bench.longest, now - last);
    last = now;
  }, 10);
};

/** A browser that has never been here: no cache, no cookie. */
async function visitor(browser) {
  const context = await browser.newContext({ viewport: { width: 1280, height: 800 } });
  const page = await context.newPage();
  await page.addInitScript(watch);
  const network = await context.newCDPSession(page);
  await network.send("Network.enable");
  let bytes = 0;
  const files = [];
  const urls = new Map();
  network.on("Network.responseReceived", ({ requestId, response }) => urls.set(requestId, response));
  network.on("Network.loadingFinished", ({ requestId, encodedDataLength }) => {
    bytes += encodedDataLength;
    const response = urls.get(requestId);
    files.push({ url: response?.url, bytes: encodedDataLength, encoding: response?.headers["content-encoding"] ?? response?.headers["Content-Encoding"] ?? "" });
  });
  return { context, page, bytes: () => bytes, files };
}

async function navigate(browser, url) {
  const here = await visitor(browser);
  await here.page.goto(url, { waitUntil: "commit" });
  await here.page.waitForFunction(() => window.bench.promptAt > 0, null, { polling: 20, timeout: 60_000 });
  return { ...here, ms: await here.page.evaluate(() => window.bench.promptAt), sent: here.bytes() };
}

async function leave({ context }, ours) {
  if (ours) {
    await endAll(context, ours);
  }
  await context.close();
}

/** From an empty address bar to a prompt, and a long file in the page. */
export async function page(bench) {
  const browser = await openBrowser();
  try {
    await arrive(bench, browser);
    await long(bench, browser);
    await interrupt(bench, browser);
  } finally {
    await browser.close();
  }
}

async function arrive({ ours, options, report }, browser) {
  const sides = [[`${ours.url}/p/new?image=debian`, ours], [options.docker, null], [options.shell, null]];
  const times = sides.map(() => new Series());
  const bytes = sides.map(() => new Series());
  let files = [];
  for (let round = 0; round < 6; round++) {
    for (const [side, [url, owner]] of sides.entries()) {
      const here = await navigate(browser, url);
      if (round > 0) {
        times[side].add(here.ms);
        bytes[side].add(here.sent / 1000);
      }
      files = side === 0 ? here.files : files;
      await leave(here, owner);
    }
  }
  const [own, docker, shell] = times.map(series => series.p50);
  report.add("page, from navigation to a prompt, p50 of 5", "ms", own, docker, shell, "≤ 1 s", own <= 1000);
  const [ownBytes, dockerBytes, shellBytes] = bytes.map(series => series.p50);
  report.add("page, sent before the first prompt", "kB", ownBytes, dockerBytes, shellBytes, "≤ 250 kB", ownBytes <= 250);
  for (const file of files.sort((one, other) => other.bytes - one.bytes).slice(0, 8)) {
    console.error(`  ${String(Math.round(file.bytes / 100) / 10).padStart(7)} kB ${file.encoding.padEnd(5)} ${file.url?.replace(ours.url, "")}`);
  }
}

async function long({ ours, options, report }, browser) {
  const times = [];
  const gaps = [];
  const late = [];
  for (const [side, url] of [`${ours.url}/p/new?image=debian`, options.shell].entries()) {
    const owner = side === 0 ? ours : null;
    const here = await navigate(browser, url);
    const file = side === 0 ? "/tmp/long" : options.long;
    await type(here.page, `yes ${"l".repeat(79)} | head -c ${options.longBytes} > ${file}; clear; echo made-$((6*7))`);
    await seen(here.page, "made-42", 60_000);
    const time = new Series();
    const gap = new Series();
    for (let round = 0; round < 3; round++) {
      await here.page.waitForTimeout(500);
      const began = await here.page.evaluate(() => {
        window.bench.longest = 0;
        return performance.now();
      });
      await type(here.page, `cat ${file}; echo end-${round}-$((6*7))`);
      const isDone = await seen(here.page, `end-${round}-42`, patience).then(() => true, () => false);
      const [ended, longest] = await here.page.evaluate(() => [performance.now(), window.bench.longest]);
      time.add((ended - began) / 1000);
      gap.add(longest);
      if (!isDone) {
        late.push(side === 0 ? "ours" : "bare");
        break;
      }
    }
    times.push(time.p50);
    gaps.push(gap.p50);
    await leave(here, owner);
  }
  const note = late.length > 0 ? `, ${late.join(" and ")} not done by then` : "";
  report.add(`page, cat of ${options.longBytes / 1e6} MB in 80-column lines, p50 of 3${note}`, "s", times[0], null, times[1], "≤ bare", times[0] <= times[1] && !late.includes("ours"));
  report.add("page, longest wait of a timer meanwhile", "ms", gaps[0], null, gaps[1], "≤ 100 ms", gaps[0] <= 100);
}

/** A flood on the screen, Ctrl-C, and the time until the prompt that follows is in the page's buffer. */
async function interrupt({ ours, options, report }, browser) {
  const times = [];
  for (const [side, url] of [`${ours.url}/p/new?image=debian`, options.shell].entries()) {
    const here = await navigate(browser, url);
    const time = new Series();
    for (let round = 0; round < 6; round++) {
      await type(here.page, "yes");
      await here.page.waitForTimeout(1500);
      const ms = await here.page.evaluate(() => new Promise(done => {
        const terminal = document.querySelector(".ws-xterm")?.terminal ?? window.term;
        const began = performance.now();
        const look = () => window.bench.prompts() ? done(performance.now() - began) : setTimeout(look, 2);
        terminal.input("\x03", true);
        look();
      }));
      if (round > 0) {
        time.add(ms);
      }
      await here.page.waitForTimeout(200);
    }
    times.push(time.p50);
    await leave(here, side === 0 ? ours : null);
  }
  report.add("page, from Ctrl-C during yes to the prompt, p50 of 5", "ms", times[0], null, times[1], "≤ 200 ms", times[0] <= 200);
}

async function type(page, line) {
  await page.keyboard.insertText(line);
  await page.keyboard.press("Enter");
}

async function seen(page, text, timeout) {
  await page.waitForFunction(text => window.bench.ends(text), text, { polling: 20, timeout });
}
