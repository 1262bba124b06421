import type { TokenCredential } from "@azure/core-auth";

import type { Cloud } from "./azure/cloud.ts";
import type { Identities } from "./azure/identities.ts";
import type { Inventory } from "./azure/inventory.ts";
import type { KeyVaults } from "./azure/keyVaults.ts";
import type { ManagedClusters } from "./azure/managedClusters.ts";
import type { ResourceGroups } from "./azure/resourceGroups.ts";
import type { RoleAssignments } from "./azure/roleAssignments.ts";
import type { VaultObjects } from "./azure/vaultObjects.ts";
import type { ClusterClients } from "./kubernetes/clusterClient.ts";
import type { DriverVerification } from "./kubernetes/driverPods.ts";
import type { SecretProviderClasses } from "./kubernetes/secretProviderClasses.ts";
import type { Translate } from "./l10n.ts";
import type { Logger } from "./log.ts";

/** What the service layer is made with. */
export interface ServicesInput {
  readonly cloud: Cloud;
  /** Honours `tenantId` and `claims` of `GetTokenOptions`. */
  readonly credential: TokenCredential;
  readonly log: Logger;
  readonly translate?: Translate | undefined;
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
}

/** Wires the layer up. Makes no request. */
export function createServices(input: ServicesInput): Services {
  void input;
  throw new Error("not written");
}
