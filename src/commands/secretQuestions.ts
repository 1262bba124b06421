import * as vscode from "vscode";

import { back } from "../host/ask.ts";
import type { Answer, Place, Question } from "../host/ask.ts";
import { inputText, pickAmong } from "../host/dialogs.ts";
import type { TextFinding } from "../host/dialogs.ts";
import type { VaultSummary } from "../services/azure/inventory.ts";
import { checkObjectName, checkSecretProperties } from "../services/azure/vaultObjectRules.ts";
import type { SecretProperties } from "../services/azure/vaultObjects.ts";
import type { IfDeleted } from "../services/plan/intent.ts";
import type { Services } from "../services/services.ts";
import { askSecretValue } from "./secretValue.ts";

/** What a secret is to be, as far as it has been answered. */
export interface SecretAnswers {
  readonly name: string;
  readonly isDeleted: boolean;
  readonly ifDeleted: IfDeleted;
  readonly value: string;
  readonly properties: SecretProperties;
}

export function noSecretAnswers(name: string): SecretAnswers {
  return { name, isDeleted: false, ifDeleted: undefined, value: "", properties: {} };
}

/** Name, what becomes of a deleted namesake, value, and a look over the rest. */
export function secretQuestions(services: Services, vault: VaultSummary): readonly Question<SecretAnswers>[] {
  return [
    { ask: (answers, place) => askName(services, vault, answers, place) },
    { isAsked: ({ isDeleted }) => isDeleted, ask: askIfDeleted },
    { ask: askValue },
    { ask: (answers, place) => askRest(vault, answers, place) },
  ];
}

async function askName(services: Services, vault: VaultSummary, answers: SecretAnswers, place: Place) {
  let isDeleted = false;
  const name = await inputText({
    place,
    prompt: vscode.l10n.t('Name of the secret in "{0}": letters, digits and hyphens', vault.name),
    placeholder: "ExampleSecret",
    value: answers.name,
    validate: checkObjectName,
    async check(text, signal) {
      const finding = await findNamesake(services, vault, text, signal);
      isDeleted = finding?.isDeleted ?? false;
      return finding;
    },
  });
  return name === back ? back : { ...answers, name, isDeleted, ifDeleted: undefined };
}

async function findNamesake(
  services: Services,
  vault: VaultSummary,
  name: string,
  signal: AbortSignal,
): Promise<(TextFinding & { readonly isDeleted: boolean }) | undefined> {
  const existing = await services.vaultObjects.find(vault, "secret", name, { signal });
  if (existing) {
    const message = existing.isManaged
      ? vscode.l10n.t("This name belongs to a certificate; its secret is changed through the certificate only.")
      : vscode.l10n.t("A secret of this name exists; it gets a new version, older ones stay.");
    return { message, isWrong: existing.isManaged, isDeleted: false };
  }
  const deleted = await services.vaultObjects.findDeleted(vault, "secret", name, { signal });
  return deleted
    ? {
        message: vscode.l10n.t("A secret of this name is deleted; the next question is what to do about it."),
        isWrong: false,
        isDeleted: true,
      }
    : undefined;
}

async function askIfDeleted(answers: SecretAnswers, place: Place) {
  const choices = [
    {
      label: `$(history) ${vscode.l10n.t("Recover it, then set a new version")}`,
      detail: vscode.l10n.t("Its older versions come back."),
      value: "recover" as const,
    },
    {
      label: `$(flame) ${vscode.l10n.t("Purge it, then set a new secret")}`,
      detail: vscode.l10n.t("The deleted secret and all its versions are destroyed for ever."),
      value: "purge" as const,
    },
    { label: `$(edit) ${vscode.l10n.t("Choose another name")}`, value: "rename" as const },
  ];
  const placeholder = vscode.l10n.t('"{0}" is deleted. What shall become of it?', answers.name);
  const ifDeleted = await pickAmong<"recover" | "purge" | "rename">(place, placeholder, choices);
  return ifDeleted === back || ifDeleted === "rename" ? back : { ...answers, ifDeleted };
}

async function askValue(answers: SecretAnswers, place: Place) {
  const value = await askSecretValue(place);
  return value === back ? back : { ...answers, value };
}

type Review = "set" | "contentType" | "expiry" | "tags" | "enabled";

