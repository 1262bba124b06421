import type { ClusterSummary, Estate, VaultSummary } from "../services/azure/inventory.ts";

interface Index {
  /** By ARM id, lower case. */
  readonly clusters: ReadonlyMap<string, ClusterSummary>;
  readonly vaults: ReadonlyMap<string, VaultSummary>;
  /** By the bare id of the subscription, lower case. */
  readonly clustersOf: ReadonlyMap<string, readonly ClusterSummary[]>;
  readonly vaultsOf: ReadonlyMap<string, readonly VaultSummary[]>;
}

/** The estate as it was last read, with what the tree asks of it again and again. The index is made when it is first asked for. */
export class EstateView {
  #index: Index | undefined;

  constructor(
    readonly estate: Estate,
    /** False while pages are still arriving. */
    readonly isComplete: boolean,
  ) {}

  cluster(id: string): ClusterSummary | undefined {
    return this.#lookup.clusters.get(id.toLowerCase());
  }

  vault(id: string): VaultSummary | undefined {
    return this.#lookup.vaults.get(id.toLowerCase());
  }

  clustersOf(subscriptionId: string): readonly ClusterSummary[] {
    return this.#lookup.clustersOf.get(subscriptionId.toLowerCase()) ?? [];
  }

  vaultsOf(subscriptionId: string): readonly VaultSummary[] {
    return this.#lookup.vaultsOf.get(subscriptionId.toLowerCase()) ?? [];
  }

  get #lookup(): Index {
    this.#index ??= {
      clusters: byId(this.estate.clusters),
      vaults: byId(this.estate.vaults),
      clustersOf: bySubscription(this.estate.clusters),
      vaultsOf: bySubscription(this.estate.vaults),
    };
    return this.#index;
  }
}

/** The rows with one put in the place of its older self, or added. */
export function replaceRow<T extends { readonly id: string }>(rows: readonly T[], changed: T): readonly T[] {
  const id = changed.id.toLowerCase();
  return [...rows.filter((row) => row.id.toLowerCase() !== id), changed];
}

function byId<T extends { readonly id: string }>(rows: readonly T[]): ReadonlyMap<string, T> {
  return new Map(rows.map((row) => [row.id.toLowerCase(), row]));
}

function bySubscription<T extends { readonly subscriptionId: string }>(
  rows: readonly T[],
): ReadonlyMap<string, readonly T[]> {
  const groups = new Map<string, T[]>();
  for (const row of rows) {
    const key = row.subscriptionId.toLowerCase();
    const group = groups.get(key);
    if (group) {
      group.push(row);
    } else {
      groups.set(key, [row]);
    }
  }
  return groups;
}
