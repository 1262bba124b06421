import * as vscode from "vscode";

import { alone, only } from "../host/ask.ts";
import { pickOne } from "../host/dialogs.ts";
import { tell } from "../host/notify.ts";
import { withProgress } from "../host/progress.ts";
import { commandIds } from "../manifest.ts";
import type { ClusterSummary, VaultSummary } from "../services/azure/inventory.ts";
import { readConnectionDetails } from "../services/plan/connectionDetails.ts";
import type { ConnectionDetails } from "../services/plan/connectionDetails.ts";
import type { Services } from "../services/services.ts";
import { chooseVault } from "./chooseVault.ts";
import type { App, Target } from "./command.ts";

/** Copies what a SecretProviderClass needs to name a secret: object, vault, tenant, and the cluster's identity if one is chosen. */
export async function copyConnectionDetails(app: App, target: Target): Promise<void> {
  const title = vscode.l10n.t("Copy Connection Details");
  const services = await app.services();
  const vault = await chooseVault(app, target, { title, placeholder: vscode.l10n.t("Of which key vault?") });
  const secretName =
    target.subject?.kind === "secret" ? target.subject.name : await chooseSecret(services, title, vault);
  const clusterId =
    target.subject?.kind === "cluster" ? target.subject.cluster.id : await chooseClusterOrNone(app, title);
  const details = await withProgress({
    title: vscode.l10n.t("Reading connection details"),
    run: (options) => readConnectionDetails(services, { vaultId: vault.id, secretName, clusterId }, options),
  });
  await vscode.env.clipboard.writeText(formatDetails(details));
  tell(vscode.l10n.t('Copied the connection details of "{0}".', secretName), [
    { title: vscode.l10n.t("Open Setup"), command: commandIds.openSetup },
  ]);
}

async function chooseSecret(services: Services, title: string, vault: VaultSummary): Promise<string> {
  const answer = await pickOne<string>({
    place: alone(title),
    placeholder: vscode.l10n.t('Which secret of "{0}"?', vault.name),
    nothing: vscode.l10n.t("There are no secrets in this vault."),
    async load(_show, signal) {
      const secrets = await services.vaultObjects.list(vault, "secret", { signal });
      return secrets.map(({ name, isEnabled }) => ({
        label: `$(key) ${name}`,
        description: isEnabled ? "" : vscode.l10n.t("disabled"),
        value: name,
      }));
    },
  });
  return only(answer);
}

const noCluster = "";

/** Only clusters with the add-on on have an identity to name. */
async function chooseClusterOrNone(app: App, title: string): Promise<string | undefined> {
  const without = { label: `$(circle-slash) ${vscode.l10n.t("Without a cluster")}`, value: noCluster };
  const answer = await pickOne<string>({
    place: alone(title),
    placeholder: vscode.l10n.t("With the identity of which cluster's add-on?"),
    nothing: vscode.l10n.t("Without a cluster"),
    async load(show) {
      show([without]);
      const { estate } = await app.estate.whole();
      return [without, ...estate.clusters.filter(({ keyVaultCsi }) => keyVaultCsi.isEnabled).map(choiceOf)];
    },
  });
  return only(answer) || undefined;
}

function choiceOf({ id, name, resourceGroup, location }: ClusterSummary) {
  return { label: `$(server-environment) ${name}`, description: `${resourceGroup}, ${location}`, value: id };
}

/** In the words of a SecretProviderClass, so that each line can be pasted where it belongs. */
function formatDetails(details: ConnectionDetails): string {
  const lines: readonly (readonly [string, string | undefined])[] = [
    ["objectName", details.objectName],
    ["objectType", details.objectType],
    ["keyvaultName", details.vaultName],
    ["tenantId", details.tenantId],
    ["userAssignedIdentityID", details.identityClientId],
    ["# object id, for the role assignment on the vault", details.identityObjectId],
  ];
  return lines.flatMap(([name, value]) => (value === undefined ? [] : [`${name}: ${value}`])).join("\n");
}
