/** Keeps the page exactly as tall as what is visible: a phone's keyboard covers the page instead of resizing it. */
export function followViewport(): void {
  const viewport = window.visualViewport;
  if (!viewport) {
    return;
  }
  const apply = (): void => {
    // A pinch zoom does not resize the page; it only shows less of it.
    document.documentElement.style.setProperty("--visible-height", `${Math.round(viewport.height * viewport.scale)}px`);
    // Some browsers scroll the page under the keyboard; there is nothing to scroll to.
    if (viewport.scale === 1) {
      window.scrollTo(0, 0);
    }
  };
  viewport.addEventListener("resize", apply);
  viewport.addEventListener("scroll", apply);
  apply();
}
