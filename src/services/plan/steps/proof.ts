import { randomBytes } from "node:crypto";

import type { KeyVaults } from "../../azure/keyVaults.ts";
import type { VaultObjects } from "../../azure/vaultObjects.ts";
import type { CallOptions } from "../../call.ts";
import { hasCode, ServiceError } from "../../errors.ts";
import { kinds } from "../../kubernetes/clusterClient.ts";
import type { ClusterClient, ClusterClients, KubernetesObject } from "../../kubernetes/clusterClient.ts";
import type { MountedClass, SecretProviderClasses } from "../../kubernetes/secretProviderClasses.ts";
import { t } from "../../l10n.ts";
import { poll } from "../../poll.ts";
import { parseMountedId, parseProofLog, proofLabel, proofPod } from "../proof.ts";
import type { ProofReport, ProvedObject } from "../proof.ts";
import type { Step } from "../step.ts";

interface ProofServices {
  readonly clusterClients: Pick<ClusterClients, "open">;
  readonly secretProviderClasses: Pick<SecretProviderClasses, "listMounted">;
  readonly keyVaults: Pick<KeyVaults, "get">;
  readonly vaultObjects: Pick<VaultObjects, "find">;
}

/** What is to be proved. */
export interface ProofTarget {
  readonly clusterId: string;
  readonly vaultId: string;
  readonly namespace: string;
  readonly className: string;
  readonly serviceAccount: string | undefined;
  readonly os: "linux" | "windows";
  readonly onReport: (report: ProofReport) => void;
  readonly times?: ProofTimes | undefined;
}

/** How long a fresh role may take to work, plus one of kubelet's pauses of up to 122 s between two attempts. */
interface ProofTimes {
  readonly withinMs: number;
  readonly everyMs: number;
}

const mounting: ProofTimes = { withinMs: 750_000, everyMs: 2_000 };

/**
 * A throwaway pod mounts the class and reports name, size and salted hash of each file; then it is removed, also after a cancel. One that a crash left behind
 * is removed first.
 */
export function proofStep(services: ProofServices, target: ProofTarget): Step {
  return {
    id: "proof",
    title: t('Proof: a pod mounts "{0}"', target.className),
    why: t("Only a real mount shows that identity, right, network and class fit together."),
    rights: [],
    check: () =>
      Promise.resolve({
        kind: "needed" as const,
        before: t("Not proved yet."),
        after: t("A throwaway pod in namespace {0} mounts the class and is removed again.", target.namespace),
        warnings: [],
      }),
    apply: (options) => prove(services, target, options),
    undo: async (_made, options) =>
      removePods(await services.clusterClients.open(target.clusterId, options), target.namespace, options),
    commands: () => commandsFor(target),
  };
}

async function prove(services: ProofServices, target: ProofTarget, options: CallOptions = {}): Promise<void> {
  const client = await services.clusterClients.open(target.clusterId, options);
  await removePods(client, target.namespace, options);
  const salt = randomBytes(16).toString("hex");
  const wanted = podFor(target, salt);
  const report = await whileThere(client, wanted, async () => {
    const pod = await client.create(kinds.pod, wanted, options);
    options.onProgress?.({ step: t("Waiting until the pod has mounted the class"), state: "running" });
    await waitForPod(client, pod, target.times ?? mounting, options);
    return readReport(services, client, pod, target, options);
  });
  target.onReport({ ...report, salt });
}

/** Removes the pod however the work ends, and without the caller's signal: after a cancel too. What the work threw counts more than a failed removal. */
async function whileThere<T>(
  client: ClusterClient,
  { metadata }: KubernetesObject,
  work: () => Promise<T>,
): Promise<T> {
  const remove = () => client.delete(kinds.pod, metadata.name, metadata.namespace);
  let result: T;
  try {
    result = await work();
  } catch (error) {
    await remove().catch(() => undefined);
    throw error;
  }
  await remove();
  return result;
}

function podFor(target: ProofTarget, salt: string): KubernetesObject {
  const suffix = randomBytes(3).toString("hex");
  const name = `key-vault-csi-proof-${target.className.slice(0, 30).replace(/[^a-z0-9-]/g, "-")}-${suffix}`;
  return proofPod({ ...target, name, salt });
}

async function removePods(client: ClusterClient, namespace: string, options?: CallOptions): Promise<void> {
  const labelSelector = Object.entries(proofLabel)
    .map(([name, value]) => `${name}=${value}`)
    .join(",");
  const left = await client.list(kinds.pod, { namespace, labelSelector, metadataOnly: true }, options);
  await Promise.all(left.map((pod) => client.delete(kinds.pod, pod.metadata.name, namespace, options)));
}

