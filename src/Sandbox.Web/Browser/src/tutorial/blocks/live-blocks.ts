import type { Page } from "../run/run-api";
import type { BlockContext } from "./block-context";
import { drawFormulas, startDiagram } from "./drawings";
import { startCopyBlock, startLinkBlock, startOpenBlock, startWriteBlock } from "./file-blocks";
import { startParameterBlock, startQuizBlock } from "./question-blocks";
import { startInterruptBlock, startRunBlock } from "./run-block";
import { startTestBlock } from "./test-block";

/** Brings the blocks of a step's text to life. Without this they are plain code and text. */
export function startBlocks(text: HTMLElement, page: Page, context: BlockContext): void {
  for (const element of text.querySelectorAll<HTMLElement>(".block[data-index]")) {
    const block = page.blocks[Number(element.dataset["index"])];
    switch (block?.kind) {
      case "run":
        startRunBlock(element, block, context);
        break;
      case "interrupt":
        startInterruptBlock(element, block, context);
        break;
      case "copy":
        startCopyBlock(element, block);
        break;
      case "write":
        startWriteBlock(element, block, context);
        break;
      case "open":
        startOpenBlock(element, block, context);
        break;
      case "port":
      case "url":
        startLinkBlock(element, block, context);
        break;
      case "quiz":
        startQuizBlock(element, block, context);
        break;
      case "parameter":
        startParameterBlock(element, block, context);
        break;
      case "test":
        startTestBlock(element, block, context);
        break;
      case "diagram":
        void startDiagram(element, block.source ?? element.textContent ?? "", context.signal).catch(() => undefined);
        break;
    }
  }
  // Code is scrolled sideways by keyboard too.
  for (const code of text.querySelectorAll<HTMLElement>("pre")) {
    if (!code.hasAttribute("tabindex")) {
      code.tabIndex = 0;
    }
  }
  void drawFormulas(text).catch(() => undefined);
}
