/** A file for an archive. */
export interface Packed {
  /** Its path below the root, with slashes. */
  path: string;
  content: Blob | Uint8Array;
  executable?: boolean;
}

const block = 512;
const longest = 100;

/**
 * A tar (POSIX ustar, with GNU's long names) of files. Their contents stay where they are until they are sent.
 * https://www.gnu.org/software/tar/manual/html_node/Standard.html
 */
export function tar(files: readonly Packed[]): Blob {
  const parts: BlobPart[] = [];
  for (const file of files) {
    const name = new TextEncoder().encode(file.path);
    const size = file.content instanceof Blob ? file.content.size : file.content.length;
    if (name.length > longest) {
      parts.push(header(new TextEncoder().encode("././@LongLink"), name.length + 1, "L", 0o644), name as BlobPart, new Uint8Array(1), padding(name.length + 1));
    }
    parts.push(header(name.subarray(0, longest), size, "0", file.executable ? 0o755 : 0o644), file.content as BlobPart, padding(size));
  }
  parts.push(new Uint8Array(2 * block));
  return new Blob(parts, { type: "application/x-tar" });
}

function header(name: Uint8Array, size: number, kind: string, mode: number): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(block);
  bytes.set(name, 0);
  put(bytes, 100, octal(mode, 7));
  put(bytes, 108, octal(0, 7));
  put(bytes, 116, octal(0, 7));
  put(bytes, 124, octal(size, 11));
  put(bytes, 136, octal(0, 11));
  put(bytes, 148, "        ");
  put(bytes, 156, kind);
  put(bytes, 257, "ustar\u000000");
  put(bytes, 148, `${octal(bytes.reduce((sum, byte) => sum + byte, 0), 6)}\u0000`);
  return bytes;
}

function put(bytes: Uint8Array, at: number, text: string): void {
  bytes.set(new TextEncoder().encode(text), at);
}

function octal(number: number, digits: number): string {
  return number.toString(8).padStart(digits, "0");
}

function padding(size: number): Uint8Array<ArrayBuffer> {
  return new Uint8Array((block - size % block) % block);
}
