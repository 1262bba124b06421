import * as z from "zod/mini";

import type { AccessPolicy, DeletedVault, KeyVault, NewVault } from "./keyVaults.ts";
import { parseResourceId } from "./resourceId.ts";

const names = z.nullish(z.array(z.string()));

/** One entry of the access policies as ARM gives it. */
export const PolicyBody = z.object({
  tenantId: z.string(),
  objectId: z.string(),
  applicationId: z.nullish(z.string()),
  permissions: z.nullish(z.object({ secrets: names, keys: names, certificates: names })),
});

/** A vault as ARM gives it, as far as we look at it. */
export const VaultBody = z.object({
  id: z.string(),
  name: z.string(),
  location: z.string(),
  properties: z.object({
    tenantId: z.string(),
    vaultUri: z.nullish(z.string()),
    provisioningState: z.nullish(z.string()),
    enableRbacAuthorization: z.nullish(z.boolean()),
    enablePurgeProtection: z.nullish(z.boolean()),
    softDeleteRetentionInDays: z.nullish(z.number()),
    publicNetworkAccess: z.nullish(z.string()),
    networkAcls: z.nullish(
      z.object({
        defaultAction: z.nullish(z.string()),
        ipRules: z.nullish(z.array(z.object({ value: z.string() }))),
        virtualNetworkRules: z.nullish(z.array(z.object({ id: z.string() }))),
      }),
    ),
    privateEndpointConnections: z.nullish(z.array(z.unknown())),
    accessPolicies: z.nullish(z.array(PolicyBody)),
  }),
});

/** A deleted vault as ARM gives it. */
export const DeletedVaultBody = z.object({
  id: z.string(),
  name: z.string(),
  properties: z.object({
    vaultId: z.string(),
    location: z.string(),
    deletionDate: z.nullish(z.string()),
    scheduledPurgeDate: z.nullish(z.string()),
    purgeProtectionEnabled: z.nullish(z.boolean()),
  }),
});

/** What the service says of a name. */
export const Availability = z.object({
  nameAvailable: z.boolean(),
  reason: z.nullish(z.string()),
  message: z.nullish(z.string()),
});

/** The vault in our terms. */
export function readVault({ id, name, location, properties }: z.infer<typeof VaultBody>): KeyVault {
  const { subscriptionId, resourceGroup } = parseResourceId(id);
  return {
    id,
    name,
    subscriptionId,
    resourceGroup,
    location,
    tenantId: properties.tenantId,
    vaultUri: properties.vaultUri ?? "",
    // Null stands for access policies, whatever the api-version's default for new vaults is.
    usesRbac: properties.enableRbacAuthorization ?? false,
    provisioningState: properties.provisioningState ?? undefined,
    isPurgeProtected: properties.enablePurgeProtection ?? false,
    softDeleteRetentionInDays: properties.softDeleteRetentionInDays ?? 90,
    accessPolicies: (properties.accessPolicies ?? []).map(readPolicy),
    ...readNetwork(properties),
  };
}

function readNetwork(
  properties: z.infer<typeof VaultBody>["properties"],
): Pick<
  KeyVault,
  "publicNetworkAccess" | "networkDefaultAction" | "ipRules" | "virtualNetworkRules" | "hasPrivateEndpoint"
> {
  const acls = properties.networkAcls;
  return {
    publicNetworkAccess: properties.publicNetworkAccess?.toLowerCase() === "disabled" ? "Disabled" : "Enabled",
    networkDefaultAction: acls?.defaultAction?.toLowerCase() === "deny" ? "Deny" : "Allow",
    ipRules: (acls?.ipRules ?? []).map(({ value }) => value),
    virtualNetworkRules: (acls?.virtualNetworkRules ?? []).map(({ id }) => id),
    hasPrivateEndpoint: (properties.privateEndpointConnections ?? []).length > 0,
  };
}

function readPolicy({ tenantId, objectId, applicationId, permissions }: z.infer<typeof PolicyBody>): AccessPolicy {
  return {
    tenantId,
    objectId,
    applicationId: applicationId ?? undefined,
    permissions: {
      secrets: permissions?.secrets ?? [],
      keys: permissions?.keys ?? [],
      certificates: permissions?.certificates ?? [],
    },
  };
}

/** The deleted vault in our terms; `id` is the one it had while it lived. */
export function readDeletedVault({ name, properties }: z.infer<typeof DeletedVaultBody>): DeletedVault {
  return {
    name,
    id: properties.vaultId,
    location: properties.location,
    subscriptionId: parseResourceId(properties.vaultId).subscriptionId,
    isPurgeProtected: properties.purgeProtectionEnabled ?? false,
    deletionDate: properties.deletionDate ?? undefined,
    scheduledPurgeDate: properties.scheduledPurgeDate ?? undefined,
  };
}

/**
 * The body that creates a vault. The authorization model is always stated: its default depends on the api-version.
 * @see https://learn.microsoft.com/azure/key-vault/general/access-control-default
 */
export function newVaultBody(vault: NewVault): object {
  return {
    location: vault.location,
    properties: {
      tenantId: vault.tenantId,
      sku: { family: "A", name: vault.skuName ?? "standard" },
      enableRbacAuthorization: vault.usesRbac,
      enableSoftDelete: true,
      softDeleteRetentionInDays: vault.softDeleteRetentionInDays ?? 90,
      // Azure rejects `false`: purge protection is on or not mentioned.
      ...(vault.isPurgeProtected ? { enablePurgeProtection: true } : {}),
      accessPolicies: [],
      publicNetworkAccess: "Enabled",
      ...(vault.network ? { networkAcls: networkBody(vault.network) } : {}),
    },
  };
}

function networkBody(network: NonNullable<NewVault["network"]>): object {
  return {
    bypass: "AzureServices",
    defaultAction: "Deny",
    ipRules: network.ipRules.map((value) => ({ value })),
    virtualNetworkRules: network.virtualNetworkRules.map((id) => ({ id, ignoreMissingVnetServiceEndpoint: false })),
  };
}
