/** `Microsoft.Authorization`: role definitions, role assignments and a caller's own permissions, at any scope. */
import type { ArmContext, ArmRoute } from "./armRoute.ts";
import { assignmentsAt, isWithin, normalizeScope, roleAllows } from "./authorization.ts";
import { ArmError, resourceGroupNotFound, resourceNotFound } from "./errors.ts";
import type { SandboxResponse } from "./http.ts";
import { asObject, asText } from "./json.ts";
import { builtInRoles, findRole, type RoleDefinition } from "./roles.ts";
import type { JsonObject, Principal, RoleAssignment, World } from "./state.ts";

const provider = "/providers/Microsoft.Authorization";
const guid = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

const assignmentVersions = [
  "2015-07-01",
  "2018-01-01-preview",
  "2018-07-01",
  "2018-09-01-preview",
  "2020-03-01-preview",
  "2020-04-01-preview",
  "2020-08-01-preview",
  "2020-10-01-preview",
  "2022-04-01",
];
const definitionVersions = ["2015-07-01", "2018-01-01-preview", "2018-07-01", "2022-04-01", "2022-05-01-preview"];

/** What the demo makes visible of the minutes that a data plane takes to hear of an assignment. */
const demoPropagationMs = 8_000;

type Params = Readonly<Record<string, string>>;

function scopeOf(params: Params): string {
  const scope = params["scope"] ?? "";
  return scope === "" || scope.startsWith("/") ? scope : `/${scope}`;
}

function route(method: ArmRoute["method"], type: string, verb: string, handle: ArmRoute["handle"]): ArmRoute {
  const [collection = "", name] = type.split("/");
  return {
    method,
    pattern: `/{scope*}${provider}/${type}`,
    apiVersions: collection === "roleAssignments" ? assignmentVersions : definitionVersions,
    action: verb ? `Microsoft.Authorization/${collection}/${verb}` : undefined,
    scope: (params) => `${scopeOf(params)}${provider}${name ? `/${collection}/${params["name"] ?? ""}` : ""}`,
    handle,
  };
}

export const roleRoutes: readonly ArmRoute[] = [
  route("GET", "roleDefinitions", "read", listDefinitions),
  route("GET", "roleDefinitions/{name}", "read", getDefinition),
  route("GET", "roleAssignments", "read", listAssignments),
  route("GET", "roleAssignments/{name}", "read", getAssignment),
  route("PUT", "roleAssignments/{name}", "write", putAssignment),
  route("DELETE", "roleAssignments/{name}", "delete", deleteAssignment),
  route("GET", "permissions", "", listPermissions),
];

function describeDefinition(role: RoleDefinition, scope: string): JsonObject {
  const subscription = /^\/subscriptions\/[^/]+/i.exec(scope)?.[0] ?? "";
  const { actions, notActions, dataActions, notDataActions } = role;
  return {
    properties: {
      roleName: role.roleName,
      type: "BuiltInRole",
      description: role.description,
      assignableScopes: ["/"],
      permissions: [
        {
          actions: [...actions],
          notActions: [...notActions],
          dataActions: [...dataActions],
          notDataActions: [...notDataActions],
        },
      ],
      createdOn: "2015-02-02T21:55:09.8806423Z",
      updatedOn: "2025-01-25T18:06:36.6665425Z",
      createdBy: null,
      updatedBy: null,
    },
    id: `${subscription}${provider}/roleDefinitions/${role.guid}`,
    type: "Microsoft.Authorization/roleDefinitions",
    name: role.guid,
  };
}

function listDefinitions({ params, request }: ArmContext): SandboxResponse {
  const filter = request.query.get("$filter") ?? "";
  const roleName = /roleName\s+eq\s+'([^']*)'/i.exec(filter)?.[1]?.toLowerCase();
  const type = /\btype\s+eq\s+'([^']*)'/i.exec(filter)?.[1]?.toLowerCase();
  const found = builtInRoles.filter(
    (role) =>
      (roleName === undefined || role.roleName.toLowerCase() === roleName) &&
      (type === undefined || type === "builtinrole"),
  );
  return { status: 200, body: { value: found.map((role) => describeDefinition(role, scopeOf(params))) } };
}

