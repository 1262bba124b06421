import { spawn, spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { request } from "node:https";
import { tmpdir } from "node:os";
import path from "node:path";
import { isAllowed } from "../../sandbox/authorization.ts";
import { createCertificateAuthority, createServerCertificate } from "../../sandbox/certificate.ts";
import { createClock, type Clock } from "../../sandbox/clock.ts";
import { createIdentity, type Identity } from "../../sandbox/identity.ts";
import { createKubernetesServer } from "../../sandbox/kubernetes/server.ts";
import { createSandboxServer } from "../../sandbox/server.ts";
import type { Cluster, JsonObject, KubernetesServer, World } from "../../sandbox/state.ts";

export const tenantId = "72f988bf-0000-4000-8000-2d7cd011db47";
const subscriptionId = "11111111-2222-4333-8444-555555555555";

/** One cluster and its API server, in a world of its own. */
export interface TestCluster {
  readonly world: World;
  readonly cluster: Cluster;
  readonly server: KubernetesServer;
  readonly identity: Identity;
  readonly clock: Clock;
  /** Asks as the local account, or with the token given. */
  ask(method: string, url: string, more?: Ask): Promise<Answer>;
  kubectl(args: readonly string[], input?: string): Promise<Run>;
  readonly folder: string;
  readonly caPem: string;
  readonly token: string;
  close(): Promise<void>;
}

export interface Ask {
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
  readonly token?: string;
}

export interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly text: string;
  readonly body: Body;
}

/** JSON of an answer; tests say by their assertions what they expect in it. */
// eslint-disable-next-line @typescript-eslint/no-explicit-any
export type Body = any;

export interface Run {
  readonly code: number | null;
  readonly out: string;
  readonly error: string;
}

export interface ClusterOptions {
  readonly pools?: readonly JsonObject[];
  readonly properties?: JsonObject;
  readonly fill?: (world: World) => void;
}

function emptyWorld(clock: Clock): World {
  return {
    clock,
    tenants: new Map(),
    principals: new Map(),
    subscriptions: new Map(),
    resourceGroups: new Map(),
    clusters: new Map(),
    vaults: new Map(),
    deletedVaults: new Map(),
    roleAssignments: new Map(),
    identities: new Map(),
    scaleSets: new Map(),
  };
}

function makeCluster({ pools, properties }: ClusterOptions): Cluster {
  const id = `/subscriptions/${subscriptionId}/resourceGroups/myResourceGroup/providers/Microsoft.ContainerService/managedClusters/myAKSCluster`;
  const nodePool = { name: "nodepool1", count: 3, osType: "Linux", mode: "System", vmSize: "Standard_D4s_v5" };
  return {
    id,
    name: "myAKSCluster",
    subscriptionId,
    resourceGroup: "myResourceGroup",
    newestApiVersion: "2026-04-01",
    body: {
      id,
      name: "myAKSCluster",
      location: "eastus2",
      properties: {
        kubernetesVersion: "1.35.1",
        nodeResourceGroup: "MC_myResourceGroup_myAKSCluster_eastus2",
        agentPoolProfiles: [...(pools ?? [nodePool])],
        oidcIssuerProfile: { enabled: true, issuerURL: "https://eastus2.oic.prod-aks.azure.com/t/c/" },
        ...properties,
      },
    },
  };
}

export async function startCluster(options: ClusterOptions = {}): Promise<TestCluster> {
  const clock = createClock("instant");
  const world = emptyWorld(clock);
  const cluster = makeCluster(options);
  world.clusters.set(cluster.id.toLowerCase(), cluster);
  options.fill?.(world);
  const authority = await createCertificateAuthority();
  const certificate = await createServerCertificate(authority, []);
  const sandbox = createSandboxServer({ certificate, now: () => clock.now() });
  const identity = createIdentity(world, () => "https://127.0.0.1");
  const server = await createKubernetesServer({
    world,
    cluster,
    listen: (handler) => sandbox.listen(handler, { plane: "kubernetes" }),
    verify: (token) => identity.verify(token),
    isAllowed,
    caPem: authority.pem,
  });
  cluster.kubernetes = server;
  const folder = mkdtempSync(path.join(tmpdir(), "kubernetes-"));
  const kubeconfig = path.join(folder, "config");
  writeFileSync(kubeconfig, server.kubeconfig({ isAdmin: true }), { mode: 0o600 });
  const token = /token: (\S+)/.exec(server.kubeconfig({ isAdmin: true }))?.[1] ?? "";
  return {
    world,
    cluster,
    server,
    identity,
    clock,
    folder,
    caPem: authority.pem,
    token,
    ask: (method, url, more) => send({ method, url: server.url + url, ca: authority.pem, token, ...more }),
    kubectl: (args, input) =>
      run(["--kubeconfig", kubeconfig, "--cache-dir", path.join(folder, "cache"), ...args], input),
    async close() {
      clock.stop();
      await server.close();
      await sandbox.close();
      rmSync(folder, { recursive: true });
    },
  };
}

function send(how: Ask & { method: string; url: string; ca: string; token: string }): Promise<Answer> {
  const { method, url, ca, token, body } = how;
  const sent = body === undefined ? undefined : typeof body === "string" ? body : JSON.stringify(body);
  const headers = {
    authorization: `Bearer ${token}`,
    ...(sent !== undefined && { "content-type": "application/json" }),
    ...how.headers,
  };
  return new Promise((resolve, reject) => {
    const outgoing = request(url, { method, headers, ca, agent: false }, (incoming) => {
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

function parse(text: string): Body {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

export function hasKubectl(): boolean {
  return spawnSync("kubectl", ["version", "--client"], { stdio: "ignore" }).status === 0;
}

function run(args: readonly string[], input?: string): Promise<Run> {
  return new Promise((resolve, reject) => {
    const child = spawn("kubectl", args, { env: { PATH: process.env["PATH"], HOME: tmpdir() } });
    let out = "";
    let error = "";
    child.stdout.on("data", (chunk: Buffer) => (out += chunk.toString()));
    child.stderr.on("data", (chunk: Buffer) => (error += chunk.toString()));
    child.on("error", reject);
    child.on("close", (code) => resolve({ code, out, error }));
    child.stdin.end(input ?? "");
  });
}

/** Looks until `check` holds. */
export async function until(what: string, check: () => boolean | Promise<boolean>, withinMs = 8000): Promise<void> {
  const end = Date.now() + withinMs;
  while (!(await check())) {
    if (Date.now() > end) {
      throw new Error(`Not in time: ${what}`);
    }
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}
