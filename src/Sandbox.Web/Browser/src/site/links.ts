import { api, type Problem } from "../page/api";
import { confirmed } from "../page/confirm";
import { openDialog } from "../page/dialog";
import { refresh } from "../page/refresh";
import { toast } from "../page/toast";
import { editLink } from "../saving/edit-link";
import { linkNames, type Target } from "../saving/link-names";
import type { OwnedLink } from "../saving/links-api";
import { madeLink } from "../saving/made-link";

/** The page of one's own links. */
export function startLinks(list: HTMLElement): void {
  times();
  list.addEventListener("refreshed", times);
  list.addEventListener("click", event => {
    const button = (event.target as Element).closest<HTMLButtonElement>("button[data-act]");
    const row = button?.closest<HTMLElement>("[data-hash]");
    if (button && row) {
      void run(button, row).catch((error: unknown) => toast((error as Problem).message, "error"));
    }
  });

  async function run(button: HTMLButtonElement, row: HTMLElement): Promise<void> {
    const { hash, title } = row.dataset as { hash: string; title: string };
    if (button.dataset["act"] === "delete") {
      await remove(button, hash, title);
      return;
    }
    const link = await api<OwnedLink>("GET", `/api/v1/links/${hash}`);
    if (button.dataset["act"] === "show") {
      openDialog(`Show “${link.title}”`, madeLink(link.own?.aliases[0]?.url ?? link.url, link.title, link.own?.access === "anyone"));
    } else if (button.dataset["act"] === "names") {
      await linkNames(link, targets().filter(target => target.hash !== hash));
      await refresh(list.id);
    } else if (await editLink(link)) {
      await refresh(list.id);
    }
  }

  async function remove(button: HTMLButtonElement, hash: string, title: string): Promise<void> {
    const frees = button.dataset["frees"];
    const text = `${frees ? `It frees ${frees} of your storage. ` : ""}Its address and its names lead nowhere from then on. Playgrounds that were started from it go on.`;
    if (await confirmed({ title: `Delete “${title}”?`, text, no: "Keep it", yes: "Delete it" })) {
      await api("DELETE", `/api/v1/links/${hash}`);
      await refresh(list.id);
      toast("Deleted");
    }
  }

  function targets(): Target[] {
    return [...list.querySelectorAll<HTMLElement>("[data-hash]")].map(({ dataset }) => ({ hash: dataset["hash"]!, title: dataset["title"]! }));
  }

  function times(): void {
    for (const time of list.querySelectorAll<HTMLTimeElement>("time[data-at]")) {
      time.textContent = new Date(time.dateTime).toLocaleString([], { dateStyle: "medium", timeStyle: "short" });
    }
  }
}
