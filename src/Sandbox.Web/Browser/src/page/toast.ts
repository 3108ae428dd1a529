/** Shows a short message at the edge of the page; screen readers announce it. Returns what takes it away before its time. */
export function toast(text: string, kind: "info" | "error" = "info", link?: { label: string; href: string; isElsewhere?: boolean }): () => void {
  const host = document.getElementById("toasts");
  if (!host) {
    return () => undefined;
  }
  const item = document.createElement("p");
  item.className = `toast ${kind}`;
  item.textContent = text;
  if (link) {
    const anchor = document.createElement("a");
    anchor.href = link.href;
    anchor.textContent = link.label;
    if (link.isElsewhere) {
      anchor.target = "_blank";
      anchor.rel = "noopener";
    }
    item.append(" ", anchor);
  }
  host.append(item);
  setTimeout(() => item.remove(), kind === "error" || link ? 8000 : 4000);
  return () => item.remove();
}
