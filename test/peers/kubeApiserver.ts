/** A real kube-apiserver on loopback with an etcd of its own: RBAC on, no controllers, no kubelets, nothing left behind. */
import { spawn, type ChildProcess } from "node:child_process";
import { generateKeyPairSync, randomBytes } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { request } from "node:https";
import { createServer, type AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import path from "node:path";

import { until } from "../harness/until.ts";

/** How to speak to an API server. */
export interface ApiServer {
  /** `https://127.0.0.1:<port>` */
  readonly url: string;
  /** PEM that vouches for it. */
  readonly ca: string;
  /** Of a member of `system:masters`. */
  readonly token: string;
}

export interface KubeApiserver extends ApiServer {
  /** Tokens of users without any right, by name. */
  readonly tokens: Readonly<Record<string, string>>;
  readonly kubeconfig: string;
  close(): Promise<void>;
}

export interface Ask {
  /** Sent as it is where it is a text, else as JSON. */
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
  readonly token?: string;
}

export interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly text: string;
  /** What the text is as JSON; undefined where it is none. */
  readonly body: unknown;
}

export async function startKubeApiserver(
  binaries: { readonly etcd: string; readonly kubeApiserver: string },
  users: readonly string[] = [],
): Promise<KubeApiserver> {
  const folder = mkdtempSync(path.join(tmpdir(), "kube-apiserver-"));
  const children: ChildProcess[] = [];
  const close = async (): Promise<void> => {
    // The API server first: an etcd that is gone makes it wait.
    for (const child of children.reverse()) {
      await stop(child);
    }
    rmSync(folder, { recursive: true, force: true });
  };
  try {
    const [clientPort, peerPort, port] = await freePorts(3);
    const etcd = `http://127.0.0.1:${clientPort}`;
    children.push(run(binaries.etcd, etcdArguments(folder, etcd, `http://127.0.0.1:${peerPort}`), folder));
    const tokens = Object.fromEntries(["admin", ...users].map((user) => [user, randomBytes(16).toString("hex")]));
    writeCredentials(folder, tokens);
    children.push(run(binaries.kubeApiserver, apiserverArguments(folder, etcd, port ?? 0), folder));
    const certificate = path.join(folder, "certificates/apiserver.crt");
    const ca = await until("the API server's certificate", () => readFileSync(certificate, "utf8"), 60_000);
    const server = { url: `https://127.0.0.1:${port}`, ca, token: tokens["admin"] ?? "" };
    await until("the API server", () => isReady(server), 90_000);
    return { ...server, tokens, kubeconfig: kubeconfigOf(server), close };
  } catch (error) {
    await close();
    throw error;
  }
}

function etcdArguments(folder: string, client: string, peer: string): readonly string[] {
  return [
    `--data-dir=${folder}/etcd`,
    `--listen-client-urls=${client}`,
    `--advertise-client-urls=${client}`,
    `--listen-peer-urls=${peer}`,
    `--initial-advertise-peer-urls=${peer}`,
    `--initial-cluster=default=${peer}`,
    "--unsafe-no-fsync",
    "--log-level=error",
  ];
}

function apiserverArguments(folder: string, etcd: string, port: number): readonly string[] {
  return [
    `--etcd-servers=${etcd}`,
    `--cert-dir=${folder}/certificates`,
    `--secure-port=${port}`,
    "--bind-address=127.0.0.1",
    "--authorization-mode=RBAC",
    "--allow-privileged=true",
    // As AKS has it.
    "--anonymous-auth=false",
    `--token-auth-file=${folder}/tokens.csv`,
    `--service-account-key-file=${folder}/service-accounts.pem`,
    `--service-account-signing-key-file=${folder}/service-accounts-key.pem`,
    "--service-account-issuer=https://issuer.test/",
    "--api-audiences=https://issuer.test/",
    "--service-cluster-ip-range=10.0.0.0/24",
  ];
}

function writeCredentials(folder: string, tokens: Readonly<Record<string, string>>): void {
  const lines = Object.entries(tokens).map(
    ([user, token]) => `${token},${user},${user}${user === "admin" ? ",system:masters" : ""}`,
  );
  writeFileSync(path.join(folder, "tokens.csv"), `${lines.join("\n")}\n`, { mode: 0o600 });
  const { publicKey, privateKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });
  writeFileSync(path.join(folder, "service-accounts.pem"), publicKey.export({ type: "spki", format: "pem" }));
  writeFileSync(path.join(folder, "service-accounts-key.pem"), privateKey.export({ type: "pkcs8", format: "pem" }), {
    mode: 0o600,
  });
}

function run(program: string, args: readonly string[], folder: string): ChildProcess {
  return spawn(program, args, { cwd: folder, stdio: "ignore", env: { PATH: process.env["PATH"], HOME: folder } });
}

async function stop(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null || child.pid === undefined) {
    return;
  }
  const gone = new Promise<void>((resolve) => child.once("exit", () => resolve()));
  // An API server drains for a minute when it is asked politely; nothing here is worth keeping.
  child.kill("SIGKILL");
  await gone;
}

/** Bound and let go together, so that no two are the same. */
async function freePorts(count: number): Promise<readonly number[]> {
  const servers = Array.from({ length: count }, () => createServer());
  await Promise.all(servers.map((one) => new Promise<void>((resolve) => one.listen(0, "127.0.0.1", resolve))));
  const ports = servers.map((one) => (one.address() as AddressInfo).port);
  await Promise.all(servers.map((one) => new Promise((resolve) => one.close(resolve))));
  return ports;
}

async function isReady(server: ApiServer): Promise<true | undefined> {
  const answers = await Promise.all(
    // The roles and the default namespace are made after the server is ready.
    [
      "/readyz",
      "/apis/rbac.authorization.k8s.io/v1/clusterroles/cluster-admin",
      "/api/v1/namespaces/default",
      "/api/v1/namespaces/kube-system",
    ].map((url) => send(server, "GET", url)),
  );
  return answers.every(({ status }) => status === 200) ? true : undefined;
}

function kubeconfigOf({ url, ca, token }: ApiServer): string {
  return JSON.stringify({
    apiVersion: "v1",
    kind: "Config",
    "current-context": "real",
    clusters: [
      { name: "real", cluster: { server: url, "certificate-authority-data": Buffer.from(ca).toString("base64") } },
    ],
    users: [{ name: "admin", user: { token } }],
    contexts: [{ name: "real", context: { cluster: "real", user: "admin" } }],
  });
}

/** One request, as it is: nothing is repeated, nothing is an error. */
export function send(server: ApiServer, method: string, url: string, ask: Ask = {}): Promise<Answer> {
  const { body } = ask;
  const sent = body === undefined ? undefined : typeof body === "string" ? body : JSON.stringify(body);
  const headers = {
    authorization: `Bearer ${ask.token ?? server.token}`,
    ...(sent !== undefined && { "content-type": "application/json", "content-length": Buffer.byteLength(sent) }),
    ...ask.headers,
  };
  return new Promise((resolve, reject) => {
    const outgoing = request(server.url + url, { method, headers, ca: server.ca, agent: false }, (incoming) => {
      const chunks: Buffer[] = [];
      incoming.on("data", (chunk: Buffer) => chunks.push(chunk));
      incoming.on("error", reject);
      incoming.on("end", () => {
        const text = Buffer.concat(chunks).toString();
        resolve({ status: incoming.statusCode ?? 0, headers: incoming.headers, text, body: parse(text) });
      });
    });
    outgoing.on("error", reject);
    outgoing.end(sent);
  });
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}
