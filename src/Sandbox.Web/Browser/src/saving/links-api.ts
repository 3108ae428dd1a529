/** A link as REST gives it to its owner. */
export interface OwnedLink {
  hash: string;
  url: string;
  title: string;
  budget: LinkBudget;
  own: { access: Access; aliases: Alias[] } | null;
}

export type Access = "anyone" | "private";

export interface Alias {
  name: string;
  url: string;
  hash: string;
  text: string;
  /** The address of the picture of its page; null for none. */
  cover: string | null;
}

/** How often a link may be started, and when; null is not limited. */
export interface LinkBudget {
  atOnce: number | null;
  perDay: number | null;
  from: string | null;
  until: string | null;
  expiresAt: string | null;
  offline: boolean;
  hasPassword: boolean;
  /** Pages elsewhere that may show it in a frame. */
  origins: string[] | null;
}

/** The contents of a link of one sandbox's present state. Lists end at 1,000 entries; counts do not. */
export interface SandboxChanges {
  id: string;
  name: string;
  added: number;
  changed: number;
  deleted: number;
  bytes: number;
  changes: { path: string; kind: "added" | "changed" | "deleted"; size: number }[];
  env: Record<string, string>;
  ports: { port: number; name?: string | null }[];
  secrets: { path: string; line: number | null; rule: string }[];
  searchComplete: boolean;
  skipped: { path: string; reason: string }[];
}

/** Names of links: what the server accepts. */
export const aliasPattern = "[a-z0-9][a-z0-9\\-]{1,62}[a-z0-9]";
