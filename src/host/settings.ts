import * as vscode from "vscode";

import { settingIds } from "../manifest.ts";
import type { SettingId, SettingTypes } from "../manifest.ts";
import type { CloudSettings } from "../services/azure/cloudMetadata.ts";

/** Reads one of our settings as it is now. For those that aim a request, only the person's own value counts: a workspace cannot redirect a token. */
export function readSetting<K extends SettingId>(id: K): SettingTypes[K] {
  const found = vscode.workspace.getConfiguration().inspect<SettingTypes[K]>(id);
  const value = found?.globalValue ?? found?.defaultValue;
  if (value === undefined) {
    throw new Error(`The setting ${id} has no default.`);
  }
  return value;
}

/** Writes one of our settings into the person's own. */
export async function writeSetting<K extends SettingId>(id: K, value: SettingTypes[K]): Promise<void> {
  await vscode.workspace.getConfiguration().update(id, value, vscode.ConfigurationTarget.Global);
}

/** The sections whose change means other endpoints or another account. */
export const connectionSections = ["microsoft-sovereign-cloud", "keyVaultCsi.cloud", settingIds.authenticationMethod];

const environments: Readonly<Record<string, CloudSettings["environment"]>> = {
  ChinaCloud: "AzureChinaCloud",
  USGovernment: "AzureUSGovernment",
  custom: "custom",
};

/** The cloud by VS Code's own `microsoft-sovereign-cloud.*`, each endpoint overridden by ours where one is given. */
export function readCloudSettings(): CloudSettings {
  const custom = readPersonal<Readonly<Record<string, unknown>>>("customEnvironment") ?? {};
  const environment = environments[readPersonal<string>("environment") ?? ""] ?? "AzureCloud";
  const fromCustom = (key: string) => (environment === "custom" ? withoutSlash(custom[key]) : undefined);
  const ours = {
    resourceManager: withoutSlash(readSetting(settingIds.cloudResourceManager)),
    authority: withoutSlash(readSetting(settingIds.cloudAuthority)),
    keyVaultAudience: withoutSlash(readSetting(settingIds.cloudKeyVaultAudience)),
    keyVaultSuffix: withoutSlash(readSetting(settingIds.cloudKeyVaultSuffix)),
    portal: withoutSlash(readSetting(settingIds.cloudPortal)),
  };
  return {
    environment: ours.resourceManager === undefined ? environment : "custom",
    resourceManager: ours.resourceManager ?? fromCustom("resourceManagerEndpointUrl"),
    authority: ours.authority ?? fromCustom("activeDirectoryEndpointUrl"),
    keyVaultAudience: ours.keyVaultAudience,
    keyVaultSuffix: ours.keyVaultSuffix ?? fromCustom("keyVaultDnsSuffix")?.replace(/^\./, ""),
    portal: ours.portal ?? fromCustom("portalUrl"),
  };
}

function readPersonal<T>(key: string): T | undefined {
  return vscode.workspace.getConfiguration("microsoft-sovereign-cloud").inspect<T>(key)?.globalValue;
}

function withoutSlash(value: unknown): string | undefined {
  return typeof value === "string" && value !== "" ? value.replace(/\/+$/, "") : undefined;
}
