import { randomUUID } from "node:crypto";
import type { Handler } from "../http.ts";
import type { Cluster, JsonObject, KubernetesServer, World } from "../state.ts";
import { Api } from "./api.ts";
import { Authentication, type EntraUser } from "./authentication.ts";
import { Authorizer, type IsAllowed } from "./authorizer.ts";
import { adminGroupBinding, baseline } from "./baseline.ts";
import { Kinds } from "./kinds.ts";
import { formatKubeconfig, issuerUrl, serverVersion } from "./kubeconfig.ts";
import { hasVirtualNode, makeCsiNode, makeNode, makeVirtualNode, planNodes } from "./nodes.ts";
import { timestamp, type KubeObject } from "./object.ts";
import { Store } from "./store.ts";
import { Subresources } from "./subresources.ts";

export interface Listener {
  readonly port: number;
  readonly url: string;
  close(): Promise<void>;
}

export interface KubernetesServerInput {
  readonly world: World;
  readonly cluster: Cluster;
  /** Opens an HTTPS port of its own for this API server. */
  readonly listen: (handler: Handler) => Promise<Listener>;
  /** Undefined: not signed by the sandbox's Entra, or expired. The audience is checked here. */
  readonly verify: (token: string) => EntraUser | undefined;
  readonly isAllowed: IsAllowed;
  /** PEM of the sandbox's authority, for kubeconfigs. */
  readonly caPem: string;
}

class SandboxKubernetes implements KubernetesServer {
  readonly store: Store;
  readonly kinds: Kinds;
  readonly authentication: Authentication;
  readonly api: Api;
  #listener: Listener | undefined;

  constructor(readonly input: KubernetesServerInput) {
    const { world, cluster } = input;
    this.store = new Store(world.clock);
    this.kinds = new Kinds(this.store);
    this.authentication = new Authentication(cluster, this.store, input.verify);
    const authorizer = new Authorizer(this.store, world, cluster, input.isAllowed);
    const subresources = new Subresources({
      store: this.store,
      authentication: this.authentication,
      authorizer,
      issuer: () => issuerUrl(cluster, this.url),
      readLog: () => [],
    });
    this.api = new Api({
      kinds: this.kinds,
      store: this.store,
      authentication: this.authentication,
      authorizer,
      subresources,
      version: () => serverVersion(cluster),
    });
    for (const object of baseline()) {
      this.put(object as unknown as JsonObject);
    }
    this.reconcileNodes();
  }

  get url(): string {
    return this.#listener?.url ?? "";
  }

  async open(): Promise<void> {
    this.#listener = await this.input.listen(this.api.handle);
    if (this.input.cluster.isUnreachable) {
      await this.#listener.close();
    }
  }

  list(kind: string): readonly JsonObject[] {
    const type = this.kinds.named(kind);
    return type ? ([...this.store.all(type.storage)] as unknown as JsonObject[]) : [];
  }

  put(object: JsonObject): void {
    const given = object as unknown as KubeObject;
    const type = this.kinds.ofKind(given.apiVersion, given.kind);
    if (type === undefined) {
      throw new Error(`The cluster serves no ${given.kind} of ${given.apiVersion}.`);
    }
    const now = timestamp(this.store.clock.now());
    const metadata = { uid: randomUUID(), creationTimestamp: now, ...given.metadata };
    this.store.put(type.storage, { ...given, metadata });
  }

  remove(kind: string, name: string, namespace?: string): void {
    const type = this.kinds.named(kind);
    if (type) {
      this.store.remove(type.storage, namespace ? `${namespace}/${name}` : name);
    }
  }

  installKeyVaultCsi(): void {
    // Comes with the add-on.
  }

  uninstallKeyVaultCsi(): void {
    // Comes with the add-on.
  }

  reconcileNodes(): void {
    const { world, cluster } = this.input;
    const plans = planNodes(world, cluster);
    const wanted = new Set(plans.map((plan) => plan.name));
    const now = world.clock.now();
    for (const node of [...this.store.all("nodes")].filter((one) => !wanted.has(one.metadata.name))) {
      this.store.remove("nodes", node.metadata.name);
      this.store.remove("csinodes.storage.k8s.io", node.metadata.name);
    }
    for (const [position, plan] of plans.entries()) {
      if (this.store.get("nodes", plan.name) === undefined) {
        this.put(makeNode(cluster, plan, position, now) as unknown as JsonObject);
        this.put(makeCsiNode(plan.name) as unknown as JsonObject);
      }
    }
    if (hasVirtualNode(cluster)) {
      this.put(makeVirtualNode(cluster, now) as unknown as JsonObject);
    }
    const binding = adminGroupBinding(cluster);
    if (binding) {
      this.put(binding as unknown as JsonObject);
    }
  }

  kubeconfig(how: { readonly isAdmin: boolean; readonly login?: "devicecode" | "azurecli" }): string {
    const { cluster, caPem } = this.input;
    const isLocal = how.isAdmin || !this.authentication.usesEntra;
    return formatKubeconfig({
      cluster,
      url: this.url,
      caPem,
      localToken: isLocal ? this.authentication.localToken : undefined,
      isAdmin: how.isAdmin,
      login: how.login ?? "devicecode",
    });
  }

  async close(): Promise<void> {
    await this.#listener?.close();
  }
}

/** Starts the API server of one cluster. Its nodes follow `agentPoolProfiles`. */
export async function createKubernetesServer(input: KubernetesServerInput): Promise<KubernetesServer> {
  const server = new SandboxKubernetes(input);
  await server.open();
  return server;
}
