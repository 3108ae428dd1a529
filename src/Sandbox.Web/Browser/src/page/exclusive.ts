/**
 * Runs an action while no other page of this site runs one of the same name, where the browser has locks. It refuses them to
 * frames that it keeps from our storage; there is no other page to wait for then.
 */
export async function exclusive(name: string, action: () => Promise<void>): Promise<void> {
  let isHeld = false;
  if (navigator.locks) {
    try {
      await navigator.locks.request(name, () => {
        isHeld = true;
        return action();
      });
      return;
    } catch (error) {
      if (isHeld) {
        throw error;
      }
    }
  }
  await action();
}
