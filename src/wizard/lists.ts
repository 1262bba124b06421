import type { ClusterSummary, Estate, VaultSummary } from "../services/azure/inventory.ts";
import type { KnownEstate } from "./estate.ts";
import type {
  ClusterChoice,
  ClusterList,
  ClusterState,
  Growing,
  Search,
  SubscriptionList,
  VaultChoice,
  VaultList,
} from "./protocol.ts";

/** The clusters that fit a search, by subscription and name. */
export function clusterList(
  known: KnownEstate,
  search: Search,
  unreachable: ReadonlySet<string> = new Set(),
): ClusterList {
  const { rows, growing } = select(known, known.estate.clusters, search);
  const clusters = rows.map(({ row, subscriptionName }) => ({
    ...clusterChoice(row, subscriptionName),
    isUnreachable: unreachable.has(row.id.toLowerCase()),
  }));
  return { ...growing, clusters };
}

/** The vaults that fit a search, by subscription and name. */
export function vaultList(known: KnownEstate, search: Search): VaultList {
  const { rows, growing } = select(known, known.estate.vaults, search);
  return { ...growing, vaults: rows.map(({ row, subscriptionName }) => vaultChoice(row, subscriptionName)) };
}

/** The subscriptions in which something can be made. */
export function subscriptionList({ estate, isLoading }: KnownEstate): SubscriptionList {
  const subscriptions = estate.subscriptions
    .filter(({ state }) => state !== "Disabled" && state !== "Deleted")
    .map(({ id, name }) => ({ id, name }));
  return {
    subscriptions,
    isLoading,
    total: subscriptions.length,
    found: subscriptions.length,
    missing: missing(estate),
  };
}

interface Row {
  readonly name: string;
  readonly subscriptionId: string;
  readonly resourceGroup: string;
  readonly location: string;
}

interface NamedRow<T> {
  readonly row: T;
  readonly subscriptionName: string;
}

function select<T extends Row>(
  { estate, isLoading }: KnownEstate,
  all: readonly T[],
  { text, limit }: Search,
): { readonly rows: readonly NamedRow<T>[]; readonly growing: Growing } {
  const names = new Map(estate.subscriptions.map(({ id, name }) => [id.toLowerCase(), name]));
  const named = all.map((row) => ({
    row,
    subscriptionName: names.get(row.subscriptionId.toLowerCase()) ?? row.subscriptionId,
  }));
  const found = named.filter((row) => fits(row, text.trim().toLowerCase()));
  found.sort(compareRows);
  return {
    rows: found.slice(0, limit),
    growing: { isLoading, total: all.length, found: found.length, missing: missing(estate) },
  };
}

function fits({ row, subscriptionName }: NamedRow<Row>, text: string): boolean {
  return [row.name, subscriptionName, row.resourceGroup, row.location].some((part) =>
    part.toLowerCase().includes(text),
  );
}

function compareRows(a: NamedRow<Row>, b: NamedRow<Row>): number {
  return compareText(a.subscriptionName, b.subscriptionName) || compareText(a.row.name, b.row.name);
}

// `localeCompare` over ten thousand rows on each key stroke would be felt.
function compareText(a: string, b: string): number {
  const [lowerA, lowerB] = [a.toLowerCase(), b.toLowerCase()];
  return lowerA < lowerB ? -1 : Number(lowerA > lowerB);
}

function missing({ missing }: Estate): readonly string[] {
  return missing.map(({ what, error }) => `${what}: ${error.message}`);
}

function clusterChoice(cluster: ClusterSummary, subscriptionName: string): Omit<ClusterChoice, "isUnreachable"> {
  const { id, name, subscriptionId, location, resourceGroup, isPrivate } = cluster;
  return {
    ...{ id, name, subscriptionId, location, resourceGroup, isPrivate },
    subscriptionName,
    state: clusterState(cluster),
  };
}

/** A cluster's state in one word. What stops the wizard comes before what the add-on is. */
export function clusterState(cluster: ClusterSummary): ClusterState {
  if (cluster.powerState === "Stopped") {
    return "stopped";
  }
  switch (cluster.provisioningState.toLowerCase()) {
    case "succeeded":
    case "canceled":
      return cluster.keyVaultCsi.isEnabled ? "on" : "off";
    case "failed":
      return "failed";
    default:
      return "updating";
  }
}

function vaultChoice(vault: VaultSummary, subscriptionName: string): VaultChoice {
  const { id, name, resourceGroup, location, usesRbac } = vault;
  return { ...{ id, name, resourceGroup, location, usesRbac }, subscriptionName, network: networkOf(vault) };
}

function networkOf(vault: VaultSummary): VaultChoice["network"] {
  if (vault.publicNetworkAccess === "Disabled") {
    return "closed";
  }
  return vault.networkDefaultAction === "Deny" ? "selected" : "open";
}
