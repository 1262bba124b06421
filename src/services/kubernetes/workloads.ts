import type { CallOptions } from "../call.ts";
import { hasCode } from "../errors.ts";
import { kinds, type ClusterClient, type KubernetesObject, type ResourceKind } from "./clusterClient.ts";
import { csiDriverName } from "./driverInstallation.ts";
import { fieldsOf, itemsOf, textOf, type Fields } from "./fields.ts";

/** A service account, and what azure-workload-identity is told by it. */
export interface ServiceAccount {
  readonly name: string;
  readonly namespace: string;
  /** Of `azure.workload.identity/client-id`; the provider does not read it, the app's own SDK does. */
  readonly clientId: string | undefined;
}

/** The kinds of workload that we look into. */
export type WorkloadKind = "Deployment" | "StatefulSet" | "DaemonSet" | "Job" | "CronJob" | "Pod";

/** A CSI volume of the Secrets Store in a pod template. */
export interface ClassVolume {
  readonly volume: string;
  readonly className: string;
  /** Of `nodePublishSecretRef`: the Secret of a service principal. */
  readonly secretRef: string | undefined;
  /** Whether a container mounts a single file of it: such a file is never updated. */
  readonly usesSubPath: boolean;
}

/** A workload whose pods mount at least one class. */
export interface Workload {
  readonly kind: WorkloadKind;
  readonly name: string;
  readonly namespace: string;
  /** `default` where the template names none. */
  readonly serviceAccountName: string;
  readonly volumes: readonly ClassVolume[];
  /** Synced Secrets and others that containers take environment variables from: they need a restart to see a new value. */
  readonly environmentSecrets: readonly string[];
}

/** What runs in a cluster, as far as it concerns secrets. */
export interface Workloads {
  /** Names, sorted. @throws {ServiceError} `forbidden` */
  listNamespaces(client: ClusterClient, options?: CallOptions): Promise<readonly string[]>;
  listServiceAccounts(
    client: ClusterClient,
    namespace: string,
    options?: CallOptions,
  ): Promise<readonly ServiceAccount[]>;
  /**
   * Workloads whose pods mount a SecretProviderClass; a pod that a workload has made is not listed beside it. Without a namespace, in all of them.
   * @throws {ServiceError} `forbidden` when pods may not be listed; a kind that may not be listed is left out, and its pods stand for it
   */
  listMounting(client: ClusterClient, namespace?: string, options?: CallOptions): Promise<readonly Workload[]>;
}

/** Makes the reads. Makes no request. */
export function createWorkloads(): Workloads {
  return {
    listNamespaces: async (client, options) =>
      [
        ...(await client.collect(kinds.namespace, { metadataOnly: true }, ({ metadata }) => metadata.name, options)),
      ].sort(),
    listServiceAccounts: (client, namespace, options) =>
      client.collect(kinds.serviceAccount, { namespace, metadataOnly: true }, readServiceAccount, options),
    listMounting,
  };
}

function readServiceAccount({ metadata }: KubernetesObject): ServiceAccount {
  return {
    name: metadata.name,
    namespace: metadata.namespace ?? "",
    clientId: metadata.annotations?.["azure.workload.identity/client-id"],
  };
}

const owners: readonly (readonly [WorkloadKind, ResourceKind])[] = [
  ["Deployment", kinds.deployment],
  ["StatefulSet", kinds.statefulSet],
  ["DaemonSet", kinds.daemonSet],
  ["Job", kinds.job],
  ["CronJob", kinds.cronJob],
];

async function listMounting(
  client: ClusterClient,
  namespace?: string,
  options: CallOptions = {},
): Promise<readonly Workload[]> {
  const [pods, ...lists] = await Promise.all([
    client.collect(kinds.pod, { namespace }, readPod, options),
    ...owners.map(([kind, resource]) => listOwners(client, { kind, resource, namespace }, options)),
  ]);
  const found = lists.flat();
  const known = new Set(found.map(keyOf));
  const alone = pods.filter(({ makers }) => !makers.some((maker) => known.has(maker)));
  return [...found, ...alone.map(({ workload }) => workload)];
}

function keyOf({ kind, namespace, name }: Pick<Workload, "name" | "namespace"> & { readonly kind: string }): string {
  return `${kind} ${namespace}/${name}`;
}

