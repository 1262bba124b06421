import * as z from "zod/mini";

import type { KeyVaultCsiAddon } from "../../azure/inventory.ts";
import type { ManagedCluster, ManagedClusters } from "../../azure/managedClusters.ts";
import { parseResourceId } from "../../azure/resourceId.ts";
import type { CallOptions } from "../../call.ts";
import { hasCode, isAbort, ServiceError } from "../../errors.ts";
import { t } from "../../l10n.ts";
import { parseGoDuration, sameDuration } from "../duration.ts";
import { readVersionSupport } from "../versionSupport.ts";
import type { ApplyOptions, CheckOptions, CommandLine, Step, StepState } from "../step.ts";

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
  "find" | "enableKeyVaultCsi" | "disableKeyVaultCsi" | "reconcile" | "waitUntilSettled" | "listKubernetesVersions"
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
  return {
    id: "keyVaultCsiAddon",
    title: t('Key Vault CSI add-on on "{0}"', name),
    why: t("The add-on installs the Secrets Store CSI Driver and the Azure Key Vault provider on every node."),
    rights: [{ scope: target.clusterId, actions: ["Microsoft.ContainerService/managedClusters/write"] }],
    check: (options) => checkAddon(managedClusters, target, options),
    apply: (options) => applyAddon(managedClusters, target, options),
    undo: (made, options) => undoAddon(managedClusters, target.clusterId, made, options),
    commands: () => commandsFor(target),
  };
}

async function checkAddon(
  clusters: Clusters,
  target: KeyVaultCsiAddonTarget,
  options?: CheckOptions,
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
    return missingCluster(target, name);
  }
  if (isAsAsked(cluster, target)) {
    return { kind: "satisfied", now: describe(true, cluster.keyVaultCsi.rotation) };
  }
  if (cluster.powerState === "Stopped") {
    return {
      kind: "blocked",
      reason: t('The cluster is stopped: "{0}".', name),
      remedy: t("Start it, then check again."),
    };
  }
  const { isEnabled, rotation } = cluster.keyVaultCsi;
  return {
    kind: "needed",
    before: describe(isEnabled, isEnabled ? rotation : undefined),
    after: describe(true, target.rotation ?? rotation),
    warnings: options?.isBrief ? [] : await warningsFor(clusters, cluster, options),
  };
}

function missingCluster({ isNew, rotation }: KeyVaultCsiAddonTarget, name: string): StepState {
  return isNew
    ? {
        kind: "needed",
        before: t("The cluster does not exist yet."),
        after: describe(true, rotation),
        warnings: [],
      }
    : {
        kind: "blocked",
        reason: t('There is no cluster "{0}" any more.', name),
        remedy: t("Refresh and choose another."),
      };
}

/** An add-on without its identity is one whose operation failed or goes on. */
function isAsAsked(cluster: ManagedCluster, { rotation }: KeyVaultCsiAddonTarget): boolean {
  const { keyVaultCsi } = cluster;
  return (
    isSettled(cluster) &&
    keyVaultCsi.isEnabled &&
    keyVaultCsi.identity !== undefined &&
    isRotationAsAsked(keyVaultCsi.rotation, rotation)
  );
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
  const { isSupported, oldestMinor } = await readVersionSupport(clusters, cluster, options);
  if (!isSupported) {
    warnings.push(
      t(
        "Kubernetes {0} is out of support here; the add-on is supported from 1.{1} on.",
        cluster.kubernetesVersion,
        oldestMinor ?? 0,
      ),
    );
  }
  return warnings;
}

async function applyAddon(
  clusters: Clusters,
  target: KeyVaultCsiAddonTarget,
  options: ApplyOptions = {},
): Promise<void> {
  const updated = await whenFree(() => enable(clusters, target, options), clusters, target.clusterId, options);
  const settled = isSettled(updated) ? updated : await clusters.waitUntilSettled(target.clusterId, options);
  const finished = settled.keyVaultCsi.identity ? settled : await clusters.reconcile(target.clusterId, options);
  if (!finished.keyVaultCsi.isEnabled || !finished.keyVaultCsi.identity) {
    throw new ServiceError(
      "operationFailed",
      t('Azure finished, but the add-on is still off on "{0}".', finished.name),
    );
  }
}

