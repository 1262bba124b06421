import type { KeyVaultCsiAddon } from "../../azure/inventory.ts";
import type { ManagedCluster, ManagedClusters } from "../../azure/managedClusters.ts";
import { parseResourceId } from "../../azure/resourceId.ts";
import type { CallOptions } from "../../call.ts";
import { ServiceError } from "../../errors.ts";
import { t } from "../../l10n.ts";
import { parseGoDuration, sameDuration } from "../duration.ts";
import type { Step, StepState } from "../step.ts";

/** What the add-on is to be. */
export interface KeyVaultCsiAddonTarget {
  readonly clusterId: string;
  /** Undefined: as it is; off on a cluster without the add-on. */
  readonly rotation: KeyVaultCsiAddon["rotation"] | undefined;
  /** The cluster is made by an earlier step of the plan, with the add-on. */
  readonly isNew?: boolean | undefined;
}

type Clusters = Pick<
  ManagedClusters,
  "find" | "enableKeyVaultCsi" | "disableKeyVaultCsi" | "waitUntilSettled" | "listKubernetesVersions"
>;

/**
 * The azureKeyvaultSecretsProvider add-on is on, with this rotation. Rotation is set without turning the add-on off.
 * @see https://learn.microsoft.com/azure/aks/csi-secrets-store-driver
 */
export function keyVaultCsiAddonStep(
  services: { readonly managedClusters: Clusters },
  target: KeyVaultCsiAddonTarget,
): Step {
  const { managedClusters } = services;
  const { name } = parseResourceId(target.clusterId);
  const check = (options?: CallOptions) => checkAddon(managedClusters, target, options);
  return {
    id: "keyVaultCsiAddon",
    title: t('Key Vault CSI add-on on "{0}"', name),
    why: t("The add-on installs the Secrets Store CSI Driver and the Azure Key Vault provider on every node."),
    rights: [{ scope: target.clusterId, actions: ["Microsoft.ContainerService/managedClusters/write"] }],
    check,
    apply: (options) => applyAddon(managedClusters, target, options),
    async undo(options) {
      await managedClusters.disableKeyVaultCsi(target.clusterId, options);
    },
    commands: () => [enableCommand(target)],
  };
}

async function checkAddon(
  clusters: Clusters,
  target: KeyVaultCsiAddonTarget,
  options?: CallOptions,
): Promise<StepState> {
  const { name } = parseResourceId(target.clusterId);
  if (target.rotation && parseGoDuration(target.rotation.pollInterval) === undefined) {
    return {
      kind: "blocked",
      reason: t('"{0}" is no rotation poll interval.', target.rotation.pollInterval),
      remedy: t("Write it like 2m, 120s or 1h."),
    };
  }
  const cluster = await clusters.find(target.clusterId, options);
  if (!cluster) {
    return target.isNew
      ? {
          kind: "needed",
          before: t("The cluster does not exist yet."),
          after: describe(true, target.rotation),
          warnings: [],
        }
      : {
          kind: "blocked",
          reason: t('There is no cluster "{0}" any more.', name),
          remedy: t("Refresh and choose another."),
        };
  }
  const { keyVaultCsi } = cluster;
  if (isSettled(cluster) && keyVaultCsi.isEnabled && isRotationAsAsked(keyVaultCsi.rotation, target.rotation)) {
    return { kind: "satisfied", now: describe(true, keyVaultCsi.rotation) };
  }
  if (cluster.powerState === "Stopped") {
    return {
      kind: "blocked",
      reason: t('The cluster is stopped: "{0}".', name),
      remedy: t("Start it, then check again."),
    };
  }
  return {
    kind: "needed",
    before: describe(keyVaultCsi.isEnabled, keyVaultCsi.isEnabled ? keyVaultCsi.rotation : undefined),
    after: describe(true, target.rotation ?? keyVaultCsi.rotation),
    warnings: await warningsFor(clusters, cluster, options),
  };
}

