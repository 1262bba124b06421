import * as vscode from "vscode";

import { askAll } from "../host/ask.ts";
import { confirm } from "../host/dialogs.ts";
import { tell } from "../host/notify.ts";
import { withProgress } from "../host/progress.ts";
import { commandIds } from "../manifest.ts";
import type { ClusterSummary } from "../services/azure/inventory.ts";
import { keyVaultCsiAddonStep } from "../services/plan/steps/keyVaultCsiAddon.ts";
import { describeAddon, isUpdating } from "../tree/clusterState.ts";
import { chooseCluster } from "./chooseCluster.ts";
import { whatGoesOn, withClusterRow } from "./clusterOutcome.ts";
import type { App, Target } from "./command.ts";
import { rotationQuestions } from "./rotationQuestions.ts";
import { checkSteps, describeSteps, runPlan } from "./runPlan.ts";
import type { NeededStep } from "./runPlan.ts";

/** Turns the azureKeyvaultSecretsProvider add-on on, after the person has seen what changes. */
export async function enableKeyVaultCsi(app: App, target: Target): Promise<void> {
  const title = vscode.l10n.t("Enable Key Vault CSI");
  const chosen = await chooseCluster(app, target, { title, placeholder: vscode.l10n.t("On which cluster?") });
  const services = await app.services();
  const cluster = await withProgress({
    title: vscode.l10n.t('Reading cluster "{0}"', chosen.name),
    run: (options) => services.managedClusters.get(chosen.id, options),
  });
  app.estate.putCluster(cluster);
  if (cluster.keyVaultCsi.isEnabled && !isUpdating(cluster)) {
    tellOn(
      cluster,
      vscode.l10n.t('Key Vault CSI is on already: "{0}". {1}.', cluster.name, describeAddon(cluster.keyVaultCsi)),
    );
    return;
  }
  const rotation = await askAll(`${title}: ${cluster.name}`, rotationQuestions, cluster.keyVaultCsi.rotation);
  const step = keyVaultCsiAddonStep(services, { clusterId: cluster.id, rotation });
  const needed = await checkSteps(vscode.l10n.t('Checking "{0}"', cluster.name), [step], services);
  await confirmEnabling(cluster, needed);
  await withClusterRow(app, services, cluster.id, () =>
    runPlan({
      title: vscode.l10n.t('Enable Key Vault CSI on "{0}"', cluster.name),
      steps: [step],
      whenStopped: () => whatGoesOn(app, services, cluster),
    }),
  );
  tellOn(cluster, vscode.l10n.t('Key Vault CSI is on: "{0}".', cluster.name));
}

async function confirmEnabling(cluster: ClusterSummary, needed: readonly NeededStep[]): Promise<void> {
  const detail = [
    describeSteps(needed),
    vscode.l10n.t(
      "AKS installs the Secrets Store CSI Driver and the Azure Key Vault provider on every node of {0}, and makes a managed identity for them in the node resource group. This takes some minutes.",
      cluster.name,
    ),
  ];
  const message = isUpdating(cluster)
    ? vscode.l10n.t(
        'Another operation ({0}) is running on "{1}". Wait for it, then enable Key Vault CSI?',
        cluster.provisioningState,
        cluster.name,
      )
    : vscode.l10n.t('Enable Key Vault CSI on "{0}"?', cluster.name);
  const verb = isUpdating(cluster) ? vscode.l10n.t("Wait and Enable") : vscode.l10n.t("Enable");
  await confirm(message, detail.filter(Boolean).join("\n\n"), verb);
}

function tellOn(cluster: ClusterSummary, message: string): void {
  const argument = { kind: "cluster", cluster };
  tell(message, [
    { title: vscode.l10n.t("Verify Driver"), command: commandIds.verifyDriver, argument },
    { title: vscode.l10n.t("Create Key Vault…"), command: commandIds.createVault, argument },
    { title: vscode.l10n.t("Open Setup"), command: commandIds.openSetup, argument },
  ]);
}
