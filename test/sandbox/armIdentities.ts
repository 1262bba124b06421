/** `Microsoft.ManagedIdentity`: user-assigned identities and the federated credentials that let workloads be them. */
import { randomUUID } from "node:crypto";
import type { ArmContext, ArmRoute } from "./armRoute.ts";
import { federatedCredentialRoutes } from "./armFederatedCredentials.ts";
import { isAllowed, mayList } from "./authorization.ts";
import {
  checkResourceGroup,
  findIdentity,
  identityApiVersions,
  identityId as idOf,
  identityType as type,
} from "./armIdentityIds.ts";
import { ArmError, authorizationFailed } from "./errors.ts";
import type { SandboxResponse } from "./http.ts";
import { asObject, asText } from "./json.ts";
import type { JsonObject, ManagedIdentity, World } from "./state.ts";

const group = "/subscriptions/{subscriptionId}/resourceGroups/{resourceGroup}";
const identities = `${group}/providers/${type}`;

/** How long Entra takes to show a new identity to the role-assignment API, in the demo. */
const demoVisibleMs = 6_000;

const route = (
  method: ArmRoute["method"],
  pattern: string,
  verb: string | undefined,
  handle: ArmRoute["handle"],
): ArmRoute => ({ method, pattern, apiVersions: identityApiVersions, action: verb && `${type}/${verb}`, handle });

export const identityRoutes: readonly ArmRoute[] = [
  route("PUT", `${identities}/{name}`, "write", putIdentity),
  route("PATCH", `${identities}/{name}`, "write", patchIdentity),
  route("GET", `${identities}/{name}`, "read", (context) => ({ status: 200, body: describe(findIdentity(context)) })),
  route("DELETE", `${identities}/{name}`, "delete", deleteIdentity),
  route("GET", identities, undefined, listIdentities),
  route("GET", `/subscriptions/{subscriptionId}/providers/${type}`, undefined, listIdentities),
  ...federatedCredentialRoutes,
];

function describe(identity: ManagedIdentity): JsonObject {
  return {
    location: identity.location,
    tags: identity.tags,
    id: identity.id,
    name: identity.name,
    type,
    properties: {
      tenantId: identity.tenantId,
      principalId: identity.principalId,
      clientId: identity.clientId,
    },
  };
}

function putIdentity(context: ArmContext): SandboxResponse {
  const { world, params } = context;
  checkResourceGroup(context);
  const name = params["name"] ?? "";
  if (!/^[a-z0-9][a-z0-9_-]{2,127}$/i.test(name)) {
    const message =
      `Resource name ${name} is invalid. The name can contain only letters, numbers, '-' and '_', ` +
      "must start with a letter or a number, and must be between 3 and 128 characters long.";
    throw new ArmError(400, "InvalidResourceName", message);
  }
  const body = context.body();
  const location = asText(body["location"]).toLowerCase().replaceAll(" ", "");
  if (location === "") {
    throw new ArmError(400, "LocationRequired", "The location property is required for this definition.");
  }
  const existing = world.identities.get(idOf(params).toLowerCase());
  if (!existing) {
    return { status: 201, body: describe(createIdentity(context, location)) };
  }
  if (existing.location !== location) {
    const message = `The resource '${name}' already exists in location '${existing.location}' in resource group '${existing.resourceGroup}'. A resource with the same name cannot be created in location '${location}'. Please select a new resource name.`;
    throw new ArmError(409, "InvalidResourceLocation", message);
  }
  existing.tags = asObject(body["tags"]);
  return { status: 200, body: describe(existing) };
}

function createIdentity(context: ArmContext, location: string): ManagedIdentity {
  const { world, params, caller } = context;
  const { subscriptionId = "", resourceGroup = "", name = "" } = params;
  const tenantId = world.subscriptions.get(subscriptionId.toLowerCase())?.tenantId ?? caller.tid;
  return addIdentity(world, {
    id: idOf(params),
    name,
    subscriptionId,
    resourceGroup,
    location,
    tenantId,
    tags: asObject(context.body()["tags"]),
  });
}

/** Makes an identity and its service principal, which the role-assignment API sees a little later. */
export function addIdentity(
  world: World,
  input: Omit<ManagedIdentity, "clientId" | "principalId" | "federatedCredentials">,
): ManagedIdentity {
  const identity = { ...input, clientId: randomUUID(), principalId: randomUUID(), federatedCredentials: new Map() };
  const delay = world.delays?.principal ?? (world.clock.pace === "demo" ? demoVisibleMs : 0);
  world.identities.set(identity.id.toLowerCase(), identity);
  world.principals.set(identity.principalId, {
    objectId: identity.principalId,
    tenantId: identity.tenantId,
    type: "ServicePrincipal",
    displayName: identity.name,
    appId: identity.clientId,
    visibleFrom: world.clock.now() + delay,
  });
  return identity;
}

function patchIdentity(context: ArmContext): SandboxResponse {
  const identity = findIdentity(context);
  const { tags } = context.body();
  if (tags !== undefined) {
    identity.tags = asObject(tags);
  }
  return { status: 200, body: describe(identity) };
}

/** Role assignments of the identity stay behind, as in Azure: `Identity not found` in the portal. */
function deleteIdentity(context: ArmContext): SandboxResponse {
  const { world, params } = context;
  const identity = world.identities.get(idOf(params).toLowerCase());
  if (!identity) {
    checkResourceGroup(context);
    return { status: 204 };
  }
  world.identities.delete(identity.id.toLowerCase());
  world.principals.delete(identity.principalId);
  return { status: 200 };
}

function listIdentities(context: ArmContext): SandboxResponse {
  const { world, caller, params } = context;
  const { subscriptionId = "", resourceGroup } = params;
  if (resourceGroup !== undefined) {
    checkResourceGroup(context);
  }
  const scope = `/subscriptions/${subscriptionId}${resourceGroup === undefined ? "" : `/resourceGroups/${resourceGroup}`}`;
  if (!mayList(world, caller.oid, scope, `${type}/read`)) {
    throw authorizationFailed(caller.upn ?? caller.appid ?? caller.oid, caller.oid, `${type}/read`, scope);
  }
  const value = [...world.identities.values()]
    .filter(
      (identity) =>
        identity.subscriptionId.toLowerCase() === subscriptionId.toLowerCase() &&
        (resourceGroup === undefined || identity.resourceGroup.toLowerCase() === resourceGroup.toLowerCase()) &&
        isAllowed(world, caller.oid, identity.id, `${type}/read`, "action"),
    )
    .map(describe);
  return { status: 200, body: { value } };
}
