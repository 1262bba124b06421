/** What happens to a managed cluster over time: one operation at a time, `provisioningState` moving, and what is true when it is over. */
import type { ArmContext } from "./armRoute.ts";
import { issuerUrl, newEtag } from "./clusterBody.ts";
import { ContainerServiceError } from "./errors.ts";
import { asArray, asObject, asText } from "./json.ts";
import {
  attachAddonIdentity,
  createNodeResources,
  isAddonEnabled,
  propertiesOf,
  removeAddonIdentity,
} from "./nodeResources.ts";
import type { OperationRecord } from "./operations.ts";
import type { Cluster, JsonObject, World } from "./state.ts";

const provider = "Microsoft.ContainerService";

/** How long the demo shows what takes minutes. */
export const demoMs = { create: 25_000, update: 12_000, addon: 15_000, tags: 4_000, delete: 12_000, power: 15_000 };

const addonVersions: readonly (readonly [minor: string, driver: string, provider: string])[] = [
  ["1.36", "v1.5.6", "v1.8.1"],
  ["1.34", "v1.5.4", "v1.7.2"],
  ["1.33", "v1.4.8", "v1.6.2"],
  ["", "v1.4.7", "v1.5.3"],
];

/** The components that the add-on brings to a cluster of this Kubernetes version. */
export function addonVersionsFor(kubernetesVersion: string): { readonly driver: string; readonly provider: string } {
  const minor = Number(kubernetesVersion.split(".")[1] ?? 0);
  const found = addonVersions.find(([floor]) => minor >= Number(floor.split(".")[1] ?? 0));
  return { driver: found?.[1] ?? "", provider: found?.[2] ?? "" };
}

export function operationOf(cluster: Cluster): OperationRecord | undefined {
  return cluster.operation as OperationRecord | undefined;
}

/** Whoever reads a cluster looks at what runs on it; an operation that a seed left behind ends by the clock. */
export async function lookAt(world: World, cluster: Cluster): Promise<void> {
  const operation = cluster.operation;
  if (operation && "look" in operation) {
    await operationOf(cluster)?.look();
  } else if (operation && operation.startTime + seededMs <= world.clock.now()) {
    settle(cluster, "Succeeded");
  }
}

/** How long an update takes that was running when the world began. */
const seededMs = 10 * 60_000;

/** @throws {ContainerServiceError} 409 `OperationNotAllowed` */
export function refuseWhileBusy(cluster: Cluster): void {
  if (cluster.operation) {
    throw new ContainerServiceError(
      409,
      "OperationNotAllowed",
      `Operation is not allowed: Another operation (${cluster.operation.name}) is in progress, please wait for it to finish before starting a new operation. See https://aka.ms/aks-pending-operation for more details`,
    );
  }
}

/** @throws {ContainerServiceError} 400 */
export function refuseWhileStopped(cluster: Cluster, doing: string): void {
  const { provisioningState, powerState } = propertiesOf(cluster);
  if (asObject(powerState)["code"] === "Stopped") {
    throw new ContainerServiceError(
      400,
      "OperationNotAllowed",
      `managed cluster is in Provisioning State(${asText(provisioningState)}) and Power State(Stopped), ${doing} cannot be performed`,
    );
  }
}

function settle(cluster: Cluster, state: string): void {
  const properties = propertiesOf(cluster);
  properties["provisioningState"] = state;
  for (const pool of asArray(properties["agentPoolProfiles"]).map(asObject)) {
    pool["provisioningState"] = state;
    pool["eTag"] = newEtag();
  }
  cluster.body["eTag"] = newEtag();
  delete cluster.operation;
}

export interface ClusterOperation {
  /** `Updating`: the provisioningState meanwhile, and the name in other callers' 409. */
  readonly name: string;
  readonly demoMs: number;
  readonly finish?: () => void | Promise<void>;
  /** What `Location` answers when it is over. */
  readonly result?: () => unknown;
}

export function startOn(context: ArmContext, cluster: Cluster, input: ClusterOperation): OperationRecord {
  const operation = context.operations.start({
    provider,
    subscriptionId: cluster.subscriptionId,
    location: asText(cluster.body["location"]),
    apiVersion: context.apiVersion,
    name: input.name,
    demoMs: input.demoMs,
    finish: async () => {
      await input.finish?.();
      settle(cluster, "Succeeded");
    },
    fail: () => settle(cluster, "Failed"),
    ...(input.result && { result: input.result }),
  });
  settle(cluster, input.name);
  cluster.operation = operation;
  return operation;
}

/** Brings node resources and the Kubernetes side in line with what the body asks for. */
export function reconcile(world: World, cluster: Cluster, wasEnabled: boolean): void {
  const properties = propertiesOf(cluster);
  createNodeResources(world, cluster);
  completeIssuer(world, cluster, properties);
  const isEnabled = isAddonEnabled(properties);
  if (isEnabled) {
    attachAddonIdentity(world, cluster);
  }
  if (wasEnabled && !isEnabled) {
    removeAddonIdentity(world, cluster);
  }
  if (!cluster.kubernetes) {
    return;
  }
  cluster.kubernetes.reconcileNodes();
  // An operation that failed may have left the add-on asked for and not installed.
  const daemonSets = cluster.kubernetes.list("DaemonSet").map(({ metadata }) => asText(asObject(metadata)["name"]));
  if (isEnabled && !daemonSets.includes("aks-secrets-store-csi-driver")) {
    cluster.kubernetes.installKeyVaultCsi(addonVersionsFor(asText(properties["currentKubernetesVersion"])));
  } else if (wasEnabled && !isEnabled) {
    cluster.kubernetes.uninstallKeyVaultCsi();
  }
}

function completeIssuer(world: World, cluster: Cluster, properties: JsonObject): void {
  const issuer = asObject(properties["oidcIssuerProfile"]);
  if (issuer["enabled"] === true && !issuer["issuerURL"]) {
    const tenantId = world.subscriptions.get(cluster.subscriptionId.toLowerCase())?.tenantId ?? "";
    issuer["issuerURL"] = issuerUrl(asText(cluster.body["location"]), tenantId);
  }
}
