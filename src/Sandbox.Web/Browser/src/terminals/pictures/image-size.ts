/** In pixels. */
export interface ImageSize {
  readonly width: number;
  readonly height: number;
}

/**
 * How large a browser makes a PNG, JPEG or GIF, read as strictly as its decoder reads it; null for what is none of them,
 * and for what two readers could understand differently. Nothing is decoded.
 */
export function sizeOfImage(bytes: Uint8Array): ImageSize | null {
  const size = starts(bytes, 0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a) ? png(bytes)
    : starts(bytes, 0xff, 0xd8) ? jpeg(bytes)
    : starts(bytes, 0x47, 0x49, 0x46, 0x38) ? gif(bytes)
    : null;
  return size && size.width > 0 && size.height > 0 ? size : null;
}

/** Its first chunk is IHDR, 13 bytes. https://www.w3.org/TR/png-3/#11IHDR */
function png(bytes: Uint8Array): ImageSize | null {
  const view = viewOf(bytes);
  return bytes.length >= 33 && view.getUint32(8) === 13 && view.getUint32(12) === 0x49484452
    ? { width: view.getUint32(16), height: view.getUint32(20) }
    : null;
}

/**
 * Segments, as `FF E0 00 10 …`, up to the frame's header (SOFn); any number of `FF` may come before a marker.
 * https://www.w3.org/Graphics/JPEG/itu-t81.pdf, B.1.1
 */
function jpeg(bytes: Uint8Array): ImageSize | null {
  const view = viewOf(bytes);
  let at = 2;
  while (at + 4 <= bytes.length) {
    if (bytes[at] !== 0xff) {
      return null;
    }
    while (bytes[at] === 0xff) {
      at++;
    }
    const marker = bytes[at++] ?? 0;
    // Those below are reserved; RSTn, SOI, EOI and SOS have no place before a frame.
    if (marker < 0xc0 || (marker >= 0xd0 && marker <= 0xda) || at + 7 > bytes.length) {
      return null;
    }
    // C4, C8 and CC are no frames: tables of Huffman codes, an extension, arithmetic coding.
    if (marker <= 0xcf && marker !== 0xc4 && marker !== 0xc8 && marker !== 0xcc) {
      return { width: view.getUint16(at + 5), height: view.getUint16(at + 3) };
    }
    const length = view.getUint16(at);
    if (length < 2) {
      return null;
    }
    at += length;
  }
  return null;
}

/**
 * A logical screen, and blocks up to the first frame. A frame that leaves the screen enlarges it for some, so it is none
 * here. https://www.w3.org/Graphics/GIF/spec-gif89a.txt
 */
function gif(bytes: Uint8Array): ImageSize | null {
  if (bytes.length < 13 || (bytes[4] !== 0x37 && bytes[4] !== 0x39) || bytes[5] !== 0x61) {
    return null;
  }
  const view = viewOf(bytes);
  const screen = { width: view.getUint16(6, true), height: view.getUint16(8, true) };
  const flags = bytes[10]!;
  let at = 13 + (flags & 0x80 ? 3 << (flags & 7) + 1 : 0);
  // An extension: its label, then parts with their lengths up to an empty one.
  while (bytes[at] === 0x21) {
    at += 2;
    for (let length = bytes[at]; length; length = bytes[at]) {
      at += length + 1;
    }
    at++;
  }
  if (bytes[at] !== 0x2c || at + 10 > bytes.length) {
    return null;
  }
  const [left, top, width, height] = [1, 3, 5, 7].map(field => view.getUint16(at + field, true)) as [number, number, number, number];
  return left + width <= screen.width && top + height <= screen.height ? screen : null;
}

function starts(bytes: Uint8Array, ...wanted: number[]): boolean {
  return wanted.every((byte, at) => bytes[at] === byte);
}

function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
}
