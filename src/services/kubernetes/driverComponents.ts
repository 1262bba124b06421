import { t } from "../l10n.ts";
import type { KubernetesObject } from "./clusterClient.ts";
import { readRole, type Role, type Source } from "./driverInstallation.ts";
import type { ComponentState } from "./driverPods.ts";
import { fieldsOf, isYoung, itemsOf, numberOf, textOf, textsOf, type Fields } from "./fields.ts";

/** What is kept of a driver or provider pod. */
export interface PodFacts {
  readonly name: string;
  readonly namespace: string;
  readonly role: Role;
  readonly source: Source;
  /** Where it runs or, not yet scheduled, where it is meant to run. */
  readonly node: string | undefined;
  readonly isReady: boolean;
  readonly creationTimestamp: string | undefined;
  /** Of the container that does the work. */
  readonly image: string | undefined;
  /** The whole pod where it is not ready: the reason is in it. */
  readonly pod: KubernetesObject | undefined;
}

/** What events and logs add to what the pods say themselves, by pod name. */
export interface PodNotes {
  readonly events: ReadonlyMap<string, string>;
  /** Last line that a crashed container wrote. */
  readonly lastLines: ReadonlyMap<string, string>;
}

const workers: Readonly<Record<Role, string>> = { driver: "secrets-store", provider: "provider-azure-installer" };

/** Reads of a pod what verification needs; undefined when it is neither driver nor provider. */
export function readPod(pod: KubernetesObject): PodFacts | undefined {
  const { metadata } = pod;
  const known = readRole(metadata);
  if (!known) {
    return undefined;
  }
  const spec = fieldsOf(pod["spec"]);
  const isReady = metadata.deletionTimestamp === undefined && isPodReady(fieldsOf(pod["status"]));
  return {
    name: metadata.name,
    namespace: metadata.namespace ?? "",
    ...known,
    node: textOf(spec["nodeName"]) ?? intendedNode(spec),
    isReady,
    creationTimestamp: metadata.creationTimestamp,
    image: imageOf(spec, workers[known.role]),
    pod: isReady ? undefined : pod,
  };
}

function imageOf(spec: Fields, container: string): string | undefined {
  const containers = Array.isArray(spec["containers"]) ? (spec["containers"] as readonly Fields[]) : [];
  return textOf(containers.find((one) => one["name"] === container)?.["image"]);
}

/** Also the condition: when a node is lost its pods' containers stay "ready", and only the condition turns. */
function isPodReady(status: Fields): boolean {
  const containers = status["containerStatuses"];
  const conditions = status["conditions"];
  return (
    status["phase"] === "Running" &&
    Array.isArray(containers) &&
    containers.length > 0 &&
    containers.every((one: Fields) => one["ready"] === true) &&
    Array.isArray(conditions) &&
    conditions.some((one: Fields) => one["type"] === "Ready" && one["status"] === "True")
  );
}

/** A DaemonSet binds each pod to its node by affinity before the scheduler sees it. */
function intendedNode(spec: Fields): string | undefined {
  const nodeAffinity = fieldsOf(fieldsOf(spec["affinity"])["nodeAffinity"]);
  const required = fieldsOf(nodeAffinity["requiredDuringSchedulingIgnoredDuringExecution"]);
  const fields = itemsOf(required["nodeSelectorTerms"]).flatMap((term) => itemsOf(term["matchFields"]));
  return textsOf(fields.find(({ key }) => key === "metadata.name")?.["values"])[0];
}

/** How a component is, given its pods on one node: the best of them counts, as a replaced pod lingers beside its successor. */
export function componentState(
  pods: readonly PodFacts[],
  os: "linux" | "windows",
  notes: PodNotes,
): ComponentState | undefined {
  const best = [...pods].sort((a, b) => rank(a) - rank(b))[0];
  if (!best?.pod) {
    return best && { kind: "ready", pod: best.name };
  }
  return { ...unreadyState(best.pod, os, notes), pod: best.name };
}

function rank({ pod }: PodFacts): number {
  if (!pod) {
    return 0;
  }
  if (pod.metadata.deletionTimestamp !== undefined) {
    return 3;
  }
  return fieldsOf(pod["status"])["phase"] === "Failed" ? 2 : 1;
}

type Unready = Omit<Extract<ComponentState, { kind: "starting" | "failing" }>, "pod">;

function unreadyState(pod: KubernetesObject, os: "linux" | "windows", notes: PodNotes): Unready {
  const status = fieldsOf(pod["status"]);
  if (pod.metadata.deletionTimestamp !== undefined) {
    return { kind: "starting", reason: t("The pod is being replaced.") };
  }
  if (status["phase"] === "Failed") {
    const why = [textOf(status["reason"]), textOf(status["message"])].filter(Boolean).join(": ");
    return { kind: "failing", reason: why || t("The pod has failed.") };
  }
  if (textOf(fieldsOf(pod["spec"])["nodeName"]) === undefined) {
    return unscheduledState(pod, status, notes);
  }
  const containers = [...itemsOf(status["initContainerStatuses"]), ...itemsOf(status["containerStatuses"])];
  const failing = containers.map((container) => failureOf(pod, container, { os, notes })).find((one) => one);
  return failing ?? { kind: "starting", reason: startingReason(pod, containers, notes) };
}

