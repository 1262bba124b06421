/** From what a PUT or PATCH asks for to the vault that ARM answers: defaults by api-version, and what can't be undone. */
import { BlockList, isIPv4 } from "node:net";
import {
  badVaultRequest,
  invalidValue,
  purgeProtectionIsIrreversible,
  retentionIsFixed,
  softDeleteIsIrreversible,
} from "./armVaultErrors.ts";
import { asArray, asObject, asText } from "./json.ts";
import type { Json, JsonObject } from "./state.ts";

const maxAccessPolicies = 1024;
const rbacIsDefaultFrom = "2026-02-01";

/** The properties of a new vault. @throws {ArmError} 400 */
export function newProperties(given: JsonObject, tenantId: string, apiVersion: string): JsonObject {
  if (given["enableSoftDelete"] === false) {
    throw softDeleteIsIrreversible();
  }
  const defaults: JsonObject = {
    accessPolicies: [],
    enabledForDeployment: false,
    enableSoftDelete: true,
    softDeleteRetentionInDays: 90,
    enableRbacAuthorization: apiVersion >= rbacIsDefaultFrom,
    publicNetworkAccess: "Enabled",
  };
  const properties = { ...defaults, ...pick(given, writable) };
  check(properties, [tenantId]);
  return properties;
}

/**
 * The properties after a PUT on a vault that exists. What a PUT leaves out is reset, but for what is fixed at creation and for the authorization model.
 * @throws {ArmError} 400
 */
export function replaceProperties(existing: JsonObject, given: JsonObject, tenantId: string): JsonObject {
  refuseUndoing(existing, given);
  const kept = pick(existing, [...readOnly, ...fixed, "enableRbacAuthorization"]);
  const reset: JsonObject = { accessPolicies: [], enabledForDeployment: false, publicNetworkAccess: "Enabled" };
  const properties = { ...reset, ...kept, ...pick(given, writable) };
  check(properties, [tenantId, asText(existing["tenantId"])]);
  return properties;
}

/** The properties after a PATCH: what it names is replaced. @throws {ArmError} 400 */
export function patchProperties(existing: JsonObject, given: JsonObject, tenantId: string): JsonObject {
  refuseUndoing(existing, given);
  const properties = { ...existing, ...pick(given, writable) };
  check(properties, [tenantId, asText(existing["tenantId"])]);
  return properties;
}

const readOnly = ["vaultUri", "provisioningState", "hsmPoolResourceId", "privateEndpointConnections"];
const fixed = ["enableSoftDelete", "softDeleteRetentionInDays", "enablePurgeProtection"];
const writable = [
  "tenantId",
  "sku",
  "accessPolicies",
  "enabledForDeployment",
  "enabledForDiskEncryption",
  "enabledForTemplateDeployment",
  "enableRbacAuthorization",
  "networkAcls",
  "publicNetworkAccess",
  ...fixed,
];

/** `null` counts as left out. */
function pick(from: JsonObject, names: readonly string[]): JsonObject {
  return Object.fromEntries(
    names.flatMap((name) => (from[name] === undefined || from[name] === null ? [] : [[name, from[name]]])),
  );
}

function refuseUndoing(existing: JsonObject, given: JsonObject): void {
  if (given["enableSoftDelete"] === false) {
    throw softDeleteIsIrreversible();
  }
  const days = given["softDeleteRetentionInDays"];
  if (days !== undefined && days !== null && days !== existing["softDeleteRetentionInDays"]) {
    throw retentionIsFixed();
  }
}

/** @param tenants of which the vault's must be one: a vault keeps its own when the subscription moves to another */
function check(properties: JsonObject, tenants: readonly string[]): void {
  const { sku, softDeleteRetentionInDays, enablePurgeProtection } = properties;
  const { family, name } = asObject(sku);
  if (asText(family).toUpperCase() !== "A" || !["standard", "premium"].includes(asText(name).toLowerCase())) {
    throw badVaultRequest("The key vault sku is invalid.");
  }
  const tenantId = asText(properties["tenantId"]).toLowerCase();
  if (!tenants.some((tenant) => tenant.toLowerCase() === tenantId)) {
    throw invalidValue("tenantId");
  }
  if (enablePurgeProtection === false) {
    throw purgeProtectionIsIrreversible();
  }
  const days = Number(softDeleteRetentionInDays);
  if (!Number.isInteger(days) || days < 7 || days > 90) {
    throw invalidValue("softDeleteRetentionInDays");
  }
  checkBooleans(properties);
  checkAccessPolicies(properties["accessPolicies"], tenantId);
  properties["networkAcls"] = checkNetworkAcls(properties["networkAcls"]);
  properties["publicNetworkAccess"] = checkPublicNetworkAccess(properties["publicNetworkAccess"]);
  if (properties["networkAcls"] === undefined) {
    delete properties["networkAcls"];
  }
}