function definitionNotFound(status: 400 | 404, id: string): ArmError {
  const message = `The specified role definition with ID '${id.replaceAll("-", "")}' does not exist.`;
  return new ArmError(status, "RoleDefinitionDoesNotExist", message);
}

function getDefinition({ params }: ArmContext): SandboxResponse {
  const role = findRole(params["name"] ?? "");
  if (!role) {
    throw definitionNotFound(404, params["name"] ?? "");
  }
  return { status: 200, body: describeDefinition(role, scopeOf(params)) };
}

function describeAssignment(assignment: RoleAssignment): JsonObject {
  const createdOn = new Date(assignment.createdAt).toISOString();
  return {
    properties: {
      roleDefinitionId: assignment.roleDefinitionId,
      principalId: assignment.principalId,
      principalType: assignment.principalType,
      scope: assignment.scope || "/",
      condition: assignment.condition ?? null,
      conditionVersion: assignment.conditionVersion ?? null,
      createdOn,
      updatedOn: createdOn,
      createdBy: assignment.createdBy ?? null,
      updatedBy: assignment.createdBy ?? null,
      delegatedManagedIdentityResourceId: null,
      description: assignment.description ?? null,
    },
    id: assignment.id,
    type: "Microsoft.Authorization/roleAssignments",
    name: nameOf(assignment.id),
  };
}

function nameOf(id: string): string {
  return id.slice(id.lastIndexOf("/") + 1);
}

/** Without a filter: what applies at the scope, above and below it. `atScope()` leaves out what is below. */
function listAssignments({ world, params, request }: ArmContext): SandboxResponse {
  const scope = scopeOf(params);
  const filter = request.query.get("$filter") ?? "";
  const principal = readPrincipalFilter(filter);
  const isAtScopeOnly = /atScope\(\)/i.test(filter);
  const found = [...world.roleAssignments.values()].filter(
    (assignment) =>
      (principal === undefined || assignment.principalId.toLowerCase() === principal) &&
      (isWithin(scope, assignment.scope) || (!isAtScopeOnly && isWithin(assignment.scope, scope))),
  );
  return { status: 200, body: { value: found.map(describeAssignment) } };
}

function readPrincipalFilter(filter: string): string | undefined {
  const rest = filter.replace(/atScope\(\)|\band\b/gi, "").trim();
  if (rest === "") {
    return undefined;
  }
  const match = /^principalId\s+eq\s+'?([0-9a-f-]{36})'?$|^assignedTo\('([0-9a-f-]{36})'\)$/i.exec(rest);
  const principal = match?.[1] ?? match?.[2];
  if (principal === undefined) {
    const message =
      `The filter '${filter}' is not supported. Supported filters are either 'atScope()' or ` +
      "'principalId eq '{value}'' or 'assignedTo('{value}')'.";
    throw new ArmError(400, "UnsupportedFilter", message);
  }
  return principal.toLowerCase();
}

function findAssignment({ world, params }: ArmContext): RoleAssignment | undefined {
  return world.roleAssignments.get(
    `${scopeOf(params)}${provider}/roleAssignments/${params["name"] ?? ""}`.toLowerCase(),
  );
}

function getAssignment(context: ArmContext): SandboxResponse {
  const found = findAssignment(context);
  if (!found) {
    const name = (context.params["name"] ?? "").replaceAll("-", "");
    throw new ArmError(404, "RoleAssignmentNotFound", `The role assignment '${name}' is not found.`);
  }
  return { status: 200, body: describeAssignment(found) };
}

