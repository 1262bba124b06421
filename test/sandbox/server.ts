/** HTTPS ports on loopback, with one journal of requests and one list of faults for all of them. */
import { createServer, type Server } from "node:https";
import type { IncomingMessage, ServerResponse } from "node:http";
import type { AddressInfo, Socket } from "node:net";

import type { ServerCertificate } from "./certificate.ts";
import { faultBody, findFault, type Fault } from "./faults.ts";
import type { Handler, Plane, SandboxRequest, SandboxResponse } from "./http.ts";

/** One request as the journal keeps it: no credentials, and no body but Resource Manager's, which hold no secrets. */
export interface JournalEntry {
  readonly plane: Plane;
  readonly method: string;
  /** Path and query. */
  readonly path: string;
  /** 0: the connection was dropped, or the client left first. */
  status: number;
  /** Milliseconds of the sandbox clock. */
  readonly at: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: unknown;
}

export interface Listener {
  readonly port: number;
  /** `https://127.0.0.1:<port>` */
  readonly url: string;
  close(): Promise<void>;
}

export interface ServerOptions {
  readonly certificate: ServerCertificate;
  readonly now: () => number;
}

export interface ListenOptions {
  /** What answers here, or how to tell from a request. */
  readonly plane: Plane | ((request: SandboxRequest) => Plane);
  /** Left out: any free one. */
  readonly port?: number;
}

export interface SandboxServer {
  listen(handler: Handler, options: ListenOptions): Promise<Listener>;
  readonly journal: JournalEntry[];
  readonly faults: Fault[];
  close(): Promise<void>;
}

const keptHeaders = ["if-match", "if-none-match", "user-agent", "x-ms-client-request-id", "accept", "content-type"];

export function createSandboxServer(options: ServerOptions): SandboxServer {
  const journal: JournalEntry[] = [];
  const faults: Fault[] = [];
  const listeners = new Set<Listener>();

  const answer = async (handler: Handler, request: SandboxRequest, entry: JournalEntry): Promise<Answer> => {
    const fault = findFault(faults, entry);
    if (fault?.delayMs && !fault.dropAnswer) {
      await pause(fault.delayMs);
    }
    const response = (fault && faultBody(fault, entry.plane)) ?? (await handler(request));
    return { response, lostAfterMs: fault?.dropAnswer ? (fault.delayMs ?? 0) : undefined };
  };
  const serve = async (handler: Handler, plane: ListenOptions["plane"], exchange: Exchange): Promise<void> => {
    const request = await readRequest(exchange);
    const entry = toEntry(request, typeof plane === "string" ? plane : plane(request), exchange, options.now());
    journal.push(entry);
    const { response, lostAfterMs } = await answer(handler, request, entry);
    entry.status = response.status;
    if (lostAfterMs !== undefined) {
      await pause(lostAfterMs);
    }
    await send(exchange, request, lostAfterMs === undefined ? response : { status: 0 });
  };
  return {
    journal,
    faults,
    async listen(handler, { plane, port = 0 }) {
      const server = createServer({ ...options.certificate }, (incoming, outgoing) => {
        serve(handler, plane, { incoming, outgoing }).catch((error: unknown) => giveUp(outgoing, error));
      });
      const listener = await open(server, port);
      listeners.add(listener);
      return {
        ...listener,
        close() {
          listeners.delete(listener);
          return listener.close();
        },
      };
    },
    async close() {
      await Promise.all([...listeners].map((listener) => listener.close()));
    },
  };
}

interface Answer {
  readonly response: SandboxResponse;
  /** Set: the caller never hears of it. */
  readonly lostAfterMs: number | undefined;
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

interface Exchange {
  readonly incoming: IncomingMessage;
  readonly outgoing: ServerResponse;
}

async function open(server: Server, port: number): Promise<Listener> {
  server.keepAliveTimeout = 60_000;
  const sockets = new Set<Socket>();
  server.on("connection", (socket: Socket) => {
    sockets.add(socket);
    socket.once("close", () => sockets.delete(socket));
  });
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(port, "127.0.0.1", resolve);
  });
  const bound = (server.address() as AddressInfo).port;
  return {
    port: bound,
    url: `https://127.0.0.1:${bound}`,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        sockets.forEach((socket) => socket.destroy());
      }),
  };
}

