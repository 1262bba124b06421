/** The little of Microsoft Graph that tells who somebody is: what az asks before it assigns a role. It lies under `/v1.0` of the first port. */
import type { EntraOptions } from "./entraTenants.ts";
import type { SandboxRequest, SandboxResponse } from "./http.ts";
import { asArray, asObject, asText } from "./json.ts";
import type { JsonObject, Principal } from "./state.ts";
import type { TokenClaims } from "./tokens.ts";

interface GraphCall {
  readonly caller: TokenClaims;
  /** Of the caller's tenant. */
  readonly principals: readonly Principal[];
  readonly isManaged: (principal: Principal) => boolean;
  readonly request: SandboxRequest;
}

export function answerGraph(options: EntraOptions, request: SandboxRequest): SandboxResponse {
  const { world, identity } = options;
  const token = /^Bearer\s+(\S+)$/i.exec(request.headers["authorization"] ?? "")?.[1];
  const caller = token === undefined ? undefined : identity.verify(token);
  if (!caller) {
    return refuse(401, "InvalidAuthenticationToken", "Access token is empty.");
  }
  if (![...options.audiences(), "https://graph.microsoft.com"].includes(caller.aud.replace(/\/$/, ""))) {
    return refuse(401, "InvalidAuthenticationToken", "Access token validation failure. Invalid audience.");
  }
  const managed = new Set([...world.identities.values()].map(({ principalId }) => principalId));
  const principals = [...world.principals.values()].filter(({ tenantId }) => tenantId === caller.tid);
  return route({ caller, principals, isManaged: ({ objectId }) => managed.has(objectId), request });
}

function route(call: GraphCall): SandboxResponse {
  const { method, path } = call.request;
  const [collection = "", key, ...more] = path.split("/").slice(2).map(decodeURIComponent);
  if (method === "GET" && collection === "me" && key === undefined) {
    return me(call);
  }
  if (method === "GET" && collection in collections && more.length === 0) {
    return key === undefined ? list(call, collection) : get(call, collection, key);
  }
  if (method === "POST" && collection === "directoryObjects" && key === "getByIds") {
    return getByIds(call);
  }
  return refuse(400, "BadRequest", `Resource not found for the segment '${collection}'.`);
}

const collections: Readonly<Record<string, Principal["type"]>> = {
  users: "User",
  servicePrincipals: "ServicePrincipal",
  groups: "Group",
};

function me(call: GraphCall): SandboxResponse {
  const own = call.principals.find(({ objectId }) => objectId === call.caller.oid);
  return own?.type === "User"
    ? { status: 200, body: describe(call, own) }
    : refuse(400, "BadRequest", "/me request is only valid with delegated authentication flow.");
}

/** The two filters that az writes; another one selects nothing it could be mistaken for. */
function list(call: GraphCall, collection: string): SandboxResponse {
  const filter = call.request.query.get("$filter");
  const [, spn] = /^servicePrincipalNames\/any\(\w+:\w+ eq '([^']*)'\)$/.exec(filter ?? "") ?? [];
  const [, field, value] = /^(userPrincipalName|displayName|appId) eq '([^']*)'$/.exec(filter ?? "") ?? [];
  if (filter !== null && spn === undefined && field === undefined) {
    return refuse(400, "Request_UnsupportedQuery", "Unsupported or invalid query filter clause specified.");
  }
  const found = call.principals
    .filter(({ type }) => type === collections[collection])
    .filter(({ appId }) => spn === undefined || appId?.toLowerCase() === spn.toLowerCase())
    .map((principal) => describe(call, principal))
    .filter((body) => field === undefined || asText(body[field]).toLowerCase() === value?.toLowerCase());
  return { status: 200, body: { value: found } };
}

function get(call: GraphCall, collection: string, key: string): SandboxResponse {
  const found = call.principals.find(
    ({ type, objectId, userPrincipalName }) =>
      type === collections[collection] && [objectId, userPrincipalName].includes(key),
  );
  return found
    ? { status: 200, body: describe(call, found) }
    : refuse(
        404,
        "Request_ResourceNotFound",
        `Resource '${key}' does not exist or one of its queried reference-property objects are not present.`,
      );
}

function getByIds(call: GraphCall): SandboxResponse {
  const ids = asArray(asObject(JSON.parse(call.request.body.toString("utf8")))["ids"]).map(asText);
  const found = call.principals.filter(({ objectId }) => ids.includes(objectId));
  return {
    status: 200,
    body: {
      value: found.map((principal) => ({
        "@odata.type": `#microsoft.graph.${principal.type.charAt(0).toLowerCase()}${principal.type.slice(1)}`,
        ...describe(call, principal),
      })),
    },
  };
}

function describe({ isManaged }: GraphCall, principal: Principal): JsonObject {
  const { objectId: id, displayName, appId, userPrincipalName, type } = principal;
  switch (type) {
    case "User":
      return { id, displayName, userPrincipalName };
    case "Group":
      return { id, displayName, securityEnabled: true };
    case "ServicePrincipal": {
      const servicePrincipalType = isManaged(principal) ? "ManagedIdentity" : "Application";
      return { id, displayName, appId, servicePrincipalNames: [appId ?? ""], servicePrincipalType };
    }
  }
}

function refuse(status: number, code: string, message: string): SandboxResponse {
  return { status, body: { error: { code, message } } };
}
