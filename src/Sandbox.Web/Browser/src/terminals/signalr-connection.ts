import { HttpTransportType, HubConnectionBuilder, LogLevel } from "@microsoft/signalr";
import { MessagePackHubProtocol } from "@microsoft/signalr-protocol-msgpack";
import type { Connection } from "./hub-link";

/** A connection to the terminal hub of this origin. */
export function terminalConnection(failures: number): Connection {
  // Straight to a WebSocket saves a round trip; where a proxy lets none through, every other attempt negotiates.
  const options = failures > 1 && failures % 2 === 0
    ? {}
    : { transport: HttpTransportType.WebSockets, skipNegotiation: true };
  return new HubConnectionBuilder()
    .withUrl("/hubs/terminal", options)
    .withHubProtocol(new MessagePackHubProtocol())
    .configureLogging(LogLevel.None)
    .build();
}
