import type { WebglAddon } from "@xterm/addon-webgl";
import type { Terminal } from "@xterm/xterm";
import { preferences } from "./preferences";

/** Whoever waits longer for a slow network gets xterm's own elements first. */
const patience = 1500;
/** A context that was lost is lost again soon when the graphics driver is what is broken. */
const pause = 5000;
const maxLosses = 5;

let addon: typeof WebglAddon | null = null;
let loading: Promise<void> | null = null;
let accelerated: boolean | null = null;

/** Loads what draws by WebGL, when that is wanted; what does not arrive is done without. */
function load(): Promise<void> {
  return loading ??= import("@xterm/addon-webgl").then(module => {
    addon = module.WebglAddon;
  }).catch(() => undefined);
}

function wantsWebgl(): boolean {
  const { painter } = preferences.now;
  return painter === "webgl" || painter === "auto" && (accelerated ??= isAccelerated());
}

/** What computes WebGL on the processor, as browsers name it. */
const computed = /swiftshader|llvmpipe|softpipe|software|basic render/i;

/**
 * Whether a graphics card draws. Without one WebGL is computed, and to draw a frame takes many times as long as by
 * elements. Browsers are to refuse that when asked to; Chromium's SwiftShader comes all the same, and is known by name.
 */
function isAccelerated(): boolean {
  const context = document.createElement("canvas").getContext("webgl2", { failIfMajorPerformanceCaveat: true });
  if (!context) {
    return false;
  }
  const names = context.getExtension("WEBGL_debug_renderer_info");
  const drawer = String(context.getParameter(names?.UNMASKED_RENDERER_WEBGL ?? context.RENDERER));
  context.getExtension("WEBGL_lose_context")?.loseContext();
  return !computed.test(drawer);
}

/**
 * Resolves when letters are there, and what draws them. Cells are of another size without; so a terminal made earlier
 * would tell its program two sizes, one right after the other.
 */
export const painterReady: Promise<unknown> = Promise.race([
  Promise.all([document.fonts.ready, wantsWebgl() ? load() : null]),
  new Promise(resolve => setTimeout(resolve, patience)),
]);

/** What draws a terminal: WebGL where a graphics card does that, or where it is chosen; else xterm's own elements. */
export class Painter {
  #webgl: WebglAddon | null = null;
  #losses = 0;
  #timer = 0;
  #disposed = false;

  readonly #unlisten: () => void;

  /** @param changed is called whenever cells may have got another size. */
  constructor(private readonly terminal: Terminal, private readonly changed: () => void) {
    this.#choose();
    this.#unlisten = preferences.onChange(() => this.#choose());
  }

  dispose(): void {
    this.#disposed = true;
    this.#unlisten();
    clearTimeout(this.#timer);
  }

  /** What was lost comes back by itself, after its pause and as often as that may be; no other choice hurries it. */
  #choose(): void {
    if (!wantsWebgl()) {
      clearTimeout(this.#timer);
      this.#losses = 0;
      this.#end();
    } else if (addon && this.#losses === 0) {
      this.#begin();
    } else if (!addon) {
      void load().then(() => this.#begin());
    }
  }

  #begin(): void {
    if (!addon || this.#webgl || this.#disposed || !wantsWebgl()) {
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

  #end(): void {
    const webgl = this.#webgl;
    this.#webgl = null;
    if (webgl) {
      webgl.dispose();
      this.changed();
    }
  }

  #lost(webgl: WebglAddon): void {
    if (webgl !== this.#webgl) {
      return;
    }
    this.#end();
    if (++this.#losses <= maxLosses) {
      this.#again();
    }
  }

  /** A browser takes contexts away when there are many; who is not seen does not ask for one. */
  #again(): void {
    this.#timer = window.setTimeout(() => {
      if (this.terminal.element?.offsetParent) {
        this.#begin();
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
