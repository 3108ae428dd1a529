import { HttpTransportType, HubConnectionBuilder, LogLevel } from "@microsoft/signalr";
import { MessagePackHubProtocol } from "@microsoft/signalr-protocol-msgpack";
import { Terminal } from "./terminal.mjs";

const ackEvery = 64 * 1024;
const nothing = Buffer.alloc(0);

/** A connection to a hub, once it stands. */
export async function hubAt(url, token = "") {
  const hub = new HubConnectionBuilder()
    .withUrl(url, { accessTokenFactory: () => token, transport: HttpTransportType.WebSockets, skipNegotiation: true })
    .withHubProtocol(new MessagePackHubProtocol())
    .configureLogging(LogLevel.None)
    .build();
  await hub.start();
  return hub;
}

/** A client of our public contract, as any would be. */
export class Ours {
  constructor(url) {
    this.url = url.replace(/\/$/, "");
  }

  async guest() {
    return (await this.ask("POST", "/api/v1/guests")).token;
  }

  /** A playground: its id, its sandbox, and who owns it. */
  async launch(image, token = null) {
    token ??= await this.guest();
    const playground = await this.ask("POST", "/api/v1/playgrounds", token, { image });
    return { id: playground.id, sandbox: playground.sandboxes[0].id, token };
  }

  async remove({ id, token }) {
    await this.ask("DELETE", `/api/v1/playgrounds/${id}`, token);
  }

  async exec({ sandbox, token }, ...command) {
    const result = await this.ask("POST", `/api/v1/sandboxes/${sandbox}/exec`, token, { command, timeoutSeconds: 60 });
    if (result.exitCode !== 0) {
      throw new Error(`${command.join(" ")} ended with ${result.exitCode}: ${result.stderr}`);
    }
  }

  /** A hub connection, as a page keeps one. */
  connect(token) {
    return hubAt(`${this.url}/hubs/terminal`, token);
  }

  /** A terminal over a connection of its own. */
  async open({ sandbox, token }, command = null) {
    const hub = await this.connect(token);
    return new OurTerminal(hub, await hub.invoke("Open", sandbox, 80, 24, command));
  }

  /** A request of our public contract. */
  async ask(method, path, token = null, body = undefined) {
    const headers = { ...(token && { authorization: `Bearer ${token}` }), ...(body && { "content-type": "application/json" }) };
    const answer = await fetch(this.url + path, { method, headers, body: body && JSON.stringify(body) });
    const text = await answer.text();
    if (!answer.ok) {
      throw new Error(`${method} ${path} answered ${answer.status}: ${text}`);
    }
    return text ? JSON.parse(text) : null;
  }
}

class OurTerminal extends Terminal {
  #hub;
  #id;
  #taken = 0;
  #acknowledged = 0;

  constructor(hub, id) {
    super();
    this.#hub = hub;
    this.#id = id;
    hub.stream("Attach", id, 0).subscribe({
      next: item => {
        this.arrived(item.data);
        this.#taken += item.data.length;
        if (this.#taken - this.#acknowledged >= ackEvery) {
          this.#acknowledged = this.#taken;
          void hub.send("Ack", id, this.#taken);
        }
      },
      error: () => this.ended(),
      complete: () => this.ended(),
    });
    hub.onclose(() => this.ended());
  }

  get id() {
    return this.#id;
  }

  type(keys) {
    void this.#hub.send("Input", this.#id, Buffer.from(keys));
  }

  /** Asks the server for an answer and for nothing else: no key is typed. */
  call() {
    return this.#hub.invoke("Input", this.#id, nothing);
  }

  close() {
    void this.#hub.stop();
  }
}
