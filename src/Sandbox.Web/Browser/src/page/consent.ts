import { browserStorage } from "./storage";

/** A visitor's answers on a link's page. */
export interface LinkAnswers {
  parameters: Record<string, string>;
  password?: string;
}

/**
 * The links that a visitor agreed to start, by hash, which means the same for ever. Only our own pages write it: a page
 * elsewhere that sends a browser to the start of a link finds no consent, and the visitor is asked.
 */
export const consent = {
  give(hash: string, answers: LinkAnswers): void {
    browserStorage()?.setItem(`consent.${hash}`, "1");
    try {
      // Gone with the tab: they may be secrets.
      sessionStorage.setItem(`answers.${hash}`, JSON.stringify(answers));
    } catch {
      // Without storage the next page asks again.
    }
  },

  isGiven(hash: string): boolean {
    return browserStorage()?.getItem(`consent.${hash}`) === "1";
  },

  answers(hash: string): LinkAnswers | null {
    try {
      return JSON.parse(sessionStorage.getItem(`answers.${hash}`) ?? "null") as LinkAnswers | null;
    } catch {
      return null;
    }
  },

  /** They were used. */
  forgetAnswers(hash: string): void {
    try {
      sessionStorage.removeItem(`answers.${hash}`);
    } catch {
      // Nothing to forget.
    }
  },
};
