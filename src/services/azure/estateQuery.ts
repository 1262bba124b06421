import * as z from "zod/mini";

import type { CallOptions } from "../call.ts";
import { ServiceError } from "../errors.ts";
import { t } from "../l10n.ts";
import type { AzureClients } from "./clients.ts";
import type { ClusterSummary, VaultSummary } from "./inventory.ts";
import { toKeyVaultCsi } from "./managedClusterBody.ts";
import { parseResourceId } from "./resourceId.ts";

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

const text = z.nullish(z.string());
const Row = z.object({
  id: z.string(),
  name: z.string(),
  type: z.string(),
  location: z.string(),
  version: text,
  goalVersion: text,
  power: text,
  state: text,
  isPrivate: z.nullish(z.boolean()),
  addon: z.nullish(
    z.object({
      enabled: z.nullish(z.boolean()),
      config: z.nullish(z.object({ enableSecretRotation: text, rotationPollInterval: text })),
      identity: z.nullish(z.object({ clientId: text, objectId: text, resourceId: text })),
    }),
  ),
  tenant: text,
  vaultUri: text,
  rbac: z.nullish(z.boolean()),
  access: text,
  acl: text,
});

type Row = z.output<typeof Row>;

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
    skipToken = page.skipToken;
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
  for (const item of data as readonly unknown[]) {
    const row = Row.safeParse(item).data;
    // One odd row must not hide ten thousand good ones.
    if (row?.type.toLowerCase() === "microsoft.keyvault/vaults") {
      vaults.push(toVault(row));
    } else if (row) {
      clusters.push(toCluster(row));
    }
  }
  return { clusters, vaults };
}

function toCluster(row: Row): ClusterSummary {
  return {
    ...placeOf(row),
    kubernetesVersion: row.version ?? row.goalVersion ?? "",
    powerState: row.power === "Stopped" ? "Stopped" : "Running",
    provisioningState: row.state ?? "Succeeded",
    isPrivate: row.isPrivate ?? false,
    keyVaultCsi: toKeyVaultCsi(row.addon),
  };
}

function toVault(row: Row): VaultSummary {
  return {
    ...placeOf(row),
    tenantId: row.tenant ?? "",
    vaultUri: row.vaultUri ?? "",
    usesRbac: row.rbac ?? false,
    publicNetworkAccess: row.access?.toLowerCase() === "disabled" ? "Disabled" : "Enabled",
    networkDefaultAction: row.acl?.toLowerCase() === "deny" ? "Deny" : "Allow",
  };
}

function placeOf({ id, name, location }: Row) {
  const { subscriptionId, resourceGroup } = parseResourceId(id);
  return { id, name, subscriptionId: subscriptionId.toLowerCase(), resourceGroup, location };
}
