/**
 * A script or a style that does not arrive (a browser drops what it loads when the network under it changes) leaves a
 * page that looks busy for ever. While nobody has done anything on it, it is loaded again, a few times; then it says so.
 */
const key = "loaded-again";
/** Pauses before the page is loaded again, in ms. */
const pauses = [200, 1000, 4000];
/** A page that began so many ms after the last one was given up is another visit. */
const visit = 60_000;

const began = Date.now();
/** Requests are cancelled when the page is left. If it stays after all, as for a download, failures count again after so many ms. */
const leaving = 5000;

let isUsed = false;
let isHandled = false;
let isLeaving = false;
window.addEventListener("beforeunload", () => {
  isLeaving = true;
  setTimeout(() => {
    isLeaving = false;
  }, leaving);
});
for (const type of ["keydown", "pointerdown", "paste", "drop", "input"]) {
  window.addEventListener(type, () => {
    isUsed = true;
  }, { capture: true, once: true });
}

// Neither event bubbles, so both are captured. Parts that an extension inserted do not count.
window.addEventListener("error", event => {
  const part = event.target;
  const address = part instanceof HTMLScriptElement ? part.src : part instanceof HTMLLinkElement && part.rel === "stylesheet" ? part.href : "";
  if (address.startsWith(`${location.origin}/`)) {
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
  if (isHandled || isLeaving) {
    return;
  }
  isHandled = true;
  const pause = isUsed ? undefined : next();
  if (pause === undefined) {
    whenThere(say);
  } else {
    setTimeout(again, pause);
  }
}

function again(): void {
  if (isLeaving) {
    isHandled = false;
  } else if (isUsed) {
    whenThere(say);
  } else if (navigator.onLine) {
    location.reload();
  } else {
    // This page is better than the browser's error page. A server on this host may even be reachable without a network.
    whenThere(say);
    window.addEventListener("online", again, { once: true });
  }
}

/** The pause before the next load, or undefined after the last. Without storage nobody could count, and it would never end. */
function next(): number | undefined {
  try {
    const { count, at } = JSON.parse(sessionStorage.getItem(key) ?? '{"count":0,"at":0}') as { count: number; at: number };
    const before = began - at < visit ? count : 0;
    sessionStorage.setItem(key, JSON.stringify({ count: before + 1, at: Date.now() }));
    return pauses[before];
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
  if (document.querySelector(".missing-parts")) {
    return;
  }
  const bar = document.createElement("div");
  bar.className = "missing-parts";
  bar.setAttribute("role", "alert");
  const close = button("Close", () => {
    bar.remove();
    isHandled = false;
  });
  bar.append("A part of this page could not be loaded. Check your connection. ", button("Reload", () => location.reload()), close);
  document.body.prepend(bar);
}

function button(label: string, run: () => void): HTMLButtonElement {
  const made = document.createElement("button");
  made.type = "button";
  made.className = "button small";
  made.textContent = label;
  made.addEventListener("click", run);
  return made;
}
