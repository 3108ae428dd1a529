import { chromium } from "playwright-core";

const flags = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--no-proxy-server", "--disable-background-networking", "--disable-component-update", "--disable-sync"];

/** A browser without a screen, and with these flags besides. */
export function openBrowser(...more) {
  return chromium.launch({ executablePath: "/usr/bin/chromium", args: [...flags, ...more] });
}

/** Milliseconds from the click on an image of our catalog until the terminal is `ready`, a function that runs in the page. */
export async function fromCatalog(context, ours, ready) {
  const page = await context.newPage();
  await page.goto(`${ours.url}/`);
  const card = page.locator(".card[data-image='debian'] a.launch");
  await card.waitFor();
  const began = Date.now();
  await card.click();
  await page.waitForURL(/\/p\//, { waitUntil: "commit" });
  await page.waitForFunction(ready, null, { polling: 5, timeout: 60_000 });
  const ms = Date.now() - began;
  await endAll(context, ours);
  await page.close();
  return ms;
}

/** Ends what the visitor of this context has running. */
export async function endAll(context, ours) {
  for (const playground of await (await context.request.get(`${ours.url}/api/v1/playgrounds`)).json()) {
    if (playground.state !== "ended") {
      await context.request.delete(`${ours.url}/api/v1/playgrounds/${playground.id}`);
    }
  }
}
