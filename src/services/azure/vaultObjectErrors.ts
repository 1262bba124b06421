import { hasCode, ServiceError } from "../errors.ts";
import { t } from "../l10n.ts";
import { closedSentence, isPurgeProtection, readRefusal, type VaultRefusal } from "./keyVaultErrors.ts";
import { keyVaultRoles } from "./roleAssignments.ts";
import type { VaultAddress } from "./vaultObjects.ts";

/**
 * Explains what a vault's data plane refused. The cause is dropped: what was sent may be a secret.
 *
 * @param confidential what was sent; the vault's own words are dropped when they quote it
 * @see https://learn.microsoft.com/azure/key-vault/general/rest-error-codes
 */
export function explainVaultError(error: unknown, vault: VaultAddress, confidential?: string): unknown {
  if (!(error instanceof ServiceError)) {
    return error;
  }
  const details = { ...error.details, target: vault.vaultUri };
  const refusal = readRefusal(details.serviceCode, error.message);
  if (refusal) {
    const isClosed = refusal.kind === "firewall" || refusal.kind === "privateOnly";
    return new ServiceError(isClosed ? "unreachable" : "forbidden", refusalSentence(refusal, vault.name), details);
  }
  if (isPurgeProtection(error.message)) {
    const kept = t('Purge protection keeps deleted objects until their time has passed: "{0}".', vault.name);
    return new ServiceError("conflict", kept, details);
  }
  const isOtherTenant = error.message.includes("AKV10032");
  const message = isOtherTenant
    ? t('The vault takes sign-ins of its own tenant {1} only: "{0}".', vault.name, vault.tenantId)
    : (stateSentence(details.serviceCode, vault.name) ?? wordsWithout(confidential, error, vault));
  return new ServiceError(error.code, message, details);
}

/** In these the message is the service's own text. */
const quotingCodes = ["forbidden", "notFound", "conflict", "invalidRequest"] as const;

function wordsWithout(confidential: string | undefined, error: ServiceError, vault: VaultAddress): string {
  const spellings = confidential ? [confidential, JSON.stringify(confidential).slice(1, -1)] : [];
  const isQuoted = spellings.some((spelling) => error.message.includes(spelling));
  return isQuoted && hasCode(error, ...quotingCodes) ? t('The vault refused it: "{0}".', vault.name) : error.message;
}

function refusalSentence(refusal: VaultRefusal, vault: string): string {
  switch (refusal.kind) {
    case "firewall":
    case "privateOnly":
      return closedSentence(refusal, vault);
    case "rbac":
      return t(
        'You may not do this in the vault "{0}"; it takes a role such as {1}, which can need up to 10 minutes to work.',
        vault,
        roleFor(refusal.action),
      );
    case "accessPolicy":
      return refusal.permission
        ? t('The vault\'s access policies do not give you the permission "{1}": "{0}".', vault, refusal.permission)
        : t('The vault\'s access policies do not let you do this: "{0}".', vault);
  }
}

/**
 * The built-in role of least rights that carries a data action.
 * @see https://learn.microsoft.com/azure/key-vault/general/rbac-guide#azure-built-in-roles-for-key-vault-data-plane-operations
 */
function roleFor(action: string | undefined): string {
  const [, collection, verb] = /vaults\/(secrets|keys|certificates)\/(\w+)/i.exec(action ?? "") ?? [];
  if (verb === "read" || verb === "readMetadata") {
    return keyVaultRoles.reader.name;
  }
  switch (collection?.toLowerCase() ?? "") {
    case "secrets":
      return verb === "getSecret" ? keyVaultRoles.secretsUser.name : keyVaultRoles.secretsOfficer.name;
    case "keys":
      return keyVaultRoles.cryptoOfficer.name;
    case "certificates":
      return keyVaultRoles.certificatesOfficer.name;
    default:
      return keyVaultRoles.administrator.name;
  }
}

function stateSentence(serviceCode: string | undefined, vault: string): string | undefined {
  switch (serviceCode ?? "") {
    case "ObjectIsDeletedButRecoverable":
      return t(
        'An object of this name is deleted, but can be recovered; recover it, purge it, or choose another name: "{0}".',
        vault,
      );
    case "ObjectIsBeingDeleted":
      return t('An object of this name is just being deleted; try again in a moment: "{0}".', vault);
    case "ObjectIsBeingRecovered":
      return t('An object of this name is just being recovered; try again in a moment: "{0}".', vault);
    case "SecretDisabled":
    case "KeyDisabled":
    case "CertificateDisabled":
      return t('It is disabled in the vault "{0}"; enable it first.', vault);
    default:
      return undefined;
  }
}

/** What refused the caller; undefined when the error is of another kind. */
export function refusalOf(error: unknown): "rbac" | "accessPolicy" | "firewall" | undefined {
  const refusal = error instanceof ServiceError ? readRefusal(error.details.serviceCode, "") : undefined;
  return refusal?.kind === "privateOnly" ? "firewall" : refusal?.kind;
}

/** Whether the vault is still busy with an object of that name, in one of these ways. */
export function isBusy(
  error: unknown,
  ...ways: readonly ("ObjectIsBeingDeleted" | "ObjectIsBeingRecovered")[]
): boolean {
  return error instanceof ServiceError && ways.some((way) => way === error.details.serviceCode);
}
