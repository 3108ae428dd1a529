import type { Terminal } from "@xterm/xterm";
import { Lines, pressTime, slack, Throw } from "./finger";

/**
 * One finger on a terminal: drawn up or down it scrolls, resting it presses. xterm knows no fingers. What the browser
 * makes of them itself stays: taps, two fingers, and sideways where there is more than fits.
 * @param pressed called with the line of the buffer under the finger
 */
export function followTouch(element: HTMLElement, terminal: Terminal, pressed: (line: number) => void): { dispose(): void } {
  let finger: { id: number; y: number; at: { x: number; y: number }; drags: boolean; lines: Lines; speed: Throw; timer: number } | null = null;
  let frame = 0;
  /** Whether the gesture is handled: the browser must not click as well, which would open the keyboard. */
  let isUsed = false;
  let isTouch = false;

  const box = (): DOMRect => terminal.element!.querySelector(".xterm-screen")!.getBoundingClientRect();

  const press = (y: number): void => {
    isUsed = true;
    end();
    const { top, height } = box();
    const row = Math.floor((y - top) / (height / terminal.rows));
    pressed(terminal.buffer.active.viewportY + Math.max(0, Math.min(terminal.rows - 1, row)));
  };

  const end = (): void => {
    clearTimeout(finger?.timer);
    finger = null;
  };

  const halt = (): void => {
    cancelAnimationFrame(frame);
    frame = 0;
  };

  const scroll = (pixels: number, lines: Lines, x: number, y: number): void => {
    const { height } = box();
    let left = pixels;
    if (element.classList.contains("follows")) {
      // Letters of a size decided elsewhere may be too many for the room; that scrolls first.
      const before = element.scrollTop;
      element.scrollTop += pixels;
      left -= element.scrollTop - before;
    }
    const by = lines.take(left, height / terminal.rows);
    if (isWheels(terminal)) {
      wheel(terminal, by, x, y);
    } else if (by !== 0) {
      terminal.scrollLines(by);
    }
  };

  const glide = (lines: Lines, speed: Throw, x: number, y: number): void => {
    let last = performance.now();
    const step = (now: number): void => {
      // A program gets keys and reports only while the finger is down.
      if (isWheels(terminal) || speed.isOver) {
        frame = 0;
        return;
      }
      scroll(speed.after(Math.max(0, now - last)), lines, x, y);
      last = now;
      frame = requestAnimationFrame(step);
    };
    frame = requestAnimationFrame(step);
  };

  element.addEventListener("pointerdown", event => {
    isTouch = event.pointerType === "touch";
    // A finger that stops a throw means nothing else.
    isUsed = isTouch && frame !== 0;
    halt();
    end();
    if (!isTouch || !event.isPrimary || (event.target as Element).closest("button, .scrollbar")) {
      return;
    }
    const { clientX: x, clientY: y } = event;
    finger = { id: event.pointerId, y, at: { x, y }, drags: false, lines: new Lines(), speed: new Throw(), timer: window.setTimeout(() => press(y), pressTime) };
  });
  element.addEventListener("pointermove", event => {
    if (event.pointerId !== finger?.id) {
      return;
    }
    const { clientX: x, clientY: y } = event;
    if (!finger.drags) {
      if (Math.hypot(x - finger.at.x, y - finger.at.y) < slack) {
        return;
      }
      clearTimeout(finger.timer);
      finger.drags = isUsed = true;
      finger.y = y;
      // The row under the finger is made anew while it scrolls, and would take what follows with it.
      element.setPointerCapture(event.pointerId);
      return;
    }
    const pixels = finger.y - y;
    finger.y = y;
    finger.speed.moved(pixels, event.timeStamp);
    scroll(pixels, finger.lines, x, y);
  });
  element.addEventListener("pointerup", event => {
    if (event.pointerId !== finger?.id) {
      return;
    }
    const { drags, lines, speed } = finger;
    end();
    if (drags && !matchMedia("(prefers-reduced-motion: reduce)").matches) {
      speed.left(event.timeStamp);
      glide(lines, speed, event.clientX, event.clientY);
    }
  });
  element.addEventListener("pointercancel", end);
  element.addEventListener("touchstart", event => {
    // On the very element: a row that goes away meanwhile takes its touch with it.
    event.target?.addEventListener("touchend", ending => {
      if (isUsed && ending.cancelable) {
        ending.preventDefault();
      }
    }, { once: true, passive: false });
  }, { passive: true });
  element.addEventListener("contextmenu", event => {
    const kind = (event as PointerEvent).pointerType;
    if (kind ? kind !== "touch" : !isTouch) {
      return;
    }
    // The browser's own long press: sooner than ours here and there. xterm would put its box for keys under the finger.
    event.preventDefault();
    event.stopImmediatePropagation();
    if (finger && !finger.drags) {
      press(event.clientY);
    }
  }, { capture: true });

  return {
    dispose: () => {
      halt();
      end();
    },
  };
}

/** Whether a wheel is the program's: it asked for the mouse, or has a screen without scrollback. */
function isWheels({ buffer, modes }: Terminal): boolean {
  return buffer.active.type === "alternate" || modes.mouseTrackingMode !== "none";
}

/** Turns a wheel at the place of the finger; xterm makes of it what it makes of any. */
function wheel(terminal: Terminal, lines: number, clientX: number, clientY: number): void {
  const screen = terminal.element!.querySelector(".xterm-screen")!;
  for (let line = 0; line < Math.abs(lines); line++) {
    screen.dispatchEvent(new WheelEvent("wheel", { deltaY: Math.sign(lines), deltaMode: WheelEvent.DOM_DELTA_LINE, clientX, clientY, bubbles: true, cancelable: true }));
  }
}
