import { api, type CatalogImage } from "../page/api";
import { refresh } from "../page/refresh";

/** Search as you type, and progress of images that are still being made. */
export function startCatalog(grid: HTMLElement): void {
  const search = document.getElementById("search") as HTMLInputElement;
  const status = document.getElementById("search-status")!;
  const none = document.getElementById("search-none")!;

  const cards = (): HTMLElement[] => [...grid.querySelectorAll<HTMLElement>("[data-image]")];
  const filter = (): void => {
    const words = search.value.toLowerCase().split(/\s+/).filter(Boolean);
    let shown = 0;
    for (const card of cards()) {
      const hit = words.every(word => card.dataset["search"]!.includes(word));
      card.hidden = !hit;
      shown += hit ? 1 : 0;
    }
    none.hidden = shown > 0 || cards().length === 0;
    // The search is about images.
    const strip = document.querySelector<HTMLElement>(".tutorial-strip");
    if (strip) {
      strip.hidden = words.length > 0;
    }
    status.textContent = words.length > 0 ? `${shown} of ${cards().length} images` : "";
  };

  search.addEventListener("input", filter);
  search.addEventListener("keydown", event => {
    if (event.key === "Escape") {
      search.value = "";
      filter();
    } else if (event.key === "Enter") {
      event.preventDefault();
      cards().find(card => !card.hidden)?.querySelector<HTMLAnchorElement>("a.launch")?.click();
    }
  });
  document.addEventListener("keydown", event => {
    const typing = event.target instanceof HTMLElement && event.target.matches("input, textarea, select, [contenteditable]");
    if (event.key === "/" && !typing && !event.ctrlKey && !event.metaKey && !event.altKey) {
      event.preventDefault();
      search.focus();
      search.select();
    }
  });
  grid.addEventListener("refreshed", filter);
  filter();
  watch(grid);
}

/** Asks every second while something is being made, else every 20 s, and not at all behind another tab. */
function watch(grid: HTMLElement): void {
  const key = (images: { name: string; state: string; digest?: string | null }[]): string =>
    images.map(image => `${image.name} ${image.state} ${image.digest ?? ""}`).sort().join("\n");
  let shown = key([...grid.querySelectorAll<HTMLElement>("[data-image]")].map(card => ({
    name: card.dataset["image"]!, state: card.dataset["state"]!, digest: card.dataset["digest"] ?? null })));
  let making = grid.querySelector('[data-state="making"]') !== null;

  const ask = async (): Promise<void> => {
    try {
      if (!document.hidden) {
        const answer = await api<CatalogImage[] | { images: CatalogImage[] }>("GET", "/api/v1/images");
        const images = Array.isArray(answer) ? answer : answer.images;
        making = images.some(image => image.state === "making");
        if (key(images) !== shown) {
          await refresh(grid.id);
          shown = key(images);
        }
        for (const image of images.filter(image => image.state === "making")) {
          const card = grid.querySelector<HTMLElement>(`[data-image="${CSS.escape(image.name)}"]`);
          const bar = card?.querySelector("progress");
          if (card && bar) {
            bar.value = image.percent;
            card.querySelector(".percent")!.textContent = `${image.percent} %`;
            card.querySelector(".step")!.textContent = image.step ?? "waiting";
          }
        }
      }
    } catch {
      // The next round asks again; what is shown stays true enough.
    }
    setTimeout(() => void ask(), making ? 1000 : 20_000);
  };
  setTimeout(() => void ask(), making ? 500 : 20_000);
}
