import { t } from "../l10n.ts";
import { componentState, type PodFacts } from "./driverComponents.ts";
import type { DriverEvidence, NodeDetails, NodeFacts } from "./driverEvidence.ts";
import type { DaemonSetFacts, Role } from "./driverInstallation.ts";
import type { ComponentState, DriverReport, NodeDriverState } from "./driverPods.ts";
import { isYoung } from "./fields.ts";

/** A node, a DaemonSet or a pod younger than this is given time: a Windows node's first registration takes so long. */
const settlingMs = 300_000;

/** Draws the verdict from one look at a cluster. Pure but for the clock. */
export function makeReport(evidence: DriverEvidence): DriverReport {
  const { csiDriver, hasCrds, pods, daemonSets } = evidence;
  const installation = installationOf(pods, daemonSets);
  const { counted, excludedNodes } = sortNodes(evidence);
  const nodes = installation === "none" ? [] : nodeStates(counted, evidence);
  const report = {
    ...{ nodes, excludedNodes, csiDriver, hasCrds, installation },
    driverVersion: versionOf(pods, "driver"),
    providerVersion: versionOf(pods, "provider"),
  };
  return { ...report, ...overall(report, daemonSets) };
}

function installationOf(
  pods: readonly PodFacts[],
  daemonSets: readonly DaemonSetFacts[],
): DriverReport["installation"] {
  const sources = new Set([...pods, ...daemonSets].map(({ source }) => source));
  const [only] = sources;
  return sources.size > 1 ? "both" : (only ?? "none");
}

function sortNodes({ nodes, details }: DriverEvidence) {
  const isVirtual = ({ name, isVirtual }: NodeFacts) => isVirtual || details.get(name)?.isVirtual === true;
  return {
    counted: nodes.filter((node) => !isVirtual(node)),
    excludedNodes: nodes.filter(isVirtual).map(({ name }) => name),
  };
}

/** `v1.7.2` of `mcr.microsoft.com/oss/v2/azure/secrets-store/provider-azure:v1.7.2@sha256:…`. */
function versionOf(pods: readonly PodFacts[], role: Role): string | undefined {
  const ofRole = pods.filter((pod) => pod.role === role);
  const image = (ofRole.find(({ isReady }) => isReady) ?? ofRole[0])?.image;
  return image === undefined ? undefined : /:([^:/@]+)(?:@[^@]*)?$/.exec(image)?.[1];
}

function nodeStates(nodes: readonly NodeFacts[], evidence: DriverEvidence): readonly NodeDriverState[] {
  const podsOf = { driver: new Map<string, PodFacts[]>(), provider: new Map<string, PodFacts[]>() };
  for (const pod of evidence.pods) {
    const node = pod.node ?? "";
    const known = podsOf[pod.role].get(node);
    if (known) {
      known.push(pod);
    } else {
      podsOf[pod.role].set(node, [pod]);
    }
  }
  return nodes.map((node) =>
    nodeState(node, podsOf.driver.get(node.name) ?? [], podsOf.provider.get(node.name) ?? [], evidence),
  );
}

function nodeState(
  node: NodeFacts,
  driverPods: readonly PodFacts[],
  providerPods: readonly PodFacts[],
  evidence: DriverEvidence,
): NodeDriverState {
  const state = {
    node: node.name,
    os: node.os,
    // A node that was not asked for in full has both pods ready, and the kubelet says so of pods on living nodes only.
    isReady: evidence.details.get(node.name)?.isReady ?? true,
    driver: componentOf("driver", node, driverPods, evidence),
    provider: componentOf("provider", node, providerPods, evidence),
    isRegistered: evidence.registeredNodes.has(node.name),
  };
  const isSettling =
    isYoung(node.creationTimestamp, settlingMs) || isNew(node, [...driverPods, ...providerPods], evidence);
  return { ...state, verdict: verdictOf(state, isSettling) };
}

/** Whether what should run here was installed, or started, just now. */
function isNew(node: NodeFacts, pods: readonly PodFacts[], { daemonSets }: DriverEvidence): boolean {
  const young = ({ creationTimestamp }: PodFacts | DaemonSetFacts) => isYoung(creationTimestamp, settlingMs);
  return pods.some(young) || daemonSets.filter(({ os }) => os === node.os).some(young);
}

function verdictOf(
  { driver, provider, isRegistered, isReady }: Omit<NodeDriverState, "verdict">,
  isSettling: boolean,
): NodeDriverState["verdict"] {
  const components = [driver.kind, provider.kind];
  if (isReady && isRegistered && components.every((kind) => kind === "ready")) {
    return "healthy";
  }
  if (!isReady) {
    return "pending";
  }
  if (components.includes("failing")) {
    return "broken";
  }
  if (isSettling) {
    return "pending";
  }
  return components.includes("starting") && !components.includes("missing") ? "pending" : "broken";
}

