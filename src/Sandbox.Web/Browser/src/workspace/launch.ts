import { api, type Playground } from "../page/api";
import type { Size } from "../terminals/view/terminal-size";

/** The thing a page starts: an image of the catalog, a tutorial, or a link. */
export type Launched = { image: string; volumes?: { name: string; path: string }[] } | { tutorial: string; parameters?: Record<string, string> } | { link: string; parameters?: Record<string, string>; password?: string };

/**
 * Asks for a playground; asked again after a reload or a refusal, it is still one.
 * @param terminal the size of its first terminal, with which the image's own command begins; null if nobody knows it yet
 */
export function launch(what: Launched, terminal: Size | null, key = launchKey()): Promise<Playground> {
  return api<Playground>("POST", "/api/v1/playgrounds", { ...what, ...terminal ? { terminal } : {}, onSetupFailure: "ask" }, { "Idempotency-Key": key });
}

/** An image with the volumes that the page's address names: `?volume=data&at=/data`. */
export function imageOf(image: string, address = new URL(location.href)): Launched {
  const paths = address.searchParams.getAll("at");
  const volumes = address.searchParams.getAll("volume").map((name, index) => ({ name, path: paths[index] ?? "/data" })).filter(({ name }) => name !== "");
  return volumes.length > 0 ? { image, volumes } : { image };
}

/** A key that no other launch has. */
export function newKey(): string {
  return Array.from(crypto.getRandomValues(new Uint8Array(16)), byte => byte.toString(16).padStart(2, "0")).join("");
}

/** Resolves when the page is looked at: one that a browser renders ahead of a click must not start anything. */
export function prerendered(): Promise<void> {
  return new Promise(resolve => {
    if ("prerendering" in document && document.prerendering) {
      document.addEventListener("prerenderingchange", () => resolve(), { once: true });
    } else {
      resolve();
    }
  });
}

/** Survives a reload in the middle of a launch: asked again with it, the server gives the same playground. */
function launchKey(): string {
  const url = new URL(location.href);
  let key = url.searchParams.get("key");
  if (!key) {
    key = newKey();
    url.searchParams.set("key", key);
    history.replaceState(null, "", url);
  }
  return key;
}
