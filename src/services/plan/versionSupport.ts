import type { ManagedCluster, ManagedClusters } from "../azure/managedClusters.ts";
import type { CallOptions } from "../call.ts";
import { ServiceError } from "../errors.ts";

/** Whether a cluster's Kubernetes version is one that the add-on is supported on. */
export interface VersionSupport {
  /** True also where the region's versions cannot be read. */
  readonly isSupported: boolean;
  /** N-2 of the newest minor version that is generally available in the region; undefined where they cannot be read. */
  readonly oldestMinor: number | undefined;
}

/**
 * Compares with the region's versions: the newest generally available minor and the two before it are supported.
 * @see https://learn.microsoft.com/azure/aks/supported-kubernetes-versions
 */
export async function readVersionSupport(
  clusters: Pick<ManagedClusters, "listKubernetesVersions">,
  cluster: Pick<ManagedCluster, "subscriptionId" | "location" | "kubernetesVersion">,
  options?: CallOptions,
): Promise<VersionSupport> {
  const minors = await listMinors(clusters, cluster, options);
  const oldestMinor = minors.length > 0 ? Math.max(...minors) - 2 : undefined;
  return { isSupported: oldestMinor === undefined || minorOf(cluster.kubernetesVersion) >= oldestMinor, oldestMinor };
}

async function listMinors(
  clusters: Pick<ManagedClusters, "listKubernetesVersions">,
  { subscriptionId, location }: Pick<ManagedCluster, "subscriptionId" | "location">,
  options?: CallOptions,
): Promise<readonly number[]> {
  try {
    const versions = await clusters.listKubernetesVersions(subscriptionId, location, options);
    return versions.filter(({ isPreview }) => !isPreview).map(({ version }) => minorOf(version));
  } catch (error) {
    if (error instanceof ServiceError) {
      return [];
    }
    throw error;
  }
}

function minorOf(version: string): number {
  return Number(version.split(".")[1]);
}
