import { createAzureClients } from "./azure/clients.ts";
import type { Cloud } from "./azure/cloud.ts";
import { createIdentities, type Identities } from "./azure/identities.ts";
import { createInventory, type Inventory } from "./azure/inventory.ts";
import { createKeyVaults, type KeyVaults } from "./azure/keyVaults.ts";
import { createManagedClusters, type ManagedClusters } from "./azure/managedClusters.ts";
import type { Timing } from "./azure/pipeline.ts";
import { createResourceGroups, type ResourceGroups } from "./azure/resourceGroups.ts";
import { createRoleAssignments, type RoleAssignments } from "./azure/roleAssignments.ts";
import type { RefreshableCredential } from "./azure/tokens.ts";
import { createVaultObjects, type VaultObjects } from "./azure/vaultObjects.ts";
import { createClusterClients, type ClusterClients } from "./kubernetes/clusterClient.ts";
import { createDriverVerification, type DriverVerification } from "./kubernetes/driverPods.ts";
import { createSecretProviderClasses, type SecretProviderClasses } from "./kubernetes/secretProviderClasses.ts";
import { createWorkloads, type Workloads } from "./kubernetes/workloads.ts";
import { setTranslate, type Translate } from "./l10n.ts";
import type { Logger } from "./log.ts";

/** What the service layer is made with. */
export interface ServicesInput {
  readonly cloud: Cloud;
  /** Honours `tenantId` and `claims` of `GetTokenOptions`. */
  readonly credential: RefreshableCredential;
  readonly log: Logger;
  readonly translate?: Translate | undefined;
  /** Pauses and limits of calls to Azure; what Azure's own limits suggest unless told. */
  readonly timing?: Partial<Timing> | undefined;
}

/** The shared service layer: the one door. Its type is the map of the layer. */
export interface Services {
  readonly cloud: Cloud;
  readonly inventory: Inventory;
  readonly resourceGroups: ResourceGroups;
  readonly managedClusters: ManagedClusters;
  readonly keyVaults: KeyVaults;
  readonly vaultObjects: VaultObjects;
  readonly identities: Identities;
  readonly roleAssignments: RoleAssignments;
  readonly clusterClients: ClusterClients;
  readonly driver: DriverVerification;
  readonly secretProviderClasses: SecretProviderClasses;
  readonly workloads: Workloads;
}

/** Wires the layer up. Makes no request. */
export function createServices({ cloud, credential, log, translate, timing }: ServicesInput): Services {
  if (translate) {
    setTranslate(translate);
  }
  const clients = createAzureClients({ cloud, credential, log, timing });
  const managedClusters = createManagedClusters(clients);
  return {
    cloud,
    inventory: createInventory(clients),
    resourceGroups: createResourceGroups(clients),
    managedClusters,
    keyVaults: createKeyVaults(clients),
    vaultObjects: createVaultObjects(clients),
    identities: createIdentities(clients),
    roleAssignments: createRoleAssignments(clients),
    clusterClients: createClusterClients({ managedClusters, credential, log }),
    driver: createDriverVerification(),
    secretProviderClasses: createSecretProviderClasses(),
    workloads: createWorkloads(),
  };
}
