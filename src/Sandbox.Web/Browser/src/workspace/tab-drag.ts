import type { Side } from "./layout";
import type { Panes } from "./panes";

/** Where a dragged tab would go: among the tabs of a pane, or to a new pane at a side of one. */
export type DropPlace = { pane: string; index: number } | { pane: string; side: Side };

/** Pixels before a press becomes a drag. */
const threshold = 6;

/**
 * Moves tabs by mouse or pen: along the strip, to another pane's strip, or to the edge of a pane for a pane of their own.
 * A finger scrolls the strip instead; the menu moves tabs there.
 */
export function startTabDrag(stage: HTMLElement, panes: Panes, drop: (terminal: string, place: DropPlace) => void): void {
  const mark = document.createElement("div");
  mark.className = "ws-drop";
  mark.hidden = true;
  stage.append(mark);

  stage.addEventListener("pointerdown", down => {
    const item = (down.target as Element).closest<HTMLElement>(".ws-tab");
    if (!item || down.button !== 0 || down.pointerType === "touch" || (down.target as Element).closest(".ws-tab-close, input")) {
      return;
    }
    let place: DropPlace | null = null;
    let dragging = false;
    const move = (event: PointerEvent): void => {
      if (!dragging && Math.hypot(event.clientX - down.clientX, event.clientY - down.clientY) < threshold) {
        return;
      }
      if (!dragging) {
        dragging = true;
        stage.setPointerCapture(down.pointerId);
        item.classList.add("dragging");
      }
      place = placeAt(event.clientX, event.clientY, item);
    };
    const end = (event: Event): void => {
      if (event instanceof KeyboardEvent) {
        if (event.key !== "Escape") {
          return;
        }
        event.preventDefault();
        event.stopPropagation();
      }
      removeEventListener("pointermove", move);
      for (const type of ["pointerup", "pointercancel"]) {
        removeEventListener(type, end);
      }
      removeEventListener("keydown", end, true);
      item.classList.remove("dragging");
      mark.hidden = true;
      if (dragging) {
        // The release of a drag is no click on what lies under it.
        addEventListener("click", swallow, { capture: true, once: true });
        setTimeout(() => removeEventListener("click", swallow, { capture: true }));
        if (event.type === "pointerup" && place) {
          drop(item.dataset["terminal"]!, place);
        }
      }
    };
    addEventListener("pointermove", move);
    addEventListener("pointerup", end);
    addEventListener("pointercancel", end);
    addEventListener("keydown", end, true);
  });

  function placeAt(x: number, y: number, item: HTMLElement): DropPlace | null {
    const found = panes.at(x, y);
    if (!found) {
      mark.hidden = true;
      return null;
    }
    const box = found.element.getBoundingClientRect();
    if (found.strip) {
      const others = [...found.strip.querySelectorAll<HTMLElement>(".ws-tab")].filter(each => each !== item);
      const index = others.filter(each => {
        const tab = each.getBoundingClientRect();
        return x > tab.left + tab.width / 2;
      }).length;
      const after = others[index]?.getBoundingClientRect().left ?? others.at(-1)?.getBoundingClientRect().right ?? found.strip.getBoundingClientRect().left;
      const strip = found.strip.getBoundingClientRect();
      show({ left: after - 1, top: strip.top + 4, width: 3, height: strip.height - 6 }, "line");
      return { pane: found.pane, index };
    }
    const right = (x - box.left) / box.width;
    const down = (y - box.top) / box.height;
    const [side] = ([["left", right], ["right", 1 - right], ["up", down], ["down", 1 - down]] as const)
      .reduce<readonly [Side, number]>((best, each) => each[1] < best[1] ? each : best, ["right", 2]);
    const half = { left: box.left, top: box.top, width: box.width, height: box.height };
    if (side === "left" || side === "right") {
      half.width /= 2;
      half.left += side === "right" ? half.width : 0;
    } else {
      half.height /= 2;
      half.top += side === "down" ? half.height : 0;
    }
    show(half, "area");
    return { pane: found.pane, side };
  }

  function show(box: { left: number; top: number; width: number; height: number }, kind: string): void {
    const origin = stage.getBoundingClientRect();
    mark.dataset["kind"] = kind;
    Object.assign(mark.style, { left: `${box.left - origin.left}px`, top: `${box.top - origin.top}px`, width: `${box.width}px`, height: `${box.height}px` });
    mark.hidden = false;
  }
}

function swallow(event: Event): void {
  event.stopPropagation();
  event.preventDefault();
}
