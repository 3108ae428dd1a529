import { api, type Problem } from "../page/api";
import { confirmed } from "../page/confirm";
import { refresh } from "../page/refresh";
import { toast } from "../page/toast";

/** Rename and delete, on the list and on a recording's own page; both ask in a dialog of the page. */
export function startManaging(root: HTMLElement, afterDelete: (() => void) | null): void {
  const rename = document.getElementById("rename") as HTMLDialogElement;
  const name = rename.querySelector("input")!;
  times(root);
  root.addEventListener("refreshed", () => times(root));
  root.addEventListener("click", event => {
    const button = (event.target as Element).closest<HTMLButtonElement>("button[data-act]");
    if (!button) {
      return;
    }
    const { act, id, name: called } = button.dataset as { act: string; id: string; name: string };
    const path = `/api/v1/recordings/${id}`;
    if (act === "delete") {
      void remove(button, called, path);
    } else if (act === "rename") {
      name.value = called;
      rename.returnValue = "";
      rename.onclose = () => {
        if (rename.returnValue === "rename") {
          void run(button, () => api("PATCH", path, { name: name.value }), null);
        }
      };
      rename.showModal();
      name.select();
    } else if (act === "stop") {
      void run(button, () => api("POST", `${path}/stop`), null);
    }
  });

  async function remove(button: HTMLButtonElement, called: string, path: string): Promise<void> {
    if (await confirmed({ title: `Delete “${called}”?`, text: "The recording is deleted permanently.", no: "Keep it", yes: "Delete it" })) {
      await run(button, () => api("DELETE", path), afterDelete);
    }
  }

  async function run(button: HTMLButtonElement, action: () => Promise<unknown>, after: (() => void) | null): Promise<void> {
    button.disabled = true;
    try {
      await action();
      if (after) {
        after();
        return;
      }
      await refresh(root.id);
    } catch (error) {
      toast((error as Problem).message, "error");
    }
    button.disabled = false;
  }
}

function times(root: HTMLElement): void {
  for (const time of root.querySelectorAll<HTMLTimeElement>("time[data-at]")) {
    time.textContent = new Date(time.dateTime).toLocaleString([], { dateStyle: "medium", timeStyle: "short" });
  }
}
