/** `recorder.ts UPSTREAM`: stands before a server, keeps each answer, and gives it again at once. What is measured against it is the client, not the server's work. */
import https from "node:https";
import type { IncomingHttpHeaders, IncomingMessage, OutgoingHttpHeaders } from "node:http";
import type { AddressInfo } from "node:net";

import { createServerCertificate, readCertificateAuthority } from "../sandbox/certificate.ts";
import { serveParent } from "./childProcess.ts";

/** One request as it was asked, in order. */
export interface Asked {
  readonly method: string;
  readonly path: string;
  readonly accept: string;
  readonly body: string;
  /** Milliseconds of `Date.now()` when its answer was handed to the network. */
  readonly answeredAt: number;
  readonly bytes: number;
}

interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
}

const [upstream = ""] = process.argv.slice(2);
const upstreamHost = new URL(upstream).host;
const agent = new https.Agent({ keepAlive: true });
const kept = new Map<string, Promise<Answer>>();
let asked: Asked[] = [];
let ownHost = "";

const escaped = (host: string): string => encodeURIComponent(host);
const swap = (text: string, from: string, to: string): string =>
  text.replaceAll(from, to).replaceAll(escaped(from), escaped(to));

async function readAll(stream: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of stream) {
    chunks.push(chunk as Buffer);
  }
  return Buffer.concat(chunks);
}

/** Addresses in bodies and headers name this server outside, and the other one inside. */
function forward(request: IncomingMessage, body: string): Promise<Answer> {
  const headers: OutgoingHttpHeaders = { ...request.headers, host: upstreamHost, "accept-encoding": "identity" };
  const sent = swap(body, ownHost, upstreamHost);
  if (body !== "") {
    headers["content-length"] = String(Buffer.byteLength(sent));
  }
  return new Promise((resolve, reject) => {
    const path = swap(request.url ?? "/", ownHost, upstreamHost);
    const outgoing = https.request(upstream + path, { method: request.method, headers, agent }, (incoming) => {
      readAll(incoming).then((raw) => {
        const answer = Buffer.from(swap(raw.toString("utf8"), upstreamHost, ownHost));
        const given = JSON.parse(swap(JSON.stringify(incoming.headers), upstreamHost, ownHost)) as IncomingHttpHeaders;
        delete given["transfer-encoding"];
        delete given.connection;
        given["content-length"] = String(answer.length);
        resolve({ status: incoming.statusCode ?? 502, headers: given, body: answer });
      }, reject);
    });
    outgoing.on("error", reject);
    outgoing.end(sent);
  });
}

async function main(): Promise<void> {
  const authority = readCertificateAuthority(process.env["KEY_VAULT_CSI_SANDBOX_CA"] ?? "");
  const server = https.createServer(await createServerCertificate(authority, []), (request, response) => {
    const answer = async (): Promise<void> => {
      const body = (await readAll(request)).toString("utf8");
      const { method = "GET", url: path = "/" } = request;
      const { accept = "" } = request.headers;
      const key = [method, path, accept, body].join("\n");
      const found = kept.get(key) ?? forward(request, body);
      kept.set(key, found);
      const given = await found;
      response.writeHead(given.status, given.headers);
      response.end(given.body, () => {
        asked.push({ method, path, accept, body, answeredAt: Date.now(), bytes: given.body.length });
      });
    };
    answer().catch(() => response.destroy());
  });
  server.keepAliveTimeout = 60_000;
  server.listen(0, "127.0.0.1", () => {
    ownHost = `127.0.0.1:${(server.address() as AddressInfo).port}`;
    serveParent(`https://${ownHost}`, (message) => {
      if (message === "forget") {
        kept.clear();
      }
      const told = asked;
      asked = [];
      return told;
    });
  });
}

void main();
