import * as vscode from "vscode";

import { tell } from "../host/notify.ts";
import { withProgress } from "../host/progress.ts";
import { commandIds } from "../manifest.ts";
import { describeAddon } from "../tree/clusterState.ts";
import { chooseCluster } from "./chooseCluster.ts";
import { whatGoesOn, withClusterRow } from "./clusterOutcome.ts";
import type { App, Target } from "./command.ts";

/** Waits for an update that somebody else, or an earlier window, has started. */
export async function resumeWaiting(app: App, target: Target): Promise<void> {
  const cluster = await chooseCluster(app, target, {
    title: vscode.l10n.t("Wait for Update"),
    placeholder: vscode.l10n.t("For which cluster's update?"),
  });
  const services = await app.services();
  await withClusterRow(app, services, cluster.id, () =>
    withProgress({
      title: vscode.l10n.t('Waiting for the update of "{0}"', cluster.name),
      run: (options) => services.managedClusters.waitUntilSettled(cluster.id, options),
      whenStopped: () => whatGoesOn(app, services, cluster),
    }),
  );
  const now = app.estate.view?.cluster(cluster.id) ?? cluster;
  const next = now.keyVaultCsi.isEnabled
    ? {
        title: vscode.l10n.t("Verify Driver"),
        command: commandIds.verifyDriver,
        argument: { kind: "cluster", cluster: now },
      }
    : {
        title: vscode.l10n.t("Enable Key Vault CSI…"),
        command: commandIds.enable,
        argument: { kind: "cluster", cluster: now },
      };
  tell(
    vscode.l10n.t(
      'No update is running any more on "{0}". Key Vault CSI: {1}.',
      now.name,
      describeAddon(now.keyVaultCsi),
    ),
    [next],
  );
}
