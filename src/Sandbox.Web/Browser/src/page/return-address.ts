/** The page elsewhere that a playground of this tab came from. */
export function keepReturn(playground: string, address: string): void {
  try {
    sessionStorage.setItem(`return.${playground}`, address);
  } catch {
    // Without storage there is no way back but the browser's.
  }
}

/** The address, if it is one of the web; null else. */
export function returnOf(playground: string): URL | null {
  try {
    const url = new URL(sessionStorage.getItem(`return.${playground}`) ?? "");
    return url.protocol === "https:" || url.protocol === "http:" ? url : null;
  } catch {
    return null;
  }
}
