import type { CallOptions } from "../call.ts";

/** A built-in role by its fixed GUID. */
export interface BuiltInRole {
  readonly name: string;
  readonly id: string;
}

/**
 * The built-in Key Vault roles.
 * @see https://learn.microsoft.com/azure/role-based-access-control/built-in-roles/security
 */
export const keyVaultRoles = {
  administrator: { name: "Key Vault Administrator", id: "00482a5a-887f-4fb3-b363-3b7fe8e74483" },
  reader: { name: "Key Vault Reader", id: "21090545-7ca7-4776-b22c-e363652d74d2" },
  secretsOfficer: { name: "Key Vault Secrets Officer", id: "b86a8fe4-44ce-4948-aee5-eccb2c155cd7" },
  secretsUser: { name: "Key Vault Secrets User", id: "4633458b-17de-408a-b874-0445c86b69e6" },
  certificatesOfficer: { name: "Key Vault Certificates Officer", id: "a4417e6f-fecd-4de8-b567-7b0420556985" },
  certificateUser: { name: "Key Vault Certificate User", id: "db79e9a7-68ee-4b58-9aeb-b90e7c24fcba" },
  cryptoOfficer: { name: "Key Vault Crypto Officer", id: "14b46e9e-c2b7-41b4-b07b-48a6ebf60603" },
  cryptoUser: { name: "Key Vault Crypto User", id: "12338af0-0e69-4776-bea7-57ae8d297424" },
} as const satisfies Record<string, BuiltInRole>;

/** Who gets a role. `objectId` is never a client id. */
export interface Principal {
  readonly objectId: string;
  readonly type: "User" | "Group" | "ServicePrincipal";
}

/** One assignment, direct or inherited. */
export interface RoleAssignment {
  readonly id: string;
  readonly scope: string;
  readonly roleId: string;
  readonly principalId: string;
}

/** Role assignments (Azure RBAC). */
export interface RoleAssignments {
  /** Assignments of a principal that count at a scope: direct and inherited. */
  listEffective(scope: string, principalId: string, options?: CallOptions): Promise<readonly RoleAssignment[]>;

  /**
   * Gives a role and waits for nothing: propagation is the caller's to probe. The assignment's GUID is made of scope, principal and role, so that a retry is the same assignment.
   * An equal assignment that exists is success. `PrincipalNotFound` right after the principal was made is retried for up to two minutes.
   *
   * @returns whether this call made it
   * @throws {ServiceError} `forbidden` without `Microsoft.Authorization/roleAssignments/write`
   */
  ensure(
    scope: string,
    principal: Principal,
    role: BuiltInRole,
    options?: CallOptions,
  ): Promise<{ readonly assignment: RoleAssignment; readonly isNew: boolean }>;

  /** Takes an assignment back. Success when there is none. */
  delete(assignmentId: string, options?: CallOptions): Promise<void>;

  /**
   * Which of these actions the signed-in person may do at a scope, by ARM's permissions API; wildcards and notActions are honoured.
   * @returns the actions that are missing
   */
  findMissingActions(scope: string, actions: readonly string[], options?: CallOptions): Promise<readonly string[]>;

  /** The signed-in person or application, from the token's own claims. */
  getSignedInPrincipal(tenantId: string, options?: CallOptions): Promise<Principal>;
}
