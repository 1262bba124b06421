import type { ManagedCluster } from "../azure/managedClusters.ts";
import type { CallOptions } from "../call.ts";
import { t } from "../l10n.ts";
import type { Intent } from "./intent.ts";
import type { PreflightServices, Question } from "./preflight.ts";
import { readVersionSupport } from "./versionSupport.ts";

interface ClusterParts {
  readonly intent: Intent;
  readonly cluster: ManagedCluster;
}

/** What Azure says of the cluster. */
export function clusterRows(
  { managedClusters }: PreflightServices,
  { intent, cluster }: ClusterParts,
  options: CallOptions,
): readonly Question[] {
  return [
    {
      id: "kubernetesVersion",
      title: t("Kubernetes version"),
      async look() {
        const { isSupported, oldestMinor } = await readVersionSupport(managedClusters, cluster, options);
        return isSupported
          ? { state: "ok", text: t("{0} is supported.", cluster.kubernetesVersion), remedy: undefined }
          : {
              state: "warning",
              text: t("{0} is out of support here.", cluster.kubernetesVersion),
              remedy: t("The add-on is supported from 1.{0} on: upgrade the cluster.", oldestMinor ?? 0),
            };
      },
    },
    { id: "windowsPools", title: t("Windows node pools"), look: () => Promise.resolve(windowsPools(intent, cluster)) },
    { id: "virtualNodes", title: t("Virtual nodes"), look: () => Promise.resolve(virtualNodes(cluster)) },
    { id: "nodeLockdown", title: t("Node resource group"), look: () => Promise.resolve(nodeLockdown(intent, cluster)) },
  ];
}

function windowsPools({ mount }: Intent, { agentPools }: ManagedCluster) {
  const pools = agentPools.filter(({ osType }) => osType === "Windows").map(({ name }) => name);
  if (pools.length === 0 && mount?.proof === "windows") {
    return {
      state: "blocked" as const,
      text: t("There is no Windows node pool to prove the mount on."),
      remedy: t("Prove it on Linux, or add a Windows node pool."),
    };
  }
  return pools.length === 0
    ? undefined
    : {
        state: "ok" as const,
        text: t("{0}: the driver runs there too; its first registration can take five minutes.", pools.join(", ")),
        remedy: undefined,
      };
}

function virtualNodes({ hasVirtualNodes }: ManagedCluster) {
  return hasVirtualNodes
    ? {
        state: "warning" as const,
        text: t("Virtual nodes do not get the driver: pods there cannot mount secrets."),
        remedy: t("Keep pods that mount secrets on node pools."),
      }
    : undefined;
}

function nodeLockdown({ mount }: Intent, { nodeResourceGroupRestriction }: ManagedCluster) {
  if (nodeResourceGroupRestriction !== "ReadOnly") {
    return undefined;
  }
  return mount?.access.kind === "nodeIdentity"
    ? {
        state: "blocked" as const,
        text: t("It is locked down: no identity can be attached to the nodes."),
        remedy: t("Use workload identity instead."),
      }
    : { state: "ok" as const, text: t("It is locked down, which this access mode bears."), remedy: undefined };
}
