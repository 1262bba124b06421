import * as vscode from "vscode";

import type { ClusterSummary } from "../services/azure/inventory.ts";
import type { SecretProviderClassSummary } from "../services/kubernetes/secretProviderClasses.ts";
import type { Workload } from "../services/kubernetes/workloads.ts";
import type { AddonUse } from "../services/plan/steps/disableKeyVaultCsi.ts";
import { table, text } from "./markdown.ts";

/** Everything that uses the add-on, in all namespaces, as Markdown. */
export function formatAddonUse(cluster: ClusterSummary, { classes, workloads }: AddonUse): string {
  const blocks = [
    `# ${text(vscode.l10n.t("What uses Key Vault CSI on {0}", cluster.name))}`,
    ...section(vscode.l10n.t("SecretProviderClasses"), classHeadings(), classes.map(classRow)),
    ...section(vscode.l10n.t("Mounted by"), workloadHeadings(), workloads.map(workloadRow)),
  ];
  return blocks.join("\n\n");
}

function section(title: string, headings: readonly string[], rows: readonly (readonly string[])[]): readonly string[] {
  return [`## ${title}`, rows.length > 0 ? table([headings, ...rows]) : vscode.l10n.t("None.")];
}

function classHeadings(): readonly string[] {
  return [
    vscode.l10n.t("Namespace"),
    vscode.l10n.t("Name"),
    vscode.l10n.t("Key vault"),
    vscode.l10n.t("Owned by"),
    vscode.l10n.t("Provider"),
  ];
}

function classRow({ namespace, name, keyvaultName, ownedBy, provider }: SecretProviderClassSummary): readonly string[] {
  return [namespace, name, keyvaultName ?? "", ownedBy ?? "", provider];
}

function workloadHeadings(): readonly string[] {
  return [
    vscode.l10n.t("Namespace"),
    vscode.l10n.t("Name"),
    vscode.l10n.t("Kind"),
    vscode.l10n.t("SecretProviderClass"),
  ];
}

function workloadRow({ namespace, name, kind, volumes }: Workload): readonly string[] {
  return [namespace, name, kind, volumes.map(({ className }) => className).join(", ")];
}
