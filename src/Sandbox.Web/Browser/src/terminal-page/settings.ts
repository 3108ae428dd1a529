import { once } from "../page/once";
import { toast } from "../page/toast";
import type { SettingsDialog } from "./settings-dialog";

/** Gives back what opens the dialog of settings, which is loaded when it is first asked for. */
export function startSettings(closed: () => void): () => void {
  const load = once(async () => new (await import("./settings-dialog")).SettingsDialog());
  return () => {
    void (async () => {
      let dialog: SettingsDialog;
      try {
        dialog = await load();
      } catch {
        toast("The server cannot be reached. Check your connection.", "error");
        return;
      }
      dialog.onClose = closed;
      dialog.open();
    })();
  };
}
