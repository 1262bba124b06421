/** A large estate without Kubernetes servers, for measuring: 1,000 subscriptions, 10,000 clusters, 10,000 vaults. */
import type { Builder } from "./builders.ts";

export interface BulkOptions {
  readonly subscriptions?: number;
  readonly clusters?: number;
  readonly vaults?: number;
}

const regions = ["eastus2", "westeurope", "westus3", "swedencentral", "australiaeast"];
const addons = ["absent", "enabled", "disabled", "null", "enabled"] as const;

export function seedBulk(builder: Builder, options: BulkOptions = {}): void {
  const { subscriptions = 1_000, clusters = 10_000, vaults = 10_000 } = options;
  const ids = Array.from({ length: subscriptions }, (_, index) => {
    const number = String(index + 1).padStart(4, "0");
    return builder.addSubscription({ displayName: `Team ${number}` }).id;
  });
  const placeOf = (index: number): { subscriptionId: string; resourceGroup: string; location: string } => {
    const subscriptionId = ids[index % ids.length] ?? "";
    const location = regions[index % regions.length] ?? "eastus2";
    return { subscriptionId, resourceGroup: `rg-${location}`, location };
  };
  for (let index = 0; index < clusters; index += 1) {
    const addon = addons[index % addons.length] ?? "absent";
    builder.addCluster({ ...placeOf(index), name: `aks-${String(index).padStart(5, "0")}`, addon });
  }
  for (let index = 0; index < vaults; index += 1) {
    const name = `kv-${String(index).padStart(5, "0")}`;
    builder.addVault({ ...placeOf(index), name, rbac: index % 4 !== 0 });
  }
}