function checkBooleans(properties: JsonObject): void {
  for (const name of writable.filter((field) => field.startsWith("enable") && field !== "enablePurgeProtection")) {
    if (properties[name] !== undefined && typeof properties[name] !== "boolean") {
      throw invalidValue(name);
    }
  }
}

function checkPublicNetworkAccess(value: Json | undefined): string {
  const known = ["Enabled", "Disabled"].find((name) => name.toLowerCase() === asText(value).toLowerCase());
  if (known === undefined) {
    throw invalidValue("publicNetworkAccess");
  }
  return known;
}

/** @throws {ArmError} 400 for an entry of another tenant, without an object id, or with a permission that does not exist */
export function checkAccessPolicies(policies: unknown, tenantId: string): void {
  const entries = asArray(policies).map(asObject);
  if (!Array.isArray(policies) || entries.length > maxAccessPolicies) {
    throw invalidValue("accessPolicies");
  }
  for (const entry of entries) {
    const isOfTenant = asText(entry["tenantId"]).toLowerCase() === tenantId.toLowerCase();
    const permissions = asObject(entry["permissions"]);
    if (!isOfTenant || asText(entry["objectId"]) === "" || !Object.entries(permissions).every(isKnownPermission)) {
      throw invalidValue("accessPolicies");
    }
  }
}

const common = ["all", "get", "list", "delete", "backup", "restore", "recover", "purge"];
const knownPermissions: Record<string, readonly string[]> = {
  keys: [
    ...common,
    ...["encrypt", "decrypt", "wrapkey", "unwrapkey", "sign", "verify", "create", "update", "import", "release"],
    ...["rotate", "getrotationpolicy", "setrotationpolicy"],
  ],
  secrets: [...common, "set"],
  certificates: [
    ...common,
    ...["create", "update", "import", "managecontacts", "getissuers", "listissuers", "setissuers", "deleteissuers"],
    "manageissuers",
  ],
  storage: [...common, "set", "update", "regeneratekey", "setsas", "listsas", "getsas", "deletesas"],
};

function isKnownPermission([kind, verbs]: [string, Json | undefined]): boolean {
  const known = knownPermissions[kind];
  return known !== undefined && asArray(verbs).every((verb) => known.includes(asText(verb).toLowerCase()));
}

function checkNetworkAcls(value: Json | undefined): JsonObject | undefined {
  if (value === undefined || value === null) {
    return undefined;
  }
  const { bypass = "AzureServices", defaultAction = "Deny", ipRules, virtualNetworkRules } = asObject(value);
  if (!["AzureServices", "None"].includes(asText(bypass)) || !["Allow", "Deny"].includes(asText(defaultAction))) {
    throw invalidValue("networkAcls");
  }
  const rules = asArray(ipRules).map((rule) => asText(asObject(rule)["value"]));
  for (const rule of rules) {
    if (!isPublicRange(rule)) {
      throw badVaultRequest(`The value '${rule}' is not a valid IPv4 address or CIDR block for 'networkAcls.ipRules'.`);
    }
  }
  return {
    bypass,
    defaultAction,
    ipRules: rules.map((rule) => ({ value: rule.includes("/") ? rule : `${rule}/32` })),
    virtualNetworkRules: asArray(virtualNetworkRules),
  };
}

const privateRanges = new BlockList();
privateRanges.addSubnet("10.0.0.0", 8);
privateRanges.addSubnet("172.16.0.0", 12);
privateRanges.addSubnet("192.168.0.0", 16);

/** Private ranges are refused by the service: a firewall sees public addresses only. */
function isPublicRange(rule: string): boolean {
  const [address = "", bits = "32", ...more] = rule.split("/");
  const isMask = /^\d{1,2}$/.test(bits) && Number(bits) <= 32 && more.length === 0;
  return isIPv4(address) && isMask && !privateRanges.check(address);
}
