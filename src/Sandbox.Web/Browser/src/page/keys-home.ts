/** Gives the focus to what reads keys on this page, a terminal; null on pages without one. */
let home: (() => void) | null = null;

/** Parts of a page of terminals that have a use for keys themselves. */
const others = "dialog, .ws-side, .ws-editor, .ws-preview, .ws-tutorial, .ws-find, .ws-bars, input, textarea, select, [contenteditable], [role=treeitem]";

/**
 * On a page of terminals, keys that nothing else has a use for are the terminal's: after a dialog, a menu or a message
 * closed, and while the focus is at a button of the bar, or nowhere because its element went away.
 *
 * @param focus gives the focus to the terminal in use, if there is one
 */
export function keysBelongTo(focus: () => void): void {
  home = focus;
  document.addEventListener("keydown", event => {
    if (isTyping(event) && isFree(event) && document.querySelector(":modal, :popover-open") === null) {
      focus();
      // A letter comes in an event of its own, to the terminal by then; other keys are read from this one.
      const target = document.activeElement;
      if (target?.matches("textarea")) {
        event.stopImmediatePropagation();
        if (!target.dispatchEvent(new KeyboardEvent("keydown", event))) {
          event.preventDefault();
        }
      }
    }
  }, true);
  document.addEventListener("beforetoggle", event => {
    const menu = event.target as HTMLElement;
    // The browser gives the focus back to the button that opened it only if the menu still has it then.
    if ((event as ToggleEvent).newState === "closed" && menu.contains(document.activeElement) && document.querySelector(`.ws-bar [popovertarget="${menu.id}"]`)) {
      focus();
    }
  }, true);
}

/**
 * Opens a dialog. The browser gives the focus back to the element that had it as soon as the dialog closes, and the
 * `close` event comes later: keys in between would press the button that opened the dialog.
 */
export function showModal(dialog: HTMLDialogElement): void {
  if (home && !document.activeElement?.closest(others)) {
    home();
  }
  dialog.showModal();
}

/** Whether the key is for a program that reads text. Tab and Escape are for the page, and so are most shortcuts. */
function isTyping({ key, ctrlKey, altKey, metaKey, isTrusted }: KeyboardEvent): boolean {
  return isTrusted && !ctrlKey && !altKey && !metaKey && (key.length === 1 || ["Enter", "Backspace", "ArrowUp", "ArrowDown", "ArrowLeft", "ArrowRight"].includes(key));
}

/** Whether the element with the focus has no use for the key. */
function isFree({ key }: KeyboardEvent): boolean {
  const focused = document.activeElement;
  if (!(focused instanceof HTMLElement) || focused === document.body) {
    return true;
  }
  // The browser takes the focus from what was hidden or disabled only when it draws next.
  return focused.matches(":disabled") || !focused.checkVisibility()
    || key.length === 1 && key !== " " && focused.matches(".ws-bar :is(button, a)");
}
