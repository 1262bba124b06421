import type { Identities } from "../../azure/identities.ts";
import type { AccessPolicy, KeyVault, KeyVaults } from "../../azure/keyVaults.ts";
import type { ManagedClusters } from "../../azure/managedClusters.ts";
import { parseResourceId } from "../../azure/resourceId.ts";
import { keyVaultRoles } from "../../azure/roleAssignments.ts";
import type { BuiltInRole, RoleAssignments } from "../../azure/roleAssignments.ts";
import type { ObjectType } from "../../azure/vaultObjects.ts";
import type { CallOptions } from "../../call.ts";
import { ServiceError } from "../../errors.ts";
import { t } from "../../l10n.ts";
import { coversRole, findReader, readerIdCommand, requiredRole } from "../access.ts";
import type { IntendedAccess, ReaderIdentity } from "../access.ts";
import { giveGrant, missingPermissions, rightToGrant, takeGrantsBack } from "../grant.ts";
import type { ApplyOptions, CommandLine, Step, StepState } from "../step.ts";
import { ifPolicies, ifRbac, usesRbacCommand } from "./usesRbac.ts";

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
  /** Some object is mounted with its history: on a vault with access policies that takes `list` too. */
  readonly hasHistory?: boolean | undefined;
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
    undo: (made, options) => takeGrantsBack(services, made, options),
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
    const rights = [rightToGrant(scopeOf(target), vault?.usesRbac)];
    return { kind: "needed", before, after: grantText(vault?.usesRbac ?? true, role), warnings, rights };
  }
  const has = vault.usesRbac
    ? await hasRole(services, target, reader, role, options)
    : hasPolicy(vault, reader.objectId, target);
  return has
    ? { kind: "satisfied", now: t("It may read them.") }
    : {
        kind: "needed",
        before: t("It may not read them."),
        after: grantText(vault.usesRbac, role),
        warnings,
        rights: [rightToGrant(vault.usesRbac ? scopeOf(target) : vault.id, vault.usesRbac)],
      };
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

function hasPolicy(vault: KeyVault, objectId: string, target: ReaderAccessTarget): boolean {
  return Object.values(missingPermissions(vault, objectId, permissionsFor(target))).every(
    (names) => names.length === 0,
  );
}

const plural = { secret: "secrets", key: "keys", cert: "certificates" } as const satisfies Record<ObjectType, string>;

function scopeOf({ vaultId, scope }: ReaderAccessTarget): string {
  return scope ? `${vaultId}/${plural[scope.type]}/${scope.name}` : vaultId;
}

async function applyReader(
  services: ReaderServices,
  target: ReaderAccessTarget,
  options?: ApplyOptions,
): Promise<void> {
  const [vault, reader] = await Promise.all([
    services.keyVaults.get(target.vaultId, options),
    findReader(services, target.clusterId, target.access, options),
  ]);
  if (!reader) {
    throw new ServiceError("notFound", t("The identity that is to read the objects does not exist."));
  }
  const grant = {
    vault,
    principal: { objectId: reader.objectId, type: "ServicePrincipal" as const },
    role: requiredRole(target.objectTypes),
    scope: scopeOf(target),
    permissions: permissionsFor(target),
  };
  await giveGrant(services, grant, options);
}

/** History is listed before it is read. */
function permissionsFor({ objectTypes, hasHistory }: ReaderAccessTarget): AccessPolicy["permissions"] {
  const verbs = hasHistory ? ["get", "list"] : ["get"];
  const of = (type: ObjectType): readonly string[] => (objectTypes.includes(type) ? verbs : []);
  return { secrets: of("secret"), keys: of("key"), certificates: of("cert") };
}

function commandsFor(target: ReaderAccessTarget): readonly CommandLine[] {
  const role = requiredRole(target.objectTypes);
  const { name, subscriptionId } = parseResourceId(target.vaultId);
  const objectId = { template: "${READER_OBJECT_ID}" };
  const permissions = permissionsFor(target);
  const policyWords = [
    ...(permissions.secrets.length > 0 ? ["--secret-permissions", ...permissions.secrets] : []),
    ...(permissions.keys.length > 0 ? ["--key-permissions", ...permissions.keys] : []),
    ...(permissions.certificates.length > 0 ? ["--certificate-permissions", ...permissions.certificates] : []),
  ];
  return [
    readerIdCommand(target.clusterId, target.access, "objectId"),
    usesRbacCommand(target.vaultId),
    {
      tool: "az",
      words: [
        ...["role", "assignment", "create", "--role", role.id, "--scope", scopeOf(target)],
        ...["--assignee-object-id", objectId, "--assignee-principal-type", "ServicePrincipal"],
      ],
      onlyIf: ifRbac,
    },
    {
      tool: "az",
      words: [
        ...["keyvault", "set-policy", "--name", name, "--subscription", subscriptionId, "--object-id", objectId],
        ...policyWords,
      ],
      onlyIf: ifPolicies,
    },
  ];
}
