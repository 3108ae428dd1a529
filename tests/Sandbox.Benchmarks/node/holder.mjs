import { connect } from "node:net";
import WebSocket from "ws";
import { Terminal } from "./terminal.mjs";

const headerLength = 5;
const ackEvery = 64 * 1024;

/** A client of the process that holds one of our terminals, with no web process between. Its frames: src/Sandbox.Core/Terminals/TtyFrame.cs */
export class HolderTerminal extends Terminal {
  #write;
  #destroy;
  #rest = Buffer.alloc(0);
  #taken = 0;
  #acknowledged = 0;

  /** @param path of its socket */
  static connect(path) {
    const socket = connect(path);
    return HolderTerminal.#over(socket, "connect", "data", frame => socket.write(frame), () => socket.destroy());
  }

  /** @param url of a WebSocket that leads to its socket */
  static relayed(url) {
    const socket = new WebSocket(url, { perMessageDeflate: false });
    return HolderTerminal.#over(socket, "open", "message", frame => socket.send(frame), () => socket.terminate());
  }

  static async #over(socket, opened, message, write, destroy) {
    const terminal = new HolderTerminal();
    terminal.#write = write;
    terminal.#destroy = destroy;
    await new Promise((resolve, reject) => {
      socket.once(opened, resolve);
      socket.once("error", reject);
    });
    socket.on(message, data => terminal.#read(data));
    socket.on("close", () => terminal.ended());
    socket.on("error", () => terminal.ended());
    terminal.#say("a", number(0));
    return terminal;
  }

  type(keys) {
    this.#say("i", Buffer.from(keys));
  }

  close() {
    this.#destroy();
  }

  #read(data) {
    this.#rest = this.#rest.length > 0 ? Buffer.concat([this.#rest, data]) : data;
    while (this.#rest.length >= headerLength) {
      const end = headerLength + this.#rest.readUInt32LE(1);
      if (this.#rest.length < end) {
        return;
      }
      const output = this.#rest[0] === "d".charCodeAt(0) ? this.#rest.subarray(headerLength + 8, end) : null;
      this.#rest = this.#rest.subarray(end);
      if (output) {
        this.#taken += output.length;
        if (this.#taken - this.#acknowledged >= ackEvery) {
          this.#acknowledged = this.#taken;
          this.#say("k", number(this.#taken));
        }
        this.arrived(output);
      }
    }
  }

  #say(kind, payload) {
    const frame = Buffer.alloc(headerLength + payload.length);
    frame.write(kind, "latin1");
    frame.writeUInt32LE(payload.length, 1);
    payload.copy(frame, headerLength);
    this.#write(frame);
  }
}

function number(value) {
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64LE(BigInt(value));
  return bytes;
}
