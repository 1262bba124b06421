import type { KeyVaults } from "../../azure/keyVaults.ts";
import { parseResourceId } from "../../azure/resourceId.ts";
import { checkObjectName, checkSecretProperties, checkSecretValue } from "../../azure/vaultObjectRules.ts";
import type { VaultAddress, VaultObjects } from "../../azure/vaultObjects.ts";
import type { CallOptions } from "../../call.ts";
import { hasCode, ServiceError } from "../../errors.ts";
import { t } from "../../l10n.ts";
import type { IntendedSecret } from "../intent.ts";
import type { CommandLine, Step, StepState } from "../step.ts";

interface SecretServices {
  readonly keyVaults: Pick<KeyVaults, "find" | "get">;
  readonly vaultObjects: Pick<
    VaultObjects,
    "find" | "findDeleted" | "setSecret" | "recover" | "purge" | "delete" | "listVersions"
  >;
}

/** A secret to be set. */
export interface VaultSecretTarget {
  readonly vaultId: string;
  /** The vault is made by an earlier step. */
  readonly isNew: boolean;
  readonly secret: IntendedSecret;
  /** Asked when the step is checked and when it runs; undefined: there is none, so a secret that exists is kept. */
  readonly value: () => string | undefined;
}

/**
 * The secret is in the vault. With a value it gets a new version; without one, a secret that is there is enough. The value goes to the vault and nowhere else.
 */
export function vaultSecretStep(services: SecretServices, target: VaultSecretTarget): Step {
  const { name } = target.secret;
  return {
    id: "vaultSecret",
    title: t('Secret "{0}"', name),
    why: t("This is what arrives in the pod as a file."),
    rights: [],
    check: (options) => checkSecret(services, target, options),
    apply: (options) => applySecret(services, target, options),
    undo: (options) => undoSecret(services, target, options),
    commands: () => [setCommand(target)],
  };
}

async function checkSecret(
  services: SecretServices,
  target: VaultSecretTarget,
  options?: CallOptions,
): Promise<StepState> {
  const { name, properties } = target.secret;
  const value = target.value();
  const broken =
    checkObjectName(name) ??
    checkSecretProperties(properties) ??
    (value === undefined ? undefined : checkSecretValue(value));
  if (broken) {
    return { kind: "blocked", reason: broken, remedy: undefined };
  }
  const vault = await services.keyVaults.find(target.vaultId, options);
  if (!vault) {
    return target.isNew
      ? newSecret(value)
      : { kind: "blocked", reason: t("The vault is not there any more."), remedy: t("Refresh and choose another.") };
  }
  try {
    return await stateInVault(services, vault, target, options);
  } catch (error) {
    // Before the officer step has run, the vault may not even say whether the secret exists.
    if (hasCode(error, "forbidden")) {
      return newSecret(value);
    }
    throw error;
  }
}

async function stateInVault(
  services: SecretServices,
  vault: VaultAddress,
  target: VaultSecretTarget,
  options?: CallOptions,
): Promise<StepState> {
  const { name, ifDeleted } = target.secret;
  const value = target.value();
  const existing = await services.vaultObjects.find(vault, "secret", name, options);
  if (existing) {
    return existingSecret(existing.isEnabled, value);
  }
  const deleted = await services.vaultObjects.findDeleted(vault, "secret", name, options);
  if (!deleted) {
    return newSecret(value);
  }
  const before = t("A secret of this name is deleted, but can be recovered.");
  if (ifDeleted === "recover") {
    const after = value === undefined ? t("Recovered with its old value.") : t("Recovered, then a new version is set.");
    return { kind: "needed", before, after, warnings: [] };
  }
  if (ifDeleted === "purge" && value !== undefined) {
    const warnings = [t("The deleted secret and all its versions are destroyed for ever first.")];
    return { kind: "needed", before, after: t("Set as a new secret."), warnings };
  }
  return { kind: "blocked", reason: before, remedy: t("Recover it, purge it, or choose another name.") };
}

function existingSecret(isEnabled: boolean, value: string | undefined): StepState {
  if (value === undefined) {
    return isEnabled
      ? { kind: "satisfied", now: t("It exists.") }
      : {
          kind: "blocked",
          reason: t("It exists, but is disabled: pods cannot mount it."),
          remedy: t("Enable it or set a new value."),
        };
  }
  return {
    kind: "needed",
    before: t("It exists."),
    after: t("A new version is set; older versions stay."),
    warnings: [],
  };
}

function newSecret(value: string | undefined): StepState {
  return value === undefined
    ? {
        kind: "blocked",
        reason: t("The secret has no value yet."),
        remedy: t("Type its value; it is never stored here."),
      }
    : { kind: "needed", before: t("It does not exist."), after: t("Set."), warnings: [] };
}

async function applySecret(
  services: SecretServices,
  target: VaultSecretTarget,
  options: CallOptions = {},
): Promise<void> {
  const { name, properties, ifDeleted } = target.secret;
  const vault = await services.keyVaults.get(target.vaultId, options);
  const deleted = await services.vaultObjects.findDeleted(vault, "secret", name, options);
  if (deleted && ifDeleted === "recover") {
    options.onProgress?.({ step: t("Recovering the deleted secret"), state: "running" });
    await services.vaultObjects.recover(vault, "secret", name, options);
  } else if (deleted && ifDeleted === "purge") {
    options.onProgress?.({ step: t("Purging the deleted secret"), state: "running" });
    await services.vaultObjects.purge(vault, "secret", name, options);
  }
  const value = target.value();
  if (value !== undefined) {
    await services.vaultObjects.setSecret(vault, name, value, properties, options);
  }
}

/** Deletes a secret that this plan made; one that had versions before is kept, since a version cannot be taken back. */
async function undoSecret(services: SecretServices, target: VaultSecretTarget, options?: CallOptions): Promise<void> {
  const vault = await services.keyVaults.find(target.vaultId, options);
  if (!vault) {
    return;
  }
  const versions = await services.vaultObjects.listVersions(vault, "secret", target.secret.name, options);
  if (versions.length > 1) {
    throw new ServiceError(
      "conflict",
      t('The secret is kept, because it has older versions: "{0}".', target.secret.name),
    );
  }
  await services.vaultObjects.delete(vault, "secret", target.secret.name, options);
}

function setCommand({ vaultId, secret }: VaultSecretTarget): CommandLine {
  const { name: vaultName } = parseResourceId(vaultId);
  const { contentType, expiresOn } = secret.properties;
  return {
    tool: "az",
    words: [
      ...["keyvault", "secret", "set", "--vault-name", vaultName, "--name", secret.name],
      // A value on a command line can be read by every process of the machine.
      ...["--file", "/dev/stdin", "--encoding", "utf-8"],
      ...(contentType ? ["--content-type", contentType] : []),
      ...(expiresOn ? ["--expires", expiresOn.toISOString().replace(/\.\d+Z$/, "Z")] : []),
    ],
    stdin: "${SECRET_VALUE}",
  };
}
