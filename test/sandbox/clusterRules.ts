/** What the container service refuses in the body of a PUT, in its own words. */
import { addonKey } from "./clusterBody.ts";
import { ContainerServiceError } from "./errors.ts";
import { asArray, asObject, asText } from "./json.ts";
import type { JsonObject } from "./state.ts";

export const supportedVersions: Readonly<Record<string, readonly string[]>> = {
  "1.36": ["1.36.0", "1.36.1"],
  "1.35": ["1.35.1", "1.35.3"],
  "1.34": ["1.34.4", "1.34.6"],
};

export function badRequest(code: string, message: string): ContainerServiceError {
  return new ContainerServiceError(400, code, message);
}

function invalidParameter(name: string, why: string): ContainerServiceError {
  return badRequest(
    "InvalidParameter",
    `The value of parameter ${name} is invalid. Error details: ${why}. Please see https://aka.ms/aks-naming-rules for more details.`,
  );
}

function goKind(value: unknown): string {
  if (Array.isArray(value)) {
    return "array";
  }
  return typeof value === "boolean" ? "bool" : typeof value;
}

function unmarshalError(value: unknown, field: string, type: string): ContainerServiceError {
  return badRequest(
    "UnmarshalError",
    `UnmarshalEntity encountered error: json: cannot unmarshal ${goKind(value)} into Go struct field ${field} of type ${type}.`,
  );
}

const kinds: Readonly<Record<string, (value: unknown) => boolean>> = {
  bool: (value) => typeof value === "boolean",
  string: (value) => typeof value === "string",
  object: (value) => typeof value === "object" && !Array.isArray(value),
  array: (value) => Array.isArray(value),
};

/** Null and left out fit every type, as in Go. */
function expectKind(
  value: unknown,
  field: string,
  kind: "bool" | "string" | "object" | "array",
  goType: string = kind,
): void {
  if (value !== undefined && value !== null && !kinds[kind]?.(value)) {
    throw unmarshalError(value, field, goType);
  }
}

/** @throws {ContainerServiceError} 400 */
export function checkShape(body: JsonObject): void {
  expectKind(body["tags"], "ManagedCluster.tags", "object", "map[string]string");
  expectKind(body["properties"], "ManagedCluster.properties", "object", "v1.Properties");
  const properties = asObject(body["properties"]);
  expectKind(
    properties["addonProfiles"],
    "Properties.properties.addonProfiles",
    "object",
    "map[string]v1.AddonProfile",
  );
  for (const [name, profile] of Object.entries(asObject(properties["addonProfiles"]))) {
    checkAddonShape(name, profile);
  }
  expectKind(
    properties["agentPoolProfiles"],
    "Properties.properties.agentPoolProfiles",
    "array",
    "[]v1.AgentPoolProfile",
  );
  expectKind(asObject(properties["oidcIssuerProfile"])["enabled"], "OIDCIssuerProfile.enabled", "bool");
  const workloadIdentity = asObject(asObject(properties["securityProfile"])["workloadIdentity"]);
  expectKind(workloadIdentity["enabled"], "SecurityProfileWorkloadIdentity.enabled", "bool");
}

function checkAddonShape(name: string, profile: unknown): void {
  const path = `AddonProfile.properties.addonProfiles`;
  expectKind(profile, `Properties.properties.addonProfiles`, "object", "v1.AddonProfile");
  const { enabled, config } = asObject(profile);
  expectKind(enabled, `${path}.enabled`, "bool");
  expectKind(config, `${path}.config`, "object", "map[string]string");
  for (const value of Object.values(asObject(config))) {
    if (typeof value !== "string") {
      throw unmarshalError(value, `${path}.config`, "string");
    }
  }
  if (name.toLowerCase() === addonKey.toLowerCase()) {
    checkRotation(asObject(config));
  }
}

const goDuration = /^(?:\d+(?:\.\d+)?(?:ns|us|µs|ms|s|m|h))+$/;

function checkRotation({ enableSecretRotation, rotationPollInterval }: JsonObject): void {
  if (enableSecretRotation !== undefined && !/^(?:true|false)$/i.test(asText(enableSecretRotation))) {
    throw invalidParameter(
      `addonProfiles.${addonKey}.config.enableSecretRotation`,
      `'${asText(enableSecretRotation)}' is not a boolean`,
    );
  }
  if (rotationPollInterval !== undefined && !goDuration.test(asText(rotationPollInterval))) {
    throw invalidParameter(
      `addonProfiles.${addonKey}.config.rotationPollInterval`,
      `time: invalid duration "${asText(rotationPollInterval)}"`,
    );
  }
}

/** What only a new cluster is asked. @throws {ContainerServiceError} 400 */
export function checkNew(name: string, body: JsonObject): void {
  if (!/^[a-z0-9](?:[-_a-z0-9]{0,61}[a-z0-9])?$/i.test(name)) {
    throw invalidParameter(
      "name",
      "Invalid resource name. It must be 1 to 63 letters, numbers, underscores or hyphens, and start and end with a letter or number",
    );
  }
  const properties = asObject(body["properties"]);
  if (!asText(properties["dnsPrefix"]) && !asText(properties["fqdnSubdomain"])) {
    throw badRequest("InvalidParameter", "Required parameter dnsPrefix is missing (null).");
  }
  if (!body["identity"] && !properties["servicePrincipalProfile"]) {
    throw badRequest("InvalidParameter", "Required parameter servicePrincipalProfile is missing (null).");
  }
  const pools = asArray(properties["agentPoolProfiles"]).map(asObject);
  if (!pools.some((pool) => pool["mode"] === "System")) {
    throw badRequest("InvalidParameter", "Must define at least one system agent pool.");
  }
  pools.forEach(checkPool);
  checkVersion(asText(properties["kubernetesVersion"]));
}

export function checkPool(pool: JsonObject): void {
  const name = asText(pool["name"]);
  const longest = pool["osType"] === "Windows" ? 6 : 12;
  if (!/^[a-z][a-z0-9]*$/.test(name) || name.length > longest) {
    throw invalidParameter("agentPoolProfile.name", `the name '${name}' must match ^[a-z][a-z0-9]{0,${longest - 1}}$`);
  }
}

/** `1.35`, `1.35.3` or nothing. */
export function checkVersion(version: string): void {
  const minor = version.split(".").slice(0, 2).join(".");
  const patches = supportedVersions[minor];
  if (version && (!patches || (version !== minor && !patches.includes(version)))) {
    throw badRequest(
      "K8sVersionNotSupported",
      `Managed cluster is on version ${version} which is not supported in this region. Please use [az aks get-versions] command to get the supported version list in this region. For more information, please check https://aka.ms/supported-version-list`,
    );
  }
}

/** The newest patch of a minor version, or the patch itself. */
export function fullVersion(version: string): string {
  return supportedVersions[version]?.at(-1) ?? version;
}
