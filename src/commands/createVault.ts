import * as vscode from "vscode";

import { askAll } from "../host/ask.ts";
import { confirm } from "../host/dialogs.ts";
import { tell } from "../host/notify.ts";
import { commandIds } from "../manifest.ts";
import type { Subscription, VaultSummary } from "../services/azure/inventory.ts";
import type { NewVault } from "../services/azure/keyVaults.ts";
import type { IntendedVault } from "../services/plan/intent.ts";
import { vaultSteps } from "../services/plan/makePlan.ts";
import type { Services } from "../services/services.ts";
import type { App, Target } from "./command.ts";
import { checkSteps, describeSteps, runPlan } from "./runPlan.ts";
import { noVaultAnswers, vaultIdOf, vaultQuestions } from "./vaultQuestions.ts";
import type { VaultAnswers } from "./vaultQuestions.ts";

/** Creates a key vault, or recovers a deleted one of that name. */
export async function createVault(app: App, target: Target): Promise<void> {
  const services = await app.services();
  await askAndCreateVault(app, services, target);
}

/** Gives the vault it made. */
async function askAndCreateVault(app: App, services: Services, target: Target): Promise<VaultSummary> {
  const title = vscode.l10n.t("Create Key Vault");
  const subscription = subscriptionOf(app, target);
  const start = { ...noVaultAnswers, subscription };
  const answers = await askAll(title, vaultQuestions(services, subscription !== undefined), start);
  const vault = newVaultOf(answers);
  const intended: IntendedVault = { kind: "new", vault, ifDeleted: answers.ifDeleted };
  const steps = vaultSteps(services, intended);
  const needed = await checkSteps(vscode.l10n.t('Checking "{0}"', answers.name), steps, services);
  const isRecovered = answers.ifDeleted === "recover";
  await confirm(
    isRecovered
      ? vscode.l10n.t('Recover key vault "{0}"?', answers.name)
      : vscode.l10n.t('Create key vault "{0}"?', answers.name),
    describeSteps(needed),
    isRecovered ? vscode.l10n.t("Recover") : vscode.l10n.t("Create"),
  );
  await runPlan({
    title: vscode.l10n.t('Create key vault "{0}"', answers.name),
    steps,
    whenStopped: () => whatBecame(app, services, vault),
  });
  const made = await services.keyVaults.get(vault.id);
  app.estate.putVault(made);
  tellMade(made, isRecovered);
  return made;
}

function subscriptionOf(app: App, { subject }: Target): Subscription | undefined {
  if (subject?.kind === "subscription") {
    return subject.subscription;
  }
  const id = subject?.kind === "cluster" ? subject.cluster.subscriptionId.toLowerCase() : undefined;
  return app.estate.view?.estate.subscriptions.find((subscription) => subscription.id === id);
}

function newVaultOf(answers: VaultAnswers): NewVault {
  return {
    id: vaultIdOf(answers),
    location: answers.location ?? "",
    tenantId: answers.subscription?.tenantId ?? "",
    usesRbac: answers.usesRbac,
    isPurgeProtected: answers.isPurgeProtected,
    network: answers.ipRules && { ipRules: answers.ipRules, virtualNetworkRules: [] },
  };
}

async function whatBecame(app: App, services: Services, { id }: NewVault): Promise<string> {
  const name = id.split("/").at(-1) ?? id;
  try {
    const vault = await services.keyVaults.find(id, { signal: AbortSignal.timeout(10_000) });
    if (!vault) {
      return vscode.l10n.t('Stopped. The vault is not there: "{0}".', name);
    }
    app.estate.putVault(vault);
    return vscode.l10n.t('Stopped waiting. Azure goes on creating "{0}".', name);
  } catch {
    return vscode.l10n.t('Stopped waiting. What Azure has accepted goes on: "{0}".', name);
  }
}

function tellMade(vault: VaultSummary, isRecovered: boolean): void {
  const model = vault.usesRbac ? vscode.l10n.t("Azure RBAC") : vscode.l10n.t("access policies");
  const message = isRecovered
    ? vscode.l10n.t('The vault is back, with {0}: "{1}".', model, vault.name)
    : vscode.l10n.t('The vault is there, with {0}: "{1}".', model, vault.name);
  tell(message, [
    { title: vscode.l10n.t("Set Secret…"), command: commandIds.setSecret, argument: { kind: "vault", vault } },
  ]);
}
