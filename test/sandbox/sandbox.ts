/** The sandbox cloud in this process: Entra, Resource Manager, a port per vault and a port per Kubernetes API server. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";

import { createArmHandler } from "./arm.ts";
import type { SandboxCloud } from "./armRoute.ts";
import { armRoutes } from "./armRoutes.ts";
import { isAllowed } from "./authorization.ts";
import { createBuilder, type Builder } from "./builders.ts";
import {
  createCertificateAuthority,
  createServerCertificate,
  readCertificateAuthority,
  writeCertificateAuthority,
  type CertificateAuthority,
} from "./certificate.ts";
import { createClock, type Pace } from "./clock.ts";
import { createControlHandler } from "./control.ts";
import { createEntraHandler } from "./entra.ts";
import type { Fault } from "./faults.ts";
import type { Handler, Plane, SandboxRequest } from "./http.ts";
import { aksServerAppId, createIdentity, type Identity } from "./identity.ts";
import { emptyWorld } from "./ids.ts";
import { addonVersionsFor } from "./clusterOperations.ts";
import { asObject, asText } from "./json.ts";
import { createKeyVaultHandler } from "./keyVault.ts";
import type { KeyVaultPlane } from "./keyVaultAccess.ts";
import { createKubernetesServer } from "./kubernetes/server.ts";
import { isAddonEnabled } from "./nodeResources.ts";
import { createOperations, type Operations } from "./operations.ts";
import { createSandboxServer, type JournalEntry, type Listener, type SandboxServer } from "./server.ts";
import { seedDemo } from "./seed.ts";
import { seedBase, type Visitor } from "./seedBase.ts";
import type { Cluster, Principal, Vault, World } from "./state.ts";

export interface SandboxOptions {
  /** `empty`: a tenant, a subscription and an owner of everything. `demo`: what `npm start` shows. A function adds to `empty`. */
  readonly world?: "empty" | "demo" | ((builder: Builder) => void);
  readonly pace?: Pace;
  /** Of Entra and Resource Manager; left out: any free one. */
  readonly port?: number;
  /** A folder that makeCa.ts wrote; left out: what KEY_VAULT_CSI_SANDBOX_CA names, else an authority of its own. */
  readonly caFolder?: string;
}

/** A request of the journal, by what it has. */
export interface RequestFilter {
  readonly plane?: Plane;
  readonly method?: string;
  readonly path?: RegExp | string;
}

export interface Sandbox extends Omit<Builder, "world"> {
  readonly resourceManager: string;
  readonly resourceManagerAudience: string;
  readonly authority: string;
  readonly keyVaultAudience: string;
  readonly keyVaultSuffix: string;
  readonly portal: undefined;
  readonly tenantId: string;
  readonly subscriptionId: string;
  /** The service principal that owns everything in `empty`, and that the demo is driven with. */
  readonly clientId: string;
  readonly clientSecret: string;
  readonly principal: Principal;
  readonly caFile: string;
  readonly caPem: string;
  readonly world: World;
  /** Address of `GET /state`, `GET /requests`, `POST /fail`, `POST /clock`. */
  readonly control: string;
  readonly operations: Operations;
  readonly identity: Identity;
  /** What was asked for and no route or api-version of the sandbox knows; empty at the end of a good test. */
  readonly unknownRequests: string[];
  /** A token as Entra would issue it. */
  token(principal: Principal, audience?: string, ttlSeconds?: number): string;
  /** Starts the API server where it is not running, and answers the kubeconfig of its local user. */
  kubeconfig(clusterId: string, how?: { readonly isAdmin: boolean }): Promise<string>;
  vaultUri(vaultId: string): Promise<string>;
  /** @returns takes the fault back */
  fail(fault: Fault): () => void;
  /** The journal, oldest first. */
  requests(filter?: RequestFilter): JournalEntry[];
  /** Forgets the journal. */
  forgetRequests(): void;
  close(): Promise<void>;
}

const keyVaultSuffix = "vault.sandbox.test";
const keyVaultAudience = `https://${keyVaultSuffix}`;

interface Files {
  readonly authority: CertificateAuthority;
  readonly caFile: string;
  remove(): void;
}

async function authorityFiles(folder: string | undefined): Promise<Files> {
  if (folder !== undefined) {
    return {
      authority: readCertificateAuthority(folder),
      caFile: path.join(folder, "ca.pem"),
      remove: () => undefined,
    };
  }
  const own = mkdtempSync(path.join(tmpdir(), "key-vault-csi-sandbox-"));
  const authority = await createCertificateAuthority();
  writeCertificateAuthority(own, authority);
  return {
    authority,
    caFile: path.join(own, "ca.pem"),
    remove: () => rmSync(own, { recursive: true, force: true }),
  };
}

