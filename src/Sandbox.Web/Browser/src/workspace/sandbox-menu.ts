import type { Place } from "./terminal-tab";

/** Asks at a button which sandbox a new terminal is for; undefined when the visitor chose none. */
export function askSandbox(button: HTMLElement, sandboxes: readonly Place[]): Promise<Place | undefined> {
  return new Promise(resolve => {
    const menu = document.createElement("div");
    menu.className = "menu ws-sandboxes";
    menu.popover = "auto";
    menu.setAttribute("role", "group");
    menu.setAttribute("aria-label", "New terminal in");
    const items = sandboxes.map(sandbox => {
      const item = document.createElement("button");
      item.type = "button";
      item.textContent = sandbox.name;
      item.addEventListener("click", () => {
        resolve(sandbox);
        menu.hidePopover();
      });
      return item;
    });
    menu.append(...items);
    menu.addEventListener("keydown", event => {
      const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
      if (step !== undefined) {
        event.preventDefault();
        items[(items.indexOf(document.activeElement as HTMLButtonElement) + step + items.length) % items.length]!.focus();
      }
    });
    menu.addEventListener("toggle", event => {
      if ((event as ToggleEvent).newState === "closed") {
        menu.remove();
        resolve(undefined);
      }
    });
    document.body.append(menu);
    const box = button.getBoundingClientRect();
    menu.style.inset = `${box.bottom + 4}px auto auto ${Math.max(8, Math.min(box.left, innerWidth - 260))}px`;
    menu.showPopover();
    items[0]!.focus();
  });
}
