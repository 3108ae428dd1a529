import { api, type Problem } from "../api";
import { refresh } from "../refresh";
import { toast } from "../toast";

/** Rename and delete, on the list and on a recording's own page; both ask in a dialog of the page. */
export function startManaging(root: HTMLElement, afterDelete: (() => void) | null): void {
  const remove = document.getElementById("confirm-delete") as HTMLDialogElement;
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
      document.getElementById("confirm-name")!.textContent = called;
      ask(remove, "delete", () => void run(button, () => api("DELETE", path), afterDelete));
    } else if (act === "rename") {
      name.value = called;
      ask(rename, "rename", () => void run(button, () => api("PATCH", path, { name: name.value }), null));
      name.select();
    } else if (act === "stop") {
      void run(button, () => api("POST", `${path}/stop`), null);
    }
  });

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

function ask(dialog: HTMLDialogElement, answer: string, then: () => void): void {
  dialog.returnValue = "";
  dialog.onclose = () => {
    if (dialog.returnValue === answer) {
      then();
    }
  };
  dialog.showModal();
}

function times(root: HTMLElement): void {
  for (const time of root.querySelectorAll<HTMLTimeElement>("time[data-at]")) {
    time.textContent = new Date(time.dateTime).toLocaleString([], { dateStyle: "medium", timeStyle: "short" });
  }
}
