import { randomUUID } from "node:crypto";
import { admitPod } from "./admission.ts";
import { componentOf, type Defects } from "./defects.ts";
import { withDefaults } from "./defaults.ts";
import { recordEvent } from "./events.ts";
import type { Kinds } from "./kinds.ts";
import { hashSuffix, randomSuffix } from "./names.ts";
import { at, isRecord, isSame, keyOf, listAt, numberAt, textAt, timestamp, type KubeObject } from "./object.ts";
import { ownerReference, type Owners } from "./owners.ts";
import { fitsSelectors, fitsTaints, targetNode } from "./scheduler.ts";
import { StatusError } from "./status.ts";
import type { Store } from "./store.ts";
import type { Timers } from "./timers.ts";
import { countJob, daemonSetStatus, deploymentStatus, jobStatus } from "./workloadStatus.ts";

interface WorkloadsInput {
  readonly kinds: Kinds;
  readonly store: Store;
  readonly owners: Owners;
  readonly timers: Timers;
  readonly defects: Defects;
}

type Fields = Record<string, unknown>;

const isReady = (pod: KubeObject): boolean =>
  pod.metadata.deletionTimestamp === undefined &&
  listAt(pod, "status.conditions").some((one) => one["type"] === "Ready" && one["status"] === "True");

const isActive = (pod: KubeObject): boolean =>
  pod.metadata.deletionTimestamp === undefined && !/^(Succeeded|Failed)$/.test(textAt(pod, "status.phase"));

/** Deployments, ReplicaSets, StatefulSets, DaemonSets and Jobs: makes the pods they ask for and counts them. */
export class Workloads {
  constructor(readonly input: WorkloadsInput) {}

  reconcile(resource: string, key: string): void {
    const object = this.input.store.get(resource, key);
    if (object === undefined || object.metadata.deletionTimestamp !== undefined) {
      return;
    }
    switch (resource) {
      case "deployments.apps":
        return this.#deployment(object);
      case "replicasets.apps":
        return this.#replicaSet(object);
      case "statefulsets.apps":
        return this.#statefulSet(object);
      case "daemonsets.apps":
        return this.#daemonSet(object);
      case "jobs.batch":
        return this.#job(object);
    }
  }

