import * as vscode from "vscode";

import { back } from "../host/ask.ts";
import type { Place, Question } from "../host/ask.ts";
import { inputText, pickAmong } from "../host/dialogs.ts";
import type { TextFinding } from "../host/dialogs.ts";
import { pickLocation, pickResourceGroup, pickSubscription } from "../host/pick.ts";
import type { Subscription } from "../services/azure/inventory.ts";
import type { DeletedVault, NameAvailability } from "../services/azure/keyVaults.ts";
import { formatResourceId } from "../services/azure/resourceId.ts";
import type { IfDeleted } from "../services/plan/intent.ts";
import type { Services } from "../services/services.ts";

/** What a vault is to be, as far as it has been answered. */
export interface VaultAnswers {
  readonly subscription: Subscription | undefined;
  readonly resourceGroup: string | undefined;
  readonly isNewGroup: boolean;
  readonly location: string | undefined;
  readonly name: string;
  /** A vault of this name that is deleted. */
  readonly deleted: DeletedVault | undefined;
  readonly ifDeleted: IfDeleted;
  readonly usesRbac: boolean;
  readonly isPurgeProtected: boolean;
  /** Undefined: all networks. */
  readonly ipRules: readonly string[] | undefined;
}

export const noVaultAnswers: VaultAnswers = {
  subscription: undefined,
  resourceGroup: undefined,
  isNewGroup: false,
  location: undefined,
  name: "",
  deleted: undefined,
  ifDeleted: undefined,
  usesRbac: true,
  isPurgeProtected: true,
  ipRules: undefined,
};

/** The questions that make a vault, in the order they stand on each other. */
export function vaultQuestions(services: Services, isSubscriptionGiven: boolean): readonly Question<VaultAnswers>[] {
  const isRecovered = (answers: VaultAnswers) => answers.ifDeleted === "recover";
  return [
    { isAsked: () => !isSubscriptionGiven, ask: (answers, place) => askSubscription(services, answers, place) },
    { ask: (answers, place) => askResourceGroup(services, answers, place) },
    { isAsked: ({ isNewGroup }) => isNewGroup, ask: (answers, place) => askGroupName(answers, place) },
    { ask: (answers, place) => askLocation(services, answers, place) },
    { ask: (answers, place) => askName(services, answers, place) },
    { isAsked: ({ deleted }) => deleted !== undefined, ask: askIfDeleted },
    { isAsked: (answers) => !isRecovered(answers), ask: askAuthorization },
    { isAsked: (answers) => !isRecovered(answers), ask: askPurgeProtection },
    { isAsked: (answers) => !isRecovered(answers), ask: askNetwork },
  ];
}

/** The ARM id of the vault the answers name. */
export function vaultIdOf({ subscription, resourceGroup, name }: VaultAnswers): string {
  return formatResourceId({
    subscriptionId: subscription?.id ?? "",
    resourceGroup: resourceGroup ?? "",
    type: "Microsoft.KeyVault/vaults",
    name,
  });
}

async function askSubscription(services: Services, answers: VaultAnswers, place: Place) {
  const subscription = await pickSubscription(services, place, answers.subscription?.id);
  return subscription === back ? back : { ...answers, subscription };
}

async function askResourceGroup(services: Services, answers: VaultAnswers, place: Place) {
  const subscriptionId = answers.subscription?.id ?? "";
  const choice = await pickResourceGroup(services, place, { subscriptionId, current: answers.resourceGroup });
  if (choice === back) {
    return back;
  }
  return choice.kind === "new"
    ? { ...answers, isNewGroup: true }
    : { ...answers, isNewGroup: false, resourceGroup: choice.group.name, location: choice.group.location };
}

async function askGroupName(answers: VaultAnswers, place: Place) {
  const resourceGroup = await inputText({
    place,
    prompt: vscode.l10n.t("Name of the new resource group"),
    value: answers.resourceGroup,
    validate: checkGroupName,
  });
  return resourceGroup === back ? back : { ...answers, resourceGroup };
}

/** @see https://learn.microsoft.com/azure/azure-resource-manager/management/resource-name-rules#microsoftresources */
function checkGroupName(name: string): string | undefined {
  return /^[\p{L}\p{N}_().-]{0,89}[\p{L}\p{N}_()-]$/u.test(name)
    ? undefined
    : vscode.l10n.t("1 to 90 letters, digits, hyphens, underscores, periods and parentheses; no period at the end.");
}

async function askLocation(services: Services, answers: VaultAnswers, place: Place) {
  const at = { subscriptionId: answers.subscription?.id ?? "", current: answers.location };
  const location = await pickLocation(services, place, at);
  return location === back ? back : { ...answers, location: location.name };
}

async function askName(services: Services, answers: VaultAnswers, place: Place) {
  let last: NameAvailability | undefined;
  const name = await inputText({
    place,
    prompt: vscode.l10n.t("Name of the vault: 3 to 24 letters, digits and hyphens, unique in all of Azure"),
    value: answers.name,
    validate: (text) => (text === "" ? vscode.l10n.t("The vault needs a name.") : undefined),
    async check(text, signal) {
      last = await services.keyVaults.checkName(vaultIdOf({ ...answers, name: text }), { signal });
      return findingOf(last);
    },
  });
  if (name === back) {
    return back;
  }
  const deleted = last?.kind === "softDeleted" ? last.vault : undefined;
  return { ...answers, name, deleted, ifDeleted: undefined };
}

