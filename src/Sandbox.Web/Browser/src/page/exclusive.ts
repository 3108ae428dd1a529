/** Runs an action while no other page of this site runs one of the same name, where the browser has locks. */
export async function exclusive(name: string, action: () => Promise<void>): Promise<void> {
  if (navigator.locks) {
    await navigator.locks.request(name, action);
  } else {
    await action();
  }
}
