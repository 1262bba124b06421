import * as vscode from "vscode";

import { cancelled } from "../host/ask.ts";
import { confirm } from "../host/dialogs.ts";
import { tell, warn } from "../host/notify.ts";
import { withProgress } from "../host/progress.ts";
import { commandIds } from "../manifest.ts";
import type { ClusterSummary } from "../services/azure/inventory.ts";
import { ServiceError } from "../services/errors.ts";
import { blockedBy, disableKeyVaultCsiStep, readAddonUse } from "../services/plan/steps/disableKeyVaultCsi.ts";
import type { AddonUse } from "../services/plan/steps/disableKeyVaultCsi.ts";
import { formatClasses } from "../services/secretProviderClass/save.ts";
import type { Services } from "../services/services.ts";
import { isUpdating } from "../tree/clusterState.ts";
import { formatAddonUse } from "./addonUseText.ts";
import { chooseCluster } from "./chooseCluster.ts";
import { whatGoesOn, withClusterRow } from "./clusterOutcome.ts";
import type { App, Target } from "./command.ts";
import { checkSteps, describeSteps, runPlan } from "./runPlan.ts";

/** Turns the add-on off, after the person has seen what uses it. While a SecretProviderClass is left, Azure refuses, and so do we. */
export async function disableKeyVaultCsi(app: App, target: Target): Promise<void> {
  const title = vscode.l10n.t("Disable Key Vault CSI");
  const chosen = await chooseCluster(app, target, { title, placeholder: vscode.l10n.t("On which cluster?") });
  const services = await app.services();
  const cluster = await withProgress({
    title: vscode.l10n.t('Reading cluster "{0}"', chosen.name),
    run: (options) => services.managedClusters.get(chosen.id, options),
  });
  app.estate.putCluster(cluster);
  if (!canBeDisabled(cluster)) {
    return;
  }
  const use = await withProgress({
    title: vscode.l10n.t('Looking at what uses Key Vault CSI on "{0}"', cluster.name),
    run: (options) => readAddonUse(services, cluster.id, options),
  });
  if (use.classes.length + use.workloads.length > 0) {
    await app.showReport(vscode.l10n.t("Use of Key Vault CSI on {0}", cluster.name), formatAddonUse(cluster, use));
  }
  if (use.classes.length > 0) {
    await offerSaving(cluster, use);
    return;
  }
  await disable(app, services, cluster, use);
}

function canBeDisabled(cluster: ClusterSummary): boolean {
  const argument = subjectOf(cluster);
  if (isUpdating(cluster)) {
    warn(vscode.l10n.t('Another operation ({0}) is running on "{1}".', cluster.provisioningState, cluster.name), [
      { title: vscode.l10n.t("Wait for Update"), command: commandIds.resumeWaiting, argument },
    ]);
    return false;
  }
  if (!cluster.keyVaultCsi.isEnabled) {
    tell(vscode.l10n.t('Key Vault CSI is off already: "{0}".', cluster.name));
    return false;
  }
  if (cluster.powerState === "Stopped") {
    throw new ServiceError(
      "conflict",
      vscode.l10n.t(
        'The cluster is stopped: "{0}". Start it, so that what uses Key Vault CSI can be seen.',
        cluster.name,
      ),
    );
  }
  return true;
}

async function disable(app: App, services: Services, cluster: ClusterSummary, use: AddonUse): Promise<void> {
  const step = disableKeyVaultCsiStep(services, { clusterId: cluster.id });
  const needed = await checkSteps(vscode.l10n.t('Checking "{0}"', cluster.name), [step], services);
  const names = use.workloads.map(({ namespace, name, kind }) => `${namespace}/${name} (${kind})`).join(", ");
  const detail = [
    describeSteps(needed),
    names && vscode.l10n.t("These still ask for a mount, and cannot start again: {0}.", names),
    vscode.l10n.t("AKS removes driver and provider from every node of {0}. This takes some minutes.", cluster.name),
  ];
  await confirm(
    vscode.l10n.t('Disable Key Vault CSI on "{0}"?', cluster.name),
    detail.filter(Boolean).join("\n\n"),
    vscode.l10n.t("Disable"),
  );
  await withClusterRow(app, services, cluster.id, () =>
    runPlan({
      title: vscode.l10n.t('Disable Key Vault CSI on "{0}"', cluster.name),
      steps: [step],
      whenStopped: () => whatGoesOn(app, services, cluster),
    }),
  );
  tell(vscode.l10n.t('Key Vault CSI is off: "{0}".', cluster.name), [
    { title: vscode.l10n.t("Enable Key Vault CSI…"), command: commandIds.enable, argument: subjectOf(cluster) },
  ]);
}

async function offerSaving(cluster: ClusterSummary, use: AddonUse): Promise<void> {
  const { reason, remedy } = blockedBy(use);
  const save = vscode.l10n.t("Save YAML…");
  const refresh = vscode.l10n.t("Refresh");
  const message = [reason, remedy].filter(Boolean).join(" ");
  const answer = await vscode.window.showWarningMessage(message, save, refresh);
  if (answer === save) {
    await saveClasses(cluster, use);
  }
  if (answer === refresh) {
    await vscode.commands.executeCommand(commandIds.disable, subjectOf(cluster));
  }
}

async function saveClasses(cluster: ClusterSummary, { classes }: AddonUse): Promise<void> {
  const name = `${cluster.name}-secretproviderclasses.yaml`;
  const folder = vscode.workspace.workspaceFolders?.[0]?.uri;
  const file = await vscode.window.showSaveDialog({
    title: vscode.l10n.t("Save the SecretProviderClasses of {0}", cluster.name),
    filters: { YAML: ["yaml", "yml"] },
    ...(folder ? { defaultUri: vscode.Uri.joinPath(folder, name) } : {}),
  });
  if (!file) {
    throw cancelled();
  }
  const yaml = formatClasses(classes.map(({ object }) => object));
  await vscode.workspace.fs.writeFile(file, new TextEncoder().encode(yaml));
  tell(
    vscode.l10n.t(
      'Saved the SecretProviderClasses ({0}): "{1}".',
      classes.length,
      vscode.workspace.asRelativePath(file),
    ),
    [{ title: vscode.l10n.t("Disable Key Vault CSI…"), command: commandIds.disable, argument: subjectOf(cluster) }],
  );
}

function subjectOf(cluster: ClusterSummary): object {
  return { kind: "cluster", cluster };
}
