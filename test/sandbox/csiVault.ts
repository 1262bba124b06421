/** What the provider gets from a vault: who is asked, what is answered, and what of it becomes a file. */
import { createPublicKey, type JsonWebKey } from "node:crypto";
import { CsiFailure } from "./csiFailure.ts";
import { fileName, objectFailure, type VaultObjectRequest } from "./csiObjects.ts";
import type { Settings } from "./csiParameters.ts";
import { asArray, asObject, asText } from "./json.ts";
import { authorize, passFirewall, properties, type Permission, type VaultCaller } from "./keyVaultAccess.ts";
import { disabled, notFound, VaultError, type ObjectKind } from "./keyVaultErrors.ts";
import type { MountedFile } from "./kubernetes/mounts.ts";
import { readPkcs12 } from "./pkcs12.ts";
import type { BundleVersion, Cluster, SecretVersion, Vault, VaultObject, World } from "./state.ts";

export interface Fetched extends MountedFile {
  /** `secret/name`, `secret/name/0`. */
  readonly id: string;
  readonly version: string;
}

interface VaultInput {
  readonly world: World;
  readonly cluster: Cluster;
  readonly settings: Settings;
  readonly caller: () => VaultCaller;
}

interface Collection {
  readonly kind: ObjectKind;
  readonly path: string;
  readonly get: Permission;
  readonly list: Permission;
}

const collections: Readonly<Record<string, Collection>> = {
  secret: {
    kind: "secret",
    path: "secrets",
    get: { kind: "secrets", verb: "get", dataAction: "secrets/getSecret/action" },
    list: { kind: "secrets", verb: "list", dataAction: "secrets/readMetadata/action" },
  },
  key: {
    kind: "key",
    path: "keys",
    get: { kind: "keys", verb: "get", dataAction: "keys/read" },
    list: { kind: "keys", verb: "list", dataAction: "keys/read" },
  },
  cert: {
    kind: "certificate",
    path: "certificates",
    get: { kind: "certificates", verb: "get", dataAction: "certificates/read" },
    list: { kind: "certificates", verb: "list", dataAction: "certificates/read" },
  },
};

const suffixes: Readonly<Record<string, string>> = {
  azureusgovernmentcloud: "vault.usgovcloudapi.net",
  azureusgovernment: "vault.usgovcloudapi.net",
  azurechinacloud: "vault.azure.cn",
  azuregermancloud: "vault.microsoftazure.de",
};

const apiVersion = "2025-07-01";

/** As an Azure SDK for Go prints the refusal of a service. */
function sdkText(error: VaultError, url: string): string {
  const rule = "-".repeat(80);
  const inner = error.innerCode === undefined ? {} : { innererror: { code: error.innerCode } };
  const body = JSON.stringify({ error: { code: error.code, message: error.message, ...inner } }, undefined, 2);
  const names: Readonly<Record<number, string>> = { 401: "Unauthorized", 403: "Forbidden", 404: "Not Found" };
  const status = `${error.status} ${names[error.status] ?? ""}`.trim();
  return `GET ${url}\n${rule}\nRESPONSE ${error.status}: ${status}\nERROR CODE: ${error.code}\n${rule}\n${body}\n${rule}\n`;
}

/** The address under which a cluster's nodes reach the internet: from a range that is nobody's. */
function nodeEgressAddress(cluster: Cluster): string {
  const sum = [...cluster.id.toLowerCase()].reduce((total, letter) => (total * 31 + letter.charCodeAt(0)) % 250, 7);
  return `198.51.100.${sum + 1}`;
}

function isReachedPrivately(vault: Vault): boolean {
  return asArray(properties(vault)["privateEndpointConnections"]).some((connection) => {
    const state = asObject(asObject(asObject(connection)["properties"])["privateLinkServiceConnectionState"]);
    return asText(state["status"]) === "Approved";
  });
}

function isInAllowedSubnet(cluster: Cluster, vault: Vault): boolean {
  const rules = asArray(asObject(properties(vault)["networkAcls"])["virtualNetworkRules"]);
  const allowed = rules.map((rule) => asText(asObject(rule)["id"]).toLowerCase());
  const pools = asArray(asObject(cluster.body["properties"])["agentPoolProfiles"]).map(asObject);
  return pools.some((pool) => allowed.includes(asText(pool["vnetSubnetID"]).toLowerCase()));
}

