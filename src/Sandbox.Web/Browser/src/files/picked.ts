/** What somebody dropped or chose: files, each with the names that lead to it, and directories without any. */
export interface Picked {
  files: { names: string[]; file: File }[];
  emptyDirectories: string[][];
}

/** More than this is better sent as an archive. */
export const mostPicked = 20_000;

export class TooMany extends Error {
  constructor() {
    super(`That is more than ${mostPicked.toLocaleString()} files. Pack them into an archive, upload that, and unpack it in the terminal.`);
    this.name = "TooMany";
  }
}

/** Whether a drag or a paste has files in it. */
export function hasFiles(data: DataTransfer | null): boolean {
  return data?.types.includes("Files") ?? false;
}

/** Reads what was dropped. The entries are taken at once: the browser empties the transfer when the event is over. */
export function fromTransfer(data: DataTransfer): Promise<Picked> {
  const entries: FileSystemEntry[] = [];
  const loose: File[] = [];
  for (const item of data.items) {
    if (item.kind !== "file") {
      continue;
    }
    const entry = item.webkitGetAsEntry();
    const file = entry ? null : item.getAsFile();
    if (entry) {
      entries.push(entry);
    } else if (file) {
      loose.push(file);
    }
  }
  return walk(entries, loose);
}

/** What a file or folder picker chose. */
export function fromList(list: Iterable<File>): Picked {
  const files = [...list].map(file => ({ names: (file.webkitRelativePath || file.name).split("/"), file }));
  if (files.length > mostPicked) {
    throw new TooMany();
  }
  return { files, emptyDirectories: [] };
}

async function walk(entries: FileSystemEntry[], loose: File[]): Promise<Picked> {
  const picked: Picked = { files: loose.map(file => ({ names: [file.name], file })), emptyDirectories: [] };
  const waiting = entries.map(entry => ({ entry, names: [entry.name] }));
  let seen = 0;
  for (let next = waiting.shift(); next; next = waiting.shift()) {
    if (++seen > mostPicked) {
      throw new TooMany();
    }
    const { entry, names } = next;
    if (entry.isFile) {
      picked.files.push({ names, file: await new Promise<File>((resolve, reject) => (entry as FileSystemFileEntry).file(resolve, reject)) });
      continue;
    }
    const children = await readAll(entry as FileSystemDirectoryEntry);
    if (children.length === 0) {
      picked.emptyDirectories.push(names);
    }
    waiting.unshift(...children.map(child => ({ entry: child, names: [...names, child.name] })));
  }
  return picked;
}

/** A directory is read in portions of a hundred. */
async function readAll(directory: FileSystemDirectoryEntry): Promise<FileSystemEntry[]> {
  const reader = directory.createReader();
  const all: FileSystemEntry[] = [];
  while (true) {
    const some = await new Promise<FileSystemEntry[]>((resolve, reject) => reader.readEntries(resolve, reject));
    if (some.length === 0) {
      return all;
    }
    all.push(...some);
    if (all.length > mostPicked) {
      throw new TooMany();
    }
  }
}
