import WebSocket from "ws";
import { hubAt } from "./ours.mjs";

const warmUps = 3000;
const key = Buffer.from("k");

/** The program of Floor.cs: a hub, and a WebSocket that sends back what it gets. */
export class Floor {
  #hub;
  #socket;
  #waiting = null;

  static async connect(url) {
    const floor = new Floor();
    floor.#hub = await hubAt(`${url}/hub`);
    floor.#socket = new WebSocket(`${url.replace(/^http/, "ws")}/socket`, { perMessageDeflate: false });
    await new Promise((resolve, reject) => {
      floor.#socket.once("open", resolve);
      floor.#socket.once("error", reject);
    });
    floor.#socket.on("message", () => floor.#waiting?.resolve());
    floor.#socket.on("close", () => floor.#waiting?.reject(new Error("the empty program is gone")));
    // Ours was compiled ahead of time and has served by now; this was not.
    for (let time = 0; time < warmUps; time++) {
      await floor.call();
      await floor.echo();
    }
    return floor;
  }

  call() {
    return this.#hub.invoke("IsOver");
  }

  echo() {
    return new Promise((resolve, reject) => {
      this.#waiting = { resolve, reject };
      this.#socket.send(key, error => error && reject(error));
    });
  }

  close() {
    this.#socket.terminate();
    void this.#hub.stop();
  }
}
