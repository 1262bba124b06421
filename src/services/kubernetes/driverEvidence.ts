import type { CallOptions } from "../call.ts";
import { ServiceError, hasCode } from "../errors.ts";
import { kinds, type ClusterClient, type KubernetesObject } from "./clusterClient.ts";
import { lastLine, readPod, silentlyCrashed, type PodFacts, type PodNotes } from "./driverComponents.ts";
import {
  addonNamespace,
  csiDriverName,
  podSelector,
  readDaemonSet,
  type DaemonSetFacts,
} from "./driverInstallation.ts";
import type { DriverReport } from "./driverPods.ts";
import { fieldsOf, itemsOf, textOf, type Fields } from "./fields.ts";

/** What is known of every node. */
export interface NodeFacts {
  readonly name: string;
  readonly os: "linux" | "windows";
  readonly isVirtual: boolean;
  readonly labels: Readonly<Record<string, string>>;
  readonly creationTimestamp: string | undefined;
}

/** What is asked in full, of nodes where something is missing or not ready. */
export interface NodeDetails {
  readonly isReady: boolean;
  /** Why it is not ready, in the kubelet's words. */
  readonly message: string | undefined;
  readonly isVirtual: boolean;
  /** Taints that keep pods away, as `key=value:Effect`. */
  readonly taints: readonly string[];
}

/** Everything one look at a cluster has found. */
export interface DriverEvidence {
  readonly nodes: readonly NodeFacts[];
  readonly details: ReadonlyMap<string, NodeDetails>;
  readonly pods: readonly PodFacts[];
  readonly daemonSets: readonly DaemonSetFacts[];
  readonly registeredNodes: ReadonlySet<string>;
  readonly csiDriver: DriverReport["csiDriver"];
  readonly hasCrds: boolean;
  readonly notes: PodNotes;
  /** Events of DaemonSets, by name: why a pod could not even be made. */
  readonly daemonSetEvents: ReadonlyMap<string, string>;
}

/**
 * Takes one look. Pods are asked for by label and nodes by metadata; nodes in full, events and logs only where something is wrong.
 * @throws {ServiceError} `forbidden` naming what may not be listed
 */
export async function gatherEvidence(client: ClusterClient, options: CallOptions): Promise<DriverEvidence> {
  const [nodes, addonPods, daemonSets, registered, csiDriver, served] = await Promise.all([
    client.collect(kinds.node, { metadataOnly: true }, readNode, options),
    client.collect(kinds.pod, { namespace: addonNamespace, labelSelector: podSelector }, readPod, options),
    listDaemonSets(client, options),
    client.collect(kinds.csiNode, {}, registeredNode, options),
    client.find(kinds.csiDriver, csiDriverName, undefined, options),
    client.listServed(kinds.secretProviderClass.apiVersion, options),
  ]);
  const pods = [...addonPods, ...(await listPodsElsewhere(client, daemonSets, options))];
  const registeredNodes = new Set(registered);
  const suspects = pods.length === 0 ? [] : findSuspects(nodes, pods, registeredNodes);
  const [details, more] = await Promise.all([
    readDetails(client, suspects, options),
    suspects.length === 0 ? noNotes : readNotes(client, pods, options),
  ]);
  return {
    ...{ nodes, details, pods, daemonSets, registeredNodes },
    csiDriver: csiDriver && readCsiDriver(csiDriver),
    hasCrds: [kinds.secretProviderClass, kinds.secretProviderClassPodStatus].every(({ plural }) =>
      served.includes(plural),
    ),
    ...more,
  };
}

/** Reads what a node's metadata tells. The provider's own affinity leaves out nodes of type `virtual-kubelet`. */
export function readNode({ metadata }: KubernetesObject): NodeFacts {
  const labels = metadata.labels ?? {};
  return {
    name: metadata.name,
    os: labels["kubernetes.io/os"] === "windows" ? "windows" : "linux",
    isVirtual: labels["type"] === "virtual-kubelet",
    labels,
    creationTimestamp: metadata.creationTimestamp,
  };
}

function registeredNode({ metadata, spec }: KubernetesObject): string | undefined {
  const drivers = fieldsOf(spec)["drivers"];
  const isRegistered = Array.isArray(drivers) && drivers.some((driver: Fields) => driver["name"] === csiDriverName);
  return isRegistered ? metadata.name : undefined;
}

function readCsiDriver(object: KubernetesObject): DriverReport["csiDriver"] {
  const spec = fieldsOf(object["spec"]);
  return {
    podInfoOnMount: spec["podInfoOnMount"] === true,
    tokenAudiences: itemsOf(spec["tokenRequests"]).map(({ audience }) => textOf(audience) ?? ""),
    requiresRepublish: spec["requiresRepublish"] === true,
  };
}

/** DaemonSets are few; they tell whether an open-source installation runs, and where. Who may not list them sees the add-on's pods. */
async function listDaemonSets(client: ClusterClient, options: CallOptions): Promise<readonly DaemonSetFacts[]> {
  try {
    return await client.collect(kinds.daemonSet, {}, readDaemonSet, options);
  } catch (error) {
    if (hasCode(error, "forbidden")) {
      return [];
    }
    throw error;
  }
}

async function listPodsElsewhere(
  client: ClusterClient,
  daemonSets: readonly DaemonSetFacts[],
  options: CallOptions,
): Promise<readonly PodFacts[]> {
  const namespaces = new Set(daemonSets.map(({ namespace }) => namespace));
  namespaces.delete(addonNamespace);
  const lists = await Promise.all(
    [...namespaces].map((namespace) =>
      client.collect(kinds.pod, { namespace, labelSelector: podSelector }, readPod, options),
    ),
  );
  return lists.flat();
}