async function readRequest({ incoming, outgoing }: Exchange): Promise<SandboxRequest> {
  const gone = new AbortController();
  outgoing.once("close", () => gone.abort());
  const chunks: Buffer[] = [];
  for await (const chunk of incoming as AsyncIterable<Buffer>) {
    chunks.push(chunk);
  }
  const target = incoming.url ?? "/";
  const mark = target.indexOf("?");
  return {
    method: incoming.method ?? "GET",
    path: mark < 0 ? target : target.slice(0, mark),
    query: new URLSearchParams(mark < 0 ? "" : target.slice(mark + 1)),
    headers: Object.fromEntries(
      Object.entries(incoming.headers).map(([name, value]) => [name, Array.isArray(value) ? value.join(", ") : value]),
    ),
    body: Buffer.concat(chunks),
    signal: gone.signal,
  };
}

function toEntry(request: SandboxRequest, plane: Plane, { incoming }: Exchange, at: number): JournalEntry {
  const headers = keptHeaders.flatMap((name) => {
    const value = request.headers[name];
    return value === undefined ? [] : [[name, value] as const];
  });
  return {
    plane,
    method: request.method,
    path: incoming.url ?? "/",
    status: 0,
    at,
    headers: Object.fromEntries(headers),
    ...(plane === "arm" && request.body.length > 0 && { body: parseOrText(request.body) }),
  };
}

const confidential = /password|secret$|token$/i;

function parseOrText(body: Buffer): unknown {
  const text = body.toString("utf8");
  try {
    return JSON.parse(text, (key, value: unknown) =>
      confidential.test(key) && typeof value === "string" ? "" : value,
    );
  } catch {
    return text;
  }
}

async function send(
  { incoming, outgoing }: Exchange,
  request: SandboxRequest,
  response: SandboxResponse,
): Promise<void> {
  if (response.status === 0) {
    incoming.socket.destroy();
    return;
  }
  const { type, payload } = encode(response.body);
  outgoing.writeHead(response.status, {
    ...(type && { "content-type": type }),
    ...(payload !== undefined && !response.stream && { "content-length": String(Buffer.byteLength(payload)) }),
    ...response.headers,
  });
  if (response.stream && request.method !== "HEAD") {
    await pipe(response.stream, outgoing, request.signal);
    return;
  }
  outgoing.end(request.method === "HEAD" ? undefined : payload);
}

function encode(body: unknown): { readonly type?: string; readonly payload?: string | Buffer } {
  if (body === undefined) {
    return {};
  }
  return typeof body === "string" || Buffer.isBuffer(body)
    ? { payload: body }
    : { type: "application/json; charset=utf-8", payload: JSON.stringify(body) };
}

async function pipe(
  stream: AsyncIterable<string | Buffer>,
  outgoing: ServerResponse,
  signal: AbortSignal,
): Promise<void> {
  outgoing.flushHeaders();
  for await (const chunk of stream) {
    if (signal.aborted) {
      return;
    }
    outgoing.write(chunk);
  }
  outgoing.end();
}

/** A defect of the sandbox itself: loud, so that a test fails for the right reason. */
function giveUp(outgoing: ServerResponse, error: unknown): void {
  if (outgoing.destroyed) {
    return;
  }
  process.stderr.write(`sandbox: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`);
  if (!outgoing.headersSent) {
    outgoing.writeHead(500, { "content-type": "application/json" });
  }
  outgoing.end(
    JSON.stringify({ error: { code: "InternalServerError", message: "The sandbox has a defect: see its stderr." } }),
  );
}
