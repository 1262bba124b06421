/** What the Azure provider reads of a class's parameters, in the order in which it checks them. */
import { CsiFailure } from "./csiFailure.ts";

export type Parameters = Readonly<Record<string, string>>;

/** The provider's releases whose texts differ. */
export type Family = "1.7" | "1.8";

type IdentityMode = "podIdentity" | "vmManagedIdentity" | "tokenProxy" | "none";

export interface Settings {
  readonly keyvaultName: string;
  readonly tenantId: string;
  readonly cloudName: string;
  readonly clientId: string;
  readonly userAssignedIdentityId: string;
  readonly mode: IdentityMode;
  readonly objects: string;
}

const truths: Readonly<Record<string, boolean>> = {
  "": false,
  ...Object.fromEntries(["1", "t", "T", "TRUE", "true", "True"].map((text) => [text, true])),
  ...Object.fromEntries(["0", "f", "F", "FALSE", "false", "False"].map((text) => [text, false])),
};

function flag(parameters: Parameters, name: string): boolean {
  const text = (parameters[name] ?? "").trim();
  const value = truths[text];
  if (value === undefined) {
    throw new CsiFailure(`failed to parse ${name} flag, error: strconv.ParseBool: parsing "${text}": invalid syntax`);
  }
  return value;
}

const clouds = [
  "azurecloud",
  "azurepubliccloud",
  "azureusgovernmentcloud",
  "azureusgovernment",
  "azurechinacloud",
  "azuregermancloud",
];

function checkCloud(name: string): void {
  if (name.toLowerCase() === "azurestackcloud") {
    throw new CsiFailure(
      `cloudName ${name} is not valid, error: open /etc/kubernetes/akscustom.json: no such file or directory`,
    );
  }
  if (name !== "" && !clouds.includes(name.toLowerCase())) {
    throw new CsiFailure(
      `cloudName ${name} is not valid, error: autorest/azure: There is no cloud environment matching the name "${name.toUpperCase()}"`,
    );
  }
}

interface Flags {
  readonly usePodIdentity: boolean;
  readonly useVmManagedIdentity: boolean;
  readonly useAzureTokenProxy: boolean;
}

function readFlags(parameters: Parameters, family: Family): Flags {
  const flags = {
    usePodIdentity: flag(parameters, "usePodIdentity"),
    useVmManagedIdentity: flag(parameters, "useVMManagedIdentity"),
    useAzureTokenProxy: family === "1.8" && flag(parameters, "useAzureTokenProxy"),
  };
  if (family === "1.8" && Object.values(flags).filter(Boolean).length > 1) {
    throw new CsiFailure(
      "only one identity mode can be enabled at a time: usePodIdentity, useVMManagedIdentity, or useAzureTokenProxy",
    );
  }
  return flags;
}

function modeOf(flags: Flags): IdentityMode {
  if (flags.usePodIdentity) {
    return "podIdentity";
  }
  return flags.useVmManagedIdentity ? "vmManagedIdentity" : flags.useAzureTokenProxy ? "tokenProxy" : "none";
}

/** Reads everything but the objects. @throws {CsiFailure} in the provider's words */
export function readSettings(parameters: Parameters, family: Family): Settings {
  const text = (name: string): string => (parameters[name] ?? "").trim();
  const missing = family === "1.8" ? "is not provided" : "is not set";
  const flags = readFlags(parameters, family);
  const keyvaultName = text("keyvaultName");
  if (keyvaultName === "") {
    throw new CsiFailure(`keyvaultName ${missing}`);
  }
  const tenantId = text("tenantID") || text("tenantId");
  if (tenantId === "") {
    throw new CsiFailure(`tenantId ${missing}`);
  }
  checkCloud(text("cloudName"));
  if (family === "1.7" && flags.usePodIdentity && flags.useVmManagedIdentity) {
    throw new CsiFailure(
      "failed to create auth config, error: cannot enable both pod identity and user-assigned managed identity",
    );
  }
  return {
    keyvaultName,
    tenantId,
    cloudName: text("cloudName"),
    clientId: text("clientID"),
    userAssignedIdentityId: text("userAssignedIdentityID"),
    mode: modeOf(flags),
    objects: text("objects"),
  };
}

/** @throws {CsiFailure} for a name that no vault has */
export function checkVaultName(name: string): void {
  if (name.length < 3 || name.length > 24) {
    throw new CsiFailure(`failed to get vault: Invalid vault name: "${name}", must be between 3 and 24 chars`);
  }
  if (!/^[-A-Za-z0-9]+$/.test(name)) {
    throw new CsiFailure(`failed to get vault: Invalid vault name: "${name}", must match [-a-zA-Z0-9]{3,24}`);
  }
}
