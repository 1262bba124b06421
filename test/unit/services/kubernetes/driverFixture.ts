import type { KubernetesObject } from "../../../../src/services/kubernetes/clusterClient.ts";
import { readPod } from "../../../../src/services/kubernetes/driverComponents.ts";
import { readNode, readNodeDetails, type DriverEvidence } from "../../../../src/services/kubernetes/driverEvidence.ts";
import { readDaemonSet } from "../../../../src/services/kubernetes/driverInstallation.ts";
import type { JsonObject } from "../../../sandbox/state.ts";

/** Long ago: what is wrong by now stays wrong. */
export const longAgo = "2026-01-01T00:00:00Z";

export const driverImage = "mcr.microsoft.com/oss/v2/kubernetes-csi/secrets-store/driver:v1.5.4";
export const providerImage = "mcr.microsoft.com/oss/v2/azure/secrets-store/provider-azure:v1.7.2";

const apps = { driver: "secrets-store-csi-driver", provider: "secrets-store-provider-azure" } as const;
const daemonSets = { driver: "aks-secrets-store-csi-driver", provider: "aks-secrets-store-provider-azure" } as const;
const containers = {
  driver: ["node-driver-registrar", "secrets-store", "liveness-probe"],
  provider: ["provider-azure-installer"],
} as const;

export type Role = keyof typeof apps;

export interface PodOptions {
  readonly role: Role;
  readonly node: string;
  readonly name?: string;
  readonly namespace?: string;
  readonly app?: string;
  readonly daemonSet?: string;
  readonly creationTimestamp?: string;
  /** Replaces what a healthy pod's status says. */
  readonly status?: JsonObject;
  /** The scheduler has found no place. */
  readonly isUnscheduled?: boolean;
}

/** A pod of the add-on as the API server gives it, healthy unless told. */
export function driverPod(options: PodOptions): JsonObject {
  const { role, node } = options;
  const affinity = {
    nodeAffinity: {
      requiredDuringSchedulingIgnoredDuringExecution: {
        nodeSelectorTerms: [{ matchFields: [{ key: "metadata.name", operator: "In", values: [node] }] }],
      },
    },
  };
  const owner = options.daemonSet ?? daemonSets[role];
  return {
    apiVersion: "v1",
    kind: "Pod",
    metadata: {
      name: options.name ?? podName(role, node),
      namespace: options.namespace ?? "kube-system",
      labels: { app: options.app ?? apps[role] },
      creationTimestamp: options.creationTimestamp ?? longAgo,
      ownerReferences: [{ apiVersion: "apps/v1", kind: "DaemonSet", name: owner, uid: owner, controller: true }],
    },
    spec: {
      affinity,
      containers: containers[role].map((name) => ({
        name,
        image: name === "secrets-store" ? driverImage : name === "provider-azure-installer" ? providerImage : "other:1",
      })),
      ...(options.isUnscheduled ? {} : { nodeName: node }),
    },
    status: options.status ?? healthyStatus(role),
  };
}

export function podName(role: Role, node: string): string {
  return `${daemonSets[role]}-${node}`;
}

export function healthyStatus(role: Role): JsonObject {
  return {
    phase: "Running",
    conditions: [{ type: "Ready", status: "True" }],
    containerStatuses: containers[role].map((name) => ({ name, ready: true, restartCount: 2, state: { running: {} } })),
  };
}

/** A status in which one container waits. */
export function waitingStatus(role: Role, container: string, state: JsonObject): JsonObject {
  return {
    phase: "Running",
    conditions: [{ type: "Ready", status: "False" }],
    containerStatuses: containers[role].map((name) =>
      name === container
        ? { name, ready: false, restartCount: 9, ...state }
        : { name, ready: true, restartCount: 0, state: { running: {} } },
    ),
  };
}

export interface DaemonSetOptions {
  readonly role: Role;
  readonly name?: string;
  readonly namespace?: string;
  readonly app?: string;
  readonly os?: "linux" | "windows";
  readonly creationTimestamp?: string;
  readonly nodeSelector?: JsonObject;
  readonly tolerations?: JsonObject[];
}