/** The scheduler has tried preemption by then; nothing but somebody's doing makes room. */
const schedulingMs = 60_000;

function unscheduledState(pod: KubernetesObject, status: Fields, { events }: PodNotes): Unready {
  const condition = itemsOf(status["conditions"]).find(({ type }) => type === "PodScheduled");
  const said = textOf(condition?.["message"]) ?? events.get(pod.metadata.name);
  const since = textOf(condition?.["lastTransitionTime"]) ?? pod.metadata.creationTimestamp;
  const isRefused = condition?.["reason"] === "Unschedulable" && !isYoung(since, schedulingMs);
  const reason = said === undefined ? t("The pod waits for its node.") : t("The pod is not scheduled: {0}", said);
  return { kind: isRefused ? "failing" : "starting", reason };
}

/** Waiting does not mend these. */
const hopelessWaits: Readonly<Record<string, (container: string, message: string) => string>> = {
  ErrImagePull: imagePull,
  ImagePullBackOff: imagePull,
  InvalidImageName: imagePull,
  ErrImageNeverPull: imagePull,
  ImageInspectError: imagePull,
  RegistryUnavailable: imagePull,
  CreateContainerConfigError: creation,
  CreateContainerError: creation,
  RunContainerError: creation,
};

function imagePull(container: string, message: string): string {
  return t('The image of container "{0}" cannot be pulled: {1}', container, message);
}

function creation(container: string, message: string): string {
  return t('Container "{0}" cannot be started: {1}', container, message);
}

/** A Windows node's first registration takes up to five restarts of the registrar. */
const registrarRestarts = 5;

interface Circumstances {
  readonly os: "linux" | "windows";
  readonly notes: PodNotes;
}

function failureOf(pod: KubernetesObject, container: Fields, { os, notes }: Circumstances): Unready | undefined {
  const name = textOf(container["name"]) ?? "";
  const waiting = fieldsOf(fieldsOf(container["state"])["waiting"]);
  const reason = textOf(waiting["reason"]) ?? "";
  if (reason === "CrashLoopBackOff") {
    const restarts = numberOf(container["restartCount"]);
    const isSettling = os === "windows" && name === "node-driver-registrar" && restarts <= registrarRestarts;
    return { kind: isSettling ? "starting" : "failing", reason: crashReason(pod, container, notes) };
  }
  const say = hopelessWaits[reason];
  return say && { kind: "failing", reason: say(name, textOf(waiting["message"]) ?? reason) };
}

function crashReason(pod: KubernetesObject, container: Fields, { lastLines }: PodNotes): string {
  const name = textOf(container["name"]) ?? "";
  const last = fieldsOf(fieldsOf(container["lastState"])["terminated"]);
  if (last["reason"] === "OOMKilled") {
    return t('Container "{0}" keeps running out of memory.', name);
  }
  const said = lastLine(textOf(last["message"])) ?? lastLines.get(pod.metadata.name);
  return said === undefined
    ? t('Container "{0}" keeps crashing with exit code {1}.', name, numberOf(last["exitCode"]))
    : t('Container "{0}" keeps crashing: {1}', name, said);
}

/** The last line that says something; undefined where none does. */
export function lastLine(text: string | undefined): string | undefined {
  return text
    ?.split("\n")
    .map((line) => line.trim())
    .filter((line) => line !== "")
    .at(-1);
}

/** A container that crashed without a message of its own: its log is worth a look. */
export function silentlyCrashed({ pod }: PodFacts): string | undefined {
  const crashed = itemsOf(fieldsOf(pod?.["status"])["containerStatuses"]).find((container) => {
    const last = fieldsOf(fieldsOf(container["lastState"])["terminated"]);
    const waiting = fieldsOf(fieldsOf(container["state"])["waiting"]);
    return waiting["reason"] === "CrashLoopBackOff" && last["reason"] !== "OOMKilled" && !textOf(last["message"]);
  });
  return textOf(crashed?.["name"]);
}

function startingReason(pod: KubernetesObject, containers: readonly Fields[], { events }: PodNotes): string {
  const unready = containers.filter(({ ready }) => ready !== true);
  const said = events.get(pod.metadata.name);
  if (containers.length > 0 && unready.length === 0) {
    return t("The node does not report the pod as ready.");
  }
  if (said !== undefined) {
    return t("The pod is starting: {0}", said);
  }
  const names = unready.map(({ name }) => textOf(name) ?? "").join(", ");
  return containers.length === 0
    ? t("The pod is starting.")
    : t("{0} of {1} containers are ready; not yet: {2}", containers.length - unready.length, containers.length, names);
}
