/** Vaults in their retention: soft-deleted, listed, recovered, purged. */
import type { ArmContext, ArmRoute } from "./armRoute.ts";
import {
  deletedVaultNotFound,
  purgeNotAllowed,
  softDeletedVaultDoesNotExist,
  vaultAlreadyExists,
  vaultInDeletedState,
} from "./armVaultErrors.ts";
import { keyVaultApiVersions } from "./armVaultIds.ts";
import { isWithin } from "./authorization.ts";
import type { SandboxResponse } from "./http.ts";
import { asObject, asText } from "./json.ts";
import type { JsonObject, Vault, World } from "./state.ts";

const subscription = "/subscriptions/{subscriptionId}/providers/Microsoft.KeyVault";
const deletedVault = `${subscription}/locations/{location}/deletedVaults/{name}`;
const msPerDay = 86_400_000;

/** How long a purge takes in the demo. */
const purgeMs = 5_000;

const atSubscription = ({ subscriptionId = "" }: Readonly<Record<string, string>>): string =>
  `/subscriptions/${subscriptionId}`;

/** There are none here; az asks for them beside the vaults. */
const managedHsmRoutes = ["managedHSMs", "deletedManagedHSMs"].map((type): ArmRoute => ({
  method: "GET",
  pattern: `${subscription}/${type}`,
  apiVersions: keyVaultApiVersions,
  action: `Microsoft.KeyVault/${type}/read`,
  scope: atSubscription,
  handle: () => ({ status: 200, body: { value: [] } }),
}));

export const deletedVaultRoutes: readonly ArmRoute[] = [
  ...managedHsmRoutes,
  {
    method: "GET",
    pattern: `${subscription}/deletedVaults`,
    apiVersions: keyVaultApiVersions,
    action: "Microsoft.KeyVault/deletedVaults/read",
    scope: atSubscription,
    handle: listDeletedVaults,
  },
  {
    method: "GET",
    pattern: deletedVault,
    apiVersions: keyVaultApiVersions,
    action: "Microsoft.KeyVault/locations/deletedVaults/read",
    scope: atSubscription,
    handle: (context) => ({ status: 200, body: describe(getDeletedVault(context)) }),
  },
  {
    method: "POST",
    pattern: `${deletedVault}/purge`,
    apiVersions: keyVaultApiVersions,
    action: "Microsoft.KeyVault/locations/deletedVaults/purge/action",
    scope: atSubscription,
    handle: purgeVault,
  },
  {
    method: "GET",
    pattern: `${subscription}/locations/{location}/operationresults/{operation}`,
    apiVersions: keyVaultApiVersions,
    action: "Microsoft.KeyVault/locations/operationResults/read",
    scope: atSubscription,
    handle: getPurgeResult,
  },
];

/** Assignments made at the vault or inside it go with it and do not come back. */
export function softDelete(world: World, vault: Vault): void {
  const days = Number(asObject(vault.body["properties"])["softDeleteRetentionInDays"] ?? 90);
  const deletionDate = world.clock.now();
  vault.deleted = { deletionDate, scheduledPurgeDate: deletionDate + days * msPerDay };
  world.vaults.delete(vault.id.toLowerCase());
  world.deletedVaults.set(vault.name.toLowerCase(), vault);
  for (const [id, assignment] of world.roleAssignments) {
    if (isWithin(assignment.scope, vault.id)) {
      world.roleAssignments.delete(id);
    }
  }
}

/** Undefined also when its retention has run out. */
export function findDeletedVault(world: World, name: string): Vault | undefined {
  const found = world.deletedVaults.get(name.toLowerCase());
  if (found?.deleted && found.deleted.scheduledPurgeDate <= world.clock.now()) {
    world.deletedVaults.delete(name.toLowerCase());
    return undefined;
  }
  return found;
}

/** @throws {ArmError} 409: recoverable by this caller's subscription, or simply taken */
export function refuseDeletedNamesake({ world, params }: ArmContext, name: string): void {
  const deleted = findDeletedVault(world, name);
  if (!deleted) {
    return;
  }
  const isOwn = deleted.subscriptionId.toLowerCase() === (params["subscriptionId"] ?? "").toLowerCase();
  throw isOwn ? vaultInDeletedState() : vaultAlreadyExists(name);
}

