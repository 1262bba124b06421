import * as z from "zod/mini";

import type { CallOptions } from "../call.ts";
import { hasCode, ServiceError } from "../errors.ts";
import { t } from "../l10n.ts";
import { poll, type PollResult } from "../poll.ts";
import { parseAnswer, parseBody } from "./answers.ts";
import type { AzureClients } from "./clients.ts";
import { allows, assignmentName, covers } from "./roleAssignmentRules.ts";
import { getToken } from "./tokens.ts";

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
  /** Undefined: Azure looks it up in the directory, which fails for a principal made a moment ago. */
  readonly type: "User" | "Group" | "ServicePrincipal" | undefined;
}

/** One assignment, direct or inherited. */
export interface RoleAssignment {
  readonly id: string;
  readonly scope: string;
  /** The role's bare GUID, lower case. */
  readonly roleId: string;
  /** The principal itself, or a group it belongs to. */
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

const apiVersion = "2022-04-01";

/** Microsoft Entra needs some time to tell Azure of a principal it has just made. */
const principalVisibleWithinMs = 120_000;

const AssignmentBody = z.object({
  id: z.string(),
  properties: z.object({ scope: z.string(), roleDefinitionId: z.string(), principalId: z.string() }),
});

const strings = z.nullish(z.array(z.string()));
const PermissionBody = z.object({ actions: strings, notActions: strings });

const Claims = z.object({ oid: z.string(), idtyp: z.optional(z.string()), scp: z.optional(z.string()) });

/** Makes role assignments. */
export function createRoleAssignments(clients: AzureClients): RoleAssignments {
  return new ArmRoleAssignments(clients);
}

class ArmRoleAssignments implements RoleAssignments {
  readonly #clients: AzureClients;

  constructor(clients: AzureClients) {
    this.#clients = clients;
  }

  async listEffective(scope: string, principalId: string, options?: CallOptions): Promise<readonly RoleAssignment[]> {
    // Without atScope() assignments below the scope come along; assignedTo() knows the principal's groups.
    const filter = encodeURIComponent(`atScope() and assignedTo('${principalId}')`);
    const path = `${assignmentsPath(scope)}?$filter=${filter}`;
    const found: RoleAssignment[] = [];
    for await (const page of this.#clients.list({ method: "GET", path, apiVersion, target: scope }, options)) {
      found.push(...page.map((item) => readAssignment(parseBody(AssignmentBody, item, scope))));
    }
    return found.filter((assignment) => covers(assignment.scope, scope));
  }

  async ensure(
    scope: string,
    principal: Principal,
    role: BuiltInRole,
    options?: CallOptions,
  ): Promise<{ readonly assignment: RoleAssignment; readonly isNew: boolean }> {
    const existing = await this.#findEqual(scope, principal, role, options);
    if (existing) {
      return { assignment: existing, isNew: false };
    }
    try {
      return { assignment: await this.#create(scope, principal, role, options), isNew: true };
    } catch (error) {
      const rival = hasServiceCode(error, "RoleAssignmentExists")
        ? await this.#findEqual(scope, principal, role, options)
        : undefined;
      if (!rival) {
        throw explain(error, role);
      }
      return { assignment: rival, isNew: false };
    }
  }

  async delete(assignmentId: string, options?: CallOptions): Promise<void> {
    await this.#clients.send({ method: "DELETE", path: assignmentId, apiVersion, accept: [404] }, options);
  }

  async findMissingActions(
    scope: string,
    actions: readonly string[],
    options?: CallOptions,
  ): Promise<readonly string[]> {
    const path = `${trimmed(scope)}/providers/Microsoft.Authorization/permissions`;
    const sets: unknown[] = [];
    for await (const page of this.#clients.list({ method: "GET", path, apiVersion, target: scope }, options)) {
      sets.push(...page);
    }
    const permissions = sets.map((set) => {
      const read = parseBody(PermissionBody, set, scope);
      return { actions: read.actions ?? [], notActions: read.notActions ?? [] };
    });
    return actions.filter((action) => !allows(permissions, action));
  }

  async getSignedInPrincipal(tenantId: string, options?: CallOptions): Promise<Principal> {
    const { cloud, credential } = this.#clients;
    const { token } = await getToken(credential, {
      audience: cloud.resourceManagerAudience,
      tenantId,
      signal: options?.signal,
    });
    const { oid, idtyp, scp } = readClaims(token);
    // `idtyp` is an optional claim; a token that carries delegated scopes is a person's.
    const isUser = idtyp === undefined ? scp !== undefined : idtyp === "user";
    return { objectId: oid, type: isUser ? "User" : "ServicePrincipal" };
  }

  async #findEqual(
    scope: string,
    principal: Principal,
    role: BuiltInRole,
    options?: CallOptions,
  ): Promise<RoleAssignment | undefined> {
    try {
      const assignments = await this.listEffective(scope, principal.objectId, options);
      return assignments.find(
        (assignment) =>
          isSame(assignment.roleId, role.id) &&
          isSame(assignment.scope, trimmed(scope)) &&
          isSame(assignment.principalId, principal.objectId),
      );
    } catch (error) {
      // Who may not read assignments may still be allowed to write them.
      if (hasCode(error, "forbidden")) {
        return undefined;
      }
      throw error;
    }
  }

