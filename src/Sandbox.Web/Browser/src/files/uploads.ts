import { Problem } from "../page/api";
import { toast } from "../page/toast";
import { askExisting, findExisting, resolveExisting } from "./existing";
import { fileUrl } from "./files-api";
import { join, type Path } from "./path";
import type { Picked } from "./picked";
import { isActive, Transfers } from "./transfers";
import { Tray } from "./tray";
import { DirectorySending, TusSending } from "./tus-sending";

const arrivals = new Set<(sandbox: string, path: Path) => void>();

const transfers = new Transfers({
  now: () => performance.now(),
  after: (ms, action) => void window.setTimeout(action, ms),
});
new Tray(transfers);

transfers.onArrived = ({ sandbox, path }) => {
  for (const tell of arrivals) {
    tell(sandbox, path);
  }
};
window.addEventListener("offline", () => transfers.hold());
window.addEventListener("online", () => transfers.wake());
window.addEventListener("beforeunload", event => {
  if (transfers.all.some(isActive)) {
    event.preventDefault();
  }
});

/** Tells of each file that arrived; what it gives back ends that. */
export function onArrival(tell: (sandbox: string, path: Path) => void): () => void {
  arrivals.add(tell);
  return () => arrivals.delete(tell);
}

/** Sends files and folders into a directory of a sandbox. Asks once about files that already exist. */
export async function upload(sandbox: string, destination: Path, picking: Picked | Promise<Picked>): Promise<void> {
  try {
    let picked = await picking;
    const existing = await findExisting(sandbox, destination, picked);
    if (existing.size > 0) {
      const choice = await askExisting(destination, [...existing.keys()].map(index => picked.files[index]!.names.join("/")));
      if (!choice) {
        return;
      }
      picked = resolveExisting(picked, existing, choice);
    }
    transfers.add([
      ...picked.emptyDirectories.map(names => {
        const path = join(destination, ...names);
        return { sandbox, path, size: 0, sending: new DirectorySending(fileUrl(sandbox, path)) };
      }),
      ...picked.files.map(({ names, file }) => {
        const path = join(destination, ...names);
        return { sandbox, path, size: file.size, sending: new TusSending(fileUrl(sandbox, path), file) };
      }),
    ]);
  } catch (error) {
    toast(error instanceof Problem || (error instanceof Error && error.name === "TooMany") ? error.message : "The dropped files could not be read.", "error");
  }
}