/** What may have made a pod, by key: its controller, or what stands above that and gave it the start of its name. */
function makersOf({ metadata }: KubernetesObject): readonly string[] {
  const owner = metadata.ownerReferences?.[0];
  if (owner === undefined) {
    return [];
  }
  const namespace = metadata.namespace ?? "";
  const hash = metadata.labels?.["pod-template-hash"];
  const above = [
    ...(owner.kind === "ReplicaSet" && hash !== undefined
      ? [{ kind: "Deployment", name: owner.name.replace(new RegExp(`-${hash}$`), "") }]
      : []),
    ...(owner.kind === "Job" ? [{ kind: "CronJob", name: owner.name.replace(/-\d+$/, "") }] : []),
  ];
  return [owner, ...above].map(({ kind, name }) => keyOf({ kind, name, namespace }));
}

interface OwnerQuery {
  readonly kind: WorkloadKind;
  readonly resource: ResourceKind;
  readonly namespace: string | undefined;
}

/** None where they may not be listed: their pods stand for them. */
async function listOwners(
  client: ClusterClient,
  { kind, resource, namespace }: OwnerQuery,
  options: CallOptions,
): Promise<readonly Workload[]> {
  const read = (object: KubernetesObject) =>
    kind === "Job" && isOwned(object) ? undefined : readWorkload(kind, object, podSpecOf(kind, object));
  try {
    return await client.collect(resource, { namespace }, read, options);
  } catch (error) {
    if (hasCode(error, "forbidden")) {
      return [];
    }
    throw error;
  }
}

function isOwned({ metadata }: KubernetesObject): boolean {
  return (metadata.ownerReferences ?? []).length > 0;
}

function podSpecOf(kind: WorkloadKind, object: KubernetesObject): Fields {
  const spec = fieldsOf(object["spec"]);
  const owner = kind === "CronJob" ? fieldsOf(fieldsOf(spec["jobTemplate"])["spec"]) : spec;
  return kind === "Pod" ? spec : fieldsOf(fieldsOf(owner["template"])["spec"]);
}

function readPod(pod: KubernetesObject) {
  const workload = readWorkload("Pod", pod, podSpecOf("Pod", pod));
  return workload && { workload, makers: makersOf(pod) };
}

function readWorkload(kind: WorkloadKind, { metadata }: KubernetesObject, spec: Fields): Workload | undefined {
  const volumes = readVolumes(spec);
  if (volumes.length === 0) {
    return undefined;
  }
  return {
    kind,
    name: metadata.name,
    namespace: metadata.namespace ?? "",
    serviceAccountName: textOf(spec["serviceAccountName"]) ?? "default",
    volumes,
    environmentSecrets: [...new Set(containersOf(spec).flatMap(secretsOf))],
  };
}

function containersOf(spec: Fields): readonly Fields[] {
  return [...itemsOf(spec["initContainers"]), ...itemsOf(spec["containers"])];
}

function readVolumes(spec: Fields): readonly ClassVolume[] {
  return itemsOf(spec["volumes"]).flatMap((volume) => {
    const csi = fieldsOf(volume["csi"]);
    const className = textOf(fieldsOf(csi["volumeAttributes"])["secretProviderClass"]);
    if (csi["driver"] !== csiDriverName || className === undefined) {
      return [];
    }
    const name = textOf(volume["name"]) ?? "";
    const mounts = containersOf(spec).flatMap((container) => itemsOf(container["volumeMounts"]));
    return [
      {
        volume: name,
        className,
        secretRef: textOf(fieldsOf(csi["nodePublishSecretRef"])["name"]),
        usesSubPath: mounts.some((mount) => mount["name"] === name && textOf(mount["subPath"]) !== undefined),
      },
    ];
  });
}

function secretsOf(container: Fields): readonly string[] {
  const single = itemsOf(container["env"]).map((env) => fieldsOf(env["valueFrom"])["secretKeyRef"]);
  const whole = itemsOf(container["envFrom"]).map((from) => from["secretRef"]);
  return [...single, ...whole].flatMap((reference) => textOf(fieldsOf(reference)["name"]) ?? []);
}
