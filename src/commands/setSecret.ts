import * as vscode from "vscode";

import { askAll } from "../host/ask.ts";
import { confirm } from "../host/dialogs.ts";
import { tell } from "../host/notify.ts";
import { commandIds } from "../manifest.ts";
import type { VaultSummary } from "../services/azure/inventory.ts";
import { officerAccessStep } from "../services/plan/steps/officerAccess.ts";
import { vaultSecretStep } from "../services/plan/steps/vaultSecret.ts";
import type { Services } from "../services/services.ts";
import { chooseVault } from "./chooseVault.ts";
import type { App, Target } from "./command.ts";
import { checkSteps, describeSteps, runPlan } from "./runPlan.ts";
import { noSecretAnswers, secretQuestions } from "./secretQuestions.ts";
import type { SecretAnswers } from "./secretQuestions.ts";

/** Sets a secret in a vault; who has no right to do so is offered it first. */
export async function setSecret(app: App, target: Target): Promise<void> {
  const title = vscode.l10n.t("Set Secret");
  const vault = await chooseVault(app, target, { title, placeholder: vscode.l10n.t("In which key vault?") });
  const services = await app.services();
  await ensureAccess(app, services, vault);
  const start = noSecretAnswers(target.subject?.kind === "secret" ? target.subject.name : "");
  const answers = await askAll(`${title}: ${vault.name}`, secretQuestions(services, vault), start);
  await confirmPurge(answers);
  try {
    await runPlan({
      title: vscode.l10n.t('Set secret "{0}"', answers.name),
      steps: [stepOf(services, vault, answers)],
      whenStopped: () =>
        Promise.resolve(vscode.l10n.t('Stopped waiting. What the vault has accepted stays: "{0}".', vault.name)),
    });
  } finally {
    app.tree.resourceChanged(vault.id);
  }
  tell(vscode.l10n.t('The secret "{0}" is set in "{1}".', answers.name, vault.name), [
    {
      title: vscode.l10n.t("Copy Connection Details"),
      command: commandIds.copyConnectionDetails,
      argument: { kind: "secret", vault, name: answers.name },
    },
  ]);
}

function stepOf(services: Services, vault: VaultSummary, { name, properties, ifDeleted, value }: SecretAnswers) {
  return vaultSecretStep(services, {
    vaultId: vault.id,
    isNew: false,
    secret: { name, properties, ifDeleted },
    value: () => value,
  });
}

/** Asks the vault whether the person may set secrets; if not, offers the right and waits until it works. */
async function ensureAccess(app: App, services: Services, vault: VaultSummary): Promise<void> {
  const step = officerAccessStep(services, { vaultId: vault.id, isNew: false });
  const needed = await checkSteps(vscode.l10n.t('Checking your access to "{0}"', vault.name), [step], services);
  if (needed.length === 0) {
    return;
  }
  const detail = [
    describeSteps(needed),
    vscode.l10n.t(
      "Even the owner of a vault has no right to its secrets without that. It takes up to 10 minutes to work.",
    ),
  ];
  await confirm(
    vscode.l10n.t('You may not set secrets in "{0}" yet. Give yourself the right?', vault.name),
    detail.join("\n\n"),
    vault.usesRbac ? vscode.l10n.t("Assign Role") : vscode.l10n.t("Add Access Policy"),
  );
  try {
    await runPlan({
      title: vscode.l10n.t('Give you access to "{0}"', vault.name),
      steps: [step],
      whenStopped: () =>
        Promise.resolve(vscode.l10n.t("Stopped waiting. A right that was given stays, and works within 10 minutes.")),
    });
  } finally {
    app.tree.resourceChanged(vault.id);
  }
}

async function confirmPurge({ name, ifDeleted }: SecretAnswers): Promise<void> {
  if (ifDeleted === "purge") {
    await confirm(
      vscode.l10n.t('Purge the deleted secret "{0}"?', name),
      vscode.l10n.t("It is destroyed with all its versions, for ever. Then the new one is set."),
      vscode.l10n.t("Purge and Set"),
    );
  }
}