class ListFailure extends CsiFailure {}

class VaultClient {
  constructor(
    readonly input: VaultInput,
    readonly vault: Vault,
    readonly caller: VaultCaller,
    readonly url: string,
  ) {}

  /** Token, network, right: what stands between the provider and any object. */
  ask(permission: Permission, name: string, isList: boolean): void {
    const { world, cluster } = this.input;
    const tenantId = asText(properties(this.vault)["tenantId"]);
    if (this.caller.tid.toLowerCase() !== tenantId.toLowerCase()) {
      const expected = this.caller.iss.replace(this.caller.tid, tenantId);
      const text = `AKV10032: Invalid issuer. Expected one of ${expected}, found ${this.caller.iss}.`;
      throw new VaultError(401, "Unauthorized", text);
    }
    if (!isReachedPrivately(this.vault) && !isInAllowedSubnet(cluster, this.vault)) {
      passFirewall({ ...world, clientAddress: nodeEgressAddress(cluster) }, this.vault, this.caller);
    }
    authorize(world, this.vault, this.caller, permission, isList ? undefined : name);
  }

  fetch(object: VaultObjectRequest, collection: Collection): readonly Fetched[] {
    const { objectName: name, objectType, objectVersionHistory: history } = object;
    const make = (version: SecretVersion | BundleVersion, file: string, id: string): Fetched => ({
      path: file,
      content: contentOf(object, version),
      mode: modeOf(object.filePermission),
      id,
      version: version.version,
    });
    if (history <= 1) {
      this.ask(collection.get, name, false);
      const version = this.#version(collection, name, object.objectVersion);
      return [make(version, fileName(object), `${objectType}/${name}`)];
    }
    const versions = this.#listed(collection, object);
    if (versions.length > 0) {
      this.ask(collection.get, name, false);
    }
    return versions.map((version, i) => make(version, `${fileName(object)}/${i}`, `${objectType}/${name}/${i}`));
  }

  /** The provider passes a failed list on as it is, without the object's name. */
  #listed(collection: Collection, object: VaultObjectRequest): readonly (SecretVersion | BundleVersion)[] {
    try {
      this.ask(collection.list, object.objectName, true);
      return this.#history(collection, object);
    } catch (error) {
      throw error instanceof VaultError ? new ListFailure(sdkText(error, this.url)) : error;
    }
  }

  #versions(collection: Collection, name: string): readonly (SecretVersion | BundleVersion)[] {
    const maps = { secret: this.vault.secrets, key: this.vault.keys, certificate: this.vault.certificates };
    const map: ReadonlyMap<string, VaultObject<SecretVersion | BundleVersion>> = maps[collection.kind];
    const found = map.get(name.toLowerCase());
    if (found === undefined || found.deleted || found.busyUntil) {
      throw notFound(collection.kind, name);
    }
    return found.versions;
  }

  #version(collection: Collection, name: string, wanted: string): SecretVersion | BundleVersion {
    const versions = this.#versions(collection, name);
    const found = wanted ? versions.find(({ version }) => version === wanted.toLowerCase()) : versions.at(-1);
    if (found === undefined) {
      throw notFound(collection.kind, wanted ? `${name}/${wanted}` : name);
    }
    if (!isEnabled(found)) {
      throw disabled(collection.kind, "get");
    }
    return found;
  }

  /** Newest first, enabled ones only, from the version given on; one more than asked for, as the provider does. */
  #history(collection: Collection, object: VaultObjectRequest): readonly (SecretVersion | BundleVersion)[] {
    const enabled = [...this.#versions(collection, object.objectName)].reverse().filter(isEnabled);
    const { objectVersion } = object;
    const isFromNewest = objectVersion === "" || objectVersion === "latest";
    const start = isFromNewest ? 0 : enabled.findIndex(({ version }) => version === objectVersion);
    return start < 0 ? [] : enabled.slice(start, start + object.objectVersionHistory + 1);
  }
}

function isEnabled(version: SecretVersion | BundleVersion): boolean {
  return "body" in version ? asObject(version.body["attributes"])["enabled"] !== false : version.attributes.enabled;
}

/** Text that is no octal number gives no rights at all: the provider drops the error. */
function modeOf(text: string): number {
  if (text === "") {
    return 0o644;
  }
  return /^[0-7]+$/.test(text) ? parseInt(text, 8) : 0;
}

