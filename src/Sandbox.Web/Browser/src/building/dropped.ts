import type { Packed } from "./tar";

/** The chosen context: a folder's files, or one archive. */
export interface Chosen {
  name: string;
  files: Packed[];
  archive?: File;
}

const mostFiles = 20_000;
const archives = /\.(tar|tar\.gz|tgz|tar\.xz|tar\.bz2|tar\.zst)$/i;

/** The files of a picker for folders. */
export function ofPicker(list: FileList): Chosen | null {
  const all = [...list];
  const first = all[0];
  if (!first) {
    return null;
  }
  const root = first.webkitRelativePath.split("/")[0]!;
  return { name: root, files: all.slice(0, mostFiles).map(file => ({ path: file.webkitRelativePath.slice(root.length + 1), content: file })) };
}

/** One file: an archive, or a Dockerfile under any name. */
export function ofFile(file: File): Chosen {
  return archives.test(file.name) ? { name: file.name, files: [], archive: file } : { name: "", files: [{ path: "Dockerfile", content: file }] };
}

/** The dropped items: one folder, one file, or several of both. */
export async function ofDrop(data: DataTransfer): Promise<Chosen | null> {
  // Taken before the first wait: afterwards the browser has emptied them.
  const entries = [...data.items].map(item => item.webkitGetAsEntry()).filter(entry => entry !== null);
  const only = entries.length === 1 ? entries[0]! : null;
  if (only?.isFile) {
    return ofFile(await fileOf(only as FileSystemFileEntry));
  }
  const files: Packed[] = [];
  if (only?.isDirectory) {
    await walk(only as FileSystemDirectoryEntry, "", files);
    return { name: only.name, files };
  }
  for (const entry of entries) {
    await take(entry, "", files);
  }
  return entries.length === 0 ? null : { name: `${entries.length} files`, files };
}

async function take(entry: FileSystemEntry, below: string, files: Packed[]): Promise<void> {
  if (files.length >= mostFiles) {
    return;
  }
  if (entry.isFile) {
    files.push({ path: below + entry.name, content: await fileOf(entry as FileSystemFileEntry) });
  } else {
    await walk(entry as FileSystemDirectoryEntry, `${below}${entry.name}/`, files);
  }
}

async function walk(directory: FileSystemDirectoryEntry, below: string, files: Packed[]): Promise<void> {
  const reader = directory.createReader();
  for (;;) {
    // It gives at most a hundred at a time.
    const entries = await new Promise<FileSystemEntry[]>((resolve, reject) => reader.readEntries(resolve, reject));
    if (entries.length === 0) {
      return;
    }
    for (const entry of entries) {
      await take(entry, below, files);
    }
  }
}

function fileOf(entry: FileSystemFileEntry): Promise<File> {
  return new Promise((resolve, reject) => entry.file(resolve, reject));
}
