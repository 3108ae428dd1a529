/** Fetches this page again and replaces one element if it changed. Keeps the focus. */
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
  const focused = document.activeElement instanceof HTMLElement && current.contains(document.activeElement) ? document.activeElement.dataset["focus"] : undefined;
  current.innerHTML = fresh.innerHTML;
  current.dataset["shown"] = fresh.innerHTML;
  if (focused) {
    current.querySelector<HTMLElement>(`[data-focus="${CSS.escape(focused)}"]`)?.focus();
  }
  current.dispatchEvent(new Event("refreshed"));
}
