/**
 * What the Secrets Store CSI Driver and its Azure provider would do with a pod's volume: class and access in, files, Secrets and
 * SecretProviderClassPodStatus out, or the failure that a real cluster reports.
 */
import { randomUUID } from "node:crypto";
import { CsiFailure } from "./csiFailure.ts";
import { readObjects } from "./csiObjects.ts";
import { checkVaultName, readSettings, type Family, type Parameters } from "./csiParameters.ts";
import { syncSecrets } from "./csiSync.ts";
import { chooseIdentity } from "./csiToken.ts";
import { fetchObjects, type Fetched } from "./csiVault.ts";
import { driverName } from "./kubernetes/addon.ts";
import { componentOf } from "./kubernetes/defects.ts";
import type { MountResult, MountVolume } from "./kubernetes/mounts.ts";
import { at, isRecord, isSame, listAt, textAt, timestamp, type KubeObject } from "./kubernetes/object.ts";
import type { Store } from "./kubernetes/store.ts";
import type { Cluster, World } from "./state.ts";

interface DriverInput {
  readonly world: World;
  readonly cluster: Cluster;
  readonly store: Store;
}

const group = "secrets-store.csi.x-k8s.io";
const classes = `secretproviderclasses.${group}`;
const podStatuses = `secretproviderclasspodstatuses.${group}`;

const rpc = (message: string, code = "Unknown"): CsiFailure =>
  new CsiFailure(`rpc error: code = ${code} desc = ${message}`);

/** Mounts as kubelet, driver and provider do together. */
export function createDriver(input: DriverInput): MountVolume {
  return (pod, volume) => {
    if (textAt(volume, "csi.driver") !== driverName) {
      return { files: [] };
    }
    try {
      return publish(input, pod, volume);
    } catch (error) {
      if (error instanceof CsiFailure) {
        return { error: error.message };
      }
      throw error;
    }
  };
}

/** The kubelet's part: is there a driver, is there the Secret it must hand over. */
function checkNode({ store }: DriverInput, pod: KubeObject): void {
  const node = textAt(pod, "spec.nodeName");
  const registered = listAt(store.get("csinodes.storage.k8s.io", node), "spec.drivers");
  if (!registered.some((driver) => driver["name"] === driverName)) {
    const text = `driver name ${driverName} not found in the list of registered CSI drivers`;
    throw new CsiFailure(`kubernetes.io/csi: mounter.SetUpAt failed to get CSI client: ${text}`);
  }
  if (store.get("csidrivers.storage.k8s.io", driverName) === undefined) {
    throw new CsiFailure(
      `kubernetes.io/csi: mounter.SetUpAt failed to check volume lifecycle mode: volume mode "Ephemeral" not supported by driver ${driverName} (no CSIDriver object)`,
    );
  }
}

function publishSecrets({ store }: DriverInput, pod: KubeObject, volume: unknown): Record<string, string> | undefined {
  const name = textAt(volume, "csi.nodePublishSecretRef.name");
  if (name === "") {
    return undefined;
  }
  const namespace = pod.metadata.namespace ?? "";
  const secret = store.get("secrets", `${namespace}/${name}`);
  if (secret === undefined) {
    const why = `kubernetes.io/csi: failed to find the secret ${name} in the namespace ${namespace} with error: secrets "${name}" not found`;
    throw new CsiFailure(`fetching NodePublishSecretRef ${namespace}/${name} failed: ${why}`);
  }
  const data = isRecord(secret["data"]) ? secret["data"] : {};
  return Object.fromEntries(
    Object.entries(data).map(([key, value]) => [key, Buffer.from(String(value), "base64").toString("utf8")]),
  );
}

/** The driver's own checks of request and class. */
function findClass({ store }: DriverInput, pod: KubeObject, volume: unknown): KubeObject {
  if (at(volume, "csi.readOnly") !== true) {
    throw rpc("Readonly is not true in request", "InvalidArgument");
  }
  const namespace = pod.metadata.namespace ?? "";
  const name = textAt(volume, "csi.volumeAttributes.secretProviderClass");
  if (name === "") {
    throw rpc("secretProviderClass is not set");
  }
  const found = store.get(classes, `${namespace}/${name}`);
  if (found === undefined) {
    throw rpc(`failed to get secretproviderclass ${namespace}/${name}, error: ${classes} "${name}" not found`);
  }
  if (textAt(found, "spec.provider") === "") {
    throw rpc(`provider not set in ${namespace}/${name}`);
  }
  if (Object.keys((at(found, "spec.parameters") as Parameters | undefined) ?? {}).length === 0) {
    throw rpc(`parameters not set in ${namespace}/${name}`);
  }
  return found;
}

