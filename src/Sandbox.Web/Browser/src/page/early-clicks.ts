/**
 * A button that only a script can answer may be pressed before the page's own script is there. The last press is kept and
 * done then, and so is a form: sent by the browser itself, it would carry what was typed into an address.
 */
import { scripted } from "./scripted";

/** Buttons that the browser answers itself, and those of `missing-parts`, are left alone. */
const button = "button[type='button']:not([popovertarget], .missing-parts *)";
const form = "form:not([action], [method])";

let early: (() => void) | null = null;

function clicked(event: MouseEvent): void {
  const pressed = (event.target as Element).closest<HTMLButtonElement>(button);
  if (pressed) {
    // Parts of the script may listen before the others are there: nobody hears it twice.
    event.stopImmediatePropagation();
    early = () => pressed.click();
  }
}

function submitted(event: SubmitEvent): void {
  const sent = event.target as HTMLFormElement;
  if (sent.matches(form)) {
    event.preventDefault();
    event.stopImmediatePropagation();
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