export function daemonSet(options: DaemonSetOptions): JsonObject {
  const { role, os = "linux" } = options;
  const labels = { app: options.app ?? apps[role] };
  return {
    apiVersion: "apps/v1",
    kind: "DaemonSet",
    metadata: {
      name: options.name ?? `${daemonSets[role]}${os === "windows" ? "-windows" : ""}`,
      namespace: options.namespace ?? "kube-system",
      creationTimestamp: options.creationTimestamp ?? longAgo,
    },
    spec: {
      selector: { matchLabels: labels },
      template: {
        metadata: { labels },
        spec: {
          nodeSelector: { "kubernetes.io/os": os, ...options.nodeSelector },
          tolerations: options.tolerations ?? [{ operator: "Exists" }],
          containers: [],
        },
      },
    },
  };
}

export interface NodeOptions {
  readonly os?: "linux" | "windows";
  readonly labels?: JsonObject;
  readonly creationTimestamp?: string;
  readonly isReady?: boolean;
  readonly taints?: JsonObject[];
}

export function node(name: string, options: NodeOptions = {}): JsonObject {
  const { os = "linux", isReady = true, taints } = options;
  const ready = isReady
    ? { type: "Ready", status: "True", reason: "KubeletReady", message: "kubelet is posting ready status" }
    : {
        type: "Ready",
        status: "Unknown",
        reason: "NodeStatusUnknown",
        message: "Kubelet stopped posting node status.",
      };
  return {
    apiVersion: "v1",
    kind: "Node",
    metadata: {
      name,
      labels: { "kubernetes.io/os": os, ...options.labels },
      creationTimestamp: options.creationTimestamp ?? longAgo,
    },
    spec: { ...(taints ? { taints } : {}) },
    status: { conditions: [ready] },
  };
}

/** What one look at a cluster would find. */
export interface Found {
  readonly nodes?: readonly JsonObject[];
  readonly pods?: readonly JsonObject[];
  readonly daemonSets?: readonly JsonObject[];
  readonly registered?: readonly string[];
  readonly csiDriver?: DriverEvidence["csiDriver"] | "missing";
  readonly hasCrds?: boolean;
  readonly events?: Readonly<Record<string, string>>;
  readonly lastLines?: Readonly<Record<string, string>>;
}

const asObjects = (objects: readonly JsonObject[]) => objects as unknown as readonly KubernetesObject[];

/** Reads it as a look at a cluster does; a healthy add-on on every node where nothing else is said. */
export function evidenceOf(found: Found): DriverEvidence {
  const nodes = found.nodes ?? [node("n1")];
  const names = asObjects(nodes).map(({ metadata }) => metadata.name);
  const pods = found.pods ?? names.flatMap((name) => bothPods(name));
  const sets = found.daemonSets ?? [daemonSet({ role: "driver" }), daemonSet({ role: "provider" })];
  const given = <T>(value: T | undefined): value is T => value !== undefined;
  return {
    nodes: asObjects(nodes).map(readNode),
    details: new Map(asObjects(nodes).map((one) => [one.metadata.name, readNodeDetails(one)])),
    pods: asObjects(pods).map(readPod).filter(given),
    daemonSets: asObjects(sets).map(readDaemonSet).filter(given),
    registeredNodes: new Set(found.registered ?? names),
    csiDriver: found.csiDriver === "missing" ? undefined : (found.csiDriver ?? csiDriver),
    hasCrds: found.hasCrds ?? true,
    notes: {
      events: new Map(Object.entries(found.events ?? {})),
      lastLines: new Map(Object.entries(found.lastLines ?? {})),
    },
    daemonSetEvents: new Map(Object.entries(found.events ?? {})),
  };
}

export const csiDriver = {
  podInfoOnMount: true,
  tokenAudiences: ["api://AzureADTokenExchange"],
  requiresRepublish: false,
} as const;

/** The two pods of a node; one of them replaced. */
export function bothPods(
  name: string,
  replaced?: Partial<PodOptions> & { readonly role: Role },
): readonly JsonObject[] {
  return (["driver", "provider"] as const).map((role) =>
    driverPod({ node: name, ...(replaced?.role === role ? replaced : {}), role }),
  );
}