function pem(label: string, der: Buffer): string {
  const lines = der.toString("base64").match(/.{1,64}/g) ?? [];
  return `-----BEGIN ${label}-----\n${lines.join("\n")}\n-----END ${label}-----\n`;
}

function contentOf(object: VaultObjectRequest, version: SecretVersion | BundleVersion): Buffer {
  if (!("body" in version)) {
    return decoded(object, secretText(object, version));
  }
  if (object.objectType === "cert") {
    return Buffer.from(pem("CERTIFICATE", Buffer.from(asText(version.body["cer"]), "base64")));
  }
  const jwk = asObject(version.body["key"]);
  const kty = asText(jwk["kty"]).replace(/-HSM$/, "");
  if (jwk["crv"] === "P-256K") {
    throw new CsiFailure("curve P-256K is not supported");
  }
  const key = createPublicKey({ key: { ...jwk, kty } as JsonWebKey, format: "jwk" });
  return Buffer.from(key.export({ type: "spki", format: "pem" }));
}

function secretText(object: VaultObjectRequest, { value, contentType, kid }: SecretVersion): string {
  if (kid === undefined || object.objectFormat.toLowerCase() === "pfx") {
    return value;
  }
  if (contentType === "application/x-pem-file") {
    return value;
  }
  if (contentType === "application/x-pkcs12") {
    const { key, certificates } = readPkcs12(Buffer.from(value, "base64"), "");
    const parts = key ? [key.export({ type: "pkcs8", format: "pem" }).toString()] : [];
    return [...parts, ...certificates.map((certificate) => pem("CERTIFICATE", certificate))].join("");
  }
  throw new CsiFailure(`failed to get certificate. unknown content type '${contentType ?? ""}'`);
}

function decoded(object: VaultObjectRequest, text: string): Buffer {
  switch (object.objectEncoding.toLowerCase()) {
    case "hex": {
      const wrong = [...text].find((letter) => !/[0-9a-fA-F]/.test(letter));
      if (wrong !== undefined) {
        const code = (wrong.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, "0");
        throw new CsiFailure(`encoding/hex: invalid byte: U+${code} '${wrong}'`);
      }
      return Buffer.from(text, "hex");
    }
    case "base64": {
      const at = text.search(/[^A-Za-z0-9+/=\r\n]/);
      if (at >= 0) {
        throw new CsiFailure(`illegal base64 data at input byte ${at}`);
      }
      return Buffer.from(text, "base64");
    }
    default:
      return Buffer.from(text);
  }
}

/** Fetches every object of a class. @throws {CsiFailure} with the text of the first that failed */
export function fetchObjects(input: VaultInput, objects: readonly VaultObjectRequest[]): readonly Fetched[] {
  return objects.flatMap((object) => {
    const collection = collections[object.objectType];
    if (collection === undefined) {
      throw objectFailure(object, "Invalid vaultObjectTypes. Should be secret, key, or cert");
    }
    return fetchOne(input, object, collection);
  });
}

function fetchOne(input: VaultInput, object: VaultObjectRequest, collection: Collection): readonly Fetched[] {
  const { world, settings } = input;
  const suffix = suffixes[settings.cloudName.toLowerCase()] ?? "vault.azure.net";
  const host = `${settings.keyvaultName.toLowerCase()}.${suffix}`;
  const isHistory = object.objectVersionHistory > 1;
  const rest = isHistory ? "versions" : object.objectVersion;
  const url = `https://${host}/${collection.path}/${object.objectName}/${rest}`;
  const vault = [...world.vaults.values()].find(
    (one) => one.name.toLowerCase() === settings.keyvaultName.toLowerCase(),
  );
  if (vault === undefined || suffix !== "vault.azure.net") {
    const query = `${url}?api-version=${apiVersion}`;
    throw objectFailure(object, `Get "${query}": dial tcp: lookup ${host} on 168.63.129.16:53: no such host`);
  }
  try {
    const client = new VaultClient(input, vault, input.caller(), url);
    return client.fetch(object, collection);
  } catch (error) {
    if (error instanceof VaultError) {
      throw objectFailure(object, sdkText(error, url));
    }
    if (
      error instanceof CsiFailure &&
      !(error instanceof ListFailure) &&
      !/^(encoding\/hex|illegal base64)/.test(error.message)
    ) {
      throw objectFailure(object, error.message);
    }
    throw error;
  }
}
