/** `GET …/resources`: what a subscription or a group holds, of any type. */
import type { ArmContext, ArmRoute } from "./armRoute.ts";
import { isAllowed } from "./authorization.ts";
import { ArmError } from "./errors.ts";
import type { SandboxResponse } from "./http.ts";
import { asText } from "./json.ts";
import type { JsonObject, World } from "./state.ts";

const subscription = "/subscriptions/{subscriptionId}";

export const resourceRoutes: readonly ArmRoute[] = [
  `${subscription}/resources`,
  `${subscription}/resourceGroups/{resourceGroup}/resources`,
].map((pattern) => ({ method: "GET", pattern, apiVersions: [], action: undefined, handle: listResources }));

function allResources(world: World): JsonObject[] {
  const identities = [...world.identities.values()].map(({ id, name, location, tags }) => ({
    id,
    name,
    type: "Microsoft.ManagedIdentity/userAssignedIdentities",
    location,
    tags,
  }));
  return [...[...world.clusters.values(), ...world.vaults.values()].map(({ body }) => body), ...identities];
}

function listResources({ world, caller, params, request }: ArmContext): SandboxResponse {
  const { subscriptionId = "", resourceGroup } = params;
  const prefix = `/subscriptions/${subscriptionId}/${resourceGroup === undefined ? "" : `resourceGroups/${resourceGroup}/`}`;
  const filter = request.query.get("$filter") ?? "";
  const wanted = /^resourceType eq '([^']+)'$/i.exec(filter.trim())?.[1]?.toLowerCase();
  if (filter !== "" && wanted === undefined) {
    throw new ArmError(400, "InvalidFilterInQueryString", `Invalid $filter '${filter}' specified in the query string.`);
  }
  const value = allResources(world)
    .filter(
      ({ id, type }) =>
        asText(id).toLowerCase().startsWith(prefix.toLowerCase()) &&
        (wanted === undefined || asText(type).toLowerCase() === wanted) &&
        isAllowed(world, caller.oid, asText(id), `${asText(type)}/read`, "action"),
    )
    .map(({ id, name, type, location, tags }) => ({ id, name, type, location, tags }));
  return { status: 200, body: { value } };
}
