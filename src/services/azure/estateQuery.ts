import type { CallOptions } from "../call.ts";
import { ServiceError } from "../errors.ts";
import { t } from "../l10n.ts";
import type { AzureClients } from "./clients.ts";
import type { ClusterSummary, VaultSummary } from "./inventory.ts";
import { toKeyVaultCsi, type AddonProfile } from "./managedClusterBody.ts";

/** Only the columns a list shows. Resource Graph pages reliably only over rows that carry `id`, in a stated order. */
const query = [
  "resources",
  "| where type in~ ('microsoft.containerservice/managedclusters', 'microsoft.keyvault/vaults')",
  "| project id, name, type, location,",
  "version = properties.currentKubernetesVersion, goalVersion = properties.kubernetesVersion,",
  "power = properties.powerState.code, state = properties.provisioningState,",
  "isPrivate = properties.apiServerAccessProfile.enablePrivateCluster,",
  "addon = properties.addonProfiles.azureKeyvaultSecretsProvider,",
  "tenant = properties.tenantId, vaultUri = properties.vaultUri, rbac = properties.enableRbacAuthorization,",
  "access = properties.publicNetworkAccess, acl = properties.networkAcls.defaultAction",
  "| order by id asc",
].join("\n");

/** The largest page Resource Graph gives. @see https://learn.microsoft.com/azure/governance/resource-graph/concepts/work-with-data */
const rowsPerPage = 1000;

/** Clusters and vaults of one page. */
export interface EstatePage {
  readonly clusters: readonly ClusterSummary[];
  readonly vaults: readonly VaultSummary[];
}

/**
 * Reads clusters and vaults of a tenant by Azure Resource Graph, page by page.
 * @param subscriptionIds undefined: all that the person may see there
 * @throws {ServiceError} `forbidden` where Resource Graph is denied
 */
export async function* queryEstate(
  clients: AzureClients,
  tenantId: string,
  subscriptionIds: readonly string[] | undefined,
  options?: CallOptions,
): AsyncIterable<EstatePage> {
  const target = "Azure Resource Graph";
  let skipToken: string | undefined;
  do {
    const page = await clients.callSdk(
      { tenantId, target },
      async (sdk) => {
        const { createResourceGraph, resources } = await import("@azure/arm-resourcegraph/api");
        // The client wants a subscription and has no use for it: the query goes to the tenant.
        return resources(createResourceGraph(sdk.credential, "", sdk.options), {
          query,
          ...(subscriptionIds ? { subscriptions: [...subscriptionIds] } : {}),
          options: { resultFormat: "objectArray", top: rowsPerPage, ...(skipToken ? { skipToken } : {}) },
        });
      },
      options,
    );
    yield readRows(page.data, target);
    // A token that does not move on would be asked for for ever.
    skipToken = page.skipToken === skipToken ? undefined : page.skipToken;
  } while (skipToken);
}

function readRows(data: unknown, target: string): EstatePage {
  if (!Array.isArray(data)) {
    throw new ServiceError("unexpectedResponse", t('Azure\'s answer for "{0}" is not as documented.', target), {
      target,
    });
  }
  const clusters: ClusterSummary[] = [];
  const vaults: VaultSummary[] = [];
  for (const row of data as readonly unknown[]) {
    // One odd row must not hide ten thousand good ones.
    if (isRow(row)) {
      if (row.type.toLowerCase() === "microsoft.keyvault/vaults") {
        vaults.push(toVault(row));
      } else {
        clusters.push(toCluster(row));
      }
    }
  }
  return { clusters, vaults };
}

interface Row extends Readonly<Record<string, unknown>> {
  readonly id: string;
  readonly name: string;
  readonly type: string;
  readonly location: string;
}

// Read by hand: a schema takes longer over a row than JSON.parse does, and an estate has tens of thousands.
function isRow(row: unknown): row is Row {
  const { id, name, type, location } = (row ?? {}) as Partial<Row>;
  return (
    typeof id === "string" &&
    typeof name === "string" &&
    typeof type === "string" &&
    typeof location === "string" &&
    idPattern.test(id)
  );
}

const idPattern = /^\/subscriptions\/[^/]+\/resourceGroups\/[^/]+\//i;
const subscriptionStart = "/subscriptions/".length;

function subscriptionOf(id: string): string {
  return id.slice(subscriptionStart, id.indexOf("/", subscriptionStart)).toLowerCase();
}

function groupOf(id: string): string {
  const start = id.indexOf("/", id.indexOf("/", subscriptionStart) + 1) + 1;
  return id.slice(start, id.indexOf("/", start));
}

function toCluster(row: Row): ClusterSummary {
  return {
    id: row.id,
    name: row.name,
    subscriptionId: subscriptionOf(row.id),
    resourceGroup: groupOf(row.id),
    location: row.location,
    kubernetesVersion: textOf(row["version"]) ?? textOf(row["goalVersion"]) ?? "",
    powerState: row["power"] === "Stopped" ? "Stopped" : "Running",
    provisioningState: textOf(row["state"]) ?? "Succeeded",
    isPrivate: row["isPrivate"] === true,
    keyVaultCsi: toKeyVaultCsi(toAddon(row["addon"])),
  };
}

function toVault(row: Row): VaultSummary {
  return {
    id: row.id,
    name: row.name,
    subscriptionId: subscriptionOf(row.id),
    resourceGroup: groupOf(row.id),
    location: row.location,
    tenantId: textOf(row["tenant"]) ?? "",
    vaultUri: textOf(row["vaultUri"]) ?? "",
    usesRbac: row["rbac"] === true,
    publicNetworkAccess: textOf(row["access"])?.toLowerCase() === "disabled" ? "Disabled" : "Enabled",
    networkDefaultAction: textOf(row["acl"])?.toLowerCase() === "deny" ? "Deny" : "Allow",
  };
}

function toAddon(value: unknown): AddonProfile | undefined {
  if (!isObject(value)) {
    return undefined;
  }
  const config = isObject(value["config"]) ? value["config"] : undefined;
  const identity = isObject(value["identity"]) ? value["identity"] : undefined;
  return {
    enabled: value["enabled"] === true,
    config: config && {
      enableSecretRotation: textOf(config["enableSecretRotation"]),
      rotationPollInterval: textOf(config["rotationPollInterval"]),
    },
    identity: identity && {
      clientId: textOf(identity["clientId"]),
      objectId: textOf(identity["objectId"]),
      resourceId: textOf(identity["resourceId"]),
    },
  };
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null;
}

function textOf(value: unknown): string | undefined {
  return typeof value === "string" ? value : undefined;
}
