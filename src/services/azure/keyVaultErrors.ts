import { ServiceError } from "../errors.ts";
import { t } from "../l10n.ts";

/**
 * Explains why a vault could not be made under a name; every other error stays what it is.
 * @see https://learn.microsoft.com/azure/key-vault/general/common-error-codes
 */
export function explainConflict(error: unknown, vaultName: string): unknown {
  if (!(error instanceof ServiceError)) {
    return error;
  }
  switch (error.details.serviceCode ?? "") {
    case "ConflictError":
      return /deleted state/i.test(error.message)
        ? new ServiceError(
            "conflict",
            t(
              'A vault of this name is deleted, but can be recovered; recover it, purge it, or choose another name: "{0}".',
              vaultName,
            ),
            error.details,
          )
        : error;
    case "VaultAlreadyExists":
      return new ServiceError(
        "conflict",
        t('The name is taken; vault names are unique across all of Azure: "{0}".', vaultName),
        error.details,
      );
    case "SoftDeletedVaultDoesNotExist":
      return new ServiceError(
        "notFound",
        t('There is no deleted vault of this name any more: "{0}".', vaultName),
        error.details,
      );
    default:
      return error;
  }
}

/** Why a vault refuses, told from the code inside its answer. */
export type VaultRefusal =
  | { readonly kind: "firewall"; readonly clientAddress: string | undefined }
  | { readonly kind: "privateOnly" }
  | { readonly kind: "rbac"; readonly action: string | undefined }
  | { readonly kind: "accessPolicy"; readonly permission: string | undefined };

/**
 * Reads the reason of a vault's 403.
 * @param message the vault's own text, in which it names the caller's address, the action or the permission
 */
export function readRefusal(serviceCode: string | undefined, message: string): VaultRefusal | undefined {
  switch (serviceCode ?? "") {
    case "ForbiddenByFirewall":
      return { kind: "firewall", clientAddress: /Client address:\s*([0-9a-fA-F.:]+)/.exec(message)?.[1] };
    case "ForbiddenByConnection":
      return { kind: "privateOnly" };
    case "ForbiddenByRbac":
      return { kind: "rbac", action: /Action:\s*'([^']+)'/.exec(message)?.[1] };
    case "AccessDenied":
    case "ForbiddenByPolicy":
      // The same code stands for two things: the caller's access policy, and the purge protection of the vault.
      return isPurgeProtection(message)
        ? undefined
        : { kind: "accessPolicy", permission: /does not have (\w+ \w+) permission/.exec(message)?.[1] };
    default:
      return undefined;
  }
}

/** Whether the vault refuses to purge for anybody. */
export function isPurgeProtection(message: string): boolean {
  return /purge protection/i.test(message);
}

/** The sentence for a vault that keeps this machine out. */
export function closedSentence(
  refusal: Extract<VaultRefusal, { kind: "firewall" | "privateOnly" }>,
  vault: string,
): string {
  if (refusal.kind === "privateOnly") {
    return t('Public access is off and this machine is not on a private endpoint of the vault: "{0}".', vault);
  }
  return refusal.clientAddress
    ? t(
        'The vault\'s firewall does not let this machine in, whose address it sees as {1}: "{0}".',
        vault,
        refusal.clientAddress,
      )
    : t('The vault\'s firewall does not let this machine in: "{0}".', vault);
}
