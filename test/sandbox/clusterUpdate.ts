/** From the body of a PUT to the cluster that it asks for. */
import { addonDefaults, addonKey, newPool } from "./clusterBody.ts";
import { badRequest, checkPool, checkVersion, fullVersion } from "./clusterRules.ts";
import { asArray, asObject, asText } from "./json.ts";
import { findAddon } from "./nodeResources.ts";
import type { JsonObject } from "./state.ts";

/** Told by Azure alone: what a PUT says of them is not read. */
const readOnly = [
  ...["provisioningState", "powerState", "currentKubernetesVersion", "fqdn", "azurePortalFQDN", "privateFQDN"],
  ...["resourceUID", "maxAgentPools", "identityProfile", "status"],
];

/** Kept as they are where a PUT leaves them out. */
const sticky = [
  ...["dnsPrefix", "nodeResourceGroup", "networkProfile", "servicePrincipalProfile", "kubernetesVersion"],
  ...["windowsProfile", "linuxProfile", "oidcIssuerProfile", "enableRBAC", "aadProfile", "agentPoolProfiles"],
  ...["addonProfiles", "apiServerAccessProfile", "nodeResourceGroupProfile", "supportPlan"],
];

/** What a PUT that leaves them out resets them to. Everything else that is left out is gone. */
const resets: JsonObject = {
  autoUpgradeProfile: {},
  disableLocalAccounts: false,
  securityProfile: {},
  workloadAutoScalerProfile: {},
  metricsProfile: { costAnalysis: { enabled: false } },
  nodeProvisioningProfile: { mode: "Manual", defaultNodePools: "Auto" },
  bootstrapProfile: { artifactSource: "Direct" },
};

/** Since which api-version a property is known: an older one neither shows nor takes it. */
const knownSince: Readonly<Record<string, string>> = {
  nodeProvisioningProfile: "2025-05-01",
  bootstrapProfile: "2025-02-01",
  metricsProfile: "2024-01-01",
  nodeResourceGroupProfile: "2024-05-01",
  aiToolchainOperatorProfile: "2025-09-01",
  hostedSystemProfile: "2026-03-01",
};

function pick(from: JsonObject, names: readonly string[]): JsonObject {
  return Object.fromEntries(names.flatMap((name) => (from[name] === undefined ? [] : [[name, from[name]]])));
}

/** The body as a caller of this api-version sees it. */
export function viewOf(body: JsonObject, apiVersion: string): JsonObject {
  const hidden = Object.entries(knownSince).flatMap(([name, since]) => (apiVersion < since ? [name] : []));
  const properties = Object.entries(asObject(body["properties"])).filter(([name]) => !hidden.includes(name));
  const { eTag, ...rest } = body;
  return { ...rest, ...(apiVersion >= "2024-05-01" && { eTag }), properties: Object.fromEntries(properties) };
}

/**
 * The properties that a PUT on an existing cluster asks for.
 * @throws {ContainerServiceError} 400
 */
export function updatedProperties(existing: JsonObject, given: JsonObject, apiVersion: string): JsonObject {
  const known = Object.entries(given).filter(([name]) => (knownSince[name] ?? "") <= apiVersion);
  const next: JsonObject = {
    ...resets,
    ...pick(existing, sticky),
    ...Object.fromEntries(known.filter(([, value]) => value !== null)),
    ...pick(existing, readOnly),
  };
  checkFixed(existing, given);
  if (next["storageProfile"] !== undefined) {
    // az sends an empty one: a driver that it does not name stays as it is.
    next["storageProfile"] = {
      ...asObject(existing["storageProfile"]),
      ...withoutNulls(asObject(next["storageProfile"])),
    };
  }
  next["addonProfiles"] = updatedAddons(existing, given);
  next["oidcIssuerProfile"] = updatedIssuer(existing, given);
  next["agentPoolProfiles"] = updatedPools(existing, next);
  checkWorkloadIdentity(next);
  return next;
}

function checkFixed(existing: JsonObject, given: JsonObject): void {
  for (const name of ["dnsPrefix", "nodeResourceGroup"]) {
    const [old, wanted] = [asText(existing[name]), asText(given[name])];
    if (wanted && old.toLowerCase() !== wanted.toLowerCase()) {
      throw badRequest(
        "PropertyChangeNotAllowed",
        `Provisioning of resource(s) for container service failed: Changing property 'properties.${name}' is not allowed.`,
      );
    }
  }
  const servicePrincipal = asObject(given["servicePrincipalProfile"]);
  if (
    servicePrincipal["clientId"] !== undefined &&
    servicePrincipal["clientId"] !== "msi" &&
    !servicePrincipal["secret"]
  ) {
    throw badRequest("InvalidParameter", "Required parameter servicePrincipalProfile.secret is missing (null).");
  }
  const version = asText(given["kubernetesVersion"]);
  if (version && ![existing["kubernetesVersion"], existing["currentKubernetesVersion"]].includes(version)) {
    checkVersion(version);
  }
}

