/** Keys on the data plane: create, import, get, list, change, delete, recover, purge. Their private halves are not kept. */
import { createPublicKey, generateKeyPair, type JsonWebKey, type KeyObject } from "node:crypto";
import { promisify } from "node:util";
import type { SandboxResponse } from "./http.ts";
import { asArray, asObject, asText } from "./json.ts";
import { properties } from "./keyVaultAccess.ts";
import { badParameter, invalidProperty, managedByCertificate } from "./keyVaultErrors.ts";
import {
  changeAttributes,
  deletion,
  getActive,
  getDeleted,
  getVersion,
  isActive,
  isDeleted,
  markDeleted,
  newAttributes,
  newVersion,
  openForWriting,
  page,
  purge,
  readBody,
  readTags,
  recover,
  settleAll,
  type Attributes,
  type VaultCall,
} from "./keyVaultObjects.ts";
import type { VaultRoute } from "./keyVaultRoutes.ts";
import type { BundleVersion, JsonObject, VaultObject } from "./state.ts";

const key = (verb: string, dataAction: string) => ({ kind: "keys", verb, dataAction: `keys/${dataAction}` }) as const;

export const keyRoutes: readonly VaultRoute[] = [
  { method: "POST", path: "/keys/{name}/create", permission: key("create", "create/action"), handle: createKey },
  { method: "PUT", path: "/keys/{name}", permission: key("import", "import/action"), handle: importKey },
  { method: "GET", path: "/keys", permission: key("list", "read"), handle: listKeys },
  { method: "GET", path: "/keys/{name}/versions", permission: key("list", "read"), handle: listVersions },
  { method: "GET", path: "/keys/{name}/{version?}", permission: key("get", "read"), handle: getKey },
  { method: "PATCH", path: "/keys/{name}/{version?}", permission: key("update", "update/action"), handle: updateKey },
  { method: "DELETE", path: "/keys/{name}", permission: key("delete", "delete"), handle: deleteKey },
  { method: "GET", path: "/deletedkeys", permission: key("list", "read"), handle: listDeleted },
  { method: "GET", path: "/deletedkeys/{name}", permission: key("get", "read"), handle: getDeletedKey },
  {
    method: "POST",
    path: "/deletedkeys/{name}/recover",
    permission: key("recover", "recover/action"),
    handle: recoverKey,
  },
  { method: "DELETE", path: "/deletedkeys/{name}", permission: key("purge", "purge/action"), handle: purgeKey },
];

const generate = promisify(generateKeyPair);

const rsaSizes = [2048, 3072, 4096];
const curves: Readonly<Record<string, string>> = {
  "P-256": "prime256v1",
  "P-384": "secp384r1",
  "P-521": "secp521r1",
  "P-256K": "secp256k1",
};
const rsaOperations = ["encrypt", "decrypt", "sign", "verify", "wrapKey", "unwrapKey"];
const ecOperations = ["sign", "verify"];

interface KeyPair {
  readonly publicKey: KeyObject;
  readonly privateKey: KeyObject;
}

/** An RSA key costs up to a second of a busy machine. A process makes this many per size and then begins again. */
const rsaKeysPerSize = 3;
const rsaKeys = new Map<number, { readonly made: Promise<KeyPair>[]; next: number }>();

function spareRsaKey(modulusLength: number): Promise<KeyPair> {
  const spare = rsaKeys.get(modulusLength) ?? { made: [], next: 0 };
  rsaKeys.set(modulusLength, spare);
  const key = (spare.made[spare.next] ??= generate("rsa", { modulusLength }));
  spare.next = (spare.next + 1) % rsaKeysPerSize;
  return key;
}

/** @throws {VaultError} 400 for a kind, size or curve that the service does not make */
export async function generateKey(given: JsonObject): Promise<KeyPair> {
  const kty = asText(given["kty"]);
  if (/^RSA(-HSM)?$/.test(kty)) {
    const size = given["key_size"] ?? 2048;
    if (typeof size !== "number" || !rsaSizes.includes(size)) {
      throw invalidProperty("key_size");
    }
    return spareRsaKey(size);
  }
  const namedCurve = curves[asText(given["crv"]) || "P-256"];
  if (!/^EC(-HSM)?$/.test(kty)) {
    throw invalidProperty("kty");
  }
  if (namedCurve === undefined) {
    throw invalidProperty("crv");
  }
  return generate("ec", { namedCurve });
}

/** The public half as the service shows it, without the `kid` that its version gives it. */
export function toPublicJwk(publicKey: KeyObject, kty: string, keyOperations?: readonly string[]): JsonObject {
  const jwk = publicKey.export({ format: "jwk" });
  const isRsa = kty.startsWith("RSA");
  return {
    kty,
    key_ops: [...(keyOperations ?? (isRsa ? rsaOperations : ecOperations))],
    ...(isRsa ? { n: jwk.n, e: jwk.e } : { crv: jwk.crv === "secp256k1" ? "P-256K" : jwk.crv, x: jwk.x, y: jwk.y }),
  };
}

function readOperations(given: JsonObject): string[] | undefined {
  const operations = asArray(given["key_ops"]).map(asText);
  const known = [...rsaOperations, "import", "export"];
  if (operations.some((operation) => !known.includes(operation))) {
    throw invalidProperty("key_ops");
  }
  return operations.length > 0 ? operations : undefined;
}

function checkSku(call: VaultCall, kty: string): void {
  const isPremium = asText(asObject(properties(call.vault)["sku"])["name"]).toLowerCase() === "premium";
  if (kty.endsWith("-HSM") && !isPremium) {
    throw badParameter("HSM-protected keys are not supported by a vault of the standard SKU.");
  }
}