interface Parts {
  readonly world: World;
  readonly server: SandboxServer;
  readonly identity: Identity;
  readonly caPem: string;
  readonly onUnknown: (plane: Plane, request: SandboxRequest, why: string) => void;
}

/** The ports behind the first one: opened when first asked for. */
function createCloud({ world, server, identity, caPem, onUnknown }: Parts, origin: () => string): LazyCloud {
  const vaultPorts = new Map<Vault, Promise<string>>();
  const clusters = new Map<Cluster, Promise<void>>();
  const plane = (): KeyVaultPlane => ({
    world,
    authority: origin(),
    audience: keyVaultAudience,
    suffix: keyVaultSuffix,
    verify: (token) => identity.verify(token),
    onUnknown: (request, why) => onUnknown("vault", request, why),
  });
  const openVault = async (vault: Vault): Promise<string> => {
    const { url } = await server.listen(createKeyVaultHandler(plane(), vault), { plane: "vault" });
    asObject(vault.body["properties"])["vaultUri"] = `${url}/`;
    return `${url}/`;
  };
  const openCluster = async (cluster: Cluster): Promise<void> => {
    cluster.kubernetes = await createKubernetesServer({
      world,
      cluster,
      listen: (handler: Handler): Promise<Listener> => server.listen(handler, { plane: "kubernetes" }),
      verify: (token) => {
        const claims = identity.verify(token);
        return claims?.aud === aksServerAppId ? claims : undefined;
      },
      isAllowed,
      caPem,
    });
    const properties = asObject(cluster.body["properties"]);
    if (isAddonEnabled(properties)) {
      cluster.kubernetes.installKeyVaultCsi(addonVersionsFor(asText(properties["currentKubernetesVersion"])));
    }
    cluster.whenStarted?.(cluster.kubernetes);
  };
  return {
    get resourceManager() {
      return origin();
    },
    get authority() {
      return origin();
    },
    keyVaultAudience,
    keyVaultSuffix,
    plane,
    vaultUri: (vault) => remember(vaultPorts, vault, openVault),
    kubernetes: (cluster) => remember(clusters, cluster, openCluster),
    async close() {
      await Promise.all([...clusters.keys()].map(async (cluster) => cluster.kubernetes?.close()));
    },
  };
}

interface LazyCloud extends SandboxCloud {
  plane(): KeyVaultPlane;
  close(): Promise<void>;
}

function remember<K, V>(known: Map<K, Promise<V>>, key: K, make: (key: K) => Promise<V>): Promise<V> {
  const promise = known.get(key) ?? make(key);
  known.set(key, promise);
  return promise;
}

const isEntra =
  /^\/(?:v1\.0\/|[^/]+\/(?:v2\.0\/|\.well-known\/|oauth2\/|discovery\/)|common\/|organizations\/|adfs\/)/i;

function planeOf(request: SandboxRequest): Plane {
  if ((request.headers["host"] ?? "").split(":")[0]?.endsWith(`.${keyVaultSuffix}`)) {
    return "vault";
  }
  return isEntra.test(request.path) && !/^\/(subscriptions|providers|tenants|metadata)\b/i.test(request.path)
    ? "entra"
    : "arm";
}

function seed(world: World, kind: SandboxOptions["world"]): Visitor {
  const builder = createBuilder(world);
  if (kind === "demo") {
    return seedDemo(builder);
  }
  const visitor = seedBase(builder);
  if (typeof kind === "function") {
    kind(builder);
  }
  return visitor;
}