function putAssignment(context: ArmContext): SandboxResponse {
  const { world, params } = context;
  const name = params["name"] ?? "";
  if (!guid.test(name)) {
    const message = `The role assignment ID '${name}' is not valid. The role assignment ID must be a GUID.`;
    throw new ArmError(400, "InvalidRoleAssignmentId", message);
  }
  const scope = scopeOf(params);
  checkScopeExists(world, scope);
  const wanted = readAssignment(context, scope);
  const existing = [...world.roleAssignments.values()].find(
    ({ id }) => nameOf(id).toLowerCase() === name.toLowerCase(),
  );
  if (existing) {
    return updateAssignment(world, existing, wanted);
  }
  const equal = [...world.roleAssignments.values()].find((other) => isSame(other, wanted));
  if (equal) {
    const message = `The role assignment already exists. The ID of the conflicting role assignment is ${nameOf(equal.id).replaceAll("-", "")}.`;
    throw new ArmError(409, "RoleAssignmentExists", message);
  }
  checkCondition(context, wanted);
  world.roleAssignments.set(wanted.id.toLowerCase(), wanted);
  return { status: 201, body: describeAssignment(wanted) };
}

function updateAssignment(world: World, existing: RoleAssignment, wanted: RoleAssignment): SandboxResponse {
  if (!isSame(existing, wanted)) {
    const message = "Tenant ID, application ID, principal ID, and scope are not allowed to be updated.";
    throw new ArmError(400, "RoleAssignmentUpdateNotPermitted", message);
  }
  const updated = {
    ...wanted,
    id: existing.id,
    createdAt: existing.createdAt,
    effectiveFrom: existing.effectiveFrom,
    principalType: existing.principalType,
  };
  world.roleAssignments.set(existing.id.toLowerCase(), updated);
  return { status: 200, body: describeAssignment(updated) };
}

function isSame(one: RoleAssignment, other: RoleAssignment): boolean {
  return (
    normalizeScope(one.scope) === normalizeScope(other.scope) &&
    findRole(one.roleDefinitionId) === findRole(other.roleDefinitionId) &&
    one.principalId.toLowerCase() === other.principalId.toLowerCase()
  );
}

function readAssignment(context: ArmContext, scope: string): RoleAssignment {
  const { world, caller, params } = context;
  const given = asObject(context.body()["properties"]);
  const { roleDefinitionId, principalId } = given;
  if (typeof roleDefinitionId !== "string" || typeof principalId !== "string" || !guid.test(principalId)) {
    throw new ArmError(400, "BadRequestFormat", "The request was incorrectly formatted.");
  }
  const role = findRole(roleDefinitionId);
  if (!role) {
    throw definitionNotFound(400, nameOf(roleDefinitionId));
  }
  const now = world.clock.now();
  const delay = world.delays?.roleAssignment ?? (world.clock.pace === "demo" ? demoPropagationMs : 0);
  const subscription = /^\/subscriptions\/[^/]+/i.exec(scope)?.[0] ?? "";
  return {
    id: `${scope}${provider}/roleAssignments/${params["name"] ?? ""}`,
    scope,
    roleDefinitionId: `${subscription}${provider}/roleDefinitions/${role.guid}`,
    principalId,
    principalType: checkPrincipal(world, caller.tid, principalId, asText(given["principalType"])),
    createdAt: now,
    createdBy: caller.oid,
    effectiveFrom: now + delay,
    ...optionalTexts(given),
  };
}

function optionalTexts(given: JsonObject): Partial<Record<"description" | "condition" | "conditionVersion", string>> {
  const { description, condition, conditionVersion } = given;
  return {
    ...(typeof description === "string" ? { description } : {}),
    ...(typeof condition === "string" ? { condition } : {}),
    ...(typeof conditionVersion === "string" ? { conditionVersion } : {}),
  };
}

