import * as z from "zod/mini";

import type { AccessPolicy, KeyVault, KeyVaults } from "../azure/keyVaults.ts";
import type { BuiltInRole, Principal, RoleAssignments } from "../azure/roleAssignments.ts";
import type { CallOptions } from "../call.ts";
import type { ApplyOptions, NeededRight } from "./step.ts";

/** A right in a vault to be given: a role where the vault uses Azure RBAC, else an access policy. */
export interface Grant {
  readonly vault: KeyVault;
  readonly principal: Principal;
  readonly role: BuiltInRole;
  /** Where the role is given: the vault, or one object of it. */
  readonly scope: string;
  readonly permissions: AccessPolicy["permissions"];
}

interface GrantServices {
  readonly keyVaults: Pick<KeyVaults, "addAccessPolicy" | "removeAccessPolicy">;
  readonly roleAssignments: Pick<RoleAssignments, "ensure" | "delete">;
}

/** The right it takes to give one, for the preflight. Undefined `usesRbac`: the vault does not exist yet and will use Azure RBAC. */
export function rightToGrant(scope: string, usesRbac = true): NeededRight {
  return {
    scope,
    actions: [
      usesRbac ? "Microsoft.Authorization/roleAssignments/write" : "Microsoft.KeyVault/vaults/accessPolicies/write",
    ],
  };
}

/** Gives a right and tells `onMade` what of it was not there before. Waits for nothing. @throws {ServiceError} `forbidden` */
export async function giveGrant(services: GrantServices, grant: Grant, options: ApplyOptions = {}): Promise<void> {
  if (grant.vault.usesRbac) {
    const { principal, role, scope } = grant;
    const { assignment, isNew } = await services.roleAssignments.ensure(scope, principal, role, options);
    if (isNew) {
      options.onMade?.(JSON.stringify({ assignment: assignment.id } satisfies Given));
    }
    return;
  }
  const { id: vaultId, tenantId } = grant.vault;
  const { objectId } = grant.principal;
  const policy = { tenantId, objectId, applicationId: undefined, permissions: grant.permissions };
  const added = missingPermissions(grant.vault, objectId, grant.permissions);
  await services.keyVaults.addAccessPolicy(vaultId, policy, options);
  options.onMade?.(JSON.stringify({ vaultId, tenantId, objectId, permissions: added } satisfies Given));
}

const names = z.array(z.string());
const GivenRole = z.object({ assignment: z.string() });
const GivenPolicy = z.object({
  vaultId: z.string(),
  tenantId: z.string(),
  objectId: z.string(),
  permissions: z.object({ secrets: names, keys: names, certificates: names }),
});
const Given = z.union([GivenRole, GivenPolicy]);
type Given =
  | { readonly assignment: string }
  | {
      readonly vaultId: string;
      readonly tenantId: string;
      readonly objectId: string;
      readonly permissions: AccessPolicy["permissions"];
    };

/** Takes back what {@link giveGrant} told of: assignments it made, and permissions the principal did not have before. */
export async function takeGrantsBack(
  services: GrantServices,
  made: readonly string[],
  options?: CallOptions,
): Promise<void> {
  for (const text of made) {
    const given = Given.parse(JSON.parse(text));
    if ("assignment" in given) {
      await services.roleAssignments.delete(given.assignment, options);
    } else {
      const { vaultId, ...policy } = given;
      await services.keyVaults.removeAccessPolicy(vaultId, { ...policy, applicationId: undefined }, options);
    }
  }
}

/** The permissions that the principal's own entry does not give yet; `all` stands for every one. */
export function missingPermissions(
  vault: Pick<KeyVault, "accessPolicies">,
  objectId: string,
  wanted: AccessPolicy["permissions"],
): AccessPolicy["permissions"] {
  const own = vault.accessPolicies.filter(
    (entry) => entry.objectId.toLowerCase() === objectId.toLowerCase() && entry.applicationId === undefined,
  );
  const missing = (kind: keyof AccessPolicy["permissions"]) => {
    const given = own.flatMap(({ permissions }) => permissions[kind]).map((name) => name.toLowerCase());
    return wanted[kind].filter((name) => !given.includes("all") && !given.includes(name.toLowerCase()));
  };
  return { secrets: missing("secrets"), keys: missing("keys"), certificates: missing("certificates") };
}
