/** Resource groups, and the list of what is in them. */
import { resourcesVersions } from "./armApiVersions.ts";
import { softDelete } from "./armDeletedVaults.ts";
import type { ArmContext, ArmRoute } from "./armRoute.ts";
import { locations } from "./armVaultIds.ts";
import { isAllowed } from "./authorization.ts";
import { ArmError, resourceGroupNotFound } from "./errors.ts";
import type { SandboxResponse } from "./http.ts";
import { groupId, isIn } from "./ids.ts";
import { asObject, asText } from "./json.ts";
import { removeNodeResources } from "./nodeResources.ts";
import type { JsonObject, ResourceGroup, World } from "./state.ts";

const subscription = "/subscriptions/{subscriptionId}";
const group = `${subscription}/resourceGroups/{resourceGroup}`;
const action = "Microsoft.Resources/subscriptions/resourceGroups";
const apiVersions = resourcesVersions;

export const resourceGroupRoutes: readonly ArmRoute[] = [
  { method: "GET", pattern: `${subscription}/resourceGroups`, apiVersions, action: undefined, handle: listGroups },
  { method: "GET", pattern: group, apiVersions, action: `${action}/read`, handle: getGroup },
  { method: "HEAD", pattern: group, apiVersions, action: `${action}/read`, handle: headGroup },
  { method: "PUT", pattern: group, apiVersions, action: `${action}/write`, handle: putGroup },
  { method: "PATCH", pattern: group, apiVersions, action: `${action}/write`, handle: patchGroup },
  { method: "DELETE", pattern: group, apiVersions, action: `${action}/delete`, handle: deleteGroup },
  { method: "GET", pattern: `${group}/resources`, apiVersions, action: undefined, handle: listResources },
  { method: "GET", pattern: `${subscription}/resources`, apiVersions, action: undefined, handle: listResources },
  {
    method: "GET",
    pattern: `${subscription}/operationresults/{operation}`,
    apiVersions,
    action: undefined,
    handle: getOperationResult,
  },
];

/** @throws {ArmError} 404 `ResourceGroupNotFound` */
export function findGroup({ world, params }: ArmContext): ResourceGroup {
  const { subscriptionId = "", resourceGroup = "" } = params;
  const found = world.resourceGroups.get(groupId(subscriptionId, resourceGroup).toLowerCase());
  if (!found) {
    throw resourceGroupNotFound(resourceGroup);
  }
  return found;
}

function describe({ id, name, location, tags, managedBy }: ResourceGroup): JsonObject {
  return {
    id,
    name,
    type: "Microsoft.Resources/resourceGroups",
    location,
    ...(managedBy !== undefined && { managedBy }),
    tags,
    properties: { provisioningState: "Succeeded" },
  };
}

function page(context: ArmContext, all: readonly JsonObject[]): SandboxResponse {
  const { request, origin, apiVersion } = context;
  const size = Number(request.query.get("$top") ?? 1000);
  const start = Number(request.query.get("$skiptoken") ?? 0);
  const end = start + size;
  const nextLink = `${origin}${request.path}?api-version=${apiVersion}&$top=${size}&$skiptoken=${end}`;
  return { status: 200, body: { value: all.slice(start, end), ...(end < all.length && { nextLink }) } };
}

function listGroups(context: ArmContext): SandboxResponse {
  const { world, params, caller } = context;
  const found = [...world.resourceGroups.values()].filter(
    ({ id, subscriptionId }) =>
      subscriptionId.toLowerCase() === (params["subscriptionId"] ?? "").toLowerCase() &&
      isAllowed(world, caller.oid, id, `${action}/read`, "action"),
  );
  return page(context, found.map(describe));
}

function getGroup(context: ArmContext): SandboxResponse {
  return { status: 200, body: describe(findGroup(context)) };
}

function headGroup({ world, params }: ArmContext): SandboxResponse {
  const { subscriptionId = "", resourceGroup = "" } = params;
  return { status: world.resourceGroups.has(groupId(subscriptionId, resourceGroup).toLowerCase()) ? 204 : 404 };
}

function checkName(name: string): void {
  const invalid = [...new Set(name.replace(/[\p{L}\p{N}_.()-]/gu, ""))].join("");
  if (invalid || name.endsWith(".") || name.length > 90) {
    throw new ArmError(
      400,
      "InvalidResourceGroup",
      invalid
        ? `The provided resource group name '${name}' has these invalid characters: '${invalid}'. The name can only be a letter, digit, '-', '.', '(', ')' or '_'.`
        : `The provided resource group name '${name}' is invalid. It must be at most 90 characters long and must not end with a period.`,
    );
  }
}