/** Add-ons that the PUT does not name stay as they are; the key's letter case does not count. */
function updatedAddons(existing: JsonObject, given: JsonObject): JsonObject | null {
  const wanted = Object.entries(asObject(given["addonProfiles"]));
  if (wanted.length === 0) {
    return (existing["addonProfiles"] as JsonObject | null | undefined) ?? null;
  }
  const next: JsonObject = { ...asObject(existing["addonProfiles"]) };
  for (const [name, profile] of wanted) {
    const isOurs = name.toLowerCase() === addonKey.toLowerCase();
    const key =
      Object.keys(next).find((known) => known.toLowerCase() === name.toLowerCase()) ?? (isOurs ? addonKey : name);
    const was = asObject(next[key]);
    next[key] = isOurs
      ? updatedAddon(findAddon(existing), asObject(profile))
      : { ...asObject(profile), identity: was["identity"] };
  }
  return next;
}

/** While the update runs, a newly enabled add-on has no identity yet. */
function updatedAddon(was: JsonObject | undefined, wanted: JsonObject): JsonObject {
  if (wanted["enabled"] !== true) {
    return { config: null, enabled: false, identity: null };
  }
  const wasEnabled = was?.["enabled"] === true;
  const { config = null } = wanted;
  if (wasEnabled && config === null) {
    return { ...was, enabled: true, config: null };
  }
  return {
    enabled: true,
    config: { ...addonDefaults, ...asObject(config) },
    identity: wasEnabled ? was["identity"] : null,
  };
}

/** The URL is Azure's to give, and comes when the update is over. */
function updatedIssuer(existing: JsonObject, given: JsonObject): JsonObject {
  const was = asObject(existing["oidcIssuerProfile"]);
  const { enabled } = asObject(given["oidcIssuerProfile"]);
  if (was["enabled"] === true && enabled === false) {
    throw badRequest("OIDCIssuerFeatureCannotBeDisabled", "OIDC issuer feature cannot be disabled once it is enabled.");
  }
  return was["enabled"] === true ? was : { enabled: enabled === true };
}

function updatedPools(existing: JsonObject, next: JsonObject): JsonObject[] {
  const old = asArray(existing["agentPoolProfiles"]).map(asObject);
  return asArray(next["agentPoolProfiles"]).map((item) => {
    const pool = asObject(item);
    const was = old.find(({ name }) => name === pool["name"]);
    if (!was) {
      checkPool(pool);
    }
    return was ? { ...was, ...pool } : completePool(pool, asText(next["kubernetesVersion"]));
  });
}

/**
 * What a PUT that creates a cluster asks for, with what Azure fills in around it: az sends half of `networkProfile` and an empty `storageProfile`.
 * @throws {ContainerServiceError} 400
 */
export function createdProperties(defaults: JsonObject, given: JsonObject, apiVersion: string): JsonObject {
  const wanted: JsonObject = { ...pick(defaults, Object.keys(resets)), ...withoutNulls(given) };
  for (const name of ["networkProfile", "storageProfile", "autoUpgradeProfile", "metricsProfile"]) {
    wanted[name] = { ...networkDefaults(name, defaults, given), ...withoutNulls(asObject(given[name])) };
  }
  // @see https://learn.microsoft.com/azure/aks/use-oidc-issuer: on by default on new clusters since Kubernetes 1.34
  wanted["oidcIssuerProfile"] = given["oidcIssuerProfile"] ?? { enabled: true };
  const fresh = { ...defaults, agentPoolProfiles: [] };
  const properties = updatedProperties(fresh, { ...wanted, dnsPrefix: null, agentPoolProfiles: null }, apiVersion);
  const dnsPrefix = given["dnsPrefix"] ?? defaults["dnsPrefix"];
  const version = asText(given["kubernetesVersion"]) || asText(defaults["kubernetesVersion"]);
  const pools = asArray(given["agentPoolProfiles"]).map((pool) => completePool(asObject(pool), version));
  return { ...properties, dnsPrefix, kubernetesVersion: version, agentPoolProfiles: pools };
}

function withoutNulls(object: JsonObject): JsonObject {
  return Object.fromEntries(Object.entries(object).filter(([, value]) => value !== null));
}

/** The overlay mode is the default of the default plugin only. */
function networkDefaults(name: string, defaults: JsonObject, given: JsonObject): JsonObject {
  const profile = asObject(defaults[name]);
  const isOtherPlugin = name === "networkProfile" && asText(asObject(given[name])["networkPlugin"]) !== "";
  return isOtherPlugin
    ? Object.fromEntries(Object.entries(profile).filter(([field]) => field !== "networkPluginMode"))
    : profile;
}

/** A pool of a new cluster, or a new pool, with what Azure fills in: also a size and a version, which az leaves empty. */
export function completePool(pool: JsonObject, version: string): JsonObject {
  const osType = pool["osType"] === "Windows" ? "Windows" : "Linux";
  const defaults = newPool({ name: asText(pool["name"]), osType }, fullVersion(version));
  const given = Object.entries(pool).filter(([, value]) => value !== null && value !== "");
  const upgradeSettings = { ...asObject(defaults["upgradeSettings"]), ...asObject(pool["upgradeSettings"]) };
  return { ...defaults, ...Object.fromEntries(given), upgradeSettings };
}

export function checkWorkloadIdentity(properties: JsonObject): void {
  const isWanted = asObject(asObject(properties["securityProfile"])["workloadIdentity"])["enabled"] === true;
  if (isWanted && asObject(properties["oidcIssuerProfile"])["enabled"] !== true) {
    throw badRequest(
      "WorkloadIdentityRequiresOIDCIssuer",
      "Workload Identity requires OIDC issuer to be enabled. Please enable OIDC issuer.",
    );
  }
}
