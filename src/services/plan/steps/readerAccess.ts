import type { Identities } from "../../azure/identities.ts";
import type { AccessPolicy, KeyVault, KeyVaults } from "../../azure/keyVaults.ts";
import type { ManagedClusters } from "../../azure/managedClusters.ts";
import { parseResourceId, sameId } from "../../azure/resourceId.ts";
import { keyVaultRoles } from "../../azure/roleAssignments.ts";
import type { BuiltInRole, RoleAssignments } from "../../azure/roleAssignments.ts";
import type { ObjectType } from "../../azure/vaultObjects.ts";
import type { CallOptions } from "../../call.ts";
import { ServiceError } from "../../errors.ts";
import { t } from "../../l10n.ts";
import { coversRole, findReader, requiredRole } from "../access.ts";
import type { IntendedAccess, ReaderIdentity } from "../access.ts";
import type { CommandLine, Step, StepState } from "../step.ts";

interface ReaderServices {
  readonly identities: Pick<Identities, "find">;
  readonly managedClusters: Pick<ManagedClusters, "find">;
  readonly keyVaults: Pick<KeyVaults, "find" | "get" | "addAccessPolicy" | "removeAccessPolicy">;
  readonly roleAssignments: Pick<RoleAssignments, "listEffective" | "ensure" | "delete">;
}

/** Who is to read which kinds of objects, where. */
export interface ReaderAccessTarget {
  readonly clusterId: string;
  readonly vaultId: string;
  readonly access: IntendedAccess;
  readonly objectTypes: readonly ObjectType[];
  /** One object instead of the whole vault; not for objects with history, whose listing needs the vault. */
  readonly scope?: { readonly type: ObjectType; readonly name: string } | undefined;
}

/**
 * The identity may read the objects: the least role at the vault, or an access policy on a vault without Azure RBAC. Nothing is waited for: only a mount can
 * ask the vault as that identity.
 */
export function readerAccessStep(services: ReaderServices, target: ReaderAccessTarget): Step {
  const { name } = parseResourceId(target.vaultId);
  return {
    id: "readerAccess",
    title: t('Right to read from "{0}"', name),
    why: t("No identity can read a vault by itself, not even the add-on's own."),
    rights: [],
    check: (options) => checkReader(services, target, options),
    apply: (options) => applyReader(services, target, options),
    undo: (options) => undoReader(services, target, options),
    commands: () => commandsFor(target),
  };
}

async function checkReader(
  services: ReaderServices,
  target: ReaderAccessTarget,
  options?: CallOptions,
): Promise<StepState> {
  const [vault, reader] = await Promise.all([
    services.keyVaults.find(target.vaultId, options),
    findReader(services, target.clusterId, target.access, options),
  ]);
  const role = requiredRole(target.objectTypes);
  const warnings = warningsFor(target, role);
  if (!vault || !reader) {
    const before = vault ? t("The identity does not exist yet.") : t("The vault does not exist yet.");
    return { kind: "needed", before, after: grantText(vault?.usesRbac ?? true, role), warnings };
  }
  const has = vault.usesRbac
    ? await hasRole(services, target, reader, role, options)
    : hasPolicy(vault, reader.objectId, target.objectTypes);
  return has
    ? { kind: "satisfied", now: t("It may read them.") }
    : { kind: "needed", before: t("It may not read them."), after: grantText(vault.usesRbac, role), warnings };
}

function warningsFor(target: ReaderAccessTarget, role: BuiltInRole): readonly string[] {
  const warnings: string[] = [];
  if (role.id === keyVaultRoles.certificateUser.id) {
    warnings.push(t("{0} also lets the identity read every secret in its scope.", role.name));
  }
  if (target.access.kind === "addonIdentity") {
    warnings.push(t("Every pod of the cluster can then read these objects; workload identity is narrower."));
  }
  if (target.access.kind === "nodeIdentity") {
    warnings.push(t("Every pod on these nodes can then read these objects; workload identity is narrower."));
  }
  return warnings;
}

function grantText(usesRbac: boolean, role: BuiltInRole): string {
  return usesRbac ? t("Role {0}", role.name) : t("An access policy with get");
}

