import type { ImageAddon } from "@xterm/addon-image";
import type { Terminal } from "@xterm/xterm";
import { ImageBudget } from "./image-budget";
import { sizeOfImage } from "./image-size";

/** Programs must not exhaust the visitor's memory: at most 16 MB an image and 32 MB a terminal, then the oldest are dropped. */
const limits = {
  pixelLimit: 4 * 1024 * 1024, storageLimit: 32, sixelSizeLimit: 8_000_000, sixelPaletteLimit: 1024, iipSizeLimit: 8_000_000, enableSizeReports: false,
};

/** Past so many in a terminal the oldest go: with each image the addon looks at all there are. */
const mostImages = 200;

/** What the addon keeps, the oldest first. */
interface Storage {
  _images: Map<number, { marker?: { dispose(): void } }>;
  _delImg(id: number): void;
  addImage(image: unknown): void;
}

/** The addon's readers, which it adds to xterm's own parser. */
interface Readers {
  sixel: { _dec?: unknown; hook(params: { params: number[] }): void; put(data: Uint32Array, start: number, end: number): void; unhook(success: boolean): boolean | Promise<boolean> };
  iip: { _dec: { readonly data8: Uint8Array; end(): number }; start(): void; put(data: Uint32Array, start: number, end: number): void; end(success: boolean): boolean | Promise<boolean> };
}

/**
 * Shows images, by sixel (DCS q) and iTerm's protocol (OSC 1337), with an addon that is loaded when the first of them is
 * printed: the parser waits meanwhile, and the addon gets what was read for it.
 * https://vt100.net/docs/vt3xx-gp/chapter14.html, https://iterm2.com/documentation-images.html
 * @param loaded is called when the addon is there, which answers questions too
 */
export function startImages(terminal: Terminal, loaded: () => void): void {
  let addon: Promise<ImageAddon> | null = null;
  const load = (): Promise<ImageAddon> => addon ??= import("@xterm/addon-image").then(module => {
    const made = new module.ImageAddon(limits);
    terminal.loadAddon(made);
    limitReaders(readers(made), new ImageBudget(() => performance.now()));
    limitNumber((made as unknown as { _storage: Storage })._storage);
    loaded();
    // From here on the addon reads by itself. Not before the parser is done with this one.
    setTimeout(() => first.forEach(handler => handler.dispose()));
    return made;
  }).catch((error: unknown) => {
    // Without a server there is none; the next image asks again.
    addon = null;
    throw error;
  });
  const loadedOrNot = (): Promise<ImageAddon | null> => load().catch(() => null);
  const first = [
    terminal.parser.registerDcsHandler({ final: "q" }, async (data, params) => {
      const made = await loadedOrNot();
      if (!made) {
        return true;
      }
      const { sixel } = readers(made);
      await decoderOf(sixel);
      sixel.hook({ params: params.flat() });
      feed(sixel, data);
      return sixel.unhook(true);
    }),
    terminal.parser.registerOscHandler(1337, data => data.startsWith("File=") ? loadedOrNot().then(made => {
      if (!made) {
        return true;
      }
      const { iip } = readers(made);
      iip.start();
      feed(iip, data);
      return iip.end(true);
    }) : false),
  ];
}

/**
 * The addon takes the word of a file for its size, and finds another in it than the browser that then decodes it whole.
 * So its reader of base64, which says 1 for what is none, says so for what is no image of a size to be decoded too. A
 * handler of the sequence before the addon's would not do: it is passed over for what is longer than xterm hands to one.
 */
function limitReaders({ sixel, iip: { _dec: decoder } }: Readers, budget: ImageBudget): void {
  const unhook = sixel.unhook.bind(sixel);
  sixel.unhook = success => unhook(success && budget.take());
  const end = decoder.end.bind(decoder);
  decoder.end = () => {
    if (end() !== 0) {
      return 1;
    }
    const size = sizeOfImage(decoder.data8);
    return size && size.width * size.height < limits.pixelLimit && budget.take() ? 0 : 1;
  };
}

/** The addon limits their pixels only, and 170,000 images of one pixel are few. */
function limitNumber(storage: Storage): void {
  const add = storage.addImage.bind(storage);
  storage.addImage = image => {
    add(image);
    for (const [id, { marker }] of storage._images) {
      if (storage._images.size <= mostImages) {
        break;
      }
      marker?.dispose();
      storage._delImg(id);
    }
  };
}

function readers(addon: ImageAddon): Readers {
  return Object.fromEntries((addon as unknown as { _handlers: Map<string, unknown> })._handlers) as unknown as Readers;
}

/** The addon makes its decoder while its first images already come, and leaves those out. */
async function decoderOf(sixel: Readers["sixel"]): Promise<void> {
  for (let tries = 0; !sixel._dec && tries < 200; tries++) {
    await new Promise(resolve => setTimeout(resolve, 5));
  }
}

function feed(reader: Readers[keyof Readers], data: string): void {
  const codes = Uint32Array.from(data, letter => letter.codePointAt(0)!);
  reader.put(codes, 0, codes.length);
}
