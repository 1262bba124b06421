import * as vscode from "vscode";

import { askAll } from "../host/ask.ts";
import { confirm } from "../host/dialogs.ts";
import { tell, warn } from "../host/notify.ts";
import { withProgress } from "../host/progress.ts";
import { commandIds } from "../manifest.ts";
import type { ClusterSummary } from "../services/azure/inventory.ts";
import { keyVaultCsiAddonStep } from "../services/plan/steps/keyVaultCsiAddon.ts";
import { describeAddon } from "../tree/clusterState.ts";
import { chooseCluster } from "./chooseCluster.ts";
import { whatGoesOn, withClusterRow } from "./clusterOutcome.ts";
import type { App, Target } from "./command.ts";
import { rotationQuestions } from "./rotationQuestions.ts";
import { checkSteps, describeSteps, runPlan } from "./runPlan.ts";
import type { NeededStep } from "./runPlan.ts";

/** Sets whether and how often mounted secrets follow the vault, on a cluster whose add-on is on and stays on. */
export async function setRotation(app: App, target: Target): Promise<void> {
  const title = vscode.l10n.t("Set Secret Rotation");
  const chosen = await chooseCluster(app, target, { title, placeholder: vscode.l10n.t("On which cluster?") });
  const services = await app.services();
  const cluster = await withProgress({
    title: vscode.l10n.t('Reading cluster "{0}"', chosen.name),
    run: (options) => services.managedClusters.get(chosen.id, options),
  });
  app.estate.putCluster(cluster);
  if (!cluster.keyVaultCsi.isEnabled) {
    warn(vscode.l10n.t('Key Vault CSI is off: "{0}". Rotation is asked for when you enable it.', cluster.name), [
      { title: vscode.l10n.t("Enable Key Vault CSI…"), command: commandIds.enable, argument: subjectOf(cluster) },
    ]);
    return;
  }
  const rotation = await askAll(`${title}: ${cluster.name}`, rotationQuestions, cluster.keyVaultCsi.rotation);
  const step = keyVaultCsiAddonStep(services, { clusterId: cluster.id, rotation });
  const needed = await checkSteps(vscode.l10n.t('Checking "{0}"', cluster.name), [step], services);
  const asked = describeAddon({ ...cluster.keyVaultCsi, rotation });
  if (needed.length === 0) {
    tell(vscode.l10n.t('Nothing to change on "{0}". Key Vault CSI: {1}.', cluster.name, asked));
    return;
  }
  await confirmRotation(cluster, needed);
  await withClusterRow(app, services, cluster.id, () =>
    runPlan({
      title: vscode.l10n.t('Set secret rotation on "{0}"', cluster.name),
      steps: [step],
      whenStopped: () => whatGoesOn(app, services, cluster),
    }),
  );
  tell(vscode.l10n.t('Secret rotation is set on "{0}". Key Vault CSI: {1}.', cluster.name, asked), [
    { title: vscode.l10n.t("Verify Driver"), command: commandIds.verifyDriver, argument: subjectOf(cluster) },
  ]);
}

async function confirmRotation(cluster: ClusterSummary, needed: readonly NeededStep[]): Promise<void> {
  const detail = vscode.l10n.t(
    "The add-on stays on and pods keep what they have mounted. Environment variables follow a synced Secret only when their pod is restarted. This takes some minutes.",
  );
  await confirm(
    vscode.l10n.t('Set secret rotation on "{0}"?', cluster.name),
    `${describeSteps(needed)}\n\n${detail}`,
    vscode.l10n.t("Set Rotation"),
  );
}

function subjectOf(cluster: ClusterSummary): object {
  return { kind: "cluster", cluster };
}
