const longestMs = 120_000;

/** A terminal in a client's hands, ours or a peer's: bytes out, bytes in. */
export class Terminal {
  #pieces = [];
  #text = "";
  #keepsText = true; // a prompt may come before anybody asks for it
  #ready = 0;
  #wanted = 0;
  #waiting = null;
  #ended = false;

  /** Called with what arrives. */
  arrived(data) {
    this.#ready += data.length;
    if (this.#keepsText) {
      this.#pieces.push(data);
    }
    if (this.#waiting && (this.#ready >= this.#wanted || this.#keepsText)) {
      const { resolve } = this.#waiting;
      this.#waiting = null;
      resolve();
    }
  }

  /** Called when the other side is gone. */
  ended() {
    this.#ended = true;
    this.#waiting?.reject(new Error("the terminal ended"));
    this.#waiting = null;
  }

  get isEnded() {
    return this.#ended;
  }

  /** Until this many more bytes have come. */
  async take(count) {
    this.#keepsText = false;
    this.#wanted = count;
    while (this.#ready < count) {
      await this.#more();
    }
    this.#ready -= count;
  }

  /** Until a text matches what has come since this began. */
  async see(pattern, already = "") {
    this.#keepsText = true;
    this.#text = already;
    try {
      while (!pattern.test(this.#text)) {
        if (this.#pieces.length === 0) {
          await this.#more();
        }
        this.#text += Buffer.concat(this.#pieces.splice(0)).toString("latin1");
      }
    } finally {
      this.#keepsText = false;
      this.#pieces = [];
      this.#ready = 0;
    }
  }

  /** Takes what comes until nothing has for a moment. */
  async quiet(ms = 150) {
    let last = -1;
    while (last !== this.#ready) {
      last = this.#ready;
      await new Promise(resolve => setTimeout(resolve, ms));
    }
    this.#pieces = [];
    this.#ready = 0;
  }

  /** Milliseconds from a key to its echo; the terminal has been quiet. */
  async echo() {
    const began = performance.now();
    this.type("k");
    await this.take(1);
    return performance.now() - began;
  }

  #more() {
    if (this.#ended) {
      return Promise.reject(new Error("the terminal ended"));
    }
    return new Promise((resolve, reject) => {
      const late = setTimeout(() => reject(new Error("nothing came for two minutes")), longestMs);
      const settle = settled => value => {
        clearTimeout(late);
        settled(value);
      };
      this.#waiting = { resolve: settle(resolve), reject: settle(reject) };
    });
  }
}

/** Lets the other side hang up. */
export async function exit(terminal) {
  terminal.type("exit\n");
  for (let wait = 0; wait < 500 && !terminal.isEnded; wait++) {
    await new Promise(resolve => setTimeout(resolve, 10));
  }
  terminal.close();
}
