/**
 * A script or a style that does not arrive (a browser drops what it loads when the network under it changes) leaves a
 * page that looks busy for ever. While nobody has done anything on it, it is loaded again, a few times; then it says so.
 */
const key = "loaded-again";
/** Pauses before the page is loaded again, in ms. */
const pauses = [200, 1000, 4000];
/** What was loaded again so long ago, in ms, was another visit. */
const visit = 60_000;

let isUsed = false;
let isHandled = false;
for (const type of ["keydown", "pointerdown"]) {
  window.addEventListener(type, () => {
    isUsed = true;
  }, { capture: true, once: true });
}

// Neither bubbles to the window; both are heard on the way down.
window.addEventListener("error", event => {
  const part = event.target;
  if (part instanceof HTMLScriptElement || (part instanceof HTMLLinkElement && part.rel === "stylesheet")) {
    missing();
  }
}, true);
window.addEventListener("unhandledrejection", event => {
  // The words of Chromium, Firefox and Safari.
  if (event.reason instanceof TypeError && /dynamically imported module|importing a module script failed/i.test(event.reason.message)) {
    missing();
  }
});

function missing(): void {
  if (isHandled) {
    return;
  }
  isHandled = true;
  const pause = isUsed ? undefined : next();
  if (pause === undefined) {
    whenThere(say);
  } else {
    setTimeout(() => (isUsed ? whenThere(say) : location.reload()), pause);
  }
}

/** The pause before the next load, or undefined after the last. Without storage nobody could count, and it would never end. */
function next(): number | undefined {
  try {
    const times = (JSON.parse(sessionStorage.getItem(key) ?? "[]") as number[]).filter(time => Date.now() - time < visit);
    const pause = pauses[times.length];
    sessionStorage.setItem(key, JSON.stringify([...times, Date.now()]));
    return pause;
  } catch {
    return undefined;
  }
}

function whenThere(action: () => void): void {
  if (document.readyState === "loading") {
    document.addEventListener("DOMContentLoaded", action);
  } else {
    action();
  }
}

function say(): void {
  const bar = document.createElement("div");
  bar.className = "missing-parts";
  bar.setAttribute("role", "alert");
  const again = document.createElement("button");
  again.type = "button";
  again.className = "button small";
  again.textContent = "Load it again";
  again.addEventListener("click", () => location.reload());
  bar.append("A part of this page did not arrive. Is the network all right? ", again);
  document.body.prepend(bar);
}
