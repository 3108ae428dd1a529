import { api, type Playground, type Problem } from "../page/api";
import { once } from "../page/once";
import { toast } from "../page/toast";

/** The entries of a playground's menu that keep its state, by their `data-act`. */
export interface SaveActs {
  readonly "save": () => void;
  readonly "fork": () => void;
  readonly "share-state": () => void;
  readonly "take-home": () => void;
}

/**
 * Saving, forking and sharing the state of the playground. `now` is null before there is one.
 * @param commands the commands of the terminals, oldest first
 */
export function startSaving(now: () => Playground | null, title: () => string, commands: () => readonly string[], refocus: () => void): SaveActs {
  const load = once(async () => new (await import("../saving/state-dialog")).StateDialog());
  let isBusy = false;

  const run = async (words: string, action: (id: string) => Promise<void>): Promise<void> => {
    const playground = now();
    if (!playground || isBusy) {
      return;
    }
    isBusy = true;
    toast(words);
    try {
      await action(playground.id);
    } catch (error) {
      toast((error as Problem).message, "error");
    } finally {
      isBusy = false;
    }
  };

  return {
    "save": () => void run("Saving …", async id => {
      await api("POST", `/api/v1/playgrounds/${id}/links`, { access: "private" });
      toast("Saved. Only you can open it.", "info", { label: "My links", href: "/links" });
    }),
    "fork": () => void run("Duplicating …", async id => {
      const copy = await api<Playground>("POST", `/api/v1/playgrounds/${id}/fork`);
      location.assign(`/p/${copy.id}`);
    }),
    "share-state": () => {
      const playground = now();
      if (!playground) {
        return;
      }
      void load().then(dialog => {
        dialog.onClose = refocus;
        dialog.open(playground.id, title(), commands());
      }, () => toast("The server cannot be reached. Check your connection.", "error"));
    },
    "take-home": () => {
      const playground = now();
      if (playground) {
        void import("../saving/take-home").then(({ takeHome }) => takeHome(playground.id)).catch((error: unknown) => toast((error as Problem).message, "error"));
      }
    },
  };
}