/** The ready provider on the pod's node. @throws {CsiFailure} where there is none */
function findProvider({ store }: DriverInput, pod: KubeObject, provider: string): KubeObject {
  const node = textAt(pod, "spec.nodeName");
  const onNode = [...(store.table("pods").byNode.get(node)?.from("", "") ?? [])].flatMap(
    (key) => store.get("pods", key) ?? [],
  );
  const found = onNode.find(
    (one) =>
      componentOf(one.metadata.labels) === "provider" &&
      listAt(one, "status.conditions").some(
        (condition) => condition["type"] === "Ready" && condition["status"] === "True",
      ),
  );
  const isNamed = /^[a-zA-Z0-9_-]{0,30}$/.test(provider);
  if (!isNamed) {
    throw new CsiFailure(`error connecting to provider "${provider}": invalid provider: provider "${provider}"`);
  }
  if (provider !== "azure" || found === undefined) {
    throw new CsiFailure(`error connecting to provider "${provider}": provider not found: provider "${provider}"`);
  }
  return found;
}

function familyOf(provider: KubeObject): Family {
  const image = textAt(listAt(provider, "spec.containers")[0], "image");
  const minor = Number(/:v?1\.(\d+)\./.exec(image)?.[1] ?? "8");
  return minor >= 8 ? "1.8" : "1.7";
}

interface ProviderRequest {
  readonly pod: KubeObject;
  readonly parameters: Parameters;
  readonly secrets: Record<string, string> | undefined;
  readonly family: Family;
}

/** The provider's part, in its order of checks. @throws {CsiFailure} */
function provide({ world, cluster, store }: DriverInput, request: ProviderRequest): readonly Fetched[] {
  const { pod, parameters, secrets, family } = request;
  const settings = readSettings(parameters, family);
  const caller = chooseIdentity({ world, cluster, store, pod, settings, family, secrets });
  const objects = readObjects(settings.objects);
  if (objects.length === 0) {
    return [];
  }
  checkVaultName(settings.keyvaultName);
  return fetchObjects({ world, cluster, settings, caller }, objects);
}

function publish(input: DriverInput, pod: KubeObject, volume: Record<string, unknown>): MountResult {
  checkNode(input, pod);
  const secrets = publishSecrets(input, pod, volume);
  const secretClass = findClass(input, pod, volume);
  const where = `${pod.metadata.namespace ?? ""}/${pod.metadata.name}`;
  const attributes = (at(volume, "csi.volumeAttributes") as Parameters | undefined) ?? {};
  const parameters = { ...(at(secretClass, "spec.parameters") as Parameters), ...attributes };
  const files = inMount(where, () => {
    const provider = findProvider(input, pod, textAt(secretClass, "spec.provider"));
    return inProvider(() => provide(input, { pod, parameters, secrets, family: familyOf(provider) }));
  });
  if (files.length === 0 && !hasEntries(parameters)) {
    throw rpc(`failed to mount secrets store objects for pod ${where}, err: missing object versions`);
  }
  const podStatus = writePodStatus(input, { pod, secretClass, volume: textAt(volume, "name"), files });
  const last = [...new Map(files.map((file) => [file.path, file])).values()];
  syncSecrets({ store: input.store, pod, podStatus, secretClass, files: last });
  return { files: last };
}

/** With history an unknown version gives no file and no error; an empty array gives no versions. */
function hasEntries(parameters: Parameters): boolean {
  return readObjects((parameters["objects"] ?? "").trim()).length > 0;
}

function inMount<T>(where: string, work: () => T): T {
  try {
    return work();
  } catch (error) {
    throw error instanceof CsiFailure
      ? rpc(`failed to mount secrets store objects for pod ${where}, err: ${error.message}`)
      : error;
  }
}

function inProvider<T>(work: () => T): T {
  try {
    return work();
  } catch (error) {
    throw error instanceof CsiFailure ? rpc(`failed to mount objects, error: ${error.message}`) : error;
  }
}

interface Mounted {
  readonly pod: KubeObject;
  readonly secretClass: KubeObject;
  readonly volume: string;
  readonly files: readonly Fetched[];
}

function writePodStatus({ store }: DriverInput, { pod, secretClass, volume, files }: Mounted): KubeObject {
  const { name: podName, namespace = "", uid = "" } = pod.metadata;
  const className = secretClass.metadata.name;
  const name = `${podName}-${namespace}-${className}`;
  const versions = new Map(files.map((file) => [file.id, file.version]));
  const objects = [...versions].sort(([a], [b]) => (a < b ? -1 : 1)).map(([id, version]) => ({ id, version }));
  const live = store.get(podStatuses, `${namespace}/${name}`);
  const podStatus: KubeObject = {
    apiVersion: `${group}/v1`,
    kind: "SecretProviderClassPodStatus",
    metadata: {
      uid: randomUUID(),
      creationTimestamp: timestamp(store.clock.now()),
      generation: 1,
      ...live?.metadata,
      name,
      namespace,
      labels: { "internal.secrets-store.csi.k8s.io/node-name": textAt(pod, "spec.nodeName") },
      ownerReferences: [{ apiVersion: "v1", kind: "Pod", name: podName, uid }],
    },
    status: {
      mounted: true,
      objects,
      podName,
      secretProviderClassName: className,
      targetPath: `/var/lib/kubelet/pods/${uid}/volumes/kubernetes.io~csi/${volume}/mount`,
    },
  };
  return live !== undefined && isSame(live, podStatus) ? live : store.put(podStatuses, podStatus);
}