/** The last look: sets the secret, or changes one of its properties first. */
async function askRest(vault: VaultSummary, start: SecretAnswers, place: Place): Promise<Answer<SecretAnswers>> {
  let answers = start;
  for (;;) {
    const choice = await pickAmong<Review>(
      place,
      vscode.l10n.t("Set it, or say more about it first"),
      reviewRows(vault, answers),
    );
    if (choice === back || choice === "set") {
      return choice === back ? back : answers;
    }
    const properties = await editors[choice](answers.properties, { ...place, canGoBack: true });
    answers = properties === back ? answers : { ...answers, properties };
  }
}

function reviewRows(vault: VaultSummary, { name, properties, ifDeleted }: SecretAnswers) {
  const { contentType, expiresOn, tags, isEnabled } = properties;
  const none = vscode.l10n.t("none");
  const deleted = {
    recover: vscode.l10n.t("recovered first"),
    purge: vscode.l10n.t("the deleted one is purged first"),
  };
  return [
    {
      label: `$(check) ${vscode.l10n.t('Set "{0}" in "{1}"', name, vault.name)}`,
      description: ifDeleted ? deleted[ifDeleted] : "",
      value: "set" as const,
    },
    { label: vscode.l10n.t("Content type"), description: contentType ?? none, value: "contentType" as const },
    {
      label: vscode.l10n.t("Expires"),
      description: expiresOn?.toISOString() ?? vscode.l10n.t("never"),
      value: "expiry" as const,
    },
    { label: vscode.l10n.t("Tags"), description: tags ? formatTags(tags) : none, value: "tags" as const },
    {
      label: vscode.l10n.t("Enabled"),
      description: isEnabled === false ? vscode.l10n.t("no, pods cannot mount it") : vscode.l10n.t("yes"),
      value: "enabled" as const,
    },
  ];
}

type Editor = (properties: SecretProperties, place: Place) => Promise<Answer<SecretProperties>>;

const editors = {
  async contentType(properties, place) {
    const text = await inputText({
      place,
      prompt: vscode.l10n.t("Content type, such as text/plain; empty for none"),
      value: properties.contentType,
      validate: (contentType) => checkSecretProperties({ contentType }),
    });
    return text === back ? back : { ...properties, contentType: text === "" ? undefined : text };
  },
  async expiry(properties, place) {
    const text = await inputText({
      place,
      prompt: vscode.l10n.t("Expiry as 2027-01-31 or 2027-01-31T18:00Z, in UTC; empty for never"),
      value: properties.expiresOn?.toISOString(),
      validate: checkExpiry,
    });
    return text === back ? back : { ...properties, expiresOn: text === "" ? undefined : new Date(text) };
  },
  async tags(properties, place) {
    const text = await inputText({
      place,
      prompt: vscode.l10n.t("Tags as name=value, separated by commas; empty for none"),
      value: formatTags(properties.tags ?? {}),
      validate: (tags) => checkSecretProperties({ tags: parseTags(tags) }),
    });
    return text === back ? back : { ...properties, tags: text.trim() === "" ? undefined : parseTags(text) };
  },
  enabled: (properties) => Promise.resolve({ ...properties, isEnabled: properties.isEnabled === false }),
} as const satisfies Record<Exclude<Review, "set">, Editor>;

function checkExpiry(text: string): string | undefined {
  if (text === "") {
    return undefined;
  }
  if (!/^\d{4}-\d{2}-\d{2}(T\d{2}:\d{2}(:\d{2}(\.\d+)?)?Z)?$/.test(text)) {
    return vscode.l10n.t("Write a date such as 2027-01-31 or 2027-01-31T18:00Z.");
  }
  const expiresOn = new Date(text);
  const broken = checkSecretProperties({ expiresOn });
  return broken ?? (expiresOn.getTime() < Date.now() ? vscode.l10n.t("This date is in the past.") : undefined);
}

function parseTags(text: string): Readonly<Record<string, string>> {
  const pairs = text.split(",").filter((pair) => pair.trim() !== "");
  return Object.fromEntries(
    pairs.map((pair) => {
      const [name = "", ...value] = pair.split("=");
      return [name.trim(), value.join("=").trim()];
    }),
  );
}

function formatTags(tags: Readonly<Record<string, string>>): string {
  return Object.entries(tags)
    .map(([name, value]) => `${name}=${value}`)
    .join(", ");
}
