import { parseResourceId } from "../azure/resourceId.ts";
import type { Services } from "../services.ts";
import type { Intent, IntendedSecret, IntendedVault } from "./intent.ts";
import type { Step } from "./step.ts";
import { driverStep } from "./steps/driver.ts";
import { keyVaultCsiAddonStep } from "./steps/keyVaultCsiAddon.ts";
import { officerAccessStep } from "./steps/officerAccess.ts";
import { providerStep } from "./steps/provider.ts";
import { resourceGroupStep } from "./steps/resourceGroup.ts";
import { vaultStep } from "./steps/vault.ts";
import { vaultSecretStep } from "./steps/vaultSecret.ts";

/** Gives a secret's value when its step runs; undefined when it is not known (any more). */
export type SecretValue = () => string | undefined;

/**
 * The steps that make an intent true, in the order they are applied. Makes no request.
 * @throws {ServiceError} `invalidRequest` when an id in the intent is none
 */
export function makePlan(services: Services, intent: Intent, secretValue: SecretValue): readonly Step[] {
  return [
    keyVaultCsiAddonStep(services, { clusterId: intent.clusterId, rotation: intent.rotation }),
    ...(intent.vault ? vaultSteps(services, intent.vault) : []),
    ...(intent.vault && intent.secret ? secretSteps(services, intent.vault, intent.secret, secretValue) : []),
    driverStep(services, { clusterId: intent.clusterId }),
  ];
}

/** The steps that make a vault there: its resource provider, its resource group and itself. None for a vault that exists. */
export function vaultSteps(services: Services, intended: IntendedVault): readonly Step[] {
  if (intended.kind === "existing") {
    return [];
  }
  const { subscriptionId, resourceGroup } = parseResourceId(intended.vault.id);
  return [
    providerStep(services, { subscriptionId, namespace: "Microsoft.KeyVault" }),
    resourceGroupStep(services, { subscriptionId, name: resourceGroup, location: intended.vault.location }),
    vaultStep(services, intended),
  ];
}

/** The steps that set a secret: the right to do so, and the secret. */
export function secretSteps(
  services: Services,
  intended: IntendedVault,
  secret: IntendedSecret,
  secretValue: SecretValue,
): readonly Step[] {
  const vaultId = intended.kind === "existing" ? intended.id : intended.vault.id;
  const isNew = intended.kind === "new";
  return [
    officerAccessStep(services, { vaultId, isNew }),
    vaultSecretStep(services, { vaultId, isNew, secret, value: secretValue }),
  ];
}