async function createKey(call: VaultCall): Promise<SandboxResponse> {
  const body = readBody(call);
  const kty = asText(body["kty"]);
  checkSku(call, kty);
  const operations = readOperations(body);
  const { publicKey } = await generateKey(body);
  return addVersion(call, body, toPublicJwk(publicKey, kty, operations));
}

function importKey(call: VaultCall): SandboxResponse {
  const body = readBody(call);
  const jwk = asObject(body["key"]);
  const kty = body["Hsm"] === true ? `${asText(jwk["kty"]).replace(/-HSM$/, "")}-HSM` : asText(jwk["kty"]);
  checkSku(call, kty);
  let publicKey: KeyObject;
  try {
    const standard = { ...jwk, kty: kty.replace(/-HSM$/, ""), crv: jwk["crv"] === "P-256K" ? "secp256k1" : jwk["crv"] };
    publicKey = createPublicKey({ key: standard as JsonWebKey, format: "jwk" });
  } catch {
    throw invalidProperty("key");
  }
  if (typeof jwk["d"] !== "string") {
    throw invalidProperty("key");
  }
  return addVersion(call, body, toPublicJwk(publicKey, kty, readOperations(jwk)));
}

function addVersion(call: VaultCall, body: JsonObject, jwk: JsonObject): SandboxResponse {
  const attributes = { ...newAttributes(call, body["attributes"]), exportable: false };
  const tags = readTags(body["tags"]);
  const object = openForWriting(call, call.vault.keys, "key");
  if (object.versions.at(-1)?.body["managed"]) {
    throw managedByCertificate("key", "create");
  }
  const version: BundleVersion = { version: newVersion(), body: { key: jwk, attributes, tags } };
  object.versions.push(version);
  return { status: 200, body: describe(call, object, version) };
}

function describe(call: VaultCall, object: VaultObject<BundleVersion>, { version, body }: BundleVersion): JsonObject {
  return { ...body, key: { kid: `${call.base}/keys/${object.name}/${version}`, ...asObject(body["key"]) } };
}

function describeItem({ body }: BundleVersion, kid: string): JsonObject {
  const { attributes, tags, managed } = body;
  return { kid, attributes, tags, managed };
}

function getKey(call: VaultCall): SandboxResponse {
  const version = getVersion(call, call.vault.keys, "key");
  return { status: 200, body: describe(call, getActive(call, call.vault.keys, "key"), version) };
}

function describeNewest(call: VaultCall, object: VaultObject<BundleVersion>): JsonObject[] {
  const newest = object.versions.at(-1);
  return newest ? [describeItem(newest, `${call.base}/keys/${object.name}`)] : [];
}

function listKeys(call: VaultCall): SandboxResponse {
  const items = settleAll(call.world, call.vault.keys)
    .filter(isActive)
    .flatMap((object) => describeNewest(call, object));
  return { status: 200, body: page(call, items) };
}

function listVersions(call: VaultCall): SandboxResponse {
  const object = getActive(call, call.vault.keys, "key");
  const items = object.versions.map((version) =>
    describeItem(version, `${call.base}/keys/${object.name}/${version.version}`),
  );
  return { status: 200, body: page(call, items) };
}

function updateKey(call: VaultCall): SandboxResponse {
  const body = readBody(call);
  const version = getVersion(call, call.vault.keys, "key");
  if (version.body["managed"]) {
    throw managedByCertificate("key", "update");
  }
  const attributes = asObject(version.body["attributes"]) as unknown as Attributes;
  const operations = readOperations(body);
  const tags = readTags(body["tags"]);
  version.body = {
    ...version.body,
    attributes: { ...changeAttributes(call.world, attributes, body["attributes"]) },
    key: { ...asObject(version.body["key"]), ...(operations ? { key_ops: operations } : {}) },
    ...(tags ? { tags } : {}),
  };
  return { status: 200, body: describe(call, getActive(call, call.vault.keys, "key"), version) };
}

function refuseManaged(object: VaultObject<BundleVersion>, operation: string): void {
  if (object.versions.at(-1)?.body["managed"]) {
    throw managedByCertificate("key", operation);
  }
}

function deleteKey(call: VaultCall): SandboxResponse {
  const object = getActive(call, call.vault.keys, "key");
  refuseManaged(object, "delete");
  markDeleted(call, object);
  return { status: 200, body: describeDeleted(call, object) };
}

function describeDeleted(call: VaultCall, object: VaultObject<BundleVersion>): JsonObject {
  const newest = object.versions.at(-1);
  return { ...deletion(call, object, "deletedkeys"), ...(newest ? describe(call, object, newest) : {}) };
}

function listDeleted(call: VaultCall): SandboxResponse {
  const items = settleAll(call.world, call.vault.keys)
    .filter(isDeleted)
    .filter((object) => !object.versions.at(-1)?.body["managed"])
    .flatMap((object) =>
      describeNewest(call, object).map((item) => ({ ...deletion(call, object, "deletedkeys"), ...item })),
    );
  return { status: 200, body: page(call, items) };
}

function getDeletedKey(call: VaultCall): SandboxResponse {
  return { status: 200, body: describeDeleted(call, getDeleted(call, call.vault.keys, "key")) };
}

function recoverKey(call: VaultCall): SandboxResponse {
  const object = getDeleted(call, call.vault.keys, "key");
  refuseManaged(object, "recover");
  recover(call, object);
  const newest = object.versions.at(-1);
  return { status: 200, body: newest ? describe(call, object, newest) : {} };
}

function purgeKey(call: VaultCall): SandboxResponse {
  const object = getDeleted(call, call.vault.keys, "key");
  refuseManaged(object, "purge");
  purge(call, call.vault.keys, object);
  return { status: 204 };
}