async function waitForPod(
  client: ClusterClient,
  pod: KubernetesObject,
  times: ProofTimes,
  options: CallOptions,
): Promise<void> {
  const { name, namespace } = pod.metadata;
  let reason: string | undefined;
  const look = async () => {
    const seen = await client.get(kinds.pod, name, namespace, options);
    const phase = phaseOf(seen);
    if (phase === "Failed") {
      throw new ServiceError(
        "operationFailed",
        t('The pod mounted the class, but could not read its files: "{0}".', name),
      );
    }
    if (phase !== "Succeeded") {
      reason = (await lastFailure(client, seen, options)) ?? reason;
      options.onProgress?.({ step: reason ?? t("Waiting until the pod has mounted the class"), state: "running" });
    }
    return phase === "Succeeded" ? ({ done: true, value: undefined } as const) : ({ done: false } as const);
  };
  try {
    await poll(look, { ...times, what: t('the pod "{0}"', name) }, options);
  } catch (error) {
    if (hasCode(error, "timedOut") && reason !== undefined) {
      throw new ServiceError("operationFailed", reason, { target: `${namespace ?? ""}/${name}` }, { cause: error });
    }
    throw error;
  }
}

function phaseOf(pod: KubernetesObject): string | undefined {
  const status = pod["status"];
  return typeof status === "object" && status !== null && "phase" in status ? String(status.phase) : undefined;
}

async function lastFailure(
  client: ClusterClient,
  pod: KubernetesObject,
  options: CallOptions,
): Promise<string | undefined> {
  const query = { namespace: pod.metadata.namespace, fieldSelector: `involvedObject.uid=${pod.metadata.uid ?? ""}` };
  const events = await client.list(kinds.event, query, options);
  const failures = events.filter((event) => event["type"] === "Warning" && typeof event["message"] === "string");
  const newest = failures.sort((a, b) => timeOf(a).localeCompare(timeOf(b))).at(-1);
  return newest && String(newest["message"]);
}

function timeOf(event: KubernetesObject): string {
  const times = [event["lastTimestamp"], event["eventTime"], event.metadata.creationTimestamp];
  return times.find((time) => typeof time === "string") ?? "";
}

async function readReport(
  services: ProofServices,
  client: ClusterClient,
  pod: KubernetesObject,
  target: ProofTarget,
  options: CallOptions,
): Promise<Omit<ProofReport, "salt">> {
  const where = { name: pod.metadata.name, namespace: target.namespace, container: "proof", tailLines: 2000 };
  const [log, mounted] = await Promise.all([
    client.readLog(where, options),
    services.secretProviderClasses.listMounted(client, target.namespace, options),
  ]);
  const own = mounted.find(({ podName, className }) => podName === pod.metadata.name && className === target.className);
  return {
    pod: pod.metadata.name,
    namespace: target.namespace,
    files: parseProofLog(log),
    objects: own ? await compareWithVault(services, own, target.vaultId, options) : [],
  };
}

async function compareWithVault(
  services: ProofServices,
  mounted: MountedClass,
  vaultId: string,
  options: CallOptions,
): Promise<readonly ProvedObject[]> {
  const vault = await services.keyVaults.get(vaultId, options);
  const objects = mounted.objects.flatMap(({ id, version }) => {
    const parsed = parseMountedId(id);
    return parsed ? [{ ...parsed, mountedVersion: version }] : [];
  });
  return Promise.all(
    objects.map(async (object) => ({
      ...object,
      vaultVersion: await currentVersion(services, vault, object, options),
    })),
  );
}

/** Undefined where the person may not look: the mount itself is proof enough then. */
async function currentVersion(
  services: ProofServices,
  vault: Parameters<VaultObjects["find"]>[0],
  { objectType, objectName }: Pick<ProvedObject, "objectType" | "objectName">,
  options: CallOptions,
): Promise<string | undefined> {
  try {
    return (await services.vaultObjects.find(vault, objectType, objectName, options))?.version;
  } catch (error) {
    if (hasCode(error, "forbidden", "unreachable")) {
      return undefined;
    }
    throw error;
  }
}

function commandsFor(target: ProofTarget): ReturnType<Step["commands"]> {
  const name = `key-vault-csi-proof-${target.className}`.slice(0, 60);
  const manifest = JSON.stringify(proofPod({ ...target, name, salt: randomBytes(16).toString("hex") }), undefined, 2);
  const pod = ["--namespace", target.namespace];
  return [
    { tool: "kubectl", words: ["apply", "--filename", "-"], stdin: manifest },
    {
      tool: "kubectl",
      words: ["wait", `pod/${name}`, ...pod, "--for=jsonpath={.status.phase}=Succeeded", "--timeout=750s"],
    },
    { tool: "kubectl", words: ["logs", name, ...pod] },
    { tool: "kubectl", words: ["delete", "pod", name, ...pod] },
  ];
}
