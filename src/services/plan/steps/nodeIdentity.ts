import type { Identities } from "../../azure/identities.ts";
import type { ManagedClusters } from "../../azure/managedClusters.ts";
import { parseResourceId, sameId } from "../../azure/resourceId.ts";
import type { CallOptions } from "../../call.ts";
import { ServiceError } from "../../errors.ts";
import { t } from "../../l10n.ts";
import type { Step, StepState } from "../step.ts";

interface NodeIdentityServices {
  readonly identities: Pick<Identities, "attachToScaleSets" | "detachFromScaleSets">;
  readonly managedClusters: Pick<ManagedClusters, "find" | "get" | "listNodeIdentities">;
}

/** The identity sits on every node scale set of the cluster; what is there stays. A pool added later must be attached again. */
export function nodeIdentityStep(
  services: NodeIdentityServices,
  {
    clusterId,
    identityId,
    isNew,
  }: { readonly clusterId: string; readonly identityId: string; readonly isNew: boolean },
): Step {
  const { name } = parseResourceId(identityId);
  return {
    id: "nodeIdentity",
    title: t('Identity "{0}" on every node pool', name),
    why: t("The provider on a node can use only identities that are assigned to its scale set."),
    rights: [{ scope: identityId, actions: ["Microsoft.ManagedIdentity/userAssignedIdentities/assign/action"] }],
    check: (options) => checkNodes(services, clusterId, identityId, isNew, options),
    async apply(options) {
      const cluster = await services.managedClusters.get(clusterId, options);
      const { subscriptionId, nodeResourceGroup } = cluster;
      const without = scaleSetsWithout(await services.managedClusters.listNodeIdentities(cluster, options), identityId);
      // Told beforehand: a stop in the middle leaves some of them with it, and taking it off the others is no harm.
      without.forEach((scaleSet) => options?.onMade?.(scaleSet));
      await services.identities.attachToScaleSets(subscriptionId, nodeResourceGroup, identityId, options);
    },
    async undo(made, options) {
      const cluster = await services.managedClusters.find(clusterId, options);
      if (cluster) {
        const { subscriptionId, nodeResourceGroup } = cluster;
        const how = { ...options, only: made };
        await services.identities.detachFromScaleSets(subscriptionId, nodeResourceGroup, identityId, how);
      }
    },
    commands: () => attachCommands(clusterId, identityId),
  };
}

async function checkNodes(
  services: NodeIdentityServices,
  clusterId: string,
  identityId: string,
  isNew: boolean,
  options?: CallOptions,
): Promise<StepState> {
  const cluster = await services.managedClusters.find(clusterId, options);
  const after = t("On every node pool; every pod of a node can then use it.");
  if (!cluster) {
    if (!isNew) {
      throw new ServiceError("notFound", t('There is no cluster "{0}" any more.', parseResourceId(clusterId).name));
    }
    return { kind: "needed", before: t("The cluster does not exist yet."), after, warnings: [] };
  }
  if (cluster.nodeResourceGroupRestriction === "ReadOnly") {
    return {
      kind: "blocked",
      reason: t("The cluster's node resource group is locked down: no identity can be attached to its nodes."),
      remedy: t("Use workload identity instead."),
    };
  }
  const onNodes = await services.managedClusters.listNodeIdentities(cluster, options);
  const without = scaleSetsWithout(onNodes, identityId);
  if (without.length === 0 && onNodes.size > 0) {
    return { kind: "satisfied", now: t("On all {0} node pools.", onNodes.size) };
  }
  const warnings = [t("A node pool that is added later does not get the identity by itself.")];
  const { subscriptionId, nodeResourceGroup } = cluster;
  return {
    kind: "needed",
    before: t("Missing on {0}.", without.join(", ") || t("every node pool")),
    after,
    warnings,
    rights: [
      {
        scope: `/subscriptions/${subscriptionId}/resourceGroups/${nodeResourceGroup}`,
        actions: ["Microsoft.Compute/virtualMachineScaleSets/write"],
      },
    ],
  };
}

function scaleSetsWithout(onNodes: ReadonlyMap<string, readonly string[]>, identityId: string): readonly string[] {
  return [...onNodes].filter(([, ids]) => !ids.some((id) => sameId(id, identityId))).map(([scaleSet]) => scaleSet);
}

function attachCommands(clusterId: string, identityId: string): ReturnType<Step["commands"]> {
  const { subscriptionId, resourceGroup, name } = parseResourceId(clusterId);
  const group = ["--name", name, "--resource-group", resourceGroup, "--subscription", subscriptionId];
  return [
    {
      tool: "az",
      words: ["aks", "show", ...group, "--query", "nodeResourceGroup", "--output", "tsv"],
      captures: "NODE_RESOURCE_GROUP",
    },
    {
      tool: "az",
      words: [
        ...[
          "vmss",
          "list",
          "--resource-group",
          { template: "${NODE_RESOURCE_GROUP}" },
          "--subscription",
          subscriptionId,
        ],
        ...["--query", "[].name", "--output", "tsv"],
      ],
      captures: "SCALE_SETS",
    },
    {
      tool: "az",
      each: "SCALE_SETS",
      words: [
        ...["vmss", "identity", "assign", "--resource-group", { template: "${NODE_RESOURCE_GROUP}" }],
        ...["--name", { template: "${EACH}" }, "--identities", identityId, "--subscription", subscriptionId],
      ],
    },
  ];
}
