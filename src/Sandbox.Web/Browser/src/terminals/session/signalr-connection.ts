import { HttpTransportType, HubConnectionBuilder, type IHttpConnectionOptions, LogLevel } from "@microsoft/signalr";
import { MessagePackHubProtocol } from "@microsoft/signalr-protocol-msgpack";
import type { Connection } from "./hub-link";

/** A connection to the terminal hub of this origin. */
export function terminalConnection(failures: number): Connection {
  return connection(failures, {});
}

/** The same for a visitor with a share link, or a guest by token: only the token counts, whatever cookies the browser has. */
export function tokenConnection(failures: number, token: string): Connection {
  return connection(failures, { accessTokenFactory: () => token, withCredentials: false });
}

function connection(failures: number, who: IHttpConnectionOptions): Connection {
  // Straight to a WebSocket saves a round trip; where a proxy lets none through, every other attempt negotiates.
  const options = failures > 1 && failures % 2 === 0
    ? who
    : { ...who, transport: HttpTransportType.WebSockets, skipNegotiation: true };
  return new HubConnectionBuilder()
    .withUrl("/hubs/terminal", options)
    .withHubProtocol(new MessagePackHubProtocol())
    .configureLogging(LogLevel.None)
    .build();
}
