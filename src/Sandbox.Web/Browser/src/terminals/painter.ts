import type { WebglAddon } from "@xterm/addon-webgl";
import type { Terminal } from "@xterm/xterm";

/** Whoever waits longer for a slow network gets xterm's own elements first. */
const patience = 1500;
/** A context that was lost is lost again soon when the graphics driver is what is broken. */
const pause = 5000;
const maxLosses = 5;

let addon: typeof WebglAddon | null = null;
const loaded = import("@xterm/addon-webgl").then(module => {
  addon = module.WebglAddon;
}).catch(() => undefined);

/**
 * Resolves when letters are there, and what draws them. Cells are of another size without; so a terminal made earlier
 * would tell its program two sizes, one right after the other.
 */
export const painterReady: Promise<unknown> = Promise.race([
  Promise.all([document.fonts.ready, loaded]),
  new Promise(resolve => setTimeout(resolve, patience)),
]);

/** What draws a terminal: WebGL where there is any, else xterm's own elements. */
export class Painter {
  #webgl: WebglAddon | null = null;
  #losses = 0;
  #timer = 0;
  #disposed = false;

  /** @param changed is called whenever cells may have got another size. */
  constructor(private readonly terminal: Terminal, private readonly changed: () => void) {
    if (addon) {
      this.#load();
    } else {
      void loaded.then(() => this.#load());
    }
  }

  dispose(): void {
    this.#disposed = true;
    clearTimeout(this.#timer);
  }

  #load(): void {
    if (!addon || this.#webgl || this.#disposed) {
      return;
    }
    try {
      const webgl = new addon();
      webgl.onContextLoss(() => this.#lost(webgl));
      this.terminal.loadAddon(webgl);
      this.#webgl = webgl;
      this.changed();
    } catch {
      // There is none here. xterm's own elements stay.
    }
  }

  #lost(webgl: WebglAddon): void {
    webgl.dispose();
    this.#webgl = null;
    this.changed();
    if (++this.#losses < maxLosses) {
      this.#again();
    }
  }

  /** A browser takes contexts away when there are many; who is not seen does not ask for one. */
  #again(): void {
    this.#timer = window.setTimeout(() => {
      if (this.terminal.element?.offsetParent) {
        this.#load();
      } else {
        this.#again();
      }
    }, pause);
  }
}

/** Calls back when the page is drawn finer or coarser, as on another screen; gives back what ends that. */
export function onDensity(listener: () => void): () => void {
  let query: MediaQueryList;
  const changed = (): void => {
    watch();
    // xterm hears of it too, and has to measure first.
    requestAnimationFrame(listener);
  };
  const watch = (): void => {
    query = matchMedia(`(resolution: ${devicePixelRatio}dppx)`);
    query.addEventListener("change", changed, { once: true });
  };
  watch();
  return () => query.removeEventListener("change", changed);
}