function putGroup(context: ArmContext): SandboxResponse {
  const { world, params } = context;
  const { subscriptionId = "", resourceGroup = "" } = params;
  checkName(resourceGroup);
  const body = context.body();
  const location = asText(body["location"]).toLowerCase().replaceAll(" ", "");
  if (!location) {
    throw new ArmError(400, "LocationRequired", "The location property is required for this definition.");
  }
  if (!locations.includes(location)) {
    throw new ArmError(
      400,
      "LocationNotAvailableForResourceGroup",
      `The provided location '${asText(body["location"])}' is not available for resource group. List of available regions is '${locations.join(",")}'.`,
    );
  }
  const id = groupId(subscriptionId, resourceGroup);
  const existing = world.resourceGroups.get(id.toLowerCase());
  if (existing && existing.location !== location) {
    throw new ArmError(
      409,
      "InvalidResourceGroupLocation",
      `Invalid resource group location '${location}'. The Resource group already exists in location '${existing.location}'.`,
    );
  }
  const tags = asObject(body["tags"]);
  if (existing) {
    existing.tags = tags;
    return { status: 200, body: describe(existing) };
  }
  const created: ResourceGroup = { id, name: resourceGroup, subscriptionId, location, tags };
  world.resourceGroups.set(id.toLowerCase(), created);
  return { status: 201, body: describe(created) };
}

function patchGroup(context: ArmContext): SandboxResponse {
  const found = findGroup(context);
  const { tags } = context.body();
  if (tags !== undefined) {
    found.tags = asObject(tags);
  }
  return { status: 200, body: describe(found) };
}

const deletingMs = 15_000;

function deleteGroup(context: ArmContext): SandboxResponse {
  const { world, operations, apiVersion } = context;
  const found = findGroup(context);
  const operation = operations.start({
    subscriptionId: found.subscriptionId,
    location: found.location,
    apiVersion,
    name: "Deleting",
    demoMs: deletingMs,
    finish: () => emptyGroup(world, found),
  });
  const { location = "", "retry-after": retryAfter = "0" } = operation.headers;
  return { status: 202, headers: { location, "retry-after": retryAfter } };
}

/** Clusters take their node resource groups along; vaults are soft-deleted. */
async function emptyGroup(world: World, { id, subscriptionId, name }: ResourceGroup): Promise<void> {
  for (const cluster of [...world.clusters.values()].filter((one) => isIn(one.id, subscriptionId, name))) {
    removeNodeResources(world, cluster);
    world.clusters.delete(cluster.id.toLowerCase());
    await cluster.kubernetes?.close();
  }
  [...world.vaults.values()]
    .filter((vault) => isIn(vault.id, subscriptionId, name))
    .forEach((vault) => softDelete(world, vault));
  for (const map of [world.identities, world.scaleSets, world.resourceGroups]) {
    [...map.keys()].filter((key) => isIn(key, subscriptionId, name)).forEach((key) => map.delete(key));
  }
  for (const [key, { scope }] of world.roleAssignments) {
    if (isIn(scope, subscriptionId, name)) {
      world.roleAssignments.delete(key);
    }
  }
  world.resourceGroups.delete(id.toLowerCase());
}

async function getOperationResult({ operations, params }: ArmContext): Promise<SandboxResponse> {
  const operation = operations.find(params["operation"] ?? "");
  await operation?.look();
  if (operation?.status !== "InProgress") {
    return { status: operation ? 200 : 404 };
  }
  const { location = "", "retry-after": retryAfter = "0" } = operation.headers;
  return { status: 202, headers: { location, "retry-after": retryAfter } };
}

/** Every tracked resource of the world, as the generic list shows it. */
export function* resourcesOf(world: World): Iterable<{ readonly id: string; readonly body: JsonObject }> {
  yield* world.clusters.values();
  yield* world.vaults.values();
  for (const { id, name, location, tags } of world.identities.values()) {
    yield { id, body: { id, name, type: "Microsoft.ManagedIdentity/userAssignedIdentities", location, tags } };
  }
  yield* world.scaleSets.values();
}

function listResources(context: ArmContext): SandboxResponse {
  const { world, params, caller, request } = context;
  const { subscriptionId = "", resourceGroup } = params;
  if (resourceGroup !== undefined) {
    findGroup(context);
  }
  const wanted = readFilter(request.query.get("$filter"));
  const found: JsonObject[] = [];
  for (const { id, body } of resourcesOf(world)) {
    const type = asText(body["type"]);
    const own = { resourceType: type, resourceGroup: id.split("/")[4], name: body["name"], location: body["location"] };
    const isWanted = Object.entries(own).every(([field, value]) => fits(wanted[field], asText(value)));
    if (
      isIn(id, subscriptionId, resourceGroup) &&
      isWanted &&
      isAllowed(world, caller.oid, id, `${type}/read`, "action")
    ) {
      const { name, location, tags, sku, identity } = body;
      found.push({ id, name, type, location, tags, sku, identity });
    }
  }
  return page(context, found);
}

const fits = (wanted: string | undefined, value: string): boolean =>
  wanted === undefined || wanted === value.toLowerCase();

/** `resourceType eq 'x' and resourceGroup eq 'y'` */
function readFilter(filter: string | null): Readonly<Record<string, string>> {
  const terms = filter ? filter.split(/\s+and\s+/i) : [];
  const pairs = terms.map((term) => {
    const [, field = "", value = ""] =
      /^\s*(resourceType|resourceGroup|name|location) eq '([^']+)'\s*$/.exec(term) ?? [];
    if (!field) {
      throw new ArmError(
        400,
        "InvalidFilterInQueryString",
        `Invalid $filter '${filter ?? ""}' specified in the query string.`,
      );
    }
    return [field, value.toLowerCase()] as const;
  });
  return Object.fromEntries(pairs);
}
