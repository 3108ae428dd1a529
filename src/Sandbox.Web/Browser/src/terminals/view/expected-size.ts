import { make } from "../../page/dom";
import { usesWebgl } from "./painter";
import { fonts, preferences } from "./preferences";
import { scrollbar, type Size } from "./terminal-size";

/** The size that a terminal will have in an element, computed as xterm does, before there is one; null in an element without room. */
export function expectedSize(place: HTMLElement): Size | null {
  const { font, fontSize, lineHeight } = preferences.now;
  const brush = document.createElement("canvas").getContext("2d");
  if (!brush) {
    return null;
  }
  brush.font = `${fontSize}px ${fonts[font].stack || getComputedStyle(document.documentElement).getPropertyValue("--mono") || "monospace"}`;
  const letter = brush.measureText("W");
  const width = letter.width * devicePixelRatio;
  const cellWidth = (usesWebgl() ? Math.floor(width) : width) / devicePixelRatio;
  const cellHeight = Math.floor(Math.ceil((letter.fontBoundingBoxAscent + letter.fontBoundingBoxDescent) * devicePixelRatio) * lineHeight) / devicePixelRatio;
  const host = make("div", "ws-xterm");
  const terminal = make("div", "ws-terminal", host);
  place.append(terminal);
  const { paddingLeft, paddingRight, paddingTop, paddingBottom } = getComputedStyle(host);
  const cols = Math.floor((host.clientWidth - Number.parseFloat(paddingLeft) - Number.parseFloat(paddingRight) - scrollbar) / cellWidth);
  const rows = Math.floor((host.clientHeight - Number.parseFloat(paddingTop) - Number.parseFloat(paddingBottom)) / cellHeight);
  terminal.remove();
  return cols >= 2 && rows >= 1 && cols <= 1000 && rows <= 1000 ? { cols, rows } : null;
}
