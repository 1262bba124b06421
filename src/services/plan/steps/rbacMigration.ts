import { simulateRbac, type PolicyOutcome } from "../../azure/keyVaultMigration.ts";
import type { KeyVault, KeyVaults } from "../../azure/keyVaults.ts";
import { parseResourceId } from "../../azure/resourceId.ts";
import type { RoleAssignments } from "../../azure/roleAssignments.ts";
import type { VaultObjects } from "../../azure/vaultObjects.ts";
import type { CallOptions } from "../../call.ts";
import { ServiceError } from "../../errors.ts";
import { t } from "../../l10n.ts";
import { rightToGrant } from "../grant.ts";
import type { ApplyOptions, CommandLine, Step, StepState } from "../step.ts";

interface MigrationServices {
  readonly keyVaults: Pick<KeyVaults, "get" | "setRbac">;
  readonly roleAssignments: Pick<RoleAssignments, "listEffective" | "ensure" | "delete">;
  readonly vaultObjects: Pick<VaultObjects, "probeSecretsOfficer" | "waitForAccess">;
}

/** A vault to take from access policies to Azure RBAC. */
export interface MigrationTarget {
  readonly vaultId: string;
  readonly times?: { readonly withinMs: number; readonly everyMs: number } | undefined;
}

/** A role can take up to 10 minutes to work. @see https://learn.microsoft.com/azure/role-based-access-control/troubleshooting */
const propagation = { withinMs: 600_000, everyMs: 5_000 };

/** What each access policy of the vault becomes under Azure RBAC, by the roles that count there now. */
export async function simulateMigration(
  services: Pick<MigrationServices, "roleAssignments">,
  vault: KeyVault,
  options?: CallOptions,
): Promise<readonly PolicyOutcome[]> {
  const principals = [...new Set(vault.accessPolicies.map(({ objectId }) => objectId.toLowerCase()))];
  const held = await Promise.all(
    principals.map(async (id) => [id, await services.roleAssignments.listEffective(vault.id, id, options)] as const),
  );
  return simulateRbac(vault.accessPolicies, new Map(held));
}

/** The two steps from access policies to Azure RBAC: first the roles that keep what each policy allows, then the switch. */
export function rbacMigrationSteps(services: MigrationServices, target: MigrationTarget): readonly Step[] {
  return [policyRolesStep(services, target), rbacSwitchStep(services, target)];
}

function policyRolesStep(services: MigrationServices, { vaultId }: MigrationTarget): Step {
  const { name } = parseResourceId(vaultId);
  return {
    id: "policyRoles",
    title: t('Roles that keep what the access policies of "{0}" allow', name),
    why: t("Access policies stop counting at once when a vault is switched to Azure RBAC."),
    rights: [],
    async check(options) {
      const vault = await services.keyVaults.get(vaultId, options);
      return vault.usesRbac
        ? usesRbacAlready()
        : describeRoles(vault, await simulateMigration(services, vault, options));
    },
    apply: (options) => giveRoles(services, vaultId, options),
    async undo(made, options) {
      await Promise.all(made.map((id) => services.roleAssignments.delete(id, options)));
    },
    // Which roles are needed is known only when the policies have been read: the review names them.
    commands: () => [],
  };
}

function usesRbacAlready(): StepState {
  return { kind: "satisfied", now: t("It uses Azure RBAC already.") };
}

function describeRoles(vault: KeyVault, outcomes: readonly PolicyOutcome[]): StepState {
  const toGive = outcomes.filter(({ rolesToGive }) => rolesToGive.length > 0);
  if (toGive.length === 0) {
    return { kind: "satisfied", now: t("Every principal holds the roles it needs.") };
  }
  const lines = toGive.map(
    ({ objectId, rolesToGive }) => `${objectId}: ${rolesToGive.map(({ name }) => name).join(", ")}`,
  );
  return {
    kind: "needed",
    before: t("{0} principals would lose rights.", toGive.length),
    after: lines.join("; "),
    warnings: toGive.flatMap(({ objectId, gained }) =>
      gained.length > 0 ? [t("{0} will also be allowed: {1}.", objectId, gained.join(", "))] : [],
    ),
    rights: [rightToGrant(vault.id)],
  };
}

async function giveRoles(services: MigrationServices, vaultId: string, options: ApplyOptions = {}): Promise<void> {
  const vault = await services.keyVaults.get(vaultId, options);
  for (const { objectId, rolesToGive } of await simulateMigration(services, vault, options)) {
    for (const role of rolesToGive) {
      options.onProgress?.({ step: t("{0} for {1}", role.name, objectId), state: "running" });
      // A policy does not say whether it is a person's, a group's or an application's.
      const principal = { objectId, type: undefined };
      const { assignment, isNew } = await services.roleAssignments.ensure(vaultId, principal, role, options);
      if (isNew) {
        options.onMade?.(assignment.id);
      }
    }
  }
}

function rbacSwitchStep(services: MigrationServices, target: MigrationTarget): Step {
  const { name } = parseResourceId(target.vaultId);
  return {
    id: "rbacSwitch",
    title: t('Azure RBAC on vault "{0}"', name),
    why: t("With Azure RBAC rights are given, seen and taken back in one place, for one object if need be."),
    rights: [{ scope: target.vaultId, actions: ["Microsoft.KeyVault/vaults/write"] }],
    async check(options) {
      const vault = await services.keyVaults.get(target.vaultId, options);
      return vault.usesRbac ? usesRbacAlready() : describeSwitch(await simulateMigration(services, vault, options));
    },
    apply: (options) => applySwitch(services, target, options),
    async undo(_made, options) {
      await services.keyVaults.setRbac(target.vaultId, false, options);
    },
    commands: () => [switchCommand(target.vaultId)],
  };
}

function describeSwitch(outcomes: readonly PolicyOutcome[]): StepState {
  const losing = outcomes.filter(({ lostForGood }) => lostForGood.length > 0);
  return {
    kind: "needed",
    before: t("Access policies"),
    after: t("Azure RBAC; the policies stay stored, and count again when it is switched back."),
    warnings: losing.map(({ objectId, lostForGood }) =>
      t("{0} loses this, and no built-in role gives it back: {1}.", objectId, lostForGood.join(", ")),
    ),
  };
}

/** Nobody whose role is still missing is locked out: the step before gives it. */
async function applySwitch(
  services: MigrationServices,
  { vaultId, times = propagation }: MigrationTarget,
  options: ApplyOptions = {},
): Promise<void> {
  const vault = await services.keyVaults.get(vaultId, options);
  const missing = (await simulateMigration(services, vault, options)).filter(
    ({ rolesToGive }) => rolesToGive.length > 0,
  );
  if (missing.length > 0) {
    throw new ServiceError(
      "conflict",
      t("Not switched, because rights would be lost: {0}.", missing.map(({ objectId }) => objectId).join(", ")),
      { target: vaultId },
    );
  }
  const before = await services.vaultObjects.probeSecretsOfficer(vault, options);
  await services.keyVaults.setRbac(vaultId, true, options);
  options.onMade?.(vaultId);
  if (before.kind === "allowed") {
    options.onProgress?.({ step: t("Asking the vault whether your rights have survived"), state: "running" });
    await services.vaultObjects.waitForAccess(vault, times, options);
  }
}

function switchCommand(vaultId: string): CommandLine {
  const { name, resourceGroup, subscriptionId } = parseResourceId(vaultId);
  return {
    tool: "az",
    words: [
      ...["keyvault", "update", "--name", name, "--resource-group", resourceGroup, "--subscription", subscriptionId],
      ...["--enable-rbac-authorization", "true"],
    ],
  };
}
