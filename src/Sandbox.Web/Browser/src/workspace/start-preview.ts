import type { Playground } from "../page/api";
import { Splitter } from "../page/splitter";
import type { Place } from "../previews/framed";
import { PreviewPane } from "../previews/preview-pane";
import { previewOf, rememberPreview } from "./layout-store";
import type { Tabs } from "./tabs";

/** A page of a port beside the terminals, or below them on a phone and while a tutorial takes the left. */
export interface Preview {
  /** The page that is shown. */
  readonly place: Place | null;
  /** Runs each time a page is shown. */
  onShow: () => void;
  show(place: Place): void;
  /** Closes it, or shows the page. */
  toggle(place: Place | null): void;
  /** Shows what this browser showed when it left the playground. */
  restore(playground: Playground): void;
  hide(): void;
}

/** @param reveal shows the place of the preview, where a tutorial's text may be instead */
export function startPreview(root: HTMLElement, element: HTMLElement, tabs: Pick<Tabs, "stage">, now: () => Playground | null, reveal: () => void): Preview {
  const isBelow = matchMedia("(max-width: 760px)");
  let splitter: Splitter | null = null;
  let pane: PreviewPane | null = null;
  let place: Place | null = null;
  const made = (): PreviewPane => {
    splitter ??= new Splitter(element.querySelector(".ws-edge")!, root, "preview-size", .42, () =>
      ({ axis: isBelow.matches || root.classList.contains("with-tutorial") ? "y" : "x", grows: -1 }));
    pane ??= new PreviewPane(element, {
      close: () => {
        forget();
        hide();
        tabs.stage.focus();
      },
      moved: next => {
        place = next;
        const playground = now();
        if (playground) {
          rememberPreview(playground.id, next);
        }
        preview.onShow();
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
    place = null;
    pane?.clear();
    mark();
  };
  const show = (next: Place, playground: Playground | null = now()): void => {
    element.hidden = false;
    const shown = made();
    mark();
    splitter!.apply();
    const sandboxes = playground?.sandboxes ?? [];
    shown.show(next, sandboxes.length > 1 ? sandboxes.find(({ id }) => id === next.sandbox)?.name ?? "" : "");
  };
  isBelow.addEventListener("change", () => splitter?.apply());
  const preview: Preview = {
    get place() {
      return place;
    },
    onShow: () => undefined,
    show: next => {
      reveal();
      show(next);
      pane!.focus();
    },
    toggle: next => {
      if (!element.hidden) {
        forget();
        hide();
        tabs.stage.focus();
      } else if (next) {
        reveal();
        show(next);
        pane!.focus();
      }
    },
    restore: playground => {
      const remembered = previewOf(playground.id);
      if (remembered && element.hidden && playground.sandboxes.some(({ id }) => id === remembered.sandbox)) {
        show(remembered, playground);
      }
    },
    hide,
  };
  return preview;
}
