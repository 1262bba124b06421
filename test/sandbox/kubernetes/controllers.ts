import { randomUUID } from "node:crypto";
import type { Kinds } from "./kinds.ts";
import { keyOf, timestamp, type KubeObject } from "./object.ts";
import { controllerOf, type Owners } from "./owners.ts";
import type { Change, Store } from "./store.ts";
import type { Kubelet } from "./kubelet.ts";
import type { Workloads } from "./workloads.ts";

interface ControllersInput {
  readonly kinds: Kinds;
  readonly store: Store;
  readonly owners: Owners;
  readonly workloads: Workloads;
  readonly kubelet: Kubelet;
  /** Told of every change, after the controllers. */
  readonly onChange: (change: Change) => void;
  readonly caPem: string;
}

const reconciled = new Set([
  "deployments.apps",
  "replicasets.apps",
  "statefulsets.apps",
  "daemonsets.apps",
  "jobs.batch",
]);

/** Watches the store and lets each controller do its part; work is collected, so that many changes cost one pass. */
export class Controllers {
  readonly #dirty = new Set<string>();
  #isScheduled = false;
  readonly #unsubscribe: () => void;

  constructor(readonly input: ControllersInput) {
    this.#unsubscribe = input.store.subscribe((change) => this.#see(change));
  }

  stop(): void {
    this.#unsubscribe();
    this.#dirty.clear();
  }

  #see(change: Change): void {
    const { owners, kubelet, onChange } = this.input;
    const { resource, object, type } = change;
    owners.see(change);
    if (reconciled.has(resource) && type !== "DELETED") {
      this.#mark(resource, keyOf(object));
    }
    this.#markOwner(object);
    if (resource === "nodes" && changesPlacement(change)) {
      for (const set of this.input.store.all("daemonsets.apps")) {
        this.#mark("daemonsets.apps", keyOf(set));
      }
    }
    if (resource === "namespaces") {
      this.#namespace(change);
    }
    kubelet.see(change);
    this.#collect(change);
    onChange(change);
  }

  #markOwner(object: KubeObject): void {
    const owner = controllerOf(object);
    const type = owner && this.input.kinds.named(owner.kind);
    if (owner && type && reconciled.has(type.storage)) {
      this.#mark(type.storage, `${object.metadata.namespace ?? ""}/${owner.name}`);
    }
  }

  #mark(resource: string, key: string): void {
    this.#dirty.add(`${resource}|${key}`);
    if (!this.#isScheduled) {
      this.#isScheduled = true;
      setImmediate(() => this.#flush());
    }
  }

  #flush(): void {
    this.#isScheduled = false;
    const work = [...this.#dirty];
    this.#dirty.clear();
    for (const item of work) {
      const [resource = "", key = ""] = item.split("|");
      this.input.workloads.reconcile(resource, key);
    }
  }

  /** What belonged to a deleted object goes with it, unless it was orphaned. */
  #collect({ type, object }: Change): void {
    const { store, owners } = this.input;
    const finalizers = object.metadata.finalizers ?? [];
    if (type !== "DELETED" && object.metadata.deletionTimestamp !== undefined && finalizers.length > 0) {
      setImmediate(() => this.#finalize(object));
      return;
    }
    if (type !== "DELETED") {
      return;
    }
    for (const { resource, key } of owners.places(object.metadata.uid)) {
      const dependent = store.get(resource, key);
      if (dependent !== undefined) {
        this.#release(resource, dependent, object.metadata.uid);
      }
    }
  }

  #release(resource: string, dependent: KubeObject, uid: string | undefined): void {
    const { store } = this.input;
    const others = dependent.metadata.ownerReferences?.filter((owner) => owner.uid !== uid) ?? [];
    if (others.length > 0) {
      store.put(resource, { ...dependent, metadata: { ...dependent.metadata, ownerReferences: others } });
    } else {
      this.#delete(resource, dependent);
    }
  }

  #delete(resource: string, object: KubeObject): void {
    const { store } = this.input;
    const isGraceful = resource === "pods" || (object.metadata.finalizers?.length ?? 0) > 0;
    if (!isGraceful || object.metadata.deletionTimestamp !== undefined) {
      store.remove(resource, keyOf(object));
      return;
    }
    const deletionTimestamp = timestamp(store.clock.now());
    const metadata = { ...object.metadata, deletionTimestamp, deletionGracePeriodSeconds: 0 };
    store.put(resource, { ...object, metadata });
  }

  /** The garbage collector's own finalizers: dependents first, or dependents left alone. */
  #finalize(marked: KubeObject): void {
    const { store, owners, kinds } = this.input;
    const type = kinds.ofKind(marked.apiVersion, marked.kind);
    const object = type && store.get(type.storage, keyOf(marked));
    if (object === undefined || object.metadata.uid !== marked.metadata.uid) {
      return;
    }
    const { uid, finalizers = [] } = object.metadata;
    const own = finalizers.filter((one) => ["foregroundDeletion", "orphan"].includes(one));
    if (own.length === 0) {
      return;
    }
    const letGo = own.includes("orphan") ? this.#orphan : this.#release;
    for (const { resource, key } of owners.places(uid)) {
      const dependent = store.get(resource, key);
      if (dependent) {
        letGo.call(this, resource, dependent, uid);
      }
    }
    if (own.length === finalizers.length) {
      store.remove(type?.storage ?? "", keyOf(object));
    }
  }

  #orphan(resource: string, dependent: KubeObject, uid: string | undefined): void {
    const ownerReferences = dependent.metadata.ownerReferences?.filter((owner) => owner.uid !== uid) ?? [];
    this.input.store.put(resource, { ...dependent, metadata: { ...dependent.metadata, ownerReferences } });
  }

  #namespace({ type, object }: Change): void {
    const { store, caPem } = this.input;
    const { name } = object.metadata;
    if (type === "ADDED") {
      const meta = (own: string): KubeObject["metadata"] => ({
        name: own,
        namespace: name,
        uid: randomUUID(),
        creationTimestamp: timestamp(store.clock.now()),
      });
      store.put("serviceaccounts", { apiVersion: "v1", kind: "ServiceAccount", metadata: meta("default") });
      const data = { "ca.crt": caPem };
      store.put("configmaps", { apiVersion: "v1", kind: "ConfigMap", metadata: meta("kube-root-ca.crt"), data });
    } else if (type === "MODIFIED" && object.metadata.deletionTimestamp !== undefined) {
      setImmediate(() => this.#empty(name));
    }
  }

  /** A namespace goes when all that is in it has gone. */
  #empty(name: string): void {
    const { store } = this.input;
    for (const resource of store.resources()) {
      for (const key of [...store.table(resource).keys.from("", `${name}/`)]) {
        store.remove(resource, key);
      }
    }
    store.remove("namespaces", name);
  }
}

function changesPlacement({ type, object, previous }: Change): boolean {
  return (
    type !== "MODIFIED" ||
    JSON.stringify([object.metadata.labels, object["spec"]]) !==
      JSON.stringify([previous?.metadata.labels, previous?.["spec"]])
  );
}
