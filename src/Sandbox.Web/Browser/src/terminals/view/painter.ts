import type { WebglAddon } from "@xterm/addon-webgl";
import type { Terminal } from "@xterm/xterm";
import { preferences } from "./preferences";

/** After so many ms on a slow network xterm's DOM renderer is used first. */
const patience = 1500;
/** Milliseconds before a lost context is restored: with a broken driver it is lost again soon. */
const pause = 5000;
const maxLosses = 5;

let addon: typeof WebglAddon | null = null;
let loading: Promise<void> | null = null;
let accelerated: boolean | null = null;

/** Loads the WebGL renderer. If that fails, the DOM renderer stays. */
function load(): Promise<void> {
  return loading ??= import("@xterm/addon-webgl").then(module => {
    addon = module.WebglAddon;
  }).catch(() => undefined);
}

/** Whether WebGL draws, unless it cannot be loaded. */
export function usesWebgl(): boolean {
  const { painter } = preferences.now;
  return painter === "webgl" || painter === "auto" && (accelerated ??= isAccelerated());
}

/** Software renderers, as browsers name them. */
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
 * Resolves when fonts and renderer are loaded. Cells have another size before, so a terminal made earlier would send its
 * program two sizes in a row.
 */
export const painterReady: Promise<unknown> = Promise.race([
  Promise.all([document.fonts.ready, usesWebgl() ? load() : null]),
  new Promise(resolve => setTimeout(resolve, patience)),
]);

/** The renderer of a terminal: WebGL with a graphics card or if chosen, else xterm's DOM renderer. */
export class Painter {
  #webgl: WebglAddon | null = null;
  #losses = 0;
  #timer = 0;
  #disposed = false;

  readonly #unlisten: () => void;

  /** @param changed called when the size of a cell may have changed */
  constructor(private readonly terminal: Terminal, private readonly changed: () => void) {
    this.#choose();
    this.#unlisten = preferences.onChange(() => this.#choose());
  }

  dispose(): void {
    this.#disposed = true;
    this.#unlisten();
    clearTimeout(this.#timer);
  }

  /** A lost context is restored after a pause, a limited number of times; a change of preferences does not hurry it. */
  #choose(): void {
    if (!usesWebgl()) {
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
    if (!addon || this.#webgl || this.#disposed || !usesWebgl()) {
      return;
    }
    try {
      const webgl = new addon();
      webgl.onContextLoss(() => this.#lost(webgl));
      this.terminal.loadAddon(webgl);
      this.#webgl = webgl;
      this.changed();
    } catch {
      // No WebGL here. The DOM renderer stays.
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

  /** Browsers limit the number of contexts, so an invisible terminal does not ask for one. */
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

/** Calls back when the pixel density changes, as on another screen. Returns a function that ends it. */
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
