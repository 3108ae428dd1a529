import assert from "node:assert/strict";
import { test } from "node:test";
import { sizeOfImage } from "../src/terminals/pictures/image-size";

const two = (value: number): number[] => [value >> 8, value & 255];
const twoLittle = (value: number): number[] => [value & 255, value >> 8];
const bytes = (...parts: (number | number[] | string)[]): Uint8Array => Uint8Array.from(parts.flatMap(part => typeof part === "string" ? [...Buffer.from(part, "latin1")] : part));

const sof = (marker: number, width: number, height: number): number[] => [0xff, marker, ...two(11), 8, ...two(height), ...two(width), 1, 1, 0x11, 0];
const comment = (...content: number[]): number[] => [0xff, 0xfe, ...two(content.length + 2), ...content];
const jpeg = (...parts: number[][]): Uint8Array => bytes([0xff, 0xd8], ...parts, [0xff, 0xda, 0, 8, 1, 1, 0, 0, 63, 0, 0xff, 0xd9]);

const png = (width: number, height: number, length = 13): Uint8Array =>
  bytes([0x89], "PNG\r\n\x1a\n", [0, 0, 0, length], "IHDR", [0, 0, ...two(width), 0, 0, ...two(height)], [8, 2, 0, 0, 0, 0, 0, 0, 0]);

const frame = (left: number, top: number, width: number, height: number): number[] => [0x2c, ...[left, top, width, height].flatMap(twoLittle), 0, 2, 0];
const gif = (width: number, height: number, flags: number, ...parts: number[][]): Uint8Array => bytes("GIF89a", twoLittle(width), twoLittle(height), [flags, 0, 0], ...parts, [0x3b]);

test("the size of a JPEG is that of its frame, whichever kind it is of and however it is hidden", () => {
  for (const kind of [0xc0, 0xc1, 0xc2, 0xc3, 0xc5, 0xc9, 0xcf]) {
    assert.deepEqual(sizeOfImage(jpeg(sof(kind, 9000, 8000))), { width: 9000, height: 8000 }, kind.toString(16));
  }
  assert.deepEqual(sizeOfImage(jpeg([0xff, 0xff], sof(0xc0, 9000, 8000), comment(...sof(0xc0, 8, 8)))), { width: 9000, height: 8000 });
  assert.deepEqual(sizeOfImage(jpeg(comment(...sof(0xc0, 8, 8)), [0xff, 0xc4, 0, 5, 1, 2, 3], sof(0xc2, 9000, 8000))), { width: 9000, height: 8000 });
});

test("a JPEG that two readers could understand differently has no size", () => {
  const size = sof(0xc0, 8, 8);
  for (const odd of [jpeg(), jpeg([0], size), jpeg([0xff, 0], size), jpeg([0xff, 0xd0], size), jpeg([0xff, 0xd8], size), jpeg([0xff, 0x01], size), jpeg([0xff, 0xe0, 0, 1], size),
    bytes([0xff, 0xd8, 0xff]), bytes([0xff, 0xd8, ...new Array<number>(100).fill(0xff)]), jpeg(size).slice(0, 9), jpeg(sof(0xc0, 8, 0))]) {
    assert.equal(sizeOfImage(odd), null, Buffer.from(odd).toString("hex"));
  }
});

test("the size of a PNG stands in its first chunk", () => {
  assert.deepEqual(sizeOfImage(png(640, 48)), { width: 640, height: 48 });
  for (const none of [png(640, 48, 12), png(0, 4), png(4, 4).slice(0, 30)]) {
    assert.equal(sizeOfImage(none), null);
  }
  const huge = png(1, 1);
  huge.set([0xff, 0xff, 0xff, 0xff], 16);
  assert.deepEqual(sizeOfImage(huge), { width: 0xffffffff, height: 1 });
});

test("a GIF is as large as its screen, and its first frame within", () => {
  const extension = [0x21, 0xfe, 2, 0x2c, 0x2c, 1, 0, 0];
  assert.deepEqual(sizeOfImage(gif(10, 20, 0, frame(0, 0, 10, 20))), { width: 10, height: 20 });
  assert.deepEqual(sizeOfImage(gif(10, 20, 0x81, new Array<number>(12).fill(0x2c), extension, frame(2, 2, 8, 18))), { width: 10, height: 20 });
  for (const none of [gif(8, 8, 0, frame(0, 0, 30_000, 30_000)), gif(8, 8, 0, frame(1, 0, 8, 8)), gif(8, 8, 0, extension, frame(0, 65_535, 8, 8)), gif(8, 8, 0), gif(8, 8, 0x80), gif(8, 8, 0, [0x21, 0xfe, 200]), gif(0, 8, 0, frame(0, 0, 0, 8)), bytes("GIF88a")]) {
    assert.equal(sizeOfImage(none), null, Buffer.from(none).toString("hex"));
  }
});

test("anything else has no size, and megabytes are looked at once", () => {
  for (const none of [bytes(), bytes("notapng"), bytes("<svg width='1' height='1'/>"), bytes("BM", new Array<number>(60).fill(0)), bytes("RIFF\0\0\0\0WEBPVP8 ")]) {
    assert.equal(sizeOfImage(none), null);
  }
  assert.equal(sizeOfImage(bytes("GIF89a", twoLittle(8), twoLittle(8), [0, 0, 0], new Array<number[]>(300_000).fill([0x21, 0xfe, 0]).flat())), null);
});
