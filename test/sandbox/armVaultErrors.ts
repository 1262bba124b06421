/** What `Microsoft.KeyVault` answers on the management plane when it says no, in its own words. */
import { ArmError } from "./errors.ts";

const nameTaken = (name: string): string =>
  `The vault name '${name}' is already in use. Vault names are globally unique so it is possible that the name is already taken. ` +
  "If you are sure that the vault name was not taken then it is possible that a vault with the same name was recently deleted but not purged " +
  "after being placed in a recoverable state. If the vault is in a recoverable state then the vault will need to be purged before reusing the name. " +
  "For more information on VaultAlreadyExists, soft delete and purging a vault follow this link https://go.microsoft.com/fwlink/?linkid=2147740.";

const nameInvalid = (name: string): string =>
  `The vault name '${name}' is invalid. A vault's name must be between 3-24 alphanumeric characters. ` +
  "The name must begin with a letter, end with a letter or digit, and not contain consecutive hyphens. " +
  "Follow this link for more information: https://go.microsoft.com/fwlink/?linkid=2147742";

export const vaultTexts = { nameTaken, nameInvalid };

export function badVaultRequest(message: string): ArmError {
  return new ArmError(400, "BadRequest", message);
}

export function invalidValue(property: string): ArmError {
  return badVaultRequest(`An invalid value was provided for '${property}'.`);
}

export function vaultNameNotValid(name: string): ArmError {
  return new ArmError(400, "VaultNameNotValid", nameInvalid(name));
}

export function vaultAlreadyExists(name: string): ArmError {
  return new ArmError(409, "VaultAlreadyExists", nameTaken(name));
}

export function vaultInDeletedState(): ArmError {
  return new ArmError(
    409,
    "ConflictError",
    "A vault with the same name already exists in deleted state. You need to either recover or purge existing key vault. Follow this link https://go.microsoft.com/fwlink/?linkid=2149745 for more information on soft delete.",
  );
}

export function softDeletedVaultDoesNotExist(): ArmError {
  return new ArmError(
    400,
    "SoftDeletedVaultDoesNotExist",
    "A soft deleted vault with the given name does not exist. Ensure that the name for the vault that is being attempted to recover is in a recoverable state. For more information on soft delete please follow this link https://go.microsoft.com/fwlink/?linkid=2149745",
  );
}

export function deletedVaultNotFound(): ArmError {
  return new ArmError(404, "DeletedVaultNotFound", "The specified deleted vault does not exist.");
}

export function purgeNotAllowed(): ArmError {
  return new ArmError(405, "MethodNotAllowed", "Operation 'DeletedVaultPurge' is not allowed.");
}

export function purgeProtectionIsIrreversible(): ArmError {
  return badVaultRequest(
    'The property "enablePurgeProtection" cannot be set to false. Enabling the purge protection for a vault is an irreversible action.',
  );
}

export function softDeleteIsIrreversible(): ArmError {
  return badVaultRequest(
    "The property \"enableSoftDelete\" can be set to false only for creating new vault. Enabling the 'soft delete' functionality is an irreversible action.",
  );
}

export function retentionIsFixed(): ArmError {
  return badVaultRequest('The property "softDeleteRetentionInDays" has been set already and it can\'t be modified.');
}

export function subscriptionNotRegistered(): ArmError {
  return new ArmError(
    409,
    "MissingSubscriptionRegistration",
    "The subscription is not registered to use namespace 'Microsoft.KeyVault'. See https://aka.ms/rps-not-found for how to register subscriptions.",
    {
      fields: {
        details: [
          {
            code: "MissingSubscriptionRegistration",
            target: "Microsoft.KeyVault",
            message:
              "The subscription is not registered to use namespace 'Microsoft.KeyVault'. See https://aka.ms/rps-not-found for how to register subscriptions.",
          },
        ],
      },
    },
  );
}

export function locationRequired(): ArmError {
  return new ArmError(400, "LocationRequired", "The location property is required for this definition.");
}

export function locationNotAvailable(location: string, known: readonly string[]): ArmError {
  return new ArmError(
    400,
    "LocationNotAvailableForResourceType",
    `The provided location '${location}' is not available for resource type 'Microsoft.KeyVault/vaults'. List of available regions for the resource type is '${known.join(",")}'.`,
  );
}

export function locationIsFixed(name: string, existing: string, group: string, wanted: string): ArmError {
  return new ArmError(
    409,
    "InvalidResourceLocation",
    `The resource '${name}' already exists in location '${existing}' in resource group '${group}'. A resource with the same name cannot be created in location '${wanted}'. Please select a new resource name.`,
  );
}
