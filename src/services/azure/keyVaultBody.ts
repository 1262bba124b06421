import * as z from "zod/mini";

import type { AccessPolicy, DeletedVault, KeyVault, NewVault } from "./keyVaults.ts";
import { parseResourceId } from "./resourceId.ts";

const names = z.nullish(z.array(z.string()));

const PolicyBody = z.object({
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

/** The entry of a vault's access policies that ARM takes. */
export function policyBody({ tenantId, objectId, applicationId, permissions }: AccessPolicy): object {
  return { tenantId, objectId, ...(applicationId ? { applicationId } : {}), permissions };
}

/**
 * Takes a policy's permissions out of a raw list of entries. What else stands in the entry (storage permissions, fields nobody knows) stays; an entry without
 * any permission left goes. Permission names are compared without regard to letter case, as Key Vault does.
 */
export function withoutPolicy(rawPolicies: readonly unknown[], policy: AccessPolicy): readonly unknown[] {
  return rawPolicies.flatMap((raw) => {
    const entry = PolicyBody.safeParse(raw);
    if (!entry.success || !isSamePrincipal(entry.data, policy) || !isObject(raw) || !isObject(raw["permissions"])) {
      return [raw];
    }
    const permissions = subtract(raw["permissions"], policy.permissions);
    const isEmpty = Object.values(permissions).every((list) => !Array.isArray(list) || list.length === 0);
    return isEmpty ? [] : [{ ...raw, permissions }];
  });
}

function isSamePrincipal(entry: z.infer<typeof PolicyBody>, policy: AccessPolicy): boolean {
  return (
    entry.objectId.toLowerCase() === policy.objectId.toLowerCase() &&
    (entry.applicationId ?? "").toLowerCase() === (policy.applicationId ?? "").toLowerCase()
  );
}

function subtract(raw: Readonly<Record<string, unknown>>, taken: AccessPolicy["permissions"]): Record<string, unknown> {
  const takenByKind = new Map<string, readonly string[]>(Object.entries(taken));
  return Object.fromEntries(
    Object.entries(raw).map(([kind, list]) => {
      const gone = (takenByKind.get(kind) ?? []).map((name) => name.toLowerCase());
      return [kind, Array.isArray(list) ? list.filter((name) => !gone.includes(String(name).toLowerCase())) : list];
    }),
  );
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
