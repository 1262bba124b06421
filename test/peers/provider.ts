/** The real Azure provider of the driver, in a cloud whose public names the sandbox answers for. */
import { spawn, type ChildProcess } from "node:child_process";
import type { IncomingMessage, RequestListener, ServerResponse } from "node:http";
import { createServer, request as sendHttps } from "node:https";
import type { AddressInfo } from "node:net";
import { createInterface } from "node:readline";

import { createServerCertificate, readCertificateAuthority } from "../sandbox/certificate.ts";
import type { Sandbox } from "../sandbox/sandbox.ts";
import type { ManagedIdentity } from "../sandbox/state.ts";
import { startConnectProxy } from "./connectProxy.ts";

export interface MountRequest {
  /** Parameters of the class and what the driver adds. */
  readonly attributes: Readonly<Record<string, string>>;
  readonly secrets?: Readonly<Record<string, string>> | undefined;
}

export interface MountAnswer {
  readonly files: readonly { readonly path: string; readonly mode: number; readonly contents: string }[];
  readonly versions: Readonly<Record<string, string>>;
  readonly error?: string;
}

export interface Provider {
  mount(request: MountRequest): Promise<MountAnswer>;
  close(): Promise<void>;
}

/** One mount after the other, by one process. */
export function startProvider(binary: string, environment: Readonly<Record<string, string>>): Provider {
  const child: ChildProcess = spawn(binary, [], { stdio: ["pipe", "pipe", "ignore"], env: { ...environment } });
  const lines = createInterface({ input: child.stdout! })[Symbol.asyncIterator]();
  const gone = new Promise<void>((resolve) => child.once("exit", () => resolve()));
  return {
    async mount(request) {
      child.stdin!.write(`${JSON.stringify(request)}\n`);
      const { value, done } = await lines.next();
      if (done) {
        throw new Error("The provider has ended.");
      }
      return JSON.parse(value) as MountAnswer;
    },
    async close() {
      child.stdin!.end();
      await gone;
    },
  };
}

const login = "login.microsoftonline.com";
const vaultSuffix = "vault.azure.net";

export interface PublicCloud {
  /** What the provider is started with. */
  readonly environment: Readonly<Record<string, string>>;
  /** How many requests of the provider were answered. */
  readonly requests: () => number;
  close(): Promise<void>;
}

/**
 * Entra and the vaults of the sandbox under the names of the public cloud, and the metadata service of a node.
 * @param nodeIdentities of the node's scale set
 */
export async function startPublicCloud(
  sandbox: Sandbox,
  caFolder: string,
  nodeIdentities: () => readonly ManagedIdentity[],
): Promise<PublicCloud> {
  let requests = 0;
  const certificate = await createServerCertificate(readCertificateAuthority(caFolder), [login, `*.${vaultSuffix}`]);
  const front = createServer({ ...certificate }, (incoming, outgoing) => {
    requests += 1;
    pass(sandbox, incoming, outgoing).catch(() => outgoing.destroy());
  });
  await new Promise<void>((resolve) => front.listen(0, "127.0.0.1", resolve));
  const { port } = front.address() as AddressInfo;
  const metadata: RequestListener = (incoming, outgoing) => {
    requests += 1;
    answerMetadata(sandbox, nodeIdentities(), incoming, outgoing);
  };
  const proxy = await startConnectProxy({ [login]: port, [`.${vaultSuffix}`]: port }, metadata);
  return {
    environment: { HTTPS_PROXY: proxy.url, HTTP_PROXY: proxy.url, SSL_CERT_FILE: sandbox.caFile },
    requests: () => requests,
    async close() {
      await proxy.close();
      front.closeAllConnections();
      await new Promise((resolve) => front.close(resolve));
    },
  };
}

/** The sandbox has addresses of its own; requests and answers are told of the public ones. */
async function pass(sandbox: Sandbox, incoming: IncomingMessage, outgoing: ServerResponse): Promise<void> {
  const origin = new URL(sandbox.authority);
  const host = incoming.headers.host ?? "";
  const isVault = host.endsWith(vaultSuffix);
  const body = (await read(incoming)).replaceAll(vaultSuffix, sandbox.keyVaultSuffix);
  const target = isVault ? host.replace(vaultSuffix, sandbox.keyVaultSuffix) : origin.host;
  const toPublic = (text: string): string =>
    text
      .replaceAll(`https://${origin.host}`, `https://${login}`)
      .replaceAll(origin.host, login)
      .replaceAll(sandbox.keyVaultSuffix, vaultSuffix);
  const answer = await new Promise<IncomingMessage>((resolve, reject) => {
    const headers = { ...incoming.headers, host: target, "content-length": String(Buffer.byteLength(body)) };
    const path = isVault ? incoming.url : incoming.url?.replaceAll(login, origin.host);
    const options = { method: incoming.method, path, headers, agent: false };
    sendHttps({ ...options, host: origin.hostname, port: origin.port, ca: sandbox.caPem }, resolve)
      .on("error", reject)
      .end(body);
  });
  const text = toPublic(await read(answer));
  const headers = Object.entries(answer.headers).flatMap(([name, value]) =>
    ["content-length", "transfer-encoding", "connection"].includes(name) || value === undefined
      ? []
      : [[name, toPublic(String(value))] as const],
  );
  outgoing.writeHead(answer.statusCode ?? 500, Object.fromEntries(headers)).end(text);
}

async function read(message: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of message as AsyncIterable<Buffer>) {
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString();
}

/** https://learn.microsoft.com/entra/identity/managed-identities-azure-resources/how-to-use-vm-token */
function answerMetadata(
  sandbox: Sandbox,
  identities: readonly ManagedIdentity[],
  incoming: IncomingMessage,
  outgoing: ServerResponse,
): void {
  const url = new URL(incoming.url ?? "/", "http://169.254.169.254");
  const wanted = url.searchParams.get("client_id");
  const found = wanted ? identities.find((one) => one.clientId === wanted) : identities.at(0);
  const many = !wanted && identities.length > 1;
  outgoing.setHeader("content-type", "application/json");
  if (url.hostname !== "169.254.169.254" || !found || many) {
    const description = many
      ? "Multiple user assigned identities exist, please specify the clientId / resourceId of the identity in the token request"
      : "Identity not found";
    outgoing.writeHead(400).end(JSON.stringify({ error: "invalid_request", error_description: description }));
    return;
  }
  const principal = sandbox.world.principals.get(found.principalId)!;
  const seconds = 86_399;
  outgoing.writeHead(200).end(
    JSON.stringify({
      access_token: sandbox.token(principal, sandbox.keyVaultAudience, seconds),
      client_id: found.clientId,
      expires_in: String(seconds),
      expires_on: String(Math.floor(Date.now() / 1000) + seconds),
      ext_expires_in: String(seconds),
      not_before: String(Math.floor(Date.now() / 1000) - 5),
      resource: url.searchParams.get("resource"),
      token_type: "Bearer",
    }),
  );
}