async function hasRole(
  services: ReaderServices,
  target: ReaderAccessTarget,
  reader: ReaderIdentity,
  role: BuiltInRole,
  options?: CallOptions,
): Promise<boolean> {
  const assignments = await services.roleAssignments.listEffective(scopeOf(target), reader.objectId, options);
  return coversRole(
    role,
    assignments.map(({ roleId }) => roleId),
  );
}

function hasPolicy(vault: KeyVault, objectId: string, objectTypes: readonly ObjectType[]): boolean {
  const policy = vault.accessPolicies.find((entry) => entry.objectId.toLowerCase() === objectId.toLowerCase());
  return policy !== undefined && objectTypes.every((type) => policy.permissions[plural[type]].some(allowsGet));
}

function allowsGet(permission: string): boolean {
  return ["get", "all"].includes(permission.toLowerCase());
}

const plural = { secret: "secrets", key: "keys", cert: "certificates" } as const satisfies Record<ObjectType, string>;

function scopeOf({ vaultId, scope }: ReaderAccessTarget): string {
  return scope ? `${vaultId}/${plural[scope.type]}/${scope.name}` : vaultId;
}

async function applyReader(services: ReaderServices, target: ReaderAccessTarget, options?: CallOptions): Promise<void> {
  const [vault, reader] = await Promise.all([
    services.keyVaults.get(target.vaultId, options),
    findReader(services, target.clusterId, target.access, options),
  ]);
  if (!reader) {
    throw new ServiceError("notFound", t("The identity that is to read the objects does not exist."));
  }
  if (vault.usesRbac) {
    const principal = { objectId: reader.objectId, type: "ServicePrincipal" } as const;
    await services.roleAssignments.ensure(scopeOf(target), principal, requiredRole(target.objectTypes), options);
  } else {
    await services.keyVaults.addAccessPolicy(vault.id, policyFor(vault, reader, target.objectTypes), options);
  }
}

async function undoReader(services: ReaderServices, target: ReaderAccessTarget, options?: CallOptions): Promise<void> {
  const [vault, reader] = await Promise.all([
    services.keyVaults.find(target.vaultId, options),
    findReader(services, target.clusterId, target.access, options),
  ]);
  if (!vault || !reader) {
    return;
  }
  if (!vault.usesRbac) {
    await services.keyVaults.removeAccessPolicy(vault.id, policyFor(vault, reader, target.objectTypes), options);
    return;
  }
  const role = requiredRole(target.objectTypes);
  const assignments = await services.roleAssignments.listEffective(scopeOf(target), reader.objectId, options);
  const own = assignments.filter(({ scope, roleId }) => roleId === role.id && sameId(scope, scopeOf(target)));
  await Promise.all(own.map(({ id }) => services.roleAssignments.delete(id, options)));
}

function policyFor(vault: KeyVault, reader: ReaderIdentity, objectTypes: readonly ObjectType[]): AccessPolicy {
  const get = (type: ObjectType): readonly string[] => (objectTypes.includes(type) ? ["get"] : []);
  return {
    tenantId: vault.tenantId,
    objectId: reader.objectId,
    applicationId: undefined,
    permissions: { secrets: get("secret"), keys: get("key"), certificates: get("cert") },
  };
}

function commandsFor(target: ReaderAccessTarget): readonly CommandLine[] {
  const role = requiredRole(target.objectTypes);
  return [
    objectIdCommand(target),
    {
      tool: "az",
      words: [
        ...["role", "assignment", "create", "--role", role.id, "--scope", scopeOf(target)],
        ...[
          "--assignee-object-id",
          { template: "${READER_OBJECT_ID}" },
          "--assignee-principal-type",
          "ServicePrincipal",
        ],
      ],
    },
  ];
}

function objectIdCommand({ clusterId, access }: ReaderAccessTarget): CommandLine {
  if (access.kind === "addonIdentity") {
    const { subscriptionId, resourceGroup, name } = parseResourceId(clusterId);
    return {
      tool: "az",
      words: [
        ...["aks", "show", "--name", name, "--resource-group", resourceGroup, "--subscription", subscriptionId],
        ...["--query", "addonProfiles.azureKeyvaultSecretsProvider.identity.objectId", "--output", "tsv"],
      ],
      captures: "READER_OBJECT_ID",
    };
  }
  return {
    tool: "az",
    words: ["identity", "show", "--ids", access.identityId, "--query", "principalId", "--output", "tsv"],
    captures: "READER_OBJECT_ID",
  };
}
