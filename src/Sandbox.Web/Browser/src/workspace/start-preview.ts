import type { Playground } from "../page/api";
import { Splitter } from "../page/splitter";
import type { Place } from "../previews/framed";
import { PreviewPane } from "../previews/preview-pane";
import { previewOf, rememberPreview } from "./layout-store";
import type { Tabs } from "./tabs";

/** A page of a port beside the terminals, or below them on a phone and while a tutorial takes the left. */
export interface Preview {
  show(place: Place): void;
  /** Closes it, or shows the page. */
  toggle(place: Place | null): void;
  /** Shows what this browser showed when it left the playground. */
  restore(playground: Playground): void;
  hide(): void;
}

export function startPreview(root: HTMLElement, element: HTMLElement, tabs: Pick<Tabs, "stage">, now: () => Playground | null): Preview {
  const isBelow = matchMedia("(max-width: 760px)");
  let splitter: Splitter | null = null;
  let pane: PreviewPane | null = null;
  const made = (): PreviewPane => {
    splitter ??= new Splitter(element.querySelector(".ws-edge")!, root, "preview-size", .42, () =>
      ({ axis: isBelow.matches || root.classList.contains("with-tutorial") ? "y" : "x", grows: -1 }));
    pane ??= new PreviewPane(element, {
      close: () => {
        forget();
        hide();
        tabs.stage.focus();
      },
      moved: place => {
        const playground = now();
        if (playground) {
          rememberPreview(playground.id, place);
        }
      },
      home: () => tabs.stage.focus(),
    });
    return pane;
  };
  const forget = (): void => {
    const playground = now();
    if (playground) {
      rememberPreview(playground.id, null);
    }
  };
  const mark = (): void => {
    root.classList.toggle("with-preview", !element.hidden);
    for (const button of document.querySelectorAll("[data-act='preview']")) {
      button.setAttribute("aria-expanded", String(!element.hidden));
    }
  };
  const hide = (): void => {
    element.hidden = true;
    pane?.clear();
    mark();
  };
  const show = (place: Place, playground: Playground | null = now()): void => {
    element.hidden = false;
    const shown = made();
    mark();
    splitter!.apply();
    const sandboxes = playground?.sandboxes ?? [];
    shown.show(place, sandboxes.length > 1 ? sandboxes.find(({ id }) => id === place.sandbox)?.name ?? "" : "");
  };
  isBelow.addEventListener("change", () => splitter?.apply());
  return {
    show: place => {
      show(place);
      pane!.focus();
    },
    toggle: place => {
      if (!element.hidden) {
        forget();
        hide();
        tabs.stage.focus();
      } else if (place) {
        show(place);
        pane!.focus();
      }
    },
    restore: playground => {
      const place = previewOf(playground.id);
      if (place && element.hidden && playground.sandboxes.some(({ id }) => id === place.sandbox)) {
        show(place, playground);
      }
    },
    hide,
  };
}
