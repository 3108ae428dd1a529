import { make } from "../page/dom";
import type { Path } from "./path";
import { fromTransfer, hasFiles, type Picked } from "./picked";

/** What a drop or a paste asks for: where it goes, and who sends it. */
export interface DropTarget {
  readonly element: HTMLElement;
  /** Says where files would go now. */
  destination(): Promise<Path>;
  send(destination: Promise<Path>, picked: Picked | Promise<Picked>): void;
}

/** Takes files that are dragged over an element, and files that are pasted into it. */
export function takeDrops(target: DropTarget): void {
  const { element } = target;
  const place = make("strong", "");
  const overlay = make("div", "files-drop", make("div", "", make("p", "", "Drop to upload to"), place));
  overlay.hidden = true;
  element.append(overlay);
  let depth = 0;
  let destination: Promise<Path> | null = null;

  const end = (): void => {
    depth = 0;
    destination = null;
    overlay.hidden = true;
  };
  element.addEventListener("dragenter", event => {
    if (!hasFiles(event.dataTransfer)) {
      return;
    }
    event.preventDefault();
    if (depth++ === 0) {
      overlay.hidden = false;
      place.textContent = "…";
      const asked = destination = target.destination();
      void Promise.all([asked, import("./path")]).then(([path, { shown }]) => {
        if (destination === asked) {
          place.textContent = shown(path);
        }
      }, () => undefined);
    }
  });
  element.addEventListener("dragover", event => {
    if (hasFiles(event.dataTransfer)) {
      event.preventDefault();
      event.dataTransfer!.dropEffect = "copy";
    }
  });
  element.addEventListener("dragleave", event => {
    if (hasFiles(event.dataTransfer) && --depth <= 0) {
      end();
    }
  });
  element.addEventListener("drop", event => {
    if (!hasFiles(event.dataTransfer)) {
      return;
    }
    event.preventDefault();
    const where = destination ?? target.destination();
    end();
    target.send(where, fromTransfer(event.dataTransfer!));
  });
  element.addEventListener("paste", event => {
    // A copied picture or file; text, and text with a picture of itself, is for the program.
    const files = [...event.clipboardData?.files ?? []];
    if (files.length > 0 && !event.clipboardData!.types.includes("text/plain")) {
      event.preventDefault();
      event.stopPropagation();
      target.send(target.destination(), { files: files.map(file => ({ names: [file.name], file })), emptyDirectories: [] });
    }
  }, { capture: true });
}