function findSuspects(
  nodes: readonly NodeFacts[],
  pods: readonly PodFacts[],
  registeredNodes: ReadonlySet<string>,
): readonly string[] {
  const ready = { driver: new Set<string>(), provider: new Set<string>() };
  for (const { role, node, isReady } of pods) {
    if (isReady && node !== undefined) {
      ready[role].add(node);
    }
  }
  return nodes
    .filter(({ isVirtual }) => !isVirtual)
    .map(({ name }) => name)
    .filter((name) => !ready.driver.has(name) || !ready.provider.has(name) || !registeredNodes.has(name));
}

/** Up to this many nodes are asked for one by one; more of them in pages. */
const oneByOne = 10;

async function readDetails(
  client: ClusterClient,
  names: readonly string[],
  options: CallOptions,
): Promise<ReadonlyMap<string, NodeDetails>> {
  if (names.length <= oneByOne) {
    const found = await Promise.all(names.map((name) => client.find(kinds.node, name, undefined, options)));
    return new Map(found.flatMap((node) => (node ? [[node.metadata.name, readNodeDetails(node)] as const] : [])));
  }
  const wanted = new Set(names);
  const read = (node: KubernetesObject) =>
    wanted.has(node.metadata.name) ? ([node.metadata.name, readNodeDetails(node)] as const) : undefined;
  return new Map(await client.collect(kinds.node, {}, read, options));
}

/** Reads what only the whole node tells. */
export function readNodeDetails(node: KubernetesObject): NodeDetails {
  const conditions = itemsOf(fieldsOf(node["status"])["conditions"]);
  const ready = conditions.find(({ type }) => type === "Ready");
  const taints = itemsOf(fieldsOf(node["spec"])["taints"]);
  return {
    isReady: ready?.["status"] === "True",
    message: textOf(ready?.["message"]),
    isVirtual: taints.some(({ key }) => key === "virtual-kubelet.io/provider"),
    taints: taints.filter(({ effect }) => effect !== "PreferNoSchedule").map(formatTaint),
  };
}

function formatTaint({ key, value, effect }: Fields): string {
  const text = textOf(value);
  return `${textOf(key) ?? ""}${text === undefined ? "" : `=${text}`}:${textOf(effect) ?? ""}`;
}

type Notes = Pick<DriverEvidence, "notes" | "daemonSetEvents">;

const noNotes: Notes = { notes: { events: new Map(), lastLines: new Map() }, daemonSetEvents: new Map() };

async function readNotes(client: ClusterClient, pods: readonly PodFacts[], options: CallOptions): Promise<Notes> {
  const unready = pods.filter(({ isReady }) => !isReady);
  const namespaces = [...new Set(pods.map(({ namespace }) => namespace))];
  const [podEvents, daemonSetEvents, lastLines] = await Promise.all([
    unready.length === 0 ? new Map<string, string>() : readWarnings(client, namespaces, "Pod", options),
    readWarnings(client, namespaces, "DaemonSet", options),
    readLastLines(client, unready, options),
  ]);
  return { notes: { events: podEvents, lastLines }, daemonSetEvents };
}

interface Warning {
  readonly about: string;
  readonly message: string;
  readonly at: string;
}

/** The newest warning about each object of a kind, by name. Events explain; a person who may not read them gets the rest. */
async function readWarnings(
  client: ClusterClient,
  namespaces: readonly string[],
  kind: "Pod" | "DaemonSet",
  options: CallOptions,
): Promise<ReadonlyMap<string, string>> {
  const fieldSelector = `involvedObject.kind=${kind},type=Warning`;
  const lists = await Promise.all(
    namespaces.map((namespace) =>
      orNothing(client.collect(kinds.event, { namespace, fieldSelector }, readWarning, options), []),
    ),
  );
  const oldestFirst = lists.flat().sort((a, b) => a.at.localeCompare(b.at));
  return new Map(oldestFirst.map(({ about, message }) => [about, message]));
}

function readWarning(event: KubernetesObject): Warning | undefined {
  const about = textOf(fieldsOf(event["involvedObject"])["name"]);
  const message = textOf(event["message"]);
  if (about === undefined || message === undefined) {
    return undefined;
  }
  const at = textOf(event["lastTimestamp"]) ?? textOf(event["eventTime"]) ?? event.metadata.creationTimestamp ?? "";
  return { about, message, at };
}

/** Logs of crashed containers that are read; one failure looks like the next. */
const readLogs = 3;

async function readLastLines(
  client: ClusterClient,
  pods: readonly PodFacts[],
  options: CallOptions,
): Promise<ReadonlyMap<string, string>> {
  const crashed = pods.flatMap((pod) => {
    const container = silentlyCrashed(pod);
    return container === undefined ? [] : [{ name: pod.name, namespace: pod.namespace, container }];
  });
  const lines = await Promise.all(
    crashed.slice(0, readLogs).map(async (pod) => {
      const log = await orNothing(client.readLog({ ...pod, tailLines: 5, isPrevious: true }, options), undefined);
      return [pod.name, lastLine(log)] as const;
    }),
  );
  return new Map(lines.flatMap(([name, line]) => (line === undefined ? [] : [[name, line] as const])));
}

async function orNothing<T, N>(call: Promise<T>, nothing: N): Promise<T | N> {
  try {
    return await call;
  } catch (error) {
    if (error instanceof ServiceError) {
      return nothing;
    }
    throw error;
  }
}
