import { parseResourceId } from "../azure/resourceId.ts";
import type { ObjectType } from "../azure/vaultObjects.ts";
import type { Services } from "../services.ts";
import type { IntendedAccess } from "./access.ts";
import type { Intent, IntendedMount, IntendedSecret, IntendedVault } from "./intent.ts";
import type { ProofReport } from "./proof.ts";
import type { Step } from "./step.ts";
import { clusterStep } from "./steps/cluster.ts";
import { driverStep } from "./steps/driver.ts";
import { federatedCredentialStep } from "./steps/federatedCredential.ts";
import { identityStep } from "./steps/identity.ts";
import { keyVaultCsiAddonStep } from "./steps/keyVaultCsiAddon.ts";
import { namespaceStep } from "./steps/namespace.ts";
import { nodeIdentityStep } from "./steps/nodeIdentity.ts";
import { officerAccessStep } from "./steps/officerAccess.ts";
import { oidcIssuerStep } from "./steps/oidcIssuer.ts";
import { proofStep } from "./steps/proof.ts";
import { providerStep } from "./steps/provider.ts";
import { readerAccessStep } from "./steps/readerAccess.ts";
import { resourceGroupStep } from "./steps/resourceGroup.ts";
import { secretProviderClassStep } from "./steps/secretProviderClass.ts";
import { serviceAccountStep } from "./steps/serviceAccount.ts";
import { vaultStep } from "./steps/vault.ts";
import { vaultSecretStep } from "./steps/vaultSecret.ts";

/** Gives a secret's value when its step runs; undefined when it is not known (any more). */
export type SecretValue = () => string | undefined;

/** How long and how often a step looks until something has settled. */
export interface StepTimes {
  readonly withinMs: number;
  readonly everyMs: number;
}

/** What else a plan is made with. */
export interface PlanExtras {
  /** Told what the throwaway pod found. */
  readonly onProof?: ((report: ProofReport) => void) | undefined;
  /** Left out: what the documentation gives each step. Tests are in more of a hurry. */
  readonly times?: StepTimes | undefined;
}

/**
 * The steps that make an intent true, in the order they are applied. Makes no request. A step that stands on an earlier one says so when it is checked:
 * what it needs "does not exist yet".
 *
 * @throws {ServiceError} `invalidRequest` when an id in the intent is none
 */
export function makePlan(
  services: Services,
  intent: Intent,
  secretValue: SecretValue,
  extras: PlanExtras = {},
): readonly Step[] {
  const { vault, secret, mount } = intent;
  const vaultId = vault && idOf(vault);
  return unique([
    ...clusterSteps(services, intent),
    ...(mount ? identitySteps(services, intent, mount.access) : []),
    ...(vault ? vaultSteps(services, vault) : []),
    ...(vaultId && mount ? [readerStep(services, intent, vaultId, mount)] : []),
    ...(vault && secret ? secretSteps(services, vault, secret, secretValue, extras.times) : []),
    driverStep(services, { clusterId: intent.clusterId, times: extras.times }),
    ...(vaultId && mount ? mountSteps(services, { intent, mount, vaultId, extras }) : []),
  ]);
}

/** A resource group or a provider that several steps need is asked for once; a namesake in another subscription is another step. */
function unique(steps: readonly Step[]): readonly Step[] {
  const kept: Step[] = [];
  for (const step of steps) {
    const namesakes = kept.filter(({ id }) => id.toLowerCase() === step.id.toLowerCase());
    if (!namesakes.some(({ rights }) => rights[0]?.scope.toLowerCase() === step.rights[0]?.scope.toLowerCase())) {
      kept.push(namesakes.length === 0 ? step : { ...step, id: `${step.id} ${step.rights[0]?.scope ?? ""}` });
    }
  }
  return kept;
}

function clusterSteps(services: Services, { clusterId, newCluster, rotation, mount }: Intent): readonly Step[] {
  const isNew = newCluster !== undefined;
  const isMadeWithIt = newCluster?.oidcIssuer && newCluster.workloadIdentity;
  const issuer =
    mount?.access.kind === "workloadIdentity" ? [oidcIssuerStep(services, { clusterId, isNew, isMadeWithIt })] : [];
  const addon = keyVaultCsiAddonStep(services, { clusterId, rotation, isNew });
  if (!newCluster) {
    return [addon, ...issuer];
  }
  const keyVaultCsi = { rotation: rotation ?? { isEnabled: false, pollInterval: "2m" } };
  return [
    ...groupSteps(services, clusterId, newCluster.location, "Microsoft.ContainerService"),
    clusterStep(services, { ...newCluster, id: clusterId, keyVaultCsi }),
    addon,
    ...issuer,
  ];
}

