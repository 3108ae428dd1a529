import { toast } from "../../page/toast";
import { preferences } from "../view/preferences";

/** Says which keys copy and paste, once in this browser; on a Mac the usual ones do, and nobody presses these for it. */
export function tellKeys(): void {
  if (!preferences.now.toldKeys && !/^Mac|^iP/.test(navigator.platform)) {
    preferences.change({ toldKeys: true });
    toast("Ctrl+Shift+C copies, Ctrl+Shift+V pastes");
  }
}