async function warningsFor(
  clusters: Clusters,
  cluster: ManagedCluster,
  options?: CallOptions,
): Promise<readonly string[]> {
  const warnings: string[] = [];
  if (!isSettled(cluster)) {
    warnings.push(
      t("Another operation ({0}) is running on the cluster; the plan waits for it first.", cluster.provisioningState),
    );
  }
  if (cluster.hasVirtualNodes) {
    warnings.push(t("Virtual nodes do not get the driver: pods there cannot mount secrets."));
  }
  const oldest = await oldestSupportedMinor(clusters, cluster, options);
  if (oldest !== undefined && minorOf(cluster.kubernetesVersion) < oldest) {
    warnings.push(
      t(
        "Kubernetes {0} is out of support here; the add-on is supported from 1.{1} on.",
        cluster.kubernetesVersion,
        oldest,
      ),
    );
  }
  return warnings;
}

/** N-2 of the newest generally available minor version of the region; undefined where the region's versions cannot be read. */
async function oldestSupportedMinor(
  clusters: Clusters,
  cluster: ManagedCluster,
  options?: CallOptions,
): Promise<number | undefined> {
  const versions = await clusters
    .listKubernetesVersions(cluster.subscriptionId, cluster.location, options)
    .catch((error: unknown) => {
      if (error instanceof ServiceError) {
        return [];
      }
      throw error;
    });
  const minors = versions.filter((version) => !version.isPreview).map((version) => minorOf(version.version));
  return minors.length > 0 ? Math.max(...minors) - 2 : undefined;
}

function minorOf(version: string): number {
  return Number(version.split(".")[1]);
}

async function applyAddon(
  clusters: Clusters,
  target: KeyVaultCsiAddonTarget,
  options: CallOptions = {},
): Promise<void> {
  const cluster = await clusters.find(target.clusterId, options);
  if (cluster && !isSettled(cluster)) {
    options.onProgress?.({ step: t("Waiting for the operation that is running on the cluster"), state: "running" });
    await clusters.waitUntilSettled(target.clusterId, options);
  }
  options.onProgress?.({ step: t("Turning the add-on on; this takes some minutes"), state: "running" });
  const rotation = target.rotation ?? cluster?.keyVaultCsi.rotation ?? { isEnabled: false, pollInterval: "2m" };
  const updated = await clusters.enableKeyVaultCsi(target.clusterId, rotation, options);
  if (!updated.keyVaultCsi.isEnabled || !updated.keyVaultCsi.identity) {
    throw new ServiceError("operationFailed", t('Azure finished, but the add-on is still off on "{0}".', updated.name));
  }
}

/** Whether no long-running operation is under way on the cluster. */
export function isSettled(cluster: Pick<ManagedCluster, "provisioningState">): boolean {
  return ["succeeded", "failed", "canceled"].includes(cluster.provisioningState.toLowerCase());
}

function isRotationAsAsked(is: KeyVaultCsiAddon["rotation"], asked: KeyVaultCsiAddon["rotation"] | undefined): boolean {
  if (!asked) {
    return true;
  }
  return is.isEnabled === asked.isEnabled && (!asked.isEnabled || sameDuration(is.pollInterval, asked.pollInterval));
}

function describe(isOn: boolean, rotation: KeyVaultCsiAddon["rotation"] | undefined): string {
  if (!isOn) {
    return t("Off");
  }
  return rotation?.isEnabled ? t("On, rotation every {0}", rotation.pollInterval) : t("On, rotation off");
}

function enableCommand({ clusterId, rotation }: KeyVaultCsiAddonTarget) {
  const { subscriptionId, resourceGroup, name } = parseResourceId(clusterId);
  const rotationWords = rotation?.isEnabled
    ? ["--enable-secret-rotation", "--rotation-poll-interval", rotation.pollInterval]
    : [];
  return {
    tool: "az" as const,
    words: [
      ...["aks", "enable-addons", "--addons", "azure-keyvault-secrets-provider", "--name", name],
      ...["--resource-group", resourceGroup, "--subscription", subscriptionId, ...rotationWords],
    ],
  };
}
