import { homedir } from "node:os";

import * as vscode from "vscode";

import { confirm } from "../host/dialogs.ts";
import { tell } from "../host/notify.ts";
import { withProgress } from "../host/progress.ts";
import { commandIds } from "../manifest.ts";
import { hasCode } from "../services/errors.ts";
import { kubeconfigPath, mergeIntoKubeconfigFile } from "../services/kubernetes/kubeconfigFile.ts";
import type { MergedFile } from "../services/kubernetes/kubeconfigFile.ts";
import { chooseCluster } from "./chooseCluster.ts";
import type { App, Target } from "./command.ts";

/** Puts the cluster's user into the person's own kubeconfig, as `az aks get-credentials` does, and makes it the current context. */
export async function mergeCredentials(app: App, target: Target): Promise<void> {
  const cluster = await chooseCluster(app, target, {
    title: vscode.l10n.t("Merge Credentials"),
    placeholder: vscode.l10n.t("Of which cluster?"),
  });
  const services = await app.services();
  const kubeconfig = await withProgress({
    title: vscode.l10n.t('Reading the kubeconfig of "{0}"', cluster.name),
    run: (options) => services.managedClusters.getUserKubeconfig(cluster.id, options),
  });
  const merged = await mergeOrAsk(kubeconfigPath(process.env, homedir()), kubeconfig);
  tell([describe(merged), ...hintsFor(kubeconfig)].join(" "), [
    { title: vscode.l10n.t("Verify Driver"), command: commandIds.verifyDriver, argument: { kind: "cluster", cluster } },
  ]);
}

async function mergeOrAsk(file: string, kubeconfig: string): Promise<MergedFile> {
  try {
    return await mergeIntoKubeconfigFile(file, kubeconfig, { overwrite: false });
  } catch (error) {
    // The other conflict names its target: a file that somebody else keeps writing, where overwriting helps nobody.
    if (!hasCode(error, "conflict") || error.details.target !== undefined) {
      throw error;
    }
    const detail = vscode.l10n.t("All else in {0} stays, and what it is now is kept beside it as {0}.bak.", file);
    await confirm(error.message, detail, vscode.l10n.t("Overwrite"));
    return mergeIntoKubeconfigFile(file, kubeconfig, { overwrite: true });
  }
}

function describe({ context, file, backup }: MergedFile): string {
  return backup === undefined
    ? vscode.l10n.t('The current context is "{0}", in {1}.', context, file)
    : vscode.l10n.t('The current context is "{0}", in {1}; what that was before is {2}.', context, file, backup);
}

function hintsFor(kubeconfig: string): readonly string[] {
  return /^\s*command: "?kubelogin"?\s*$/m.test(kubeconfig)
    ? [vscode.l10n.t("kubectl signs in to it by kubelogin, which must be installed.")]
    : [];
}
