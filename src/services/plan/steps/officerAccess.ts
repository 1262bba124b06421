import type { KeyVault, KeyVaults } from "../../azure/keyVaults.ts";
import { parseResourceId } from "../../azure/resourceId.ts";
import { keyVaultRoles } from "../../azure/roleAssignments.ts";
import type { RoleAssignments } from "../../azure/roleAssignments.ts";
import type { VaultObjects } from "../../azure/vaultObjects.ts";
import type { CallOptions } from "../../call.ts";
import { t } from "../../l10n.ts";
import type { CommandLine, Step, StepState } from "../step.ts";

interface OfficerServices {
  readonly keyVaults: Pick<KeyVaults, "find" | "get" | "checkReach" | "addAccessPolicy" | "removeAccessPolicy">;
  readonly vaultObjects: Pick<VaultObjects, "probeSecretsOfficer" | "waitForAccess">;
  readonly roleAssignments: Pick<RoleAssignments, "ensure" | "delete" | "listEffective" | "getSignedInPrincipal">;
}

/** What the policy of a vault on access policies gives the signed-in person: enough to set, and to deal with a deleted namesake. */
const officerPermissions = {
  secrets: ["get", "list", "set", "delete", "recover", "purge"],
  keys: [],
  certificates: [],
} as const;

/** A role can take up to 10 minutes to work. @see https://learn.microsoft.com/azure/role-based-access-control/troubleshooting */
const propagation = { withinMs: 600_000, everyMs: 5_000 };

/**
 * The signed-in person may set secrets in the vault: Key Vault Secrets Officer at that vault, or an access policy on a vault without Azure RBAC. Even an Owner
 * has no such right of themselves. Apply waits until the vault itself says yes.
 */
export function officerAccessStep(
  services: OfficerServices,
  {
    vaultId,
    isNew,
    times = propagation,
  }: { readonly vaultId: string; readonly isNew: boolean; readonly times?: typeof propagation },
): Step {
  const { name } = parseResourceId(vaultId);
  return {
    id: "officerAccess",
    title: t('Your right to set secrets in "{0}"', name),
    why: t("Owning a vault does not include its secrets: that right is given separately."),
    rights: [],
    check: (options) => checkAccess(services, vaultId, isNew, options),
    apply: (options) => applyAccess(services, vaultId, times, options),
    undo: (options) => undoAccess(services, vaultId, options),
    commands: () => commandsFor(vaultId),
  };
}

async function checkAccess(
  services: OfficerServices,
  vaultId: string,
  isNew: boolean,
  options?: CallOptions,
): Promise<StepState> {
  const { name } = parseResourceId(vaultId);
  const vault = await services.keyVaults.find(vaultId, options);
  if (!vault) {
    return isNew
      ? { kind: "needed", before: t("The vault does not exist yet."), after: grantText(true), warnings: [] }
      : {
          kind: "blocked",
          reason: t('There is no vault "{0}" any more.', name),
          remedy: t("Refresh and choose another."),
        };
  }
  const access = await services.vaultObjects.probeSecretsOfficer(vault, options);
  if (access.kind === "allowed") {
    return { kind: "satisfied", now: t("You may set secrets.") };
  }
  if (access.by === "firewall") {
    return {
      kind: "blocked",
      reason: access.message,
      remedy: t("Add this machine's address to the vault's firewall, or work from a network it allows."),
    };
  }
  return { kind: "needed", before: t("You may not set secrets."), after: grantText(vault.usesRbac), warnings: [] };
}

function grantText(usesRbac: boolean): string {
  return usesRbac
    ? t("Role {0} for you, at this vault.", keyVaultRoles.secretsOfficer.name)
    : t("An access policy for you, for secrets.");
}

async function applyAccess(
  services: OfficerServices,
  vaultId: string,
  times: typeof propagation,
  options: CallOptions = {},
): Promise<void> {
  const vault = await services.keyVaults.get(vaultId, options);
  const access = await services.vaultObjects.probeSecretsOfficer(vault, options);
  if (access.kind === "allowed") {
    return;
  }
  const principal = await services.roleAssignments.getSignedInPrincipal(vault.tenantId, options);
  if (vault.usesRbac) {
    await services.roleAssignments.ensure(vault.id, principal, keyVaultRoles.secretsOfficer, options);
  } else {
    await services.keyVaults.addAccessPolicy(vault.id, policyFor(vault, principal.objectId), options);
  }
  options.onProgress?.({
    step: t("Waiting until the vault lets you in; this takes up to 10 minutes"),
    state: "running",
  });
  await services.vaultObjects.waitForAccess(vault, times, options);
}

async function undoAccess(services: OfficerServices, vaultId: string, options?: CallOptions): Promise<void> {
  const vault = await services.keyVaults.find(vaultId, options);
  if (!vault) {
    return;
  }
  const principal = await services.roleAssignments.getSignedInPrincipal(vault.tenantId, options);
  if (!vault.usesRbac) {
    await services.keyVaults.removeAccessPolicy(vault.id, policyFor(vault, principal.objectId), options);
    return;
  }
  const assignments = await services.roleAssignments.listEffective(vault.id, principal.objectId, options);
  const own = assignments.filter(
    ({ scope, roleId }) => scope.toLowerCase() === vault.id.toLowerCase() && roleId === keyVaultRoles.secretsOfficer.id,
  );
  await Promise.all(own.map(({ id }) => services.roleAssignments.delete(id, options)));
}

function policyFor(vault: KeyVault, objectId: string) {
  return { tenantId: vault.tenantId, objectId, applicationId: undefined, permissions: officerPermissions };
}

function commandsFor(vaultId: string): readonly CommandLine[] {
  return [
    {
      tool: "az",
      words: ["ad", "signed-in-user", "show", "--query", "id", "--output", "tsv"],
      captures: "SIGNED_IN_OBJECT_ID",
    },
    {
      tool: "az",
      words: [
        ...["role", "assignment", "create", "--role", keyVaultRoles.secretsOfficer.id, "--scope", vaultId],
        ...["--assignee-object-id", { template: "${SIGNED_IN_OBJECT_ID}" }, "--assignee-principal-type", "User"],
      ],
    },
  ];
}