async function enable(
  clusters: Clusters,
  { clusterId, rotation }: KeyVaultCsiAddonTarget,
  options: ApplyOptions,
): Promise<ManagedCluster> {
  let before: KeyVaultCsiAddon | undefined;
  const tell = () => {
    if (before && !(before.isEnabled && isRotationAsAsked(before.rotation, rotation))) {
      options.onMade?.(JSON.stringify({ isEnabled: before.isEnabled, rotation: before.rotation }));
    }
  };
  try {
    const updated = await clusters.enableKeyVaultCsi(clusterId, rotation, {
      ...options,
      onRead(addon) {
        before ??= addon;
        options.onProgress?.({ step: doing(before), state: "running" });
      },
    });
    tell();
    return updated;
  } catch (error) {
    if (mayHaveChanged(error)) {
      tell();
    }
    throw error;
  }
}

function doing({ isEnabled }: KeyVaultCsiAddon): string {
  return isEnabled
    ? t("Updating the add-on; this takes some minutes")
    : t("Turning the add-on on; this takes some minutes");
}

/** Azure may have accepted a change whose waiting was ended by these; every other failure says that it has not. */
export function mayHaveChanged(error: unknown): boolean {
  return isAbort(error) || hasCode(error, "operationFailed", "timedOut", "unreachable");
}

/** Does it once more after the operation that was in the way. */
async function whenFree<T>(
  change: () => Promise<T>,
  clusters: Pick<Clusters, "waitUntilSettled">,
  clusterId: string,
  options: ApplyOptions,
): Promise<T> {
  try {
    return await change();
  } catch (error) {
    if (!(hasCode(error, "conflict") && error.details.serviceCode === "OperationNotAllowed")) {
      throw error;
    }
    options.onProgress?.({ step: t("Waiting for the operation that is running on the cluster"), state: "running" });
    await clusters.waitUntilSettled(clusterId, options);
    return change();
  }
}

const Before = z.object({
  isEnabled: z.boolean(),
  rotation: z.object({ isEnabled: z.boolean(), pollInterval: z.string() }),
});

async function undoAddon(
  clusters: Clusters,
  clusterId: string,
  made: readonly string[],
  options?: CallOptions,
): Promise<void> {
  const [first] = made;
  if (first === undefined || !(await clusters.find(clusterId, options))) {
    return;
  }
  const { isEnabled, rotation } = Before.parse(JSON.parse(first));
  if (isEnabled) {
    await clusters.enableKeyVaultCsi(clusterId, rotation, options);
  } else {
    await clusters.disableKeyVaultCsi(clusterId, options);
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

/** `az` refuses to turn an add-on on that is on; its rotation has a command of its own. None for a cluster that is made with the add-on. */
function commandsFor({ clusterId, rotation, isNew }: KeyVaultCsiAddonTarget): readonly CommandLine[] {
  if (isNew) {
    return [];
  }
  const { subscriptionId, resourceGroup, name } = parseResourceId(clusterId);
  const cluster = ["--name", name, "--resource-group", resourceGroup, "--subscription", subscriptionId];
  const rotationWords = rotation?.isEnabled
    ? ["--enable-secret-rotation", "--rotation-poll-interval", rotation.pollInterval]
    : [];
  const variable = "ADDON_ENABLED";
  const update: CommandLine = {
    tool: "az",
    words: ["aks", "addon", "update", "--addon", "azure-keyvault-secrets-provider", ...cluster, ...rotationWords],
    onlyIf: { variable, is: "true" },
  };
  return [
    {
      tool: "az",
      words: [
        ...["aks", "show", ...cluster],
        ...["--query", "addonProfiles.azureKeyvaultSecretsProvider.enabled", "--output", "tsv"],
      ],
      captures: variable,
    },
    {
      tool: "az",
      words: ["aks", "enable-addons", "--addons", "azure-keyvault-secrets-provider", ...cluster, ...rotationWords],
      onlyIf: { variable, is: "true", isNegated: true },
    },
    ...(rotation ? [update] : []),
  ];
}
