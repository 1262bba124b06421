import type { CallOptions } from "../call.ts";
import type { VaultSummary } from "./inventory.ts";

/** One entry of a vault's access policies. */
export interface AccessPolicy {
  readonly tenantId: string;
  readonly objectId: string;
  readonly applicationId: string | undefined;
  readonly permissions: {
    readonly secrets: readonly string[];
    readonly keys: readonly string[];
    readonly certificates: readonly string[];
  };
}

/** A key vault read whole, in our terms. */
export interface KeyVault extends VaultSummary {
  readonly provisioningState: string | undefined;
  readonly isPurgeProtected: boolean;
  readonly softDeleteRetentionInDays: number;
  readonly accessPolicies: readonly AccessPolicy[];
  readonly ipRules: readonly string[];
  readonly virtualNetworkRules: readonly string[];
  readonly hasPrivateEndpoint: boolean;
}

/** What a new vault is to be. RBAC is always stated explicitly. */
export interface NewVault {
  readonly id: string;
  readonly location: string;
  readonly tenantId: string;
  readonly usesRbac: boolean;
  /** Cannot be undone, not even by Microsoft. */
  readonly isPurgeProtected: boolean;
  /** 7–90; fixed at creation. */
  readonly softDeleteRetentionInDays?: number | undefined;
  /** Undefined: open to all networks. */
  readonly network?:
    { readonly ipRules: readonly string[]; readonly virtualNetworkRules: readonly string[] } | undefined;
  readonly skuName?: "standard" | "premium" | undefined;
}

/** A vault that is deleted but can be recovered. */
export interface DeletedVault {
  readonly name: string;
  readonly id: string;
  readonly location: string;
  readonly subscriptionId: string;
  readonly isPurgeProtected: boolean;
  readonly deletionDate: string | undefined;
  readonly scheduledPurgeDate: string | undefined;
}

/** Whether a vault may be made under a name, and if not, why. */
export type NameAvailability =
  | { readonly kind: "available" }
  /** Breaks a rule; `message` says which. Found without a call. */
  | { readonly kind: "invalid"; readonly message: string }
  /** A live vault of this subscription, to be used as it is. */
  | { readonly kind: "exists"; readonly vault: KeyVault }
  /** Deleted in this subscription; recover, purge or rename. */
  | { readonly kind: "softDeleted"; readonly vault: DeletedVault }
  /** In use, or deleted, outside what the person may see. */
  | { readonly kind: "taken"; readonly message: string };

/** Whether this machine gets through the vault's network rules. */
export type VaultReach =
  | { readonly kind: "open" }
  | {
      readonly kind: "closed";
      readonly message: string;
      /** As the vault saw it. */ readonly clientAddress: string | undefined;
    };

/** Key vaults, management plane, api-version 2026-02-01. */
export interface KeyVaults {
  /** @throws {ServiceError} `notFound`, `forbidden` */
  get(vaultId: string, options?: CallOptions): Promise<KeyVault>;

  /** The vault, or undefined when there is none of that id. */
  find(vaultId: string, options?: CallOptions): Promise<KeyVault | undefined>;

  /** Rules first, then the live vault of that id, then the deleted ones, then the service's name check. */
  checkName(vaultId: string, options?: CallOptions): Promise<NameAvailability>;

  /** Creates a vault and waits. @throws {ServiceError} `invalidRequest` before any call when the name breaks a rule; `conflict` when the name is taken or soft-deleted */
  create(vault: NewVault, options?: CallOptions): Promise<KeyVault>;

  /** Brings a deleted vault back. Its role assignments do not come back. */
  recover(vault: DeletedVault, options?: CallOptions): Promise<KeyVault>;

  /** Purges a deleted vault for ever and waits. @throws {ServiceError} `conflict` when it is purge-protected */
  purge(vault: DeletedVault, options?: CallOptions): Promise<void>;

  /** Soft-deletes a vault. Success when there is none. */
  delete(vaultId: string, options?: CallOptions): Promise<void>;

  /** Switches between Azure RBAC and access policies, losing nothing else (PATCH of the one property). */
  setRbac(vaultId: string, usesRbac: boolean, options?: CallOptions): Promise<KeyVault>;

  /** Adds one entry to the access policies; other entries stay. */
  addAccessPolicy(vaultId: string, policy: AccessPolicy, options?: CallOptions): Promise<KeyVault>;

  /** Takes one principal's entry out of the access policies; others stay. */
  removeAccessPolicy(vaultId: string, policy: AccessPolicy, options?: CallOptions): Promise<KeyVault>;

  /** Vaults of a subscription that are deleted but can be recovered. */
  listDeleted(subscriptionId: string, options?: CallOptions): Promise<readonly DeletedVault[]>;

  /** Asks the vault's data plane whether it lets this machine in. Needs no right in the vault. */
  checkReach(vault: Pick<KeyVault, "vaultUri" | "tenantId">, options?: CallOptions): Promise<VaultReach>;
}
