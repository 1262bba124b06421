import { randomUUID } from "node:crypto";
import { createDriver } from "../csi.ts";
import { Rotation } from "../csiRotation.ts";
import type { Handler } from "../http.ts";
import type { Cluster, JsonObject, KubernetesServer, World } from "../state.ts";
import { addonDaemonSets, addonObjects, driverName } from "./addon.ts";
import { Api } from "./api.ts";
import { Authentication, type EntraUser } from "./authentication.ts";
import { Authorizer, type IsAllowed } from "./authorizer.ts";
import { adminGroupBinding, baseline } from "./baseline.ts";
import { Controllers } from "./controllers.ts";
import { componentOf, Defects, type Component, type NodeDefect } from "./defects.ts";
import { Kinds } from "./kinds.ts";
import { formatKubeconfig, issuerUrl, serverVersion } from "./kubeconfig.ts";
import { Kubelet } from "./kubelet.ts";
import { readLog } from "./logs.ts";
import { Mounts } from "./mounts.ts";
import { hasVirtualNode, makeCsiNode, makeNode, makeVirtualNode, nodeConditions, planNodes } from "./nodes.ts";
import { keyOf, listAt, textAt, timestamp, type KubeObject } from "./object.ts";
import { Owners } from "./owners.ts";
import { Registrar } from "./registrar.ts";
import { targetNode } from "./scheduler.ts";
import { Store } from "./store.ts";
import { Subresources } from "./subresources.ts";
import { Timers } from "./timers.ts";
import { Workloads } from "./workloads.ts";

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
  readonly defects = new Defects();
  readonly #timers: Timers;
  readonly #controllers: Controllers;
  readonly #registrar: Registrar;
  readonly #rotation: Rotation;
  #listener: Listener | undefined;
  #isInstalled = false;

  constructor(readonly input: KubernetesServerInput) {
    const { world, cluster } = input;
    this.store = new Store(world.clock);
    this.kinds = new Kinds(this.store);
    this.authentication = new Authentication(cluster, this.store, input.verify);
    this.#timers = new Timers(world.clock);
    this.#registrar = new Registrar(this.store, this.defects);
    const owners = new Owners(this.store);
    const mounts = new Mounts(this.store, createDriver({ world, cluster, store: this.store }));
    this.#controllers = this.#startControllers(owners, mounts);
    this.#rotation = new Rotation({ cluster, store: this.store, mounts });
    this.api = this.#makeApi(mounts);
    for (const object of baseline()) {
      this.#put(object);
    }
    this.reconcileNodes();
  }

  #startControllers(owners: Owners, mounts: Mounts): Controllers {
    const { store, kinds, defects } = this;
    const timers = this.#timers;
    return new Controllers({
      kinds,
      store,
      owners,
      workloads: new Workloads({ kinds, store, owners, timers, defects }),
      kubelet: new Kubelet({ store, timers, defects, mounts, exitCodeOf: () => 0 }),
      onChange: (change) => this.#registrar.see(change),
      caPem: this.input.caPem,
    });
  }

  #makeApi(mounts: Mounts): Api {
    const { store, kinds, authentication } = this;
    const { world, cluster, isAllowed } = this.input;
    const authorizer = new Authorizer(store, world, cluster, isAllowed);
    const subresources = new Subresources({
      store,
      authentication,
      authorizer,
      issuer: () => issuerUrl(cluster, this.url),
      readLog: (pod, container) => readLog(mounts, pod, container),
    });
    return new Api({ kinds, store, authentication, authorizer, subresources, version: () => serverVersion(cluster) });
  }

  get url(): string {
    return this.#listener?.url ?? "";
  }

  async open(): Promise<void> {
    this.#listener = await this.input.listen((request) =>
      this.#isStopped() ? { status: 0 } : this.api.handle(request),
    );
    if (this.input.cluster.isUnreachable) {
      await this.#listener.close();
    }
  }

  /** A stopped cluster's API server hangs up on everybody. */
  #isStopped(): boolean {
    return textAt(this.input.cluster.body, "properties.powerState.code") === "Stopped";
  }

  list(kind: string): readonly JsonObject[] {
    const type = this.kinds.named(kind);
    return type ? ([...this.store.all(type.storage)] as unknown as JsonObject[]) : [];
  }

  put(object: JsonObject): void {
    this.#put(object as unknown as KubeObject);
  }

  #put(object: KubeObject): void {
    const type = this.kinds.ofKind(object.apiVersion, object.kind);
    if (type === undefined) {
      throw new Error(`The cluster serves no ${object.kind} of ${object.apiVersion}.`);
    }
    const before = this.store.get(type.storage, keyOf(object))?.metadata;
    const fresh = { uid: randomUUID(), creationTimestamp: timestamp(this.store.clock.now()) };
    const { uid, creationTimestamp } = before ?? fresh;
    this.store.put(type.storage, {
      ...object,
      metadata: { ...fresh, uid, creationTimestamp, ...object.metadata } as KubeObject["metadata"],
    });
  }

  remove(kind: string, name: string, namespace?: string): void {
    const type = this.kinds.named(kind);
    if (type) {
      this.store.remove(type.storage, namespace ? `${namespace}/${name}` : name);
    }
  }

  installKeyVaultCsi(versions: { readonly driver: string; readonly provider: string }): void {
    this.#isInstalled = true;
    for (const object of addonObjects(versions)) {
      this.#put(object);
    }
  }

  uninstallKeyVaultCsi(): void {
    this.#isInstalled = false;
    for (const name of addonDaemonSets) {
      this.store.remove("daemonsets.apps", `kube-system/${name}`);
    }
    this.store.remove("csidrivers.storage.k8s.io", driverName);
    for (const node of [...this.store.all("nodes")]) {
      this.#registrar.unregister(node.metadata.name);
    }
  }

  breakNode(node: string, defect: NodeDefect): void {
    this.defects.add(node, defect);
    if (defect.kind === "notReady") {
      const now = this.store.clock.now();
      const object = this.store.get("nodes", node);
      if (object) {
        const status = { ...(object["status"] as Record<string, unknown>), conditions: nodeConditions(false, now) };
        this.store.put("nodes", { ...object, status });
        this.#markPodsNotReady(node);
      }
    } else if (defect.kind === "unregistered") {
      this.#registrar.unregister(node);
    } else {
      this.#restart(node, defect.component);
    }
  }

  /** As the node lifecycle controller does: the containers go on calling themselves ready, the condition does not. */
  #markPodsNotReady(node: string): void {
    for (const pod of [...this.store.all("pods")].filter((one) => textAt(one, "spec.nodeName") === node)) {
      const conditions = listAt(pod, "status.conditions").map((one) =>
        one["type"] === "Ready" ? { ...one, status: "False", reason: "NodeNotReady" } : one,
      );
      this.store.put("pods", { ...pod, status: { ...(pod["status"] as Record<string, unknown>), conditions } });
    }
  }

  mendNode(node: string): void {
    this.defects.clear(node);
    const object = this.store.get("nodes", node);
    if (object) {
      const conditions = nodeConditions(true, this.store.clock.now());
      this.store.put("nodes", { ...object, status: { ...(object["status"] as Record<string, unknown>), conditions } });
    }
    this.#restart(node, "driver");
    this.#restart(node, "provider");
  }

  /** Takes the pod of a component away; its DaemonSet makes another, which meets the defect. */
  #restart(node: string, component: Component): void {
    for (const pod of [...this.store.all("pods")]) {
      const isOnNode = (textAt(pod, "spec.nodeName") || targetNode(pod)) === node;
      if (isOnNode && componentOf(pod.metadata.labels) === component) {
        this.store.remove("pods", keyOf(pod));
      }
    }
    for (const set of this.#isInstalled ? [...this.store.all("daemonsets.apps")] : []) {
      this.store.put("daemonsets.apps", set);
    }
  }

  reconcileNodes(): void {
    const { world, cluster } = this.input;
    const plans = planNodes(world, cluster);
    const virtual = hasVirtualNode(cluster) ? makeVirtualNode(cluster, world.clock.now()) : undefined;
    const wanted = new Set([...plans.map((plan) => plan.name), ...(virtual ? [virtual.metadata.name] : [])]);
    const now = world.clock.now();
    for (const node of [...this.store.all("nodes")].filter((one) => !wanted.has(one.metadata.name))) {
      this.store.remove("nodes", node.metadata.name);
      this.store.remove("csinodes.storage.k8s.io", node.metadata.name);
    }
    for (const [position, plan] of plans.entries()) {
      if (this.store.get("nodes", plan.name) === undefined) {
        this.#put(makeNode(cluster, plan, position, now));
        this.#put(makeCsiNode(plan.name));
      }
    }
    for (const object of [virtual, adminGroupBinding(cluster)]) {
      if (object) {
        this.#put(object);
      }
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
    this.#controllers.stop();
    this.#rotation.stop();
    this.#timers.stop();
    await this.#listener?.close();
  }
}

/** Starts the API server of one cluster. Its nodes follow `agentPoolProfiles`. */
export async function createKubernetesServer(input: KubernetesServerInput): Promise<KubernetesServer> {
  const server = new SandboxKubernetes(input);
  await server.open();
  return server;
}
