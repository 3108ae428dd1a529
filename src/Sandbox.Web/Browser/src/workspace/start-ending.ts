import { api, type Problem } from "../page/api";
import { answered, endQuestion } from "../page/confirm";
import type { Panel } from "../page/panel";
import { toast } from "../page/toast";
import type { PlaygroundWatch } from "./playground-watch";

/** The ways to end a playground. */
export interface Ending {
  /** Asks first where files would be lost. */
  remove(): Promise<void>;
  end(save: boolean): Promise<void>;
}

/** @param showAgain shows the playground as it is, after it could not be saved */
export function startEnding(watch: PlaygroundWatch, panel: Panel, showAgain: () => void): Ending {
  const remove = async (): Promise<void> => {
    if (watch.now?.queue) {
      await end(false); // there is nothing to lose but the place
      return;
    }
    const state = watch.now?.state;
    const hasFiles = state === "running" || state === "paused" || state === "stopped";
    const answer = await answered(endQuestion("this playground", hasFiles, hasFiles ? await homeArchive() : null));
    if (answer !== "no") {
      await end(answer === "instead");
    }
  };

  /** The address of the home directory as a tar; null if nobody knows where that is. */
  const homeArchive = async (): Promise<string | null> => {
    const sandbox = watch.now?.sandboxes[0]?.id;
    const terminals = sandbox ? await api<{ home?: string }[]>("GET", `/api/v1/sandboxes/${sandbox}/terminals`).catch(() => []) : [];
    const home = terminals.find(each => each.home)?.home;
    return home ? `/api/v1/sandboxes/${sandbox}/files${home.split("/").map(encodeURIComponent).join("/")}?archive=tar` : null;
  };

  const end = async (save: boolean): Promise<void> => {
    if (save) {
      panel.show({ kind: "busy", title: "Saving", text: "Saving the changed files. The playground ends afterwards." });
    }
    try {
      await watch.remove(save);
    } catch (error) {
      toast(save ? `The playground was not ended, because it could not be saved. ${(error as Problem).message}` : (error as Problem).message, "error");
      if (save) {
        showAgain();
      }
    }
  };
  return { remove, end };
}