function findingOf(found: NameAvailability): TextFinding | undefined {
  switch (found.kind) {
    case "available":
      return { message: vscode.l10n.t("This name is free."), isWrong: false };
    case "invalid":
    case "taken":
      return { message: found.message, isWrong: true };
    case "exists":
      return { message: vscode.l10n.t("A vault of this name is in the resource group already."), isWrong: true };
    case "softDeleted":
      return {
        message: vscode.l10n.t("A vault of this name is deleted; the next question is what to do about it."),
        isWrong: false,
      };
  }
}

async function askIfDeleted(answers: VaultAnswers, place: Place) {
  const recover = {
    label: `$(history) ${vscode.l10n.t("Recover it")}`,
    detail: vscode.l10n.t("With its secrets, where it was. Its role assignments do not come back."),
    value: "recover" as const,
  };
  const purge = {
    label: `$(flame) ${vscode.l10n.t("Purge it and create a new one")}`,
    detail: vscode.l10n.t("The deleted vault and everything in it is destroyed for ever."),
    value: "purge" as const,
  };
  const rename = { label: `$(edit) ${vscode.l10n.t("Choose another name")}`, value: "rename" as const };
  const isProtected = answers.deleted?.isPurgeProtected ?? false;
  const placeholder = isProtected
    ? vscode.l10n.t('"{0}" is deleted, and protected against purging.', answers.name)
    : vscode.l10n.t('"{0}" is deleted. What shall become of it?', answers.name);
  const choice = await pickAmong<"recover" | "purge" | "rename">(
    place,
    placeholder,
    isProtected ? [recover, rename] : [recover, purge, rename],
  );
  return choice === back || choice === "rename" ? back : { ...answers, ifDeleted: choice };
}

async function askAuthorization(answers: VaultAnswers, place: Place) {
  const choices = [
    {
      label: vscode.l10n.t("Azure RBAC"),
      description: vscode.l10n.t("recommended"),
      detail: vscode.l10n.t("Roles decide who may read secrets, down to a single one."),
      value: true,
    },
    {
      label: vscode.l10n.t("Access policies"),
      detail: vscode.l10n.t("The older model. Every Contributor of the vault can give themselves access."),
      value: false,
    },
  ];
  const usesRbac = await pickAmong(
    place,
    vscode.l10n.t("How is access to secrets decided?"),
    choices,
    (value) => value === answers.usesRbac,
  );
  return usesRbac === back ? back : { ...answers, usesRbac };
}

async function askPurgeProtection(answers: VaultAnswers, place: Place) {
  const choices = [
    {
      label: vscode.l10n.t("Purge protection on"),
      description: vscode.l10n.t("cannot be turned off again"),
      detail: vscode.l10n.t("What is deleted can be recovered until its time is up."),
      value: true,
    },
    {
      label: vscode.l10n.t("Purge protection off"),
      detail: vscode.l10n.t("What is deleted can be purged at once; right for a trial."),
      value: false,
    },
  ];
  const placeholder = vscode.l10n.t("Protect the vault against purging?");
  const isPurgeProtected = await pickAmong(place, placeholder, choices, (value) => value === answers.isPurgeProtected);
  return isPurgeProtected === back ? back : { ...answers, isPurgeProtected };
}

async function askNetwork(answers: VaultAnswers, place: Place) {
  const choices = [
    {
      label: vscode.l10n.t("All networks"),
      detail: vscode.l10n.t("Whoever has the right can reach it."),
      value: "all" as const,
    },
    {
      label: vscode.l10n.t("Only these addresses…"),
      detail: vscode.l10n.t("Those of the cluster's nodes and of this machine; pods leave by their node."),
      value: "listed" as const,
    },
  ];
  const isCurrent = (value: "all" | "listed") => (value === "listed") === (answers.ipRules !== undefined);
  const choice = await pickAmong<"all" | "listed">(
    place,
    vscode.l10n.t("From which networks can the vault be reached?"),
    choices,
    isCurrent,
  );
  if (choice === back) {
    return back;
  }
  return choice === "all" ? { ...answers, ipRules: undefined } : askAddresses(answers, place);
}

async function askAddresses(answers: VaultAnswers, place: Place) {
  const text = await inputText({
    place,
    prompt: vscode.l10n.t("IPv4 addresses or ranges, separated by commas"),
    placeholder: "203.0.113.7, 198.51.100.0/24",
    value: answers.ipRules?.join(", "),
    validate: (value) =>
      splitAddresses(value).length > 0 && splitAddresses(value).every(isIpRule)
        ? undefined
        : vscode.l10n.t("Write addresses such as 203.0.113.7 or 198.51.100.0/24."),
  });
  return text === back ? back : { ...answers, ipRules: splitAddresses(text) };
}

function splitAddresses(text: string): readonly string[] {
  return text.split(/[\s,;]+/).filter((word) => word !== "");
}

function isIpRule(text: string): boolean {
  const [address = "", bits, ...rest] = text.split("/");
  const bytes = address.split(".");
  const isByte = (byte: string) => /^\d{1,3}$/.test(byte) && Number(byte) < 256;
  const isRange = bits === undefined || (/^\d{1,2}$/.test(bits) && Number(bits) <= 32);
  return rest.length === 0 && bytes.length === 4 && bytes.every(isByte) && isRange;
}
