import { toast } from "../toast";
import type { SettingsDialog } from "./settings-dialog";

/** Gives back what opens the dialog of settings, which is loaded when it is first asked for. */
export function startSettings(closed: () => void): () => void {
  let dialog: SettingsDialog | null = null;
  return () => {
    void (async () => {
      try {
        dialog ??= new (await import("./settings-dialog")).SettingsDialog();
      } catch {
        toast("The server cannot be reached. Check your connection.", "error");
        return;
      }
      dialog.onClose = closed;
      dialog.open();
    })();
  };
}
