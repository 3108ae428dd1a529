/** The click comes so many ms after the mouse button or the finger is up, at most. */
const click = 50;

let isPressed = false;
const waiting: (() => void)[] = [];
document.addEventListener("pointerdown", ({ button }) => {
  // Of other buttons, which open a menu of the browser, the end may never be known.
  isPressed ||= button === 0;
}, true);
for (const type of ["pointerup", "pointercancel"]) {
  document.addEventListener(type, () => setTimeout(() => {
    isPressed = false;
    waiting.splice(0).forEach(go => go());
  }, click), true);
}

/** Waits for a click that has begun: an element that is replaced before its click gets none. */
async function released(): Promise<void> {
  if (isPressed) {
    await new Promise<void>(resolve => waiting.push(resolve));
  }
}

/** Fetches this page again and replaces one element if it changed. Keeps the focus, and waits for a click that has begun. */
export async function refresh(id: string): Promise<void> {
  const current = document.getElementById(id);
  if (!current) {
    return;
  }
  const response = await fetch(location.href, { headers: { accept: "text/html" }, cache: "no-store" });
  if (!response.ok) {
    return;
  }
  const fresh = new DOMParser().parseFromString(await response.text(), "text/html").getElementById(id);
  if (!fresh || fresh.innerHTML === current.dataset["shown"]) {
    return;
  }
  await released();
  const focused = document.activeElement instanceof HTMLElement && current.contains(document.activeElement) ? document.activeElement.dataset["focus"] : undefined;
  current.innerHTML = fresh.innerHTML;
  current.dataset["shown"] = fresh.innerHTML;
  if (focused) {
    current.querySelector<HTMLElement>(`[data-focus="${CSS.escape(focused)}"]`)?.focus();
  }
  current.dispatchEvent(new Event("refreshed"));
}