/** With a type given the directory is not asked whether it has heard of the principal yet. @returns the type to store */
function checkPrincipal(world: World, tenantId: string, principalId: string, type: string): string {
  const known: Principal | undefined = world.principals.get(principalId.toLowerCase());
  const isVisible = known !== undefined && known.visibleFrom <= world.clock.now();
  if (!isVisible) {
    if (type !== "") {
      return type;
    }
    const message =
      `Principal ${principalId.replaceAll("-", "")} does not exist in the directory ${tenantId}. ` +
      "Check that you have the correct principal ID. If you are creating this principal and then immediately assigning a role, " +
      "this error might be related to a replication delay. In this case, set the role assignment principalType property to a value, " +
      "such as ServicePrincipal, User, or Group.  See https://aka.ms/docs-principaltype";
    throw new ArmError(400, "PrincipalNotFound", message);
  }
  if (type !== "" && type.toLowerCase() !== known.type.toLowerCase()) {
    const message = `The PrincipalId '${principalId.replaceAll("-", "")}' has type '${known.type}' , which is different from specified PrinciaplType '${type}'.`;
    throw new ArmError(400, "UnmatchedPrincipalType", message);
  }
  return known.type;
}

function checkScopeExists(world: World, scope: string): void {
  const [, resourceGroup, type, name] =
    /^\/subscriptions\/[^/]+\/resourceGroups\/([^/]+)(?:\/providers\/([^/]+\/[^/]+)\/([^/]+))?/i.exec(scope) ?? [];
  if (resourceGroup === undefined) {
    return;
  }
  const groupId = scope.split("/").slice(0, 5).join("/").toLowerCase();
  if (!world.resourceGroups.has(groupId)) {
    throw resourceGroupNotFound(resourceGroup);
  }
  if (type === undefined || name === undefined) {
    return;
  }
  const maps: Record<string, ReadonlyMap<string, unknown>> = {
    "microsoft.keyvault/vaults": world.vaults,
    "microsoft.containerservice/managedclusters": world.clusters,
    "microsoft.managedidentity/userassignedidentities": world.identities,
  };
  const id = scope.split("/").slice(0, 9).join("/").toLowerCase();
  if (maps[type.toLowerCase()]?.has(id) === false) {
    throw resourceNotFound(type, name, resourceGroup);
  }
}

/** A role may let its holder assign some roles only. */
function checkCondition({ world, caller }: ArmContext, target: RoleAssignment): void {
  const action = "Microsoft.Authorization/roleAssignments/write";
  const wanted = findRole(target.roleDefinitionId)?.guid ?? "";
  const isAllowed = assignmentsAt(world, caller.oid, target.scope)
    .flatMap(({ roleDefinitionId }) => findRole(roleDefinitionId) ?? [])
    .filter((role) => roleAllows(role, action, "action"))
    .some(({ assignableRoles }) => assignableRoles === undefined || assignableRoles.includes(wanted));
  if (!isAllowed) {
    const message =
      `The client '${caller.appid ?? caller.oid}' with object id '${caller.oid}' has an authorization with ABAC condition that is not fulfilled ` +
      `to perform action '${action}' over scope '${target.id}' or the scope is invalid. ` +
      "If access was recently granted, please refresh your credentials.";
    throw new ArmError(403, "AuthorizationFailed", message);
  }
}

function deleteAssignment(context: ArmContext): SandboxResponse {
  const found = findAssignment(context);
  if (!found) {
    return { status: 204 };
  }
  context.world.roleAssignments.delete(found.id.toLowerCase());
  return { status: 200, body: describeAssignment(found) };
}

function listPermissions({ world, caller, params }: ArmContext): SandboxResponse {
  const roles = assignmentsAt(world, caller.oid, scopeOf(params)).flatMap(
    ({ roleDefinitionId }) => findRole(roleDefinitionId) ?? [],
  );
  const value = roles.map(({ actions, notActions, dataActions, notDataActions }) => ({
    actions,
    notActions,
    dataActions,
    notDataActions,
  }));
  return { status: 200, body: { value } };
}