  #create(scope: string, principal: Principal, role: BuiltInRole, options?: CallOptions): Promise<RoleAssignment> {
    const path = `${assignmentsPath(scope)}/${assignmentName(trimmed(scope), principal.objectId, role.id)}`;
    const properties = {
      roleDefinitionId: roleDefinitionId(scope, role),
      principalId: principal.objectId,
      ...(principal.type ? { principalType: principal.type } : {}),
    };
    const attempt = async (): Promise<PollResult<RoleAssignment>> => {
      try {
        const request = { method: "PUT", path, apiVersion, body: { properties }, target: role.name } as const;
        const answer = await this.#clients.send(request, options);
        return { done: true, value: readAssignment(parseAnswer(AssignmentBody, answer)) };
      } catch (error) {
        if (hasServiceCode(error, "PrincipalNotFound")) {
          return { done: false };
        }
        throw error;
      }
    };
    const everyMs = Math.min(this.#clients.timing.pollEveryMs, 5_000);
    const what = t("Microsoft Entra to know the principal");
    return poll(attempt, { everyMs, withinMs: principalVisibleWithinMs, what }, options);
  }
}

function readAssignment({ id, properties }: z.infer<typeof AssignmentBody>): RoleAssignment {
  const { scope, roleDefinitionId, principalId } = properties;
  return {
    id,
    scope,
    roleId: roleDefinitionId.slice(roleDefinitionId.lastIndexOf("/") + 1).toLowerCase(),
    principalId,
  };
}

function readClaims(token: string): z.infer<typeof Claims> {
  const read = Claims.safeParse(parseJson(Buffer.from(token.split(".")[1] ?? "", "base64url").toString("utf8")));
  if (!read.success) {
    throw new ServiceError("unexpectedResponse", t("Your sign-in does not say who you are."));
  }
  return read.data;
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}

function explain(error: unknown, role: BuiltInRole): unknown {
  return hasCode(error, "forbidden") && error.details.serviceCode === "AuthorizationFailed"
    ? new ServiceError(
        "forbidden",
        t(
          'You may not give the role {0}: that takes "Microsoft.Authorization/roleAssignments/write", which Owner and User Access Administrator have.',
          role.name,
        ),
        error.details,
      )
    : error;
}

function hasServiceCode(error: unknown, serviceCode: string): boolean {
  return error instanceof ServiceError && error.details.serviceCode === serviceCode;
}

function roleDefinitionId(scope: string, role: BuiltInRole): string {
  const subscription = /^\/subscriptions\/[^/]+/i.exec(scope)?.[0] ?? "";
  return `${subscription}/providers/Microsoft.Authorization/roleDefinitions/${role.id}`;
}

function assignmentsPath(scope: string): string {
  return `${trimmed(scope)}/providers/Microsoft.Authorization/roleAssignments`;
}

function trimmed(scope: string): string {
  return scope.replace(/\/$/, "");
}

function isSame(a: string, b: string): boolean {
  return a.toLowerCase() === b.toLowerCase();
}
