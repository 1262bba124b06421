/** `Microsoft.KeyVault/vaults` on the management plane. */
import type { ArmContext, ArmRoute } from "./armRoute.ts";
import { newProperties, patchProperties, replaceProperties } from "./armVaultBody.ts";
import {
  invalidValue,
  locationIsFixed,
  locationNotAvailable,
  locationRequired,
  softDeletedVaultDoesNotExist,
  subscriptionNotRegistered,
  vaultAlreadyExists,
  vaultNameNotValid,
  vaultTexts,
} from "./armVaultErrors.ts";
import { accessPolicyRoutes } from "./armVaultPolicies.ts";
import {
  deletedVaultRoutes,
  findDeletedVault,
  recoverVault,
  refuseDeletedNamesake,
  softDelete,
} from "./armDeletedVaults.ts";
import { isAllowed, mayList } from "./authorization.ts";
import { authorizationFailed, resourceGroupNotFound, resourceNotFound } from "./errors.ts";
import type { SandboxResponse } from "./http.ts";
import { asObject, asText } from "./json.ts";
import { keyVaultApiVersions, locations, vaultId } from "./armVaultIds.ts";
import type { JsonObject, Vault } from "./state.ts";

const provider = "Microsoft.KeyVault";
const subscription = "/subscriptions/{subscriptionId}";
const group = `${subscription}/resourceGroups/{resourceGroup}`;
const vaults = `${group}/providers/${provider}/vaults`;

/** How long a new vault's name takes to be known to DNS, in the demo. */
const registeringDnsMs = 4_000;

const route = (
  method: ArmRoute["method"],
  pattern: string,
  action: string | undefined,
  handle: ArmRoute["handle"],
): ArmRoute => ({
  method,
  pattern,
  apiVersions: keyVaultApiVersions,
  action: action && `${provider}/${action}`,
  handle,
});

export const vaultRoutes: readonly ArmRoute[] = [
  route("PUT", `${vaults}/{name}`, "vaults/write", putVault),
  route("PATCH", `${vaults}/{name}`, "vaults/write", patchVault),
  route("GET", `${vaults}/{name}`, "vaults/read", getVault),
  route("DELETE", `${vaults}/{name}`, "vaults/delete", deleteVault),
  route("GET", vaults, undefined, listVaults),
  route("GET", `${subscription}/providers/${provider}/vaults`, undefined, listVaults),
  {
    ...route("POST", `${subscription}/providers/${provider}/checkNameAvailability`, undefined, checkNameAvailability),
    action: `${provider}/checkNameAvailability/read`,
  },
  route("GET", `${vaults}/{name}/privateEndpointConnections`, "vaults/privateEndpointConnections/read", (context) => {
    findVault(context);
    return { status: 200, body: { value: [] } };
  }),
  ...accessPolicyRoutes,
  ...deletedVaultRoutes,
];

/** @throws {ArmError} 404 */
export function findVault(context: ArmContext): Vault {
  const { resourceGroup = "", name = "" } = context.params;
  const vault = context.world.vaults.get(vaultId(context.params).toLowerCase());
  if (!vault) {
    checkResourceGroup(context);
    throw resourceNotFound("Microsoft.KeyVault/vaults", name, resourceGroup);
  }
  return vault;
}

function checkResourceGroup({ world, params }: ArmContext): void {
  const { subscriptionId = "", resourceGroup = "" } = params;
  if (!world.resourceGroups.has(`/subscriptions/${subscriptionId}/resourceGroups/${resourceGroup}`.toLowerCase())) {
    throw resourceGroupNotFound(resourceGroup);
  }
}

