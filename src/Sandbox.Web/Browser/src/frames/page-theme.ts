/** Shows the theme that the page around wants; null is that of the visitor's system. */
export function showTheme(theme: string | null): void {
  if (theme) {
    document.documentElement.dataset["theme"] = theme;
  } else {
    delete document.documentElement.dataset["theme"];
  }
  document.dispatchEvent(new Event("themechange"));
}