function componentOf(role: Role, node: NodeFacts, pods: readonly PodFacts[], evidence: DriverEvidence): ComponentState {
  const state = componentState(pods, node.os, evidence.notes);
  return state ?? { kind: "missing", reason: missingReason(role, node, evidence) };
}

function missingReason(role: Role, node: NodeFacts, evidence: DriverEvidence): string {
  const details = evidence.details.get(node.name);
  if (details && !details.isReady) {
    return details.message === undefined
      ? t("The node is not ready.")
      : t("The node is not ready: {0}", details.message);
  }
  const daemonSet = evidence.daemonSets.find((one) => one.role === role && one.os === node.os);
  const why = daemonSet && (evidence.daemonSetEvents.get(daemonSet.name) ?? exclusionReason(daemonSet, node, details));
  if (why !== undefined) {
    return why;
  }
  if (isYoung(node.creationTimestamp, settlingMs)) {
    return t("The node has just joined.");
  }
  return daemonSet
    ? t('DaemonSet "{0}" has no pod on this node.', daemonSet.name)
    : t("No DaemonSet runs the {0} on {1} nodes.", role, node.os === "windows" ? "Windows" : "Linux");
}

/** The add-on tolerates every taint and selects every node; an open-source installation may not. */
function exclusionReason(
  daemonSet: DaemonSetFacts,
  node: NodeFacts,
  details: NodeDetails | undefined,
): string | undefined {
  const absent = Object.entries(daemonSet.nodeSelector).find(([label, value]) => node.labels[label] !== value);
  if (absent) {
    const label = `${absent[0]}=${String(absent[1])}`;
    return t('DaemonSet "{0}" selects nodes labelled {1}, which this node is not.', daemonSet.name, label);
  }
  const [taint] = details?.taints ?? [];
  return taint === undefined || daemonSet.toleratesEverything
    ? undefined
    : t('DaemonSet "{0}" does not tolerate the taint {1} of this node.', daemonSet.name, taint);
}

type Facts = Omit<DriverReport, "verdict" | "summary">;
type Overall = Pick<DriverReport, "verdict" | "summary">;

function overall(report: Facts, daemonSets: readonly DaemonSetFacts[]): Overall {
  const { installation, nodes } = report;
  if (installation === "none") {
    return { verdict: "notInstalled", summary: t("The Secrets Store CSI Driver is not installed on this cluster.") };
  }
  const flaw = flawOf(report);
  if (flaw !== undefined) {
    // The add-on brings these in the same breath as its DaemonSets.
    const isSettling = installation !== "both" && daemonSets.some((one) => isYoung(one.creationTimestamp, settlingMs));
    return { verdict: isSettling ? "pending" : "broken", summary: flaw };
  }
  const healthy = nodes.filter(({ verdict }) => verdict === "healthy").length;
  const worst = nodes.find(({ verdict }) => verdict === "broken") ?? nodes.find(({ verdict }) => verdict === "pending");
  if (worst) {
    return { verdict: worst.verdict, summary: nodeSummary(worst, healthy, nodes.length) };
  }
  return nodes.length === 0
    ? { verdict: "pending", summary: t("The cluster has no node that the driver could run on.") }
    : { verdict: "healthy", summary: allHealthy(nodes.length) };
}

function allHealthy(count: number): string {
  return count === 1
    ? t("Driver and provider run on the only node.")
    : t("Driver and provider run on all {0} nodes.", count);
}

/** What is wrong with the cluster as a whole. */
function flawOf({ installation, csiDriver, hasCrds }: Facts): string | undefined {
  if (installation === "both") {
    return t("An open-source driver runs beside the AKS add-on; remove one of them, since they fight over one socket.");
  }
  if (!hasCrds) {
    return t("The SecretProviderClass CRDs are missing from the cluster.");
  }
  if (!csiDriver) {
    return t('The CSIDriver object "{0}" is missing from the cluster.', "secrets-store.csi.k8s.io");
  }
  return csiDriver.podInfoOnMount
    ? undefined
    : t('The CSIDriver object "{0}" has podInfoOnMount off, so no mount can work.', "secrets-store.csi.k8s.io");
}

function nodeSummary(state: NodeDriverState, healthy: number, all: number): string {
  return t('Healthy on {0} of {1} nodes; on "{2}": {3}', healthy, all, state.node, reasonOf(state));
}

function reasonOf({ driver, provider, isReady }: NodeDriverState): string {
  if (!isReady) {
    return t("the node is not ready.");
  }
  const [role, hole] = driver.kind === "ready" ? ["provider", provider] : ["driver", driver];
  switch (hole.kind) {
    case "ready":
      return t("the driver has not registered with the kubelet.");
    case "missing":
      return t("the {0} is missing. {1}", role, hole.reason);
    case "starting":
      return t("the {0} is starting. {1}", role, hole.reason);
    case "failing":
      return t("the {0} fails. {1}", role, hole.reason);
  }
}
