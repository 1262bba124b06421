import type { KeyVaultCsiAddon } from "../azure/inventory.ts";
import type { NewVault } from "../azure/keyVaults.ts";
import type { NewCluster } from "../azure/managedClusters.ts";
import type { SecretProperties } from "../azure/vaultObjects.ts";
import type { ClassObject, SyncedSecret } from "../secretProviderClass/model.ts";
import type { IntendedAccess } from "./access.ts";

/** What to do about a deleted namesake. Undefined: nothing is decided, so the step is blocked and says so. */
export type IfDeleted = "recover" | "purge" | undefined;

/** The vault a plan is about. */
export type IntendedVault =
  | { readonly kind: "existing"; readonly id: string }
  | { readonly kind: "new"; readonly vault: NewVault; readonly ifDeleted: IfDeleted };

/** The secret a plan sets. The value is not part of the intent: it is asked for when the step runs, and never stored. */
export interface IntendedSecret {
  readonly name: string;
  readonly properties: SecretProperties;
  readonly ifDeleted: IfDeleted;
}

/** A cluster to be made under the intent's `clusterId`; what is left out takes the defaults of `defaultCluster`. */
export type IntendedCluster = Omit<NewCluster, "id" | "keyVaultCsi">;

/** What pods are to find in their volume, and how they get at it. */
export interface IntendedMount {
  readonly access: IntendedAccess;
  /** The class's and the proof's namespace. Under workload identity it is the service account's. */
  readonly namespace: string;
  readonly className: string;
  /** Objects that are in the vault, or that the plan sets. */
  readonly objects: readonly ClassObject[];
  readonly syncedSecrets: readonly SyncedSecret[];
  /** Undefined: the right at the whole vault. `object`: only at the one object, where there is one and it has no history. */
  readonly scope?: "vault" | "object" | undefined;
  /** Take fields of an existing class over that another manager owns. */
  readonly force?: boolean | undefined;
  /** On which nodes a throwaway pod proves it; undefined: no proof. */
  readonly proof: "linux" | "windows" | undefined;
}

/** What a person wants done, as plain data that can be saved: a command and the wizard say it, `makePlan` makes the steps. */
export interface Intent {
  readonly clusterId: string;
  /** The cluster is to be made first. Undefined: it exists. */
  readonly newCluster?: IntendedCluster | undefined;
  /** Undefined: rotation stays as it is; off on a cluster without the add-on, as `az` has it. */
  readonly rotation: KeyVaultCsiAddon["rotation"] | undefined;
  readonly vault: IntendedVault | undefined;
  readonly secret: IntendedSecret | undefined;
  /** Undefined: the journey ends with driver and secret. */
  readonly mount?: IntendedMount | undefined;
}
