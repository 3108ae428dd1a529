// Paths of a sandbox are bytes: whatever the kernel takes between slashes. They are only text where people read them.

const encoder = new TextEncoder();
const decoder = new TextDecoder();
const slash = 0x2f;

/** An absolute path, without a closing slash except for the root. */
export type Path = Uint8Array;

export const rootPath: Path = Uint8Array.of(slash);

export function pathOf(text: string): Path {
  return encoder.encode(text);
}

/** A name or path as JSON has it: text, and its bytes in base64 when it is no UTF-8. */
export function bytesOf(text: string, base64?: string | null): Uint8Array {
  return base64 ? Uint8Array.from(atob(base64), letter => letter.charCodeAt(0)) : encoder.encode(text);
}

export function join(directory: Path, ...names: (string | Uint8Array)[]): Path {
  let path = directory;
  for (const name of names) {
    const bytes = typeof name === "string" ? encoder.encode(name) : name;
    const separated = path.length === 1 ? 1 : path.length + 1;
    const joined = new Uint8Array(separated + bytes.length);
    joined.set(path);
    joined[separated - 1] = slash;
    joined.set(bytes, separated);
    path = joined;
  }
  return path;
}

export function parentOf(path: Path): Path {
  return path.subarray(0, Math.max(1, path.lastIndexOf(slash)));
}

export function nameOf(path: Path): Uint8Array {
  return path.subarray(path.lastIndexOf(slash) + 1);
}

/** As it stands in an address: each byte that has a meaning there is percent-encoded. */
export function encode(path: Path): string {
  let text = "";
  for (const byte of path) {
    const letter = String.fromCharCode(byte);
    text += /[A-Za-z0-9._~/-]/.test(letter) ? letter : `%${byte.toString(16).padStart(2, "0").toUpperCase()}`;
  }
  return text;
}

/** For people. What is no text, and what would turn the text around it, shows as a replacement mark. */
export function shown(bytes: Uint8Array): string {
  return decoder.decode(bytes).replace(/[\u0000-\u001f\u007f-\u009f\u200e\u200f\u202a-\u202e\u2066-\u2069]/g, "\ufffd");
}

export function same(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, index) => byte === b[index]);
}

/** Whether a path is in a directory, at any depth. */
export function isBelow(path: Path, directory: Path): boolean {
  return directory.length === 1 || (path.length > directory.length && path[directory.length] === slash && same(path.subarray(0, directory.length), directory));
}
