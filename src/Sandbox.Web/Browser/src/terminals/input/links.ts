import { visible } from "../../page/visible";

const longestShown = 300;

/** Where a link leads, as it may be shown and followed. */
export interface Target {
  readonly href: string;
  /** What decides where it leads: the host, or the address of a letter. */
  readonly place: string;
  readonly shown: string;
}

/** Null for what is not followed: only web pages and letters are. */
export function targetOf(uri: string): Target | null {
  let url: URL;
  try {
    url = new URL(uri);
  } catch {
    return null;
  }
  if (url.protocol !== "http:" && url.protocol !== "https:" && url.protocol !== "mailto:") {
    return null;
  }
  const { href } = url;
  return { href, place: url.protocol === "mailto:" ? url.pathname : url.host, shown: href.length > longestShown ? `${href.slice(0, longestShown)}…` : href };
}

/**
 * Whether the words on the screen say where the link leads: the place letter for letter, not a name that is spelt
 * otherwise where it is looked up, and without a user's name, which is easily taken for the place.
 */
export function saysSo(words: string, { href, place }: Target): boolean {
  const said = words.trim();
  const { username, password } = new URL(href);
  return !username && !password && visible(said) === said && said.toLowerCase().includes(place.toLowerCase())
    && [said, `https://${said}`, `http://${said}`, `mailto:${said}`].some(each => targetOf(each)?.href === href);
}
