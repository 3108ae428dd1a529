import { api } from "../page/api";

/**
 * Offers a running playground to a tab of our own, where the visitor has a cookie and confirms. Resolves to the tab's address.
 *
 * @param page the page around, to which the tab leads back
 */
export async function offer(playground: string, page: string | null): Promise<string> {
  const { url } = await api<{ url: string }>("POST", `/api/v1/playgrounds/${playground}/handover`, page && /^https?:/.test(page) && page.length <= 2000 ? { returnTo: page } : {});
  // The public address may be another name of this server; cookies belong to the one in use.
  return new URL(new URL(url).pathname + new URL(url).search, document.baseURI).href;
}
