/** `Microsoft.Compute/virtualMachineScaleSets` as far as a cluster's nodes need it: read, list, and the identities of a PATCH. */
import { computeVersions } from "./armApiVersions.ts";
import { findGroup } from "./armResourceGroups.ts";
import type { ArmContext, ArmRoute } from "./armRoute.ts";
import { isAllowed } from "./authorization.ts";
import { ArmError, resourceNotFound } from "./errors.ts";
import type { SandboxResponse } from "./http.ts";
import { groupId, isIn } from "./ids.ts";
import { asObject, asText } from "./json.ts";
import type { JsonObject, ScaleSet, World } from "./state.ts";

const type = "Microsoft.Compute/virtualMachineScaleSets";
const group = "/subscriptions/{subscriptionId}/resourceGroups/{resourceGroup}";
const scaleSet = `${group}/providers/${type}/{name}`;
const location = "/subscriptions/{subscriptionId}/providers/Microsoft.Compute/locations/{location}";
const apiVersions = computeVersions;

export const scaleSetRoutes: readonly ArmRoute[] = [
  { method: "GET", pattern: `${group}/providers/${type}`, apiVersions, action: undefined, handle: listScaleSets },
  {
    method: "GET",
    pattern: scaleSet,
    apiVersions,
    action: `${type}/read`,
    handle: (context) => ({ status: 200, body: find(context).body }),
  },
  { method: "PATCH", pattern: scaleSet, apiVersions, action: `${type}/write`, handle: patchScaleSet },
  {
    method: "GET",
    pattern: `${location}/operations/{operation}`,
    apiVersions,
    action: undefined,
    async handle({ operations, params }) {
      const operation = operations.find(params["operation"] ?? "");
      await operation?.look();
      return {
        status: operation ? 200 : 404,
        ...(operation?.status === "InProgress" && { headers: { "retry-after": String(operations.retryAfter) } }),
        body: { name: operation?.id, status: operation?.status ?? "NotFound" },
      };
    },
  },
];

function find(context: ArmContext): ScaleSet {
  const { subscriptionId = "", resourceGroup = "", name = "" } = context.params;
  const id = `${groupId(subscriptionId, resourceGroup)}/providers/${type}/${name}`;
  const found = context.world.scaleSets.get(id.toLowerCase());
  if (!found) {
    findGroup(context);
    throw resourceNotFound(type, name, resourceGroup);
  }
  return found;
}

function listScaleSets(context: ArmContext): SandboxResponse {
  const { world, caller, params } = context;
  const { subscriptionId = "", resourceGroup = "" } = params;
  findGroup(context);
  const found = [...world.scaleSets.values()].filter(
    ({ id }) => isIn(id, subscriptionId, resourceGroup) && isAllowed(world, caller.oid, id, `${type}/read`, "action"),
  );
  return { status: 200, body: { value: found.map(({ body }) => body) } };
}

const patchMs = 4_000;

function patchScaleSet(context: ArmContext): SandboxResponse {
  const { world, operations, apiVersion } = context;
  const found = find(context);
  const { identity, tags } = context.body();
  const wanted = Object.entries(asObject(asObject(identity)["userAssignedIdentities"]));
  const attached = asObject(asObject(found.body["identity"])["userAssignedIdentities"]);
  const change = wanted.map(
    ([id, value]) =>
      () =>
        applyIdentity(world, attached, id, value === null),
  );
  wanted.filter(([, value]) => value !== null).forEach(([id]) => checkIdentity(world, context, id));
  change.forEach((apply) => apply());
  found.body = {
    ...found.body,
    ...(tags !== undefined && { tags: asObject(tags) }),
    ...(identity !== undefined && {
      identity: combineIdentity(asObject(found.body["identity"]), asObject(identity), attached),
    }),
  };
  const operation = operations.start({
    provider: "Microsoft.Compute",
    subscriptionId: context.params["subscriptionId"] ?? "",
    location: asText(found.body["location"]),
    apiVersion,
    name: "Updating",
    demoMs: patchMs,
    finish: () => undefined,
  });
  const { "azure-asyncoperation": status = "", "retry-after": retryAfter = "0" } = operation.headers;
  return { status: 200, headers: { "azure-asyncoperation": status, "retry-after": retryAfter }, body: found.body };
}

/** The type asked for decides: without `UserAssigned` in it every user-assigned identity goes, without `SystemAssigned` the system's own. */
function combineIdentity(before: JsonObject, wanted: JsonObject, attached: JsonObject): JsonObject {
  const type = asText(wanted["type"] ?? before["type"]);
  const system = type.includes("SystemAssigned")
    ? { principalId: before["principalId"], tenantId: before["tenantId"] }
    : {};
  const hasUserAssigned = type.includes("UserAssigned") && Object.keys(attached).length > 0;
  return { type, ...system, ...(hasUserAssigned && { userAssignedIdentities: attached }) };
}

/** Assigning an identity needs the right to assign it. */
function checkIdentity(world: World, context: ArmContext, id: string): void {
  if (!world.identities.has(id.toLowerCase())) {
    throw new ArmError(
      400,
      "FailedIdentityOperation",
      `Identity operation for resource failed with error 'Failed to perform resource identity operation. Status: 'BadRequest'. Response: '{"error":{"code":"BadRequest","message":"Resource '${id}' was not found."}}'.'.`,
    );
  }
  context.require("Microsoft.ManagedIdentity/userAssignedIdentities/assign/action", id);
}

function applyIdentity(world: World, attached: JsonObject, id: string, isRemoved: boolean): void {
  const key = Object.keys(attached).find((known) => known.toLowerCase() === id.toLowerCase());
  if (isRemoved) {
    delete attached[key ?? id];
    return;
  }
  const identity = world.identities.get(id.toLowerCase());
  attached[key ?? id] = { principalId: identity?.principalId, clientId: identity?.clientId };
}
