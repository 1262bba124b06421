import * as vscode from "vscode";

import type { App, Target } from "./command.ts";
import { chooseCluster } from "./chooseCluster.ts";

/** Copies the id a row stands for: an ARM id, a client id, a tenant id, the address of a secret. */
export async function copyId(app: App, target: Target): Promise<void> {
  const id = target.node?.copyableId ?? (await chooseId(app, target));
  await vscode.env.clipboard.writeText(id);
  vscode.window.setStatusBarMessage(vscode.l10n.t("Copied: {0}", id), 5_000);
}

async function chooseId(app: App, target: Target): Promise<string> {
  const cluster = await chooseCluster(app, target, {
    title: vscode.l10n.t("Copy Id"),
    placeholder: vscode.l10n.t("Of which cluster?"),
  });
  return cluster.id;
}