  #pods(owner: KubeObject): readonly KubeObject[] {
    return this.input.owners.dependents(owner.metadata.uid, "pods");
  }

  #status(resource: string, object: KubeObject, status: Fields): void {
    const next = { ...status, observedGeneration: object.metadata.generation ?? 1 };
    if (!isSame(object["status"], next)) {
      this.input.store.put(resource, { ...object, status: next });
    }
  }

  /** Makes one pod of a template; a refusal becomes an event and is tried again. */
  #createPod(
    owner: KubeObject,
    how: { readonly name: string; readonly labels?: Fields; readonly spec?: Fields },
  ): void {
    const { kinds, store, timers } = this.input;
    const type = kinds.find("", "v1", "pods");
    const template = at(owner, "spec.template");
    const metadata = (at(template, "metadata") as Fields | undefined) ?? {};
    const pod = withDefaults({
      apiVersion: "v1",
      kind: "Pod",
      metadata: {
        ...(isRecord(metadata["annotations"]) && { annotations: metadata["annotations"] as Record<string, string> }),
        labels: {
          ...(metadata["labels"] as Record<string, string> | undefined),
          ...(how.labels as Record<string, string>),
        },
        name: how.name,
        generateName: how.name.replace(/[^-]*$/, ""),
        namespace: owner.metadata.namespace ?? "default",
        uid: randomUUID(),
        creationTimestamp: timestamp(store.clock.now()),
        ownerReferences: ownerReference(owner),
      },
      spec: { ...(at(template, "spec") as Fields), ...how.spec },
    });
    const component = `${owner.kind.toLowerCase()}-controller`;
    try {
      if (type) {
        admitPod(type, store, pod);
      }
      store.put("pods", pod);
      const message = `Created pod: ${pod.metadata.name}`;
      recordEvent(store, owner, { type: "Normal", reason: "SuccessfulCreate", message }, { component });
    } catch (error) {
      if (!(error instanceof StatusError)) {
        throw error;
      }
      const message = `Error creating: ${error.message}`;
      recordEvent(store, owner, { type: "Warning", reason: "FailedCreate", message }, { component });
      timers.later(3000, () => this.reconcile(this.#resourceOf(owner), keyOf(owner)));
    }
  }

  /** Among thousands of pods, five random letters do meet twice. */
  #freeName(owner: KubeObject): string {
    for (;;) {
      const name = `${owner.metadata.name}-${randomSuffix()}`;
      if (this.input.store.get("pods", `${owner.metadata.namespace ?? ""}/${name}`) === undefined) {
        return name;
      }
    }
  }

  #resourceOf(owner: KubeObject): string {
    return this.input.kinds.ofKind(owner.apiVersion, owner.kind)?.storage ?? "";
  }

  #deletePod(pod: KubeObject): void {
    const { store } = this.input;
    const grace = textAt(pod, "spec.nodeName") ? 30 : 0;
    if (grace === 0) {
      store.remove("pods", keyOf(pod));
      return;
    }
    const deletionTimestamp = timestamp(store.clock.now() + grace * 1000);
    store.put("pods", { ...pod, metadata: { ...pod.metadata, deletionTimestamp, deletionGracePeriodSeconds: grace } });
  }

  #deployment(deployment: KubeObject): void {
    const { store, owners } = this.input;
    const { name, namespace = "default" } = deployment.metadata;
    const template = at(deployment, "spec.template");
    const hash = hashSuffix(JSON.stringify(template), 10);
    const sets = owners.dependents(deployment.metadata.uid, "replicasets.apps");
    const replicas = numberAt(deployment, "spec.replicas") ?? 1;
    const current = sets.find((set) => set.metadata.labels?.["pod-template-hash"] === hash);
    if (current === undefined) {
      store.put("replicasets.apps", this.#newReplicaSet(deployment, { hash, replicas, revision: sets.length + 1 }));
      const message = `Scaled up replica set ${name}-${hash} from 0 to ${replicas}`;
      recordEvent(
        store,
        deployment,
        { type: "Normal", reason: "ScalingReplicaSet", message },
        { component: "deployment-controller" },
      );
      return;
    }
    if (numberAt(current, "spec.replicas") !== replicas) {
      store.put("replicasets.apps", { ...current, spec: { ...(current["spec"] as Fields), replicas } });
    }
    const ready = numberAt(current, "status.readyReplicas") ?? 0;
    for (const old of sets.filter((set) => set !== current && numberAt(set, "spec.replicas") !== 0)) {
      if (ready >= replicas) {
        store.put("replicasets.apps", { ...old, spec: { ...(old["spec"] as Fields), replicas: 0 } });
      }
    }
    const total = sets.reduce((sum, set) => sum + (numberAt(set, "status.replicas") ?? 0), 0);
    const fresh = store.get("deployments.apps", `${namespace}/${name}`) ?? deployment;
    this.#status(
      "deployments.apps",
      fresh,
      deploymentStatus(fresh, { total, ready, replicas, set: current.metadata.name }),
    );
  }

  #newReplicaSet(deployment: KubeObject, how: { hash: string; replicas: number; revision: number }): KubeObject {
    const { name, namespace = "default" } = deployment.metadata;
    const template = structuredClone(at(deployment, "spec.template")) as Fields;
    const metadata = (template["metadata"] as Fields | undefined) ?? {};
    const labels = { ...(metadata["labels"] as Record<string, string> | undefined), "pod-template-hash": how.hash };
    const matchLabels = { ...(at(deployment, "spec.selector.matchLabels") as Fields), "pod-template-hash": how.hash };
    return {
      apiVersion: "apps/v1",
      kind: "ReplicaSet",
      metadata: {
        name: `${name}-${how.hash}`,
        namespace,
        labels,
        annotations: { "deployment.kubernetes.io/revision": String(how.revision) },
        uid: randomUUID(),
        generation: 1,
        creationTimestamp: timestamp(this.input.store.clock.now()),
        ownerReferences: ownerReference(deployment),
      },
      spec: {
        replicas: how.replicas,
        selector: { matchLabels },
        template: { ...template, metadata: { ...metadata, labels } },
      },
      status: { replicas: 0 },
    };
  }

  #replicaSet(set: KubeObject): void {
    const pods = this.#pods(set).filter(isActive);
    const wanted = numberAt(set, "spec.replicas") ?? 1;
    for (let i = pods.length; i < wanted; i++) {
      this.#createPod(set, { name: this.#freeName(set) });
    }
    for (const pod of pods.slice(wanted)) {
      this.#deletePod(pod);
    }
    const active = this.#pods(set).filter(isActive);
    const ready = active.filter(isReady).length;
    this.#status("replicasets.apps", set, {
      replicas: active.length,
      fullyLabeledReplicas: active.length,
      ...(ready > 0 && { readyReplicas: ready, availableReplicas: ready }),
    });
  }

  #statefulSet(set: KubeObject): void {
    const pods = this.#pods(set);
    const wanted = numberAt(set, "spec.replicas") ?? 1;
    const inOrder = Array.from({ length: wanted }, (_, i) => `${set.metadata.name}-${i}`);
    const next = inOrder.find((name) => !pods.some((pod) => pod.metadata.name === name && isReady(pod)));
    if (next !== undefined && !pods.some((pod) => pod.metadata.name === next)) {
      const labels = {
        "statefulset.kubernetes.io/pod-name": next,
        "apps.kubernetes.io/pod-index": next.split("-").at(-1),
      };
      this.#createPod(set, { name: next, labels });
    }
    for (const pod of pods.filter((one) => !inOrder.includes(one.metadata.name) && isActive(one))) {
      this.#deletePod(pod);
    }
    const active = this.#pods(set).filter(isActive);
    const ready = active.filter(isReady).length;
    const hash = `${set.metadata.name}-${hashSuffix(JSON.stringify(at(set, "spec.template")), 10)}`;
    this.#status("statefulsets.apps", set, {
      replicas: active.length,
      availableReplicas: ready,
      ...(ready > 0 && { readyReplicas: ready }),
      currentReplicas: active.length,
      updatedReplicas: active.length,
      currentRevision: hash,
      updateRevision: hash,
      collisionCount: 0,
    });
  }

  #daemonSet(set: KubeObject): void {
    const template = { spec: at(set, "spec.template.spec") };
    const hash = hashSuffix(JSON.stringify(at(set, "spec.template")), 10);
    const nodes = [...this.input.store.all("nodes")].filter(
      (node) => fitsSelectors(template, node) && fitsTaints(template, node),
    );
    const component = componentOf(at(set, "spec.template.metadata.labels") as Record<string, string> | undefined);
    const wanted = new Set(nodes.map((node) => node.metadata.name));
    const served = this.#keepOnePerNode(set, wanted, hash);
    for (const name of wanted) {
      if (!served.has(name) && this.input.defects.of(name, component)?.kind !== "missing") {
        this.#createPod(set, daemonPod(set, name, { hash, podName: this.#freeName(set) }));
      }
    }
    const active = this.#pods(set).filter(isActive);
    const counts = { desired: wanted.size, current: active.length, ready: active.filter(isReady).length };
    this.#status("daemonsets.apps", set, daemonSetStatus(counts));
  }

  /** Takes away what is too much, misplaced or of an old template. @returns nodes that have their pod */
  #keepOnePerNode(set: KubeObject, wanted: ReadonlySet<string>, hash: string): ReadonlySet<string> {
    const served = new Set<string>();
    for (const pod of this.#pods(set).filter(isActive)) {
      const node = textAt(pod, "spec.nodeName") || (targetNode(pod) ?? "");
      const isStale = pod.metadata.labels?.["controller-revision-hash"] !== hash;
      if (served.has(node) || !wanted.has(node) || isStale) {
        this.#deletePod(pod);
      } else {
        served.add(node);
      }
    }
    return served;
  }

  #job(job: KubeObject): void {
    if (listAt(job, "status.conditions").length > 0 || at(job, "spec.suspend") === true) {
      return;
    }
    const pods = this.#pods(job);
    const counts = countJob(job, pods);
    const active = pods.filter(isActive).length;
    for (let i = active; i < counts.parallelism; i++) {
      this.#createPod(job, { name: this.#freeName(job) });
    }
    const now = timestamp(this.input.store.clock.now());
    const ready = pods.filter(isReady).length;
    this.#status(
      "jobs.batch",
      job,
      jobStatus(job, { ...counts, active: Math.max(active, counts.parallelism), ready }, now),
    );
  }
}

function daemonPod(
  set: KubeObject,
  node: string,
  how: { readonly hash: string; readonly podName: string },
): { name: string; labels: Fields; spec: Fields } {
  const terms = [{ matchFields: [{ key: "metadata.name", operator: "In", values: [node] }] }];
  const affinity = { nodeAffinity: { requiredDuringSchedulingIgnoredDuringExecution: { nodeSelectorTerms: terms } } };
  const exists = (key: string, effect: string): Fields => ({ key, operator: "Exists", effect });
  const tolerations = [
    ...listAt(set, "spec.template.spec.tolerations"),
    exists("node.kubernetes.io/not-ready", "NoExecute"),
    exists("node.kubernetes.io/unreachable", "NoExecute"),
    exists("node.kubernetes.io/disk-pressure", "NoSchedule"),
    exists("node.kubernetes.io/memory-pressure", "NoSchedule"),
    exists("node.kubernetes.io/pid-pressure", "NoSchedule"),
    exists("node.kubernetes.io/unschedulable", "NoSchedule"),
  ];
  return {
    name: how.podName,
    labels: { "controller-revision-hash": how.hash, "pod-template-generation": "1" },
    spec: { affinity, tolerations },
  };
}
