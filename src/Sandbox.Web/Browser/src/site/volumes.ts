import { api, headline, Problem } from "../page/api";
import { confirmed } from "../page/confirm";
import { refresh } from "../page/refresh";
import { toast } from "../page/toast";

/** The page of one's own volumes: makes one, and deletes. */
export function startVolumes(form: HTMLFormElement): void {
  const name = document.getElementById("volume-name") as HTMLInputElement;
  const size = document.getElementById("volume-size") as HTMLInputElement;
  const error = document.getElementById("volume-error")!;
  form.addEventListener("submit", event => {
    event.preventDefault();
    void create();
  });
  document.getElementById("volumes")!.addEventListener("click", event => void remove(event));

  async function create(): Promise<void> {
    error.hidden = true;
    try {
      await api("POST", "/api/v1/volumes", { name: name.value, sizeMiB: Number(size.value) });
      toast(`The volume ${name.value} is made`);
      await refresh("volumes");
    } catch (fault) {
      const { code, message } = fault as Problem;
      error.textContent = `${headline(code)}. ${message}`;
      error.hidden = false;
    }
  }

  async function remove(event: Event): Promise<void> {
    const volume = (event.target as Element).closest("button[data-act='delete']")?.closest<HTMLElement>("[data-name]")?.dataset["name"];
    if (!volume || !await confirmed({ title: `Delete the volume “${volume}”?`, text: "Every file on it is deleted permanently. Playgrounds that end and links do not keep them.", no: "Keep it", yes: "Delete it" })) {
      return;
    }
    try {
      await api("DELETE", `/api/v1/volumes/${encodeURIComponent(volume)}`);
      toast("Deleted");
    } catch (fault) {
      toast((fault as Problem).message, "error");
    }
    await refresh("volumes").catch(() => undefined);
  }
}
