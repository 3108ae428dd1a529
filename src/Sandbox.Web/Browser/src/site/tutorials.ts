/** The list of tutorials: search and difficulty as they are typed and chosen. */
export function startTutorials(grid: HTMLElement): void {
  const search = document.getElementById("search") as HTMLInputElement;
  const difficulty = document.getElementById("difficulty") as HTMLSelectElement | null;
  const status = document.getElementById("search-status")!;
  const none = document.getElementById("search-none")!;
  const filter = (): void => {
    const words = search.value.toLowerCase().split(/\s+/).filter(Boolean);
    const level = difficulty?.value ?? "";
    let shown = 0;
    const cards = [...grid.querySelectorAll<HTMLElement>("[data-search]")];
    for (const card of cards) {
      const hit = words.every(word => card.dataset["search"]!.includes(word)) && (level === "" || card.dataset["difficulty"] === level);
      card.hidden = !hit;
      shown += hit ? 1 : 0;
    }
    none.hidden = shown > 0;
    status.textContent = words.length > 0 || level !== "" ? `${shown} of ${cards.length} tutorials` : "";
  };
  search.addEventListener("input", filter);
  search.addEventListener("keydown", event => {
    if (event.key === "Escape") {
      search.value = "";
      filter();
    }
  });
  difficulty?.addEventListener("change", filter);
  filter();
}