/** What a new resource needs beforehand: its provider and its resource group. */
function groupSteps(services: Services, id: string, location: string, namespace: string): readonly Step[] {
  const { subscriptionId, resourceGroup } = parseResourceId(id);
  return [
    providerStep(services, { subscriptionId, namespace }),
    resourceGroupStep(services, { subscriptionId, name: resourceGroup, location }),
  ];
}

function identitySteps(services: Services, intent: Intent, access: IntendedAccess): readonly Step[] {
  if (access.kind === "addonIdentity") {
    return [];
  }
  const { clusterId } = intent;
  const { identityId, location } = access;
  const made = [
    ...groupSteps(services, identityId, location, "Microsoft.ManagedIdentity"),
    identityStep(services, { identityId, location }),
  ];
  return access.kind === "nodeIdentity"
    ? [...made, nodeIdentityStep(services, { clusterId, identityId, isNew: intent.newCluster !== undefined })]
    : [...made, federatedCredentialStep(services, { clusterId, ...access })];
}

/** The steps that make a vault there: its resource provider, its resource group and itself. None for a vault that exists. */
export function vaultSteps(services: Services, intended: IntendedVault): readonly Step[] {
  if (intended.kind === "existing") {
    return [];
  }
  const { id, location } = intended.vault;
  return [...groupSteps(services, id, location, "Microsoft.KeyVault"), vaultStep(services, intended)];
}

/** The steps that set a secret: the right to do so, and the secret. */
export function secretSteps(
  services: Services,
  intended: IntendedVault,
  secret: IntendedSecret,
  secretValue: SecretValue,
  times?: StepTimes,
): readonly Step[] {
  const vaultId = idOf(intended);
  const isNew = intended.kind === "new";
  return [
    officerAccessStep(services, { vaultId, isNew, times }),
    vaultSecretStep(services, { vaultId, isNew, secret, value: secretValue, times }),
  ];
}

/** Given before the secret is set: a fresh right has some minutes until a pod asks for it. */
function readerStep(services: Services, { clusterId }: Intent, vaultId: string, mount: IntendedMount): Step {
  const { access, objects } = mount;
  const objectTypes = [...new Set(objects.map(({ objectType }): ObjectType => objectType))];
  const hasHistory = objects.some(({ objectVersionHistory }) => (objectVersionHistory ?? 0) > 1);
  const [only, second] = objects;
  const scope =
    mount.scope === "object" && only && !second && !hasHistory
      ? { type: only.objectType, name: only.objectName }
      : undefined;
  return readerAccessStep(services, { clusterId, vaultId, access, objectTypes, hasHistory, scope });
}

interface MountParts {
  readonly intent: Intent;
  readonly mount: IntendedMount;
  readonly vaultId: string;
  readonly extras: PlanExtras;
}

function mountSteps(services: Services, { intent, mount, vaultId, extras }: MountParts): readonly Step[] {
  const { clusterId } = intent;
  const { access, namespace, className, proof } = mount;
  const account = access.kind === "workloadIdentity" ? access.serviceAccount : undefined;
  const target = { clusterId, namespace, isNew: intent.newCluster !== undefined };
  return [
    namespaceStep(services, target),
    ...(account === undefined ? [] : [serviceAccountStep(services, { ...target, name: account })]),
    secretProviderClassStep(services, { ...mount, clusterId, vaultId, name: className, isNew: target.isNew }),
    ...(proof
      ? [
          proofStep(services, {
            ...{ clusterId, vaultId, namespace, className, serviceAccount: account, os: proof },
            onReport: extras.onProof ?? (() => undefined),
            times: extras.times,
          }),
        ]
      : []),
  ];
}

function idOf(intended: IntendedVault): string {
  return intended.kind === "existing" ? intended.id : intended.vault.id;
}
