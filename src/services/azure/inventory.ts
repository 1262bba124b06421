import type { CallOptions } from "../call.ts";

/** A Microsoft Entra tenant the signed-in person belongs to. */
export interface Tenant {
  readonly id: string;
  /** Undefined where the directory does not tell. */
  readonly name: string | undefined;
}

/** An Azure subscription the signed-in person may see. */
export interface Subscription {
  /** The bare GUID, lower case. */
  readonly id: string;
  readonly name: string;
  readonly tenantId: string;
  readonly state: "Enabled" | "Warned" | "PastDue" | "Disabled" | "Deleted";
}

/** What the azureKeyvaultSecretsProvider add-on of a cluster says of itself. */
export interface KeyVaultCsiAddon {
  readonly isEnabled: boolean;
  readonly rotation: { readonly isEnabled: boolean; /** A Go duration: `2m`. */ readonly pollInterval: string };
  /** Undefined while the add-on is off, and until the first update with it has finished. */
  readonly identity: { readonly clientId: string; readonly objectId: string; readonly resourceId: string } | undefined;
}

/** A cluster as a list shows it. */
export interface ClusterSummary {
  /** ARM id in the letter case the service gave. Compare with `sameId`. */
  readonly id: string;
  readonly name: string;
  readonly subscriptionId: string;
  readonly resourceGroup: string;
  readonly location: string;
  readonly kubernetesVersion: string;
  readonly powerState: "Running" | "Stopped";
  /** ARM's own word: `Succeeded`, `Updating`, `Creating`, `Failed` … */
  readonly provisioningState: string;
  readonly isPrivate: boolean;
  readonly keyVaultCsi: KeyVaultCsiAddon;
}

/** A key vault as a list shows it. */
export interface VaultSummary {
  readonly id: string;
  readonly name: string;
  readonly subscriptionId: string;
  readonly resourceGroup: string;
  readonly location: string;
  /** The tenant whose tokens the vault takes (`properties.tenantId`); it can differ from the subscription's. */
  readonly tenantId: string;
  /** Where the data plane answers, with the trailing slash ARM gives. */
  readonly vaultUri: string;
  /** True: Azure RBAC. False: vault access policies (also where the property is null). */
  readonly usesRbac: boolean;
  readonly publicNetworkAccess: "Enabled" | "Disabled";
  /** `Deny`: only listed networks, private endpoints and trusted services get in. */
  readonly networkDefaultAction: "Allow" | "Deny";
}

/** A part of the estate that could not be read, and why. What was found elsewhere is kept. */
export interface MissingPart {
  /** "Tenant …" or "Subscription …", to be shown. */
  readonly what: string;
  readonly tenantId: string | undefined;
  readonly subscriptionId: string | undefined;
  readonly error: Error;
}

/** Everything found, and what is missing from it. */
export interface Estate {
  readonly tenants: readonly Tenant[];
  readonly subscriptions: readonly Subscription[];
  readonly clusters: readonly ClusterSummary[];
  readonly vaults: readonly VaultSummary[];
  readonly missing: readonly MissingPart[];
}

/** Which part of the estate to read; without it, all that the person may see. */
export interface EstateFilter {
  /** Bare GUIDs. */
  readonly subscriptionIds?: readonly string[] | undefined;
}

/** Reads subscriptions, clusters and vaults of a whole estate. */
export interface Inventory {
  /**
   * The subscriptions of every tenant the person belongs to, sorted by name; tenants that refuse are in `missing`.
   *
   * @throws {ServiceError} `notSignedIn`; `unreachable` when not even the tenants can be read
   */
  listSubscriptions(options?: CallOptions): Promise<Pick<Estate, "tenants" | "subscriptions" | "missing">>;

  /**
   * Clusters and vaults by Azure Resource Graph: one query per tenant and 1,000 rows; by per-subscription lists where Resource Graph is denied.
   *
   * @param onPage called after each page with all that is known by then, so that a view can show the first rows early
   * @throws {ServiceError} `notSignedIn`; every other failure of a part is in `missing`
   * @see https://learn.microsoft.com/azure/governance/resource-graph/concepts/work-with-data
   */
  readEstate(filter?: EstateFilter, onPage?: (sofar: Estate) => void, options?: CallOptions): Promise<Estate>;
}
