/** On a phone one terminal of a page is live at a time: each is drawn, and its keyboard covers half of the screen. */
const phone = matchMedia("(pointer: coarse) and (max-width: 800px)");

interface Live {
  pause(): void;
}

const all = new Set<Live>();

export const live = {
  /** This one is in use now: on a phone the others pause. */
  use(one: Live): void {
    all.add(one);
    if (phone.matches) {
      for (const other of all) {
        if (other !== one) {
          other.pause();
        }
      }
    }
  },

  leave(one: Live): void {
    all.delete(one);
  },
};
