import WebSocket from "ws";
import { Terminal } from "./terminal.mjs";

/** A client of ttyd: one letter before the bytes, '0' is input and output. https://github.com/tsl0922/ttyd/blob/main/src/server.h */
export class TtydTerminal extends Terminal {
  #socket;

  static async connect(address) {
    const terminal = new TtydTerminal();
    const socket = new WebSocket(`${address.replace(/^http/, "ws").replace(/\/$/, "")}/ws`, ["tty"], { perMessageDeflate: false });
    terminal.#socket = socket;
    await new Promise((resolve, reject) => {
      socket.once("open", resolve);
      socket.once("error", reject);
    });
    socket.on("message", data => {
      if (data[0] === 0x30) {
        terminal.arrived(data.subarray(1));
      }
    });
    socket.on("close", () => terminal.ended());
    socket.on("error", () => terminal.ended());
    socket.send(Buffer.from(JSON.stringify({ AuthToken: "", columns: 80, rows: 24 })));
    return terminal;
  }

  type(keys) {
    this.#socket.send(Buffer.from(`0${keys}`));
  }

  close() {
    this.#socket.terminate();
  }
}
