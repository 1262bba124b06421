import { setTimeout as delay } from "node:timers/promises";

import type { CallOptions } from "../call.ts";
import { hasCode } from "../errors.ts";
import type { AzureClients } from "./clients.ts";
import { queryEstate, type EstatePage } from "./estateQuery.ts";
import { forEachLimited } from "./limit.ts";
import { listClusters, listVaults } from "./subscriptionLists.ts";
import { listSubscriptions, missingPart, throwIfSignedOut } from "./subscriptions.ts";

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

/** The inventory over Azure Resource Graph and ARM. */
export function createInventory(clients: AzureClients): Inventory {
  return {
    listSubscriptions: (options) => listSubscriptions(clients, options),
    async readEstate(filter, onPage, options) {
      const scope = await listSubscriptions(clients, options);
      const reading = new EstateReading(clients, scope, filter, onPage);
      return reading.read(options);
    },
  };
}

const showMs = 5;
const tenantsAtOnce = 4;
const subscriptionsAtOnce = 8;
/** Resource Graph takes a thousand subscriptions in one query. */
const subscriptionsPerQuery = 1000;

/** One reading of the estate: what is found so far, and what is missing. */
class EstateReading {
  readonly #clients: AzureClients;
  readonly #tenants: readonly Tenant[];
  readonly #subscriptions: readonly Subscription[];
  readonly #isWhole: boolean;
  readonly #onPage: ((sofar: Estate) => void) | undefined;
  readonly #clusters: ClusterSummary[] = [];
  readonly #vaults: VaultSummary[] = [];
  readonly #missing: MissingPart[];

  constructor(
    clients: AzureClients,
    scope: Pick<Estate, "tenants" | "subscriptions" | "missing">,
    filter: EstateFilter | undefined,
    onPage: ((sofar: Estate) => void) | undefined,
  ) {
    const wanted = filter?.subscriptionIds && new Set(filter.subscriptionIds.map((id) => id.toLowerCase()));
    this.#clients = clients;
    this.#tenants = scope.tenants;
    this.#subscriptions = wanted ? scope.subscriptions.filter(({ id }) => wanted.has(id)) : scope.subscriptions;
    this.#isWhole = wanted === undefined;
    this.#onPage = onPage;
    this.#missing = [...scope.missing];
  }

  async read(options: CallOptions = {}): Promise<Estate> {
    this.#onPage?.(this.#sofar());
    // Opening the next connection occupies VS Code's extension host for some 30 ms: the first rows go out before.
    await delay(this.#onPage ? showMs : 0);
    const owned = this.#byTenant();
    const before = this.#missing.length;
    await forEachLimited([...owned], tenantsAtOnce, ([tenantId, subscriptions]) =>
      this.#readTenant(tenantId, subscriptions, options),
    );
    throwIfSignedOut(this.#missing.slice(before), owned.size);
    return this.#sofar();
  }

  /** Subscriptions by the tenant whose token reads them: under Azure Lighthouse not the one they belong to. */
  #byTenant(): ReadonlyMap<string, readonly Subscription[]> {
    const owned = new Map<string, Subscription[]>();
    for (const subscription of this.#subscriptions) {
      const tenantId = this.#clients.tenantOf(subscription.id) ?? subscription.tenantId;
      const others = owned.get(tenantId);
      if (others) {
        others.push(subscription);
      } else {
        owned.set(tenantId, [subscription]);
      }
    }
    return owned;
  }

  #sofar(): Estate {
    return {
      tenants: this.#tenants,
      subscriptions: this.#subscriptions,
      clusters: [...this.#clusters],
      vaults: [...this.#vaults],
      missing: [...this.#missing],
    };
  }

  async #readTenant(tenantId: string, subscriptions: readonly Subscription[], options: CallOptions): Promise<void> {
    const known = new Set(subscriptions.map(({ id }) => id));
    try {
      for (const part of this.#isWhole ? [undefined] : chunks([...known], subscriptionsPerQuery)) {
        for await (const page of queryEstate(this.#clients, tenantId, part, options)) {
          this.#add(page, known);
        }
      }
    } catch (error) {
      if (hasCode(error, "forbidden", "notFound")) {
        await forEachLimited(subscriptions, subscriptionsAtOnce, (one) => this.#readSubscription(one, options));
        return;
      }
      this.#missing.push(
        missingPart(error, {
          tenant: this.#tenants.find(({ id }) => id === tenantId) ?? { id: tenantId, name: undefined },
        }),
      );
    }
  }

  #add({ clusters, vaults }: EstatePage, known: ReadonlySet<string>): void {
    // A subscription seen through two tenants must not show its clusters twice.
    const isOurs = ({ subscriptionId }: { readonly subscriptionId: string }) => known.has(subscriptionId);
    const isAll = this.#tenants.length === 1;
    this.#clusters.push(...(isAll ? clusters : clusters.filter(isOurs)));
    this.#vaults.push(...(isAll ? vaults : vaults.filter(isOurs)));
    this.#onPage?.(this.#sofar());
  }

  async #readSubscription(subscription: Subscription, options: CallOptions): Promise<void> {
    const [clusters, vaults] = await Promise.allSettled([
      listClusters(this.#clients, subscription.id, options),
      listVaults(this.#clients, subscription.id, options),
    ]);
    const failed = [clusters, vaults].find((result) => result.status === "rejected");
    if (failed) {
      this.#missing.push(missingPart(failed.reason, { subscription }));
    }
    this.#add(
      {
        clusters: clusters.status === "fulfilled" ? clusters.value : [],
        vaults: vaults.status === "fulfilled" ? vaults.value : [],
      },
      new Set([subscription.id]),
    );
  }
}

function chunks<T>(items: readonly T[], size: number): readonly (readonly T[])[] {
  return Array.from({ length: Math.ceil(items.length / size) }, (_, index) =>
    items.slice(index * size, (index + 1) * size),
  );
}