/** Brings a vault back as it was; the rest of the request is ignored. @throws {ArmError} 400 when there is none to recover */
export function recoverVault({ world, params }: ArmContext, location: string): JsonObject {
  const deleted = findDeletedVault(world, params["name"] ?? "");
  const isOwn =
    deleted?.subscriptionId.toLowerCase() === (params["subscriptionId"] ?? "").toLowerCase() &&
    deleted.resourceGroup.toLowerCase() === (params["resourceGroup"] ?? "").toLowerCase() &&
    asText(deleted.body["location"]) === location;
  if (!deleted || !isOwn) {
    throw softDeletedVaultDoesNotExist();
  }
  delete deleted.deleted;
  world.deletedVaults.delete(deleted.name.toLowerCase());
  world.vaults.set(deleted.id.toLowerCase(), deleted);
  return deleted.body;
}

function getDeletedVault({ world, params }: ArmContext): Vault {
  const { subscriptionId = "", location = "", name = "" } = params;
  const found = findDeletedVault(world, name);
  const isHere =
    found?.subscriptionId.toLowerCase() === subscriptionId.toLowerCase() &&
    asText(found.body["location"]) === location.toLowerCase().replaceAll(" ", "");
  if (!found || !isHere) {
    throw deletedVaultNotFound();
  }
  return found;
}

function describe(vault: Vault): JsonObject {
  const location = asText(vault.body["location"]);
  const { enablePurgeProtection } = asObject(vault.body["properties"]);
  const iso = (ms = 0): string => new Date(ms).toISOString();
  return {
    id: `/subscriptions/${vault.subscriptionId}/providers/Microsoft.KeyVault/locations/${location}/deletedVaults/${vault.name}`,
    name: vault.name,
    type: "Microsoft.KeyVault/deletedVaults",
    properties: {
      vaultId: vault.id,
      location,
      tags: vault.body["tags"],
      deletionDate: iso(vault.deleted?.deletionDate),
      scheduledPurgeDate: iso(vault.deleted?.scheduledPurgeDate),
      ...(enablePurgeProtection === true ? { purgeProtectionEnabled: true } : {}),
    },
  };
}

function listDeletedVaults({ world, params }: ArmContext): SandboxResponse {
  const subscriptionId = (params["subscriptionId"] ?? "").toLowerCase();
  const value = [...world.deletedVaults.keys()]
    .flatMap((name) => findDeletedVault(world, name) ?? [])
    .filter((vault) => vault.subscriptionId.toLowerCase() === subscriptionId)
    .map(describe);
  return { status: 200, body: { value } };
}

function purgeVault(context: ArmContext): SandboxResponse {
  const { world, params, operations, apiVersion } = context;
  const vault = getDeletedVault(context);
  if (asObject(vault.body["properties"])["enablePurgeProtection"] === true) {
    throw purgeNotAllowed();
  }
  const operation = operations.start({
    provider: "Microsoft.KeyVault",
    subscriptionId: params["subscriptionId"] ?? "",
    location: asText(vault.body["location"]),
    apiVersion,
    name: "DeletedVaultPurge",
    demoMs: world.delays?.vault ?? purgeMs,
    finish: () => void world.deletedVaults.delete(vault.name.toLowerCase()),
  });
  // The key vault provider speaks of its operations by Location alone.
  const { location = "", "retry-after": retryAfter = "0" } = operation.headers;
  return { status: 202, headers: { location, "retry-after": retryAfter } };
}

async function getPurgeResult({ operations, params }: ArmContext): Promise<SandboxResponse> {
  const operation = operations.find(params["operation"] ?? "");
  if (!operation) {
    throw deletedVaultNotFound();
  }
  await operation.look();
  const { location = "", "retry-after": retryAfter = "0" } = operation.headers;
  return operation.status === "InProgress"
    ? { status: 202, headers: { location, "retry-after": retryAfter } }
    : { status: 200 };
}
