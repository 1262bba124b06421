import type { KeyVaultCsiAddon } from "../azure/inventory.ts";
import type { NewVault } from "../azure/keyVaults.ts";
import type { SecretProperties } from "../azure/vaultObjects.ts";

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

/** What a person wants done, as plain data that can be saved: a command and the wizard say it, `makePlan` makes the steps. */
export interface Intent {
  readonly clusterId: string;
  /** Undefined: rotation stays as it is; off on a cluster without the add-on, as `az` has it. */
  readonly rotation: KeyVaultCsiAddon["rotation"] | undefined;
  readonly vault: IntendedVault | undefined;
  readonly secret: IntendedSecret | undefined;
}
