import type { KeyVaults, NameAvailability, NewVault } from "../../azure/keyVaults.ts";
import { parseResourceId } from "../../azure/resourceId.ts";
import { ServiceError } from "../../errors.ts";
import { t } from "../../l10n.ts";
import type { IfDeleted } from "../intent.ts";
import type { ApplyOptions, CommandLine, Step, StepState } from "../step.ts";

type Vaults = Pick<KeyVaults, "checkName" | "create" | "recover" | "purge" | "delete">;

/** A vault to be there, and what to do about a deleted namesake. */
export interface VaultTarget {
  readonly vault: NewVault;
  readonly ifDeleted: IfDeleted;
}

/** A key vault exists under this id. One that is there already is used as it is. */
export function vaultStep(services: { readonly keyVaults: Vaults }, { vault, ifDeleted }: VaultTarget): Step {
  const { keyVaults } = services;
  const { name, subscriptionId, resourceGroup } = parseResourceId(vault.id);
  return {
    id: "vault",
    title: t('Key vault "{0}"', name),
    why: t("The vault holds the secret; the driver fetches it from there."),
    rights: [
      {
        scope: `/subscriptions/${subscriptionId}/resourceGroups/${resourceGroup}`,
        actions: ["Microsoft.KeyVault/vaults/write"],
      },
    ],
    check: async (options) => stateOf(await keyVaults.checkName(vault.id, options), { vault, ifDeleted }),
    apply: (options) => applyVault(keyVaults, { vault, ifDeleted }, options),
    undo: (_made, options) => keyVaults.delete(vault.id, options),
    commands: () => [createCommand(vault)],
  };
}

function stateOf(found: NameAvailability, { vault, ifDeleted }: VaultTarget): StepState {
  switch (found.kind) {
    case "exists":
      return {
        kind: "satisfied",
        now: found.vault.usesRbac ? t("It exists and uses Azure RBAC.") : t("It exists and uses access policies."),
      };
    case "available":
      return { kind: "needed", before: t("It does not exist."), after: describe(vault), warnings: warningsFor(vault) };
    case "invalid":
    case "taken":
      return { kind: "blocked", reason: found.message, remedy: t("Choose another name.") };
    case "softDeleted":
      return deletedState(found.vault, { vault, ifDeleted });
  }
}

function deletedState(
  deleted: Extract<NameAvailability, { kind: "softDeleted" }>["vault"],
  { vault, ifDeleted }: VaultTarget,
): StepState {
  const before = t("A vault of this name is deleted, but can be recovered.");
  if (ifDeleted === "recover") {
    return {
      kind: "needed",
      before,
      after: t("Recovered in {0}, with its secrets.", deleted.location),
      warnings: [t("Its role assignments do not come back; they must be made again.")],
    };
  }
  if (ifDeleted === "purge" && !deleted.isPurgeProtected) {
    return {
      kind: "needed",
      before,
      after: describe(vault),
      warnings: [t("The deleted vault and everything in it is destroyed for ever first."), ...warningsFor(vault)],
      irreversible: t("What is purged cannot be brought back."),
    };
  }
  return {
    kind: "blocked",
    reason: before,
    remedy: deleted.isPurgeProtected
      ? t("Recover it, or choose another name; it is protected against purging.")
      : t("Recover it, purge it, or choose another name."),
  };
}

async function applyVault(
  keyVaults: Vaults,
  { vault, ifDeleted }: VaultTarget,
  options: ApplyOptions = {},
): Promise<void> {
  const found = await keyVaults.checkName(vault.id, options);
  if (found.kind === "exists") {
    return;
  }
  if (found.kind === "softDeleted" && ifDeleted === "recover") {
    await keyVaults.recover(found.vault, options);
    options.onMade?.(found.vault.id);
    return;
  }
  if (found.kind === "softDeleted" && ifDeleted === "purge") {
    options.onProgress?.({ step: t("Purging the deleted vault"), state: "running" });
    await keyVaults.purge(found.vault, options);
  } else if (found.kind !== "available") {
    throw new ServiceError(
      "conflict",
      t('The vault cannot be created under this name: "{0}".', parseResourceId(vault.id).name),
    );
  }
  options.onProgress?.({ step: t("Creating the vault"), state: "running" });
  await keyVaults.create(vault, options);
  options.onMade?.(vault.id);
}

function describe(vault: NewVault): string {
  const model = vault.usesRbac ? t("Azure RBAC") : t("access policies");
  return vault.network
    ? t("Created in {0} with {1}, open to the listed networks only.", vault.location, model)
    : t("Created in {0} with {1}.", vault.location, model);
}

function warningsFor(vault: NewVault): readonly string[] {
  return vault.isPurgeProtected ? [t("Purge protection cannot be undone, not even by Microsoft.")] : [];
}

function createCommand(vault: NewVault): CommandLine {
  const { subscriptionId, resourceGroup, name } = parseResourceId(vault.id);
  const networkWords = vault.network
    ? ["--default-action", "Deny", ...vault.network.ipRules.flatMap((rule) => ["--network-acls-ips", rule])]
    : [];
  return {
    tool: "az",
    words: [
      ...["keyvault", "create", "--name", name, "--resource-group", resourceGroup, "--location", vault.location],
      ...["--enable-rbac-authorization", String(vault.usesRbac), "--subscription", subscriptionId],
      // Else az gives whoever runs it every permission there is.
      ...(vault.usesRbac ? [] : ["--no-self-perms", "true"]),
      ...(vault.isPurgeProtected ? ["--enable-purge-protection", "true"] : []),
      ...(vault.softDeleteRetentionInDays ? ["--retention-days", String(vault.softDeleteRetentionInDays)] : []),
      ...(vault.skuName ? ["--sku", vault.skuName] : []),
      ...networkWords,
    ],
  };
}
