import { createHash } from "node:crypto";

/** One entry of what ARM's permissions API answers. */
export interface PermissionSet {
  readonly actions: readonly string[];
  readonly notActions: readonly string[];
}

/** The namespace of our assignment names: a random GUID, fixed for ever, so that every run of the extension makes the same names. */
const namespace = "9d4c1f0a-6a3f-4b52-8f0e-6f0c6b1c2a77";

/**
 * The name an assignment gets: a version 5 UUID of scope, principal and role. The same wish is the same assignment, however often it is sent and in whatever
 * letter case the ids come.
 * @see https://www.rfc-editor.org/rfc/rfc9562#name-uuid-version-5
 */
export function assignmentName(scope: string, principalId: string, roleId: string): string {
  const name = [scope, principalId, roleId].join("|").toLowerCase();
  const bytes = createHash("sha1")
    .update(Buffer.from(namespace.replaceAll("-", ""), "hex"))
    .update(name)
    .digest();
  bytes.writeUInt8((bytes.readUInt8(6) & 0x0f) | 0x50, 6);
  bytes.writeUInt8((bytes.readUInt8(8) & 0x3f) | 0x80, 8);
  return bytes.toString("hex", 0, 16).replace(/(.{8})(.{4})(.{4})(.{4})(.{12})/, "$1-$2-$3-$4-$5");
}

/**
 * Whether these permissions allow an action: some entry must grant it and not except it. An exception in one role takes nothing away from another role.
 * @see https://learn.microsoft.com/azure/role-based-access-control/role-definitions#notactions
 */
export function allows(permissions: readonly PermissionSet[], action: string): boolean {
  return permissions.some(
    ({ actions, notActions }) =>
      actions.some((pattern) => matches(pattern, action)) && !notActions.some((pattern) => matches(pattern, action)),
  );
}

/** Role definitions write `*` for any run of characters, slashes included; letter case does not count. */
function matches(pattern: string, action: string): boolean {
  const source = pattern.split("*").map(escape).join(".*");
  return new RegExp(`^${source}$`, "i").test(action);
}

function escape(text: string): string {
  return text.replaceAll(/[\\^$.*+?()[\]{}|/]/g, "\\$&");
}

/** Whether what holds at `scope` counts at `target`: it is the target itself or stands above it. */
export function covers(scope: string, target: string): boolean {
  const upper = scope.toLowerCase().replace(/\/$/, "");
  const lower = target.toLowerCase();
  // Management groups stand above a subscription without being part of its id.
  return lower === upper || lower.startsWith(`${upper}/`) || upper.startsWith("/providers/microsoft.management/");
}
