import * as vscode from "vscode";

import type { ClusterSummary } from "../services/azure/inventory.ts";
import { ServiceError } from "../services/errors.ts";
import type { Services } from "../services/services.ts";
import { describeAddon, isUpdating } from "../tree/clusterState.ts";
import type { App } from "./command.ts";

const patienceMs = 10_000;

/** Reads a cluster again for the tree, after something may have changed it. A failure leaves the row as it was. */
async function rereadCluster(app: App, services: Services, clusterId: string): Promise<ClusterSummary | undefined> {
  try {
    const cluster = await services.managedClusters.find(clusterId, { signal: AbortSignal.timeout(patienceMs) });
    if (cluster) {
      app.estate.putCluster(cluster);
    }
    return cluster;
  } catch (error) {
    app.log.warn(
      `The cluster could not be read again: ${error instanceof ServiceError ? error.message : "no answer in time"}`,
    );
    return undefined;
  }
}

const pauseBeforeLookMs = 3_000;

/** Runs what changes a cluster. The row says "updating" while Azure does, and what came of it in the end, also after a failure. */
export async function withClusterRow<T>(
  app: App,
  services: Services,
  clusterId: string,
  run: () => Promise<T>,
): Promise<T> {
  // Never rejects.
  const timer = setTimeout(() => void rereadCluster(app, services, clusterId), pauseBeforeLookMs);
  try {
    return await run();
  } finally {
    clearTimeout(timer);
    await rereadCluster(app, services, clusterId);
  }
}

/** What goes on in Azure after the person stopped waiting for an update of a cluster. Azure is asked, so that it is true. */
export async function whatGoesOn(app: App, services: Services, { id, name }: ClusterSummary): Promise<string> {
  const now = await rereadCluster(app, services, id);
  if (!now) {
    return vscode.l10n.t('Stopped waiting. What Azure has accepted goes on: "{0}".', name);
  }
  if (isUpdating(now)) {
    return vscode.l10n.t('Stopped waiting. Azure goes on updating "{0}".', name);
  }
  return vscode.l10n.t('Stopped waiting. Key Vault CSI on "{0}": {1}.', name, describeAddon(now.keyVaultCsi));
}
