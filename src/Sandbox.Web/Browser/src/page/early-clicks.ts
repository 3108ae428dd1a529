/**
 * A page's main button may be pressed before the page's own script is there. That is kept, and done then; a form sent by
 * the browser itself would carry what was typed into an address.
 */
import { scripted } from "./scripted";

const main = ".js-only > button.primary[type='button']";
const form = "form.link-form";

let early: (() => void) | null = null;

function clicked(event: MouseEvent): void {
  const button = (event.target as Element).closest<HTMLButtonElement>(main);
  early = button ? () => button.click() : early;
}

function submitted(event: SubmitEvent): void {
  const sent = event.target as HTMLFormElement;
  if (sent.matches(form)) {
    event.preventDefault();
    early = () => sent.requestSubmit();
  }
}

document.addEventListener("click", clicked, true);
document.addEventListener("submit", submitted, true);
document.addEventListener(scripted, () => {
  document.removeEventListener("click", clicked, true);
  document.removeEventListener("submit", submitted, true);
  early?.();
}, { once: true });
