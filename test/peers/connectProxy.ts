/** An HTTPS proxy on loopback, so that tools which build host names (`https://<vault>.<suffix>`) find the sandbox, on port 443 and without a name server. */
import { createServer, type RequestListener, type Server } from "node:http";
import { connect, type AddressInfo, type Socket } from "node:net";

export interface ConnectProxy {
  /** For `HTTPS_PROXY`. */
  readonly url: string;
  /** Names that the sandbox does not answer for, and that were therefore refused. */
  readonly refused: readonly string[];
  close(): Promise<void>;
}

/**
 * @param ports of loopback, by what the host name is or ends with (`.vault.sandbox.test`); `127.0.0.1` itself goes where its own port says
 * @param answer what is asked of it without a tunnel, as plain http is
 */
export async function startConnectProxy(
  ports: Readonly<Record<string, number>>,
  answer: RequestListener = (_request, response) => void response.writeHead(405).end(),
): Promise<ConnectProxy> {
  const sockets = new Set<Socket>();
  const refused: string[] = [];
  const server = createServer(answer);
  server.on("connection", (socket: Socket) => remember(sockets, socket));
  server.on("connect", (request, socket: Socket) => {
    const target = request.url ?? "";
    const port = portOf(target, ports);
    if (port === undefined) {
      refused.push(target);
      socket.end("HTTP/1.1 502 Bad Gateway\r\n\r\n");
      return;
    }
    const upstream = connect(port, "127.0.0.1", () => {
      socket.write("HTTP/1.1 200 Connection Established\r\n\r\n");
      upstream.pipe(socket).pipe(upstream);
    });
    remember(sockets, upstream);
    upstream.on("error", () => socket.destroy());
    socket.on("error", () => upstream.destroy());
  });
  const port = await listen(server);
  return {
    url: `http://127.0.0.1:${port}`,
    refused,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        sockets.forEach((socket) => socket.destroy());
      }),
  };
}

function portOf(target: string, ports: Readonly<Record<string, number>>): number | undefined {
  const [, host = "", port = ""] = /^(.*):(\d+)$/.exec(target) ?? [];
  if (host === "127.0.0.1") {
    return Number(port);
  }
  return Object.entries(ports).find(([name]) => (name.startsWith(".") ? host.endsWith(name) : host === name))?.[1];
}

function remember(sockets: Set<Socket>, socket: Socket): void {
  sockets.add(socket);
  socket.once("close", () => sockets.delete(socket));
}

async function listen(server: Server): Promise<number> {
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return (server.address() as AddressInfo).port;
}