async function putVault(context: ArmContext): Promise<SandboxResponse> {
  const { params, world } = context;
  const name = params["name"] ?? "";
  checkResourceGroup(context);
  if (
    world.subscriptions.get((params["subscriptionId"] ?? "").toLowerCase())?.providers.get(provider) === "NotRegistered"
  ) {
    throw subscriptionNotRegistered();
  }
  if (!/^[a-z](?!.*--)[a-z0-9-]{1,22}[a-z0-9]$/i.test(name)) {
    throw vaultNameNotValid(name);
  }
  const body = context.body();
  const location = checkLocation(asText(body["location"]));
  const existing = world.vaults.get(vaultId(params).toLowerCase());
  const isRecovery = asText(asObject(body["properties"])["createMode"]).toLowerCase() === "recover";
  if (existing && !isRecovery) {
    return replaceVault(context, existing, location);
  }
  if (existing) {
    throw softDeletedVaultDoesNotExist();
  }
  if ([...world.vaults.values()].some((vault) => vault.name.toLowerCase() === name.toLowerCase())) {
    throw vaultAlreadyExists(name);
  }
  if (isRecovery) {
    return { status: 200, body: recoverVault(context, location) };
  }
  refuseDeletedNamesake(context, name);
  return createVault(context, location);
}

function checkLocation(given: string): string {
  if (given === "") {
    throw locationRequired();
  }
  const location = given.toLowerCase().replaceAll(" ", "");
  if (!locations.includes(location)) {
    throw locationNotAvailable(given, locations);
  }
  return location;
}

function tenantOf({ world, params, caller }: ArmContext): string {
  return world.subscriptions.get((params["subscriptionId"] ?? "").toLowerCase())?.tenantId ?? caller.tid;
}

async function createVault(context: ArmContext, location: string): Promise<SandboxResponse> {
  const { world, params, apiVersion } = context;
  const body = context.body();
  const properties = newProperties(asObject(body["properties"]), tenantOf(context), apiVersion);
  const { subscriptionId = "", resourceGroup = "", name = "" } = params;
  const vault: Vault = {
    id: vaultId(params),
    name,
    subscriptionId,
    resourceGroup,
    body: {
      id: vaultId(params),
      name,
      type: "Microsoft.KeyVault/vaults",
      location,
      tags: asObject(body["tags"]),
      systemData: newSystemData(context),
      properties,
    },
    secrets: new Map(),
    keys: new Map(),
    certificates: new Map(),
  };
  world.vaults.set(vault.id.toLowerCase(), vault);
  properties["vaultUri"] = await context.cloud.vaultUri(vault);
  properties["provisioningState"] = "RegisteringDns";
  const answer = structuredClone(vault.body);
  world.clock.after(registeringDnsMs, () => {
    asObject(vault.body["properties"])["provisioningState"] = "Succeeded";
  });
  return { status: 200, headers: { "retry-after": String(context.operations.retryAfter) }, body: answer };
}

function newSystemData(context: ArmContext): JsonObject {
  const { createdBy, ...modified } = { createdBy: nameOfCaller(context), ...modification(context) };
  return { createdBy, createdByType: modified.lastModifiedByType, createdAt: modified.lastModifiedAt, ...modified };
}

function nameOfCaller({ caller }: ArmContext): string {
  return caller.upn ?? caller.appid ?? caller.oid;
}

function modification(context: ArmContext): {
  lastModifiedBy: string;
  lastModifiedByType: string;
  lastModifiedAt: string;
} {
  return {
    lastModifiedBy: nameOfCaller(context),
    lastModifiedByType: context.caller.idtyp === "user" ? "User" : "Application",
    lastModifiedAt: new Date(context.world.clock.now()).toISOString(),
  };
}

function replaceVault(context: ArmContext, vault: Vault, location: string): SandboxResponse {
  const existing = asText(vault.body["location"]);
  if (location !== existing) {
    throw locationIsFixed(vault.name, existing, vault.resourceGroup, location);
  }
  const body = context.body();
  const given = asObject(body["properties"]);
  const properties = replaceProperties(asObject(vault.body["properties"]), given, tenantOf(context));
  return change(context, vault, { tags: asObject(body["tags"]), properties });
}

