/** Says something short at the page's edge; screen readers hear it. */
export function toast(text: string, kind: "info" | "error" = "info"): void {
  const host = document.getElementById("toasts");
  if (!host) {
    return;
  }
  const item = document.createElement("p");
  item.className = `toast ${kind}`;
  item.textContent = text;
  host.append(item);
  setTimeout(() => item.remove(), kind === "error" ? 8000 : 4000);
}
