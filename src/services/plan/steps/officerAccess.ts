import type { KeyVaults } from "../../azure/keyVaults.ts";
import { parseResourceId } from "../../azure/resourceId.ts";
import { keyVaultRoles } from "../../azure/roleAssignments.ts";
import type { RoleAssignments } from "../../azure/roleAssignments.ts";
import type { VaultObjects } from "../../azure/vaultObjects.ts";
import type { CallOptions } from "../../call.ts";
import { t } from "../../l10n.ts";
import { giveGrant, rightToGrant, takeGrantsBack } from "../grant.ts";
import type { ApplyOptions, CommandLine, Step, StepState } from "../step.ts";
import { ifPolicies, ifRbac, usesRbacCommand } from "./usesRbac.ts";

interface OfficerServices {
  readonly keyVaults: Pick<KeyVaults, "find" | "get" | "addAccessPolicy" | "removeAccessPolicy">;
  readonly vaultObjects: Pick<VaultObjects, "probeSecretsOfficer" | "waitForAccess">;
  readonly roleAssignments: Pick<RoleAssignments, "ensure" | "delete" | "getSignedInPrincipal">;
}

/** What the policy of a vault on access policies gives the signed-in person: enough to set, and to deal with a deleted namesake. */
const officerPermissions = {
  secrets: ["get", "list", "set", "delete", "recover", "purge"],
  keys: [],
  certificates: [],
} as const;

/** A role can take up to 10 minutes to work. @see https://learn.microsoft.com/azure/role-based-access-control/troubleshooting */
const propagation: Times = { withinMs: 600_000, everyMs: 5_000 };

interface Times {
  readonly withinMs: number;
  readonly everyMs: number;
}

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
  }: { readonly vaultId: string; readonly isNew: boolean; readonly times?: Times | undefined },
): Step {
  const { name } = parseResourceId(vaultId);
  return {
    id: "officerAccess",
    title: t('Your right to set secrets in "{0}"', name),
    why: t("Owning a vault does not include its secrets: that right is given separately."),
    rights: [],
    check: (options) => checkAccess(services, vaultId, isNew, options),
    apply: (options) => applyAccess(services, vaultId, times, options),
    undo: (made, options) => takeGrantsBack(services, made, options),
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
      ? {
          kind: "needed",
          before: t("The vault does not exist yet."),
          after: grantText(true),
          warnings: [],
          rights: [rightToGrant(vaultId)],
        }
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
  return {
    kind: "needed",
    before: t("You may not set secrets."),
    after: grantText(vault.usesRbac),
    warnings: [],
    rights: [rightToGrant(vaultId, vault.usesRbac)],
  };
}

function grantText(usesRbac: boolean): string {
  return usesRbac
    ? t("Role {0} for you, at this vault.", keyVaultRoles.secretsOfficer.name)
    : t("An access policy for you, for secrets.");
}

async function applyAccess(
  services: OfficerServices,
  vaultId: string,
  times: Times,
  options: ApplyOptions = {},
): Promise<void> {
  const vault = await services.keyVaults.get(vaultId, options);
  const access = await services.vaultObjects.probeSecretsOfficer(vault, options);
  if (access.kind === "allowed") {
    return;
  }
  const principal = await services.roleAssignments.getSignedInPrincipal(vault.tenantId, options);
  const { id: scope } = vault;
  const grant = { vault, principal, role: keyVaultRoles.secretsOfficer, scope, permissions: officerPermissions };
  await giveGrant(services, grant, options);
  options.onProgress?.({
    step: t("Waiting until the vault lets you in; this takes up to 10 minutes"),
    state: "running",
  });
  await services.vaultObjects.waitForAccess(vault, times, options);
}

/**
 * The vault may not exist yet, so the lines ask it which of the two kinds of rights it takes. Whoever is signed in as an application names its own object id:
 * SIGNED_IN_OBJECT_ID and SIGNED_IN_PRINCIPAL_TYPE=ServicePrincipal.
 */
function commandsFor(vaultId: string): readonly CommandLine[] {
  const { name, subscriptionId } = parseResourceId(vaultId);
  const objectId = { template: "${SIGNED_IN_OBJECT_ID}" };
  return [
    {
      tool: "az",
      words: ["ad", "signed-in-user", "show", "--query", "id", "--output", "tsv"],
      captures: "SIGNED_IN_OBJECT_ID",
      isDefault: true,
    },
    usesRbacCommand(vaultId),
    {
      tool: "az",
      words: [
        ...["role", "assignment", "create", "--role", keyVaultRoles.secretsOfficer.id, "--scope", vaultId],
        ...["--assignee-object-id", objectId],
        ...["--assignee-principal-type", { template: "${SIGNED_IN_PRINCIPAL_TYPE:-User}" }],
      ],
      onlyIf: ifRbac,
    },
    {
      tool: "az",
      words: [
        ...["keyvault", "set-policy", "--name", name, "--subscription", subscriptionId, "--object-id", objectId],
        ...["--secret-permissions", ...officerPermissions.secrets],
      ],
      onlyIf: ifPolicies,
    },
    {
      tool: "az",
      words: [
        ...["keyvault", "secret", "list", "--vault-name", name, "--subscription", subscriptionId],
        ...["--maxresults", "1", "--output", "none"],
      ],
      isRepeated: true,
    },
  ];
}
