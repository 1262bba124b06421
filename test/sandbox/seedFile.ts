/** A world out of a file: what the builder's functions take, as lists. */
import type { Builder, PrincipalOptions, VaultOptions } from "./builders.ts";
import type { Tenant } from "./state.ts";

interface WorldFile {
  readonly tenants?: readonly Partial<Tenant>[];
  readonly subscriptions?: readonly {
    readonly id?: string;
    readonly displayName?: string;
    readonly tenantId?: string;
  }[];
  readonly principals?: readonly PrincipalOptions[];
  readonly resourceGroups?: readonly {
    readonly name: string;
    readonly subscriptionId?: string;
    readonly location?: string;
  }[];
  readonly clusters?: readonly Parameters<Builder["addCluster"]>[0][];
  readonly vaults?: readonly VaultOptions[];
}

/** Adds to the world that is there; the file is trusted to be of this shape. */
export function seedFile(builder: Builder, text: string): void {
  const file = JSON.parse(text) as WorldFile;
  file.tenants?.forEach((tenant) => builder.addTenant(tenant));
  file.subscriptions?.forEach((subscription) => builder.addSubscription(subscription));
  file.principals?.forEach((principal) => builder.addPrincipal(principal));
  file.resourceGroups?.forEach(({ name, ...options }) => builder.addResourceGroup(name, options));
  file.clusters?.forEach((cluster) => builder.addCluster(cluster));
  file.vaults?.forEach((vault) => builder.addVault(vault));
}
