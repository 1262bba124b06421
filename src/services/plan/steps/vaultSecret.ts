import type { KeyVaults } from "../../azure/keyVaults.ts";
import { parseResourceId } from "../../azure/resourceId.ts";
import { checkObjectName, checkSecretProperties, checkSecretValue } from "../../azure/vaultObjectRules.ts";
import type { VaultAddress, VaultObjects } from "../../azure/vaultObjects.ts";
import type { CallOptions } from "../../call.ts";
import { hasCode } from "../../errors.ts";
import { t } from "../../l10n.ts";
import type { IntendedSecret } from "../intent.ts";
import type { ApplyOptions, CommandLine, Step, StepState } from "../step.ts";

interface SecretServices {
  readonly keyVaults: Pick<KeyVaults, "find" | "get">;
  readonly vaultObjects: Pick<
    VaultObjects,
    "find" | "findDeleted" | "setSecretWhenAllowed" | "recover" | "purge" | "delete"
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
  readonly times?: Times | undefined;
}

interface Times {
  readonly withinMs: number;
  readonly everyMs: number;
}

/** A vault that has said yes once may still say no from another of its nodes. @see https://learn.microsoft.com/azure/role-based-access-control/troubleshooting */
const propagation: Times = { withinMs: 120_000, everyMs: 3_000 };

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
    undo: (_made, options) => undoSecret(services, target, options),
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
    const irreversible = t("What is purged cannot be brought back.");
    return { kind: "needed", before, after: t("Set as a new secret."), warnings, irreversible };
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
    irreversible: t("Undo keeps the new version: a version cannot be taken back, only disabled."),
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
  options: ApplyOptions = {},
): Promise<void> {
  const { name } = target.secret;
  const vault = await services.keyVaults.get(target.vaultId, options);
  const before = await services.vaultObjects.find(vault, "secret", name, options);
  const isRecovered = before ? false : await clearDeleted(services, vault, target, options);
  if (isRecovered) {
    options.onMade?.(name);
  }
  const value = target.value();
  if (value !== undefined) {
    await setValue(services, { vault, target, value, versionBefore: before?.version }, options);
    if (!before && !isRecovered) {
      options.onMade?.(name);
    }
  }
}

/** Does to a deleted namesake what was decided. @returns whether it is back */
async function clearDeleted(
  { vaultObjects }: SecretServices,
  vault: VaultAddress,
  { secret: { name, ifDeleted } }: VaultSecretTarget,
  options: CallOptions,
): Promise<boolean> {
  if (ifDeleted === undefined || !(await vaultObjects.findDeleted(vault, "secret", name, options))) {
    return false;
  }
  if (ifDeleted === "purge") {
    options.onProgress?.({ step: t("Purging the deleted secret"), state: "running" });
    await vaultObjects.purge(vault, "secret", name, options);
    return false;
  }
  options.onProgress?.({ step: t("Recovering the deleted secret"), state: "running" });
  await vaultObjects.recover(vault, "secret", name, options);
  return true;
}

interface ValueToSet {
  readonly vault: VaultAddress;
  readonly target: VaultSecretTarget;
  readonly value: string;
  readonly versionBefore: string | undefined;
}

/** Sets it once: where the answer was lost on the way, a look tells whether the vault has taken it. */
async function setValue(
  { vaultObjects }: SecretServices,
  { vault, target, value, versionBefore }: ValueToSet,
  options: CallOptions,
): Promise<void> {
  const { name, properties } = target.secret;
  const set = () => {
    const secret = { name, value, properties };
    return vaultObjects.setSecretWhenAllowed(vault, secret, target.times ?? propagation, options);
  };
  try {
    await set();
  } catch (error) {
    if (!hasCode(error, "unreachable", "timedOut")) {
      throw error;
    }
    const now = await vaultObjects.find(vault, "secret", name, options);
    if (now === undefined || now.version === versionBefore) {
      await set();
    }
  }
}

/** Deletes a secret that this plan made or recovered, so that it can be recovered. */
async function undoSecret(services: SecretServices, target: VaultSecretTarget, options?: CallOptions): Promise<void> {
  const vault = await services.keyVaults.find(target.vaultId, options);
  if (vault) {
    await services.vaultObjects.delete(vault, "secret", target.secret.name, options);
  }
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
