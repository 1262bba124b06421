import type { CallOptions } from "../call.ts";
import { parseBody } from "./answers.ts";
import { managedClustersApiVersion } from "./apiVersions.ts";
import type { AzureClients } from "./clients.ts";
import type { ClusterSummary, VaultSummary } from "./inventory.ts";
import { VaultBody, readVault } from "./keyVaultBody.ts";
import { parseClusterSummary } from "./managedClusterBody.ts";

/** The clusters of one subscription, without Resource Graph. */
export async function listClusters(
  clients: AzureClients,
  subscriptionId: string,
  options?: CallOptions,
): Promise<readonly ClusterSummary[]> {
  const path = `/subscriptions/${subscriptionId}/providers/Microsoft.ContainerService/managedClusters`;
  const apiVersion = managedClustersApiVersion;
  const clusters: ClusterSummary[] = [];
  for await (const page of clients.list({ method: "GET", path, apiVersion, target: subscriptionId }, options)) {
    clusters.push(...page.map((body) => parseClusterSummary(body, subscriptionId)));
  }
  return clusters;
}

/** The vaults of one subscription, without Resource Graph. */
export async function listVaults(
  clients: AzureClients,
  subscriptionId: string,
  options?: CallOptions,
): Promise<readonly VaultSummary[]> {
  const path = `/subscriptions/${subscriptionId}/providers/Microsoft.KeyVault/vaults`;
  const apiVersion = "2026-02-01";
  const vaults: VaultSummary[] = [];
  for await (const page of clients.list({ method: "GET", path, apiVersion, target: subscriptionId }, options)) {
    vaults.push(...page.map((body) => readVault(parseBody(VaultBody, body, subscriptionId))));
  }
  return vaults;
}