/** Starts a cloud of its own; nothing of it outlives `close()`. */
export async function startSandbox(options: SandboxOptions = {}): Promise<Sandbox> {
  const files = await authorityFiles(options.caFolder ?? process.env["KEY_VAULT_CSI_SANDBOX_CA"]);
  const world = emptyWorld(createClock(options.pace ?? "instant"));
  const certificate = await createServerCertificate(files.authority, [keyVaultSuffix, `*.${keyVaultSuffix}`]);
  const server = createSandboxServer({ certificate, now: () => world.clock.now() });
  let origin = "";
  const unknownRequests: string[] = [];
  const onUnknown: Parts["onUnknown"] = (plane, request, why) => {
    unknownRequests.push(`${plane} ${request.method} ${request.path}: ${why}`);
  };
  const identity = createIdentity(world, () => origin);
  const operations = createOperations(world, () => origin);
  const parts: Parts = { world, server, identity, caPem: files.authority.pem, onUnknown };
  const cloud = createCloud(parts, () => origin);
  const visitor = seed(world, options.world);

  const planes: Partial<Record<Plane, Handler>> = {};
  const front = await server.listen((request) => (planes[planeOf(request)] ?? notReady)(request), {
    plane: planeOf,
    ...(options.port !== undefined && { port: options.port }),
  });
  origin = front.url;
  planes.entra = createEntraHandler({
    world,
    identity,
    authority: () => origin,
    audiences: () => [origin, keyVaultAudience],
  });
  planes.vault = createKeyVaultHandler(cloud.plane());
  planes.arm = createArmHandler({
    world,
    cloud,
    identity,
    operations,
    routes: armRoutes,
    prepare: (request) => openVaults(world, cloud, request.path),
    onUnknown: (request, why) => onUnknown("arm", request, why),
  });

  const sandbox: Omit<Sandbox, "control"> = {
    ...createBuilder(world),
    ...visitor,
    ...describeCloud(origin),
    caFile: files.caFile,
    caPem: files.authority.pem,
    world,
    operations,
    identity,
    unknownRequests,
    token: (principal, audience = origin, ttlSeconds) => identity.issue(principal, audience, ttlSeconds),
    kubeconfig: (id, how) => kubeconfigOf(world, cloud, id, how),
    vaultUri: (id) => cloud.vaultUri(findVault(world, id)),
    fail: (fault) => addFault(server, fault),
    requests: (filter) => server.journal.filter((entry) => matches(entry, filter)),
    forgetRequests: () => void server.journal.splice(0),
    async close() {
      world.clock.stop();
      await cloud.close();
      await server.close();
      await controlServer.close();
      files.remove();
    },
  };
  const controlServer = createSandboxServer({ certificate, now: () => world.clock.now() });
  const control = await controlServer.listen(createControlHandler(sandbox), { plane: "arm" });
  return { ...sandbox, control: control.url };
}

/** In a world of some dozens, every vault has its port before an answer names it; among thousands only the one that is asked for. */
const manyVaults = 200;

async function openVaults(world: World, cloud: SandboxCloud, requestPath: string): Promise<void> {
  if (!/\/providers\/Microsoft\.(KeyVault|ResourceGraph)\//i.test(requestPath)) {
    return;
  }
  const named = world.vaults.get(requestPath.toLowerCase());
  const opened = world.vaults.size <= manyVaults ? [...world.vaults.values()] : named ? [named] : [];
  await Promise.all(opened.map((vault) => cloud.vaultUri(vault)));
}

const notReady: Handler = () => ({ status: 503, body: "" });

function describeCloud(
  origin: string,
): Pick<
  Sandbox,
  "resourceManager" | "resourceManagerAudience" | "authority" | "keyVaultAudience" | "keyVaultSuffix" | "portal"
> {
  return {
    resourceManager: origin,
    resourceManagerAudience: origin,
    authority: origin,
    keyVaultAudience,
    keyVaultSuffix,
    portal: undefined,
  };
}

function addFault(server: SandboxServer, fault: Fault): () => void {
  const own = { ...fault };
  server.faults.push(own);
  return () => {
    const index = server.faults.indexOf(own);
    if (index >= 0) {
      server.faults.splice(index, 1);
    }
  };
}

function matches(entry: JournalEntry, { plane, method, path: pattern }: RequestFilter = {}): boolean {
  return (
    (plane ?? entry.plane) === entry.plane &&
    (method ?? entry.method) === entry.method &&
    (pattern === undefined ||
      (typeof pattern === "string"
        ? entry.path.toLowerCase().includes(pattern.toLowerCase())
        : pattern.test(entry.path)))
  );
}

function findVault(world: World, id: string): Vault {
  const vault = world.vaults.get(id.toLowerCase());
  if (!vault) {
    throw new Error(`The world has no vault "${id}".`);
  }
  return vault;
}

async function kubeconfigOf(
  world: World,
  cloud: SandboxCloud,
  id: string,
  how: { readonly isAdmin: boolean } = { isAdmin: true },
): Promise<string> {
  const cluster = world.clusters.get(id.toLowerCase());
  if (!cluster) {
    throw new Error(`The world has no cluster "${id}".`);
  }
  await cloud.kubernetes(cluster);
  return cluster.kubernetes?.kubeconfig(how) ?? "";
}