function patchVault(context: ArmContext): SandboxResponse {
  const vault = findVault(context);
  const body = context.body();
  const properties = patchProperties(
    asObject(vault.body["properties"]),
    asObject(body["properties"]),
    tenantOf(context),
  );
  return change(context, vault, { properties, ...(body["tags"] ? { tags: asObject(body["tags"]) } : {}) });
}

function change(context: ArmContext, vault: Vault, changed: JsonObject): SandboxResponse {
  const systemData = { ...asObject(vault.body["systemData"]), ...modification(context) };
  vault.body = { ...vault.body, ...changed, systemData };
  return { status: 200, body: vault.body };
}

function getVault(context: ArmContext): SandboxResponse {
  return { status: 200, body: findVault(context).body };
}

function deleteVault(context: ArmContext): SandboxResponse {
  const vault = context.world.vaults.get(vaultId(context.params).toLowerCase());
  if (!vault) {
    checkResourceGroup(context);
    return { status: 204 };
  }
  softDelete(context.world, vault);
  return { status: 200 };
}

/** ARM shows of a list what the caller may read. */
function listVaults(context: ArmContext): SandboxResponse {
  const { world, caller, params, request, origin } = context;
  const { subscriptionId = "", resourceGroup } = params;
  checkList(context);
  const found = [...world.vaults.values()].filter(
    (vault) =>
      vault.subscriptionId.toLowerCase() === subscriptionId.toLowerCase() &&
      (resourceGroup === undefined || vault.resourceGroup.toLowerCase() === resourceGroup.toLowerCase()) &&
      isAllowed(world, caller.oid, vault.id, "Microsoft.KeyVault/vaults/read", "action"),
  );
  const size = readTop(request.query.get("$top"));
  const start = Number(request.query.get("$skiptoken") ?? 0);
  const next = new URLSearchParams({ "api-version": context.apiVersion, $top: String(size) });
  next.set("$skiptoken", String(start + size));
  return {
    status: 200,
    body: {
      value: found.slice(start, start + size).map(({ body }) => body),
      ...(start + size < found.length ? { nextLink: `${origin}${request.path}?${next.toString()}` } : {}),
    },
  };
}

/** @throws {ArmError} 404 for a group that is not, 403 when nothing in the scope may be read */
function checkList(context: ArmContext): void {
  const { world, caller, params } = context;
  const { subscriptionId = "", resourceGroup } = params;
  if (resourceGroup !== undefined) {
    checkResourceGroup(context);
  }
  const scope = `/subscriptions/${subscriptionId}${resourceGroup === undefined ? "" : `/resourceGroups/${resourceGroup}`}`;
  if (!mayList(world, caller.oid, scope, "Microsoft.KeyVault/vaults/read")) {
    throw authorizationFailed(nameOfCaller(context), caller.oid, "Microsoft.KeyVault/vaults/read", scope);
  }
}

function readTop(top: string | null): number {
  const size = Number(top ?? 1000);
  if (!Number.isInteger(size) || size < 1) {
    throw invalidValue("$top");
  }
  return Math.min(size, 1000);
}

function checkNameAvailability(context: ArmContext): SandboxResponse {
  const body = context.body();
  const name = asText(body["name"]);
  if (asText(body["type"]).toLowerCase() !== "microsoft.keyvault/vaults") {
    throw invalidValue("type");
  }
  if (!/^[a-z](?!.*--)[a-z0-9-]{1,22}[a-z0-9]$/i.test(name)) {
    return unavailable("AccountNameInvalid", vaultTexts.nameInvalid(name));
  }
  const isTaken = [...context.world.vaults.values()].some((vault) => vault.name.toLowerCase() === name.toLowerCase());
  return isTaken || findDeletedVault(context.world, name)
    ? unavailable("AlreadyExists", vaultTexts.nameTaken(name))
    : { status: 200, body: { nameAvailable: true } };
}

function unavailable(reason: string, message: string): SandboxResponse {
  return { status: 200, body: { nameAvailable: false, reason, message } };
}
