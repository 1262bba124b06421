import type { ManagedClusters, NewCluster } from "../../azure/managedClusters.ts";
import { parseResourceId } from "../../azure/resourceId.ts";
import type { CallOptions } from "../../call.ts";
import { t } from "../../l10n.ts";
import type { ApplyOptions, CommandLine, Step, StepState } from "../step.ts";
import { isSettled, mayHaveChanged } from "./keyVaultCsiAddon.ts";

type Clusters = Pick<ManagedClusters, "find" | "create" | "waitUntilSettled" | "delete">;

/** A cluster exists, made with the add-on. One that is being created already is waited for. */
export function clusterStep(services: { readonly managedClusters: Clusters }, cluster: NewCluster): Step {
  const { subscriptionId, resourceGroup, name } = parseResourceId(cluster.id);
  const { managedClusters } = services;
  return {
    id: "cluster",
    title: t('Cluster "{0}"', name),
    why: t("The cluster is created with the add-on, so that the driver is on every node from the start."),
    rights: [
      {
        scope: `/subscriptions/${subscriptionId}/resourceGroups/${resourceGroup}`,
        actions: ["Microsoft.ContainerService/managedClusters/write"],
      },
    ],
    check: (options) => checkCluster(managedClusters, cluster, options),
    apply: (options) => applyCluster(managedClusters, cluster, options),
    undo: (_made, options) => managedClusters.delete(cluster.id, options),
    commands: () => [createCommand(cluster)],
  };
}

async function checkCluster(clusters: Clusters, wanted: NewCluster, options?: CallOptions): Promise<StepState> {
  const cluster = await clusters.find(wanted.id, options);
  if (!cluster) {
    return {
      kind: "needed",
      before: t("It does not exist."),
      after: t("Created in {0} with {1} nodes of {2}.", wanted.location, wanted.nodeCount, wanted.vmSize),
      warnings: wanted.oidcIssuer ? [t("The OIDC issuer cannot be turned off again.")] : [],
    };
  }
  return isSettled(cluster)
    ? { kind: "satisfied", now: t("It exists in {0}.", cluster.location) }
    : {
        kind: "needed",
        before: cluster.provisioningState,
        after: t("Waits until Azure has finished it."),
        warnings: [],
      };
}

async function applyCluster(clusters: Clusters, wanted: NewCluster, options: ApplyOptions = {}): Promise<void> {
  const cluster = await clusters.find(wanted.id, options);
  options.onProgress?.({ step: t("Creating the cluster; this takes some minutes"), state: "running" });
  if (cluster) {
    await clusters.waitUntilSettled(wanted.id, options);
    return;
  }
  try {
    await clusters.create(wanted, options);
    options.onMade?.(wanted.id);
  } catch (error) {
    if (mayHaveChanged(error) && (await isThere(clusters, wanted.id))) {
      options.onMade?.(wanted.id);
    }
    throw error;
  }
}

/** Looks once more without the caller's signal, and not for long; who cannot tell says no. */
async function isThere(clusters: Clusters, clusterId: string): Promise<boolean> {
  try {
    return (await clusters.find(clusterId, { signal: AbortSignal.timeout(10_000) })) !== undefined;
  } catch {
    return false;
  }
}

function createCommand(cluster: NewCluster): CommandLine {
  const { subscriptionId, resourceGroup, name } = parseResourceId(cluster.id);
  const { rotation } = cluster.keyVaultCsi;
  return {
    tool: "az",
    words: [
      ...["aks", "create", "--name", name, "--resource-group", resourceGroup, "--location", cluster.location],
      ...["--node-count", String(cluster.nodeCount), "--node-vm-size", cluster.vmSize],
      ...(cluster.kubernetesVersion ? ["--kubernetes-version", cluster.kubernetesVersion] : []),
      ...["--enable-addons", "azure-keyvault-secrets-provider"],
      ...(rotation.isEnabled ? ["--enable-secret-rotation", "--rotation-poll-interval", rotation.pollInterval] : []),
      ...(cluster.oidcIssuer ? ["--enable-oidc-issuer"] : []),
      ...(cluster.workloadIdentity ? ["--enable-workload-identity"] : []),
      ...["--no-ssh-key", "--subscription", subscriptionId],
    ],
  };
}
