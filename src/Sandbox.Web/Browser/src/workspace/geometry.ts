import { type Direction, isPane, type Layout, type Part, type Side } from "./layout";

/** A place, in shares of the whole. */
export interface Box {
  readonly left: number;
  readonly top: number;
  readonly width: number;
  readonly height: number;
}

/** The line between two parts of a split, which can be moved. */
export interface Border {
  readonly split: string;
  /** It is behind this part. */
  readonly index: number;
  readonly direction: Direction;
  /** The place of both parts together. */
  readonly box: Box;
  /** The place of the split. */
  readonly whole: Box;
  /** How much of both parts the first one has. */
  readonly share: number;
}

/** Where the panes of a layout and the borders between them are. */
export function places(layout: Layout): { boxes: Map<string, Box>; borders: Border[] } {
  const boxes = new Map<string, Box>();
  const borders: Border[] = [];
  const walk = (part: Part, box: Box): void => {
    if (isPane(part)) {
      boxes.set(part.id, box);
      return;
    }
    const row = part.direction === "row";
    let from = row ? box.left : box.top;
    part.parts.forEach((each, index) => {
      const size = part.sizes[index]! * (row ? box.width : box.height);
      const next = (part.sizes[index + 1] ?? 0) * (row ? box.width : box.height);
      walk(each, row ? { ...box, left: from, width: size } : { ...box, top: from, height: size });
      if (index + 1 < part.parts.length) {
        borders.push({
          split: part.id, index, direction: part.direction, whole: box,
          box: row ? { ...box, left: from, width: size + next } : { ...box, top: from, height: size + next },
          share: size / (size + next),
        });
      }
      from += size;
    });
  };
  walk(layout.root, { left: 0, top: 0, width: 1, height: 1 });
  return { boxes, borders };
}

/** The pane beside another one: of several, the one that lies across its middle. */
export function neighbour(layout: Layout, pane: string, side: Side): string | null {
  const { boxes } = places(layout);
  const here = boxes.get(pane);
  if (!here) {
    return null;
  }
  const across = side === "left" || side === "right";
  const near = 1e-6;
  const touches = (box: Box): boolean =>
    side === "left" ? Math.abs(box.left + box.width - here.left) < near
      : side === "right" ? Math.abs(here.left + here.width - box.left) < near
        : side === "up" ? Math.abs(box.top + box.height - here.top) < near
          : Math.abs(here.top + here.height - box.top) < near;
  const middle = across ? here.top + here.height / 2 : here.left + here.width / 2;
  const distance = (box: Box): number => {
    const [from, to] = across ? [box.top, box.top + box.height] : [box.left, box.left + box.width];
    return middle < from ? from - middle : middle >= to ? middle - to : -1;
  };
  const overlaps = (box: Box): boolean => across
    ? box.top < here.top + here.height - near && here.top < box.top + box.height - near
    : box.left < here.left + here.width - near && here.left < box.left + box.width - near;
  return [...boxes].filter(([id, box]) => id !== pane && touches(box) && overlaps(box))
    .sort(([, first], [, second]) => distance(first) - distance(second))[0]?.[0] ?? null;
}
