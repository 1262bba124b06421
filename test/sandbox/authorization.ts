/** Azure RBAC: who may do what where. Every plane of the sandbox asks here. */
import { findRole, type RoleDefinition } from "./roles.ts";
import type { RoleAssignment, World } from "./state.ts";

export type ActionKind = "action" | "dataAction";

const patterns = new Map<string, RegExp>();

function toPattern(wildcard: string): RegExp {
  let pattern = patterns.get(wildcard);
  if (!pattern) {
    const escaped = wildcard.replace(/[.+?^${}()|[\]\\]/g, "\\$&").replaceAll("*", ".*");
    pattern = new RegExp(`^${escaped}$`, "i");
    patterns.set(wildcard, pattern);
  }
  return pattern;
}

function matchesAny(wildcards: readonly string[], action: string): boolean {
  return wildcards.some((wildcard) => toPattern(wildcard).test(action));
}

/** Whether the role alone allows the action: granted, and not taken away by the role itself. */
export function roleAllows(role: RoleDefinition, action: string, kind: ActionKind): boolean {
  return kind === "action"
    ? matchesAny(role.actions, action) && !matchesAny(role.notActions, action)
    : matchesAny(role.dataActions, action) && !matchesAny(role.notDataActions, action);
}

/** A scope without its trailing slash, lower-cased: `""` is the root. */
export function normalizeScope(scope: string): string {
  return scope.replace(/\/+$/, "").toLowerCase();
}

/** Whether `inner` is `outer` or lies in it, as ARM ids nest. */
export function isWithin(inner: string, outer: string): boolean {
  const outerScope = normalizeScope(outer);
  return `${normalizeScope(inner)}/`.startsWith(`${outerScope}/`);
}

/** The assignments that count for a principal at a scope: those made there or above it. */
export function assignmentsAt(world: World, objectId: string, scope: string): RoleAssignment[] {
  const principal = objectId.toLowerCase();
  return [...world.roleAssignments.values()].filter(
    (assignment) => assignment.principalId.toLowerCase() === principal && isWithin(scope, assignment.scope),
  );
}

/** Whether a principal may do an action at a scope. ARM honours an assignment at once, a data plane from `effectiveFrom` on. */
export function isAllowed(world: World, objectId: string, scope: string, action: string, kind: ActionKind): boolean {
  const now = world.clock.now();
  return assignmentsAt(world, objectId, scope).some((assignment) => {
    const role = findRole(assignment.roleDefinitionId);
    const isEffective = kind === "action" || assignment.effectiveFrom <= now;
    return role !== undefined && isEffective && roleAllows(role, action, kind);
  });
}

/** Whether ARM lets a principal list at all: allowed at the scope, or somewhere in it, and then it sees just that. */
export function mayList(world: World, objectId: string, scope: string, action: string): boolean {
  const principal = objectId.toLowerCase();
  return [...world.roleAssignments.values()].some((assignment) => {
    const isRelated = isWithin(scope, assignment.scope) || isWithin(assignment.scope, scope);
    const role = findRole(assignment.roleDefinitionId);
    return (
      isRelated &&
      assignment.principalId.toLowerCase() === principal &&
      role !== undefined &&
      roleAllows(role, action, "action")
    );
  });
}
