/** A page's main button may be clicked before the page's own script is there. The click is kept, and done then. */
import { scripted } from "./scripted";

const main = ".js-only > button.primary[type='button']";

let early: HTMLButtonElement | null = null;

function note(event: MouseEvent): void {
  early = (event.target as Element).closest<HTMLButtonElement>(main) ?? early;
}

document.addEventListener("click", note, true);
document.addEventListener(scripted, () => {
  document.removeEventListener("click", note, true);
  early?.click();
}, { once: true });
