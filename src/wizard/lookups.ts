import { checkVaultName } from "../services/azure/keyVaultRules.ts";
import { parseResourceId } from "../services/azure/resourceId.ts";
import { checkObjectName } from "../services/azure/vaultObjectRules.ts";
import type { CallOptions } from "../services/call.ts";
import { hasCode, ServiceError } from "../services/errors.ts";
import { kinds } from "../services/kubernetes/clusterClient.ts";
import { t } from "../services/l10n.ts";
import type { Services } from "../services/services.ts";
import { newVaultId } from "./draftSchema.ts";
import { clusterState } from "./lists.ts";
import type {
  ChosenCluster,
  ClusterDetails,
  IdentityList,
  NamespaceList,
  Places,
  Reach,
  SecretNameVerdict,
  VaultDetails,
  VaultNameVerdict,
} from "./protocol.ts";

/** A cluster by its id alone. */
export function chosenCluster(id: string): ChosenCluster {
  const { name, subscriptionId, resourceGroup } = parseResourceId(id);
  return { id, name, subscriptionId, resourceGroup };
}

export async function clusterDetails(
  services: Pick<Services, "managedClusters">,
  clusterId: string,
  options: CallOptions,
): Promise<ClusterDetails> {
  const cluster = await services.managedClusters.get(clusterId, options);
  const { location, provisioningState, kubernetesVersion, isPrivate, keyVaultCsi } = cluster;
  return {
    ...{ location, provisioningState, kubernetesVersion, isPrivate },
    state: clusterState(cluster),
    isOn: keyVaultCsi.isEnabled,
    rotation: keyVaultCsi.rotation,
  };
}

export async function identities(
  services: Pick<Services, "identities">,
  subscriptionId: string,
  options: CallOptions,
): Promise<IdentityList> {
  const found = await services.identities.list(subscriptionId, options);
  const rows = found.map(({ id, name }) => ({ id, name, resourceGroup: parseResourceId(id).resourceGroup }));
  return { identities: rows.sort((a, b) => a.name.localeCompare(b.name)) };
}

/** The namespaces of a cluster. Where they cannot be read, one can still be typed. */
export async function namespaces(
  services: Pick<Services, "clusterClients">,
  clusterId: string,
  options: CallOptions,
): Promise<NamespaceList> {
  try {
    const client = await services.clusterClients.open(clusterId, options);
    const found = await client.list(kinds.namespace, { metadataOnly: true }, options);
    return { namespaces: found.map(({ metadata }) => metadata.name).sort(), missing: undefined };
  } catch (error) {
    if (error instanceof ServiceError) {
      return { namespaces: [], missing: error.message };
    }
    throw error;
  }
}

/** Whether the Kubernetes API answers this machine, whatever it answers. */
export async function clusterReach(
  services: Pick<Services, "clusterClients">,
  clusterId: string,
  options: CallOptions,
): Promise<Reach> {
  try {
    const client = await services.clusterClients.open(clusterId, options);
    await client.getServerVersion(options);
    return { kind: "reached" };
  } catch (error) {
    if (error instanceof ServiceError) {
      return { kind: "unreachable", message: error.message };
    }
    throw error;
  }
}

export async function vaultDetails(
  services: Pick<Services, "keyVaults">,
  vaultId: string,
  options: CallOptions,
): Promise<VaultDetails> {
  const vault = await services.keyVaults.get(vaultId, options);
  const reach = await services.keyVaults.checkReach(vault, options);
  return { usesRbac: vault.usesRbac, closedMessage: reach.kind === "closed" ? reach.message : undefined };
}

export async function places(
  { resourceGroups }: Pick<Services, "resourceGroups">,
  subscriptionId: string,
  options: CallOptions,
): Promise<Places> {
  const [groups, locations] = await Promise.all([
    resourceGroups.list(subscriptionId, options),
    resourceGroups.listLocations(subscriptionId, options),
  ]);
  return {
    groups: groups.map(({ name, location }) => ({ name, location })),
    locations: locations.map(({ name, displayName }) => ({ name, displayName })),
  };
}

/** The rules need no call; the rest waits for a resource group, since the vault's id has it. */
export async function vaultName(
  services: () => Promise<Pick<Services, "keyVaults">>,
  fresh: { readonly subscriptionId: string; readonly resourceGroup: string; readonly name: string },
  options: CallOptions,
): Promise<VaultNameVerdict> {
  const broken = checkVaultName(fresh.name);
  if (broken !== undefined) {
    return { kind: "wrong", message: broken };
  }
  if (fresh.subscriptionId === "" || fresh.resourceGroup === "") {
    return { kind: "unknown" };
  }
  const { keyVaults } = await services();
  const found = await keyVaults.checkName(newVaultId(fresh), options);
  switch (found.kind) {
    case "available":
      return { kind: "available" };
    case "exists":
      return { kind: "exists" };
    case "softDeleted":
      return { kind: "deleted", location: found.vault.location, canPurge: !found.vault.isPurgeProtected };
    case "invalid":
    case "taken":
      return { kind: "wrong", message: found.message };
  }
}

export async function secretName(
  services: () => Promise<Pick<Services, "keyVaults" | "vaultObjects">>,
  { vaultId, name }: { readonly vaultId?: string | undefined; readonly name: string },
  options: CallOptions,
): Promise<SecretNameVerdict> {
  const broken = checkObjectName(name);
  if (broken !== undefined) {
    return { kind: "wrong", message: broken };
  }
  if (vaultId === undefined) {
    return { kind: "free" };
  }
  const { keyVaults, vaultObjects } = await services();
  try {
    const vault = await keyVaults.get(vaultId, options);
    const found = await vaultObjects.find(vault, "secret", name, options);
    if (found) {
      return { kind: "exists", isEnabled: found.isEnabled };
    }
    return { kind: (await vaultObjects.findDeleted(vault, "secret", name, options)) ? "deleted" : "free" };
  } catch (error) {
    // The plan gives the right first, and looks again then.
    if (hasCode(error, "forbidden", "unreachable")) {
      return { kind: "unknown" };
    }
    throw error;
  }
}

/**
 * Says which rule the name of a resource group breaks; undefined when it is fine.
 * @see https://learn.microsoft.com/azure/azure-resource-manager/management/resource-name-rules#microsoftresources
 */
export function groupNameProblem(name: string): string | undefined {
  if (name === "") {
    return t("The name is empty.");
  }
  if (name.length > 90) {
    return t("The name has {0} characters; at most {1} are allowed.", name.length, 90);
  }
  const wrong = /[^\p{L}\p{Nd}_().-]/u.exec(name)?.[0];
  if (wrong !== undefined) {
    return t(
      'The name may contain only letters, digits, hyphens, periods, underscores and parentheses, and not this character: "{0}".',
      wrong,
    );
  }
  return name.endsWith(".") ? t("The name may not end with a period.") : undefined;
}
