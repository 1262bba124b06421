/** Secrets on the data plane: set, get, list, change, delete, recover, purge. */
import type { SandboxResponse } from "./http.ts";
import { badParameter, disabled, invalidProperty, managedByCertificate } from "./keyVaultErrors.ts";
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
  type VaultCall,
} from "./keyVaultObjects.ts";
import type { VaultRoute } from "./keyVaultRoutes.ts";
import type { JsonObject, SecretVersion, VaultObject } from "./state.ts";

const maxValueBytes = 25_600;
const maxContentTypeLength = 255;

const secret = (verb: string, dataAction: string) =>
  ({ kind: "secrets", verb, dataAction: `secrets/${dataAction}` }) as const;

export const secretRoutes: readonly VaultRoute[] = [
  { method: "PUT", path: "/secrets/{name}", permission: secret("set", "setSecret/action"), handle: setSecret },
  { method: "GET", path: "/secrets", permission: secret("list", "readMetadata/action"), handle: listSecrets },
  {
    method: "GET",
    path: "/secrets/{name}/versions",
    permission: secret("list", "readMetadata/action"),
    handle: listVersions,
  },
  {
    method: "GET",
    path: "/secrets/{name}/{version?}",
    permission: secret("get", "getSecret/action"),
    handle: getSecret,
  },
  {
    method: "PATCH",
    path: "/secrets/{name}/{version?}",
    permission: secret("set", "update/action"),
    handle: updateSecret,
  },
  { method: "DELETE", path: "/secrets/{name}", permission: secret("delete", "delete"), handle: deleteSecret },
  { method: "GET", path: "/deletedsecrets", permission: secret("list", "readMetadata/action"), handle: listDeleted },
  {
    method: "GET",
    path: "/deletedsecrets/{name}",
    permission: secret("get", "readMetadata/action"),
    handle: getDeletedSecret,
  },
  {
    method: "POST",
    path: "/deletedsecrets/{name}/recover",
    permission: secret("recover", "recover/action"),
    handle: recoverSecret,
  },
  {
    method: "DELETE",
    path: "/deletedsecrets/{name}",
    permission: secret("purge", "purge/action"),
    handle: purgeSecret,
  },
];

function setSecret(call: VaultCall): SandboxResponse {
  const body = readBody(call);
  const { value, contentType } = body;
  // Empty is a value to the service.
  if (typeof value !== "string") {
    throw invalidProperty("value");
  }
  if (Buffer.byteLength(value) > maxValueBytes) {
    throw badParameter(`Secret is beyond the maximum permitted length of ${maxValueBytes} characters.`);
  }
  const attributes = newAttributes(call, body["attributes"]);
  const tags = readTags(body["tags"]);
  const type = readContentType(contentType);
  const object = openForWriting(call, call.vault.secrets, "secret");
  if (object.versions.at(-1)?.managed) {
    throw managedByCertificate("secret", "set");
  }
  const version: SecretVersion = {
    version: newVersion(),
    value,
    attributes,
    ...(type === undefined ? {} : { contentType: type }),
    ...(tags === undefined ? {} : { tags }),
  };
  object.versions.push(version);
  return { status: 200, body: { value, ...describe(call, object, version) } };
}

function readContentType(given: unknown): string | undefined {
  if (given === undefined || given === null) {
    return undefined;
  }
  if (typeof given !== "string" || given.length > maxContentTypeLength) {
    throw invalidProperty("contentType");
  }
  return given;
}

/** The body of a version without its value. */
function describe(call: VaultCall, object: VaultObject<SecretVersion>, version: SecretVersion): JsonObject {
  return { ...describeItem(version), id: `${call.base}/secrets/${object.name}/${version.version}`, kid: version.kid };
}

function describeItem(version: SecretVersion): JsonObject {
  return {
    contentType: version.contentType,
    attributes: { ...version.attributes },
    tags: version.tags,
    managed: version.managed,
  };
}

function getSecret(call: VaultCall): SandboxResponse {
  const version = getVersion(call, call.vault.secrets, "secret");
  if (!version.attributes.enabled) {
    throw disabled("secret", "get");
  }
  const object = getActive(call, call.vault.secrets, "secret");
  return { status: 200, body: { value: version.value, ...describe(call, object, version) } };
}

function listSecrets(call: VaultCall): SandboxResponse {
  const items = settleAll(call.world, call.vault.secrets)
    .filter(isActive)
    .map((object) => describeNewest(call, object));
  return { status: 200, body: page(call, items) };
}

function describeNewest(call: VaultCall, object: VaultObject<SecretVersion>): JsonObject {
  const newest = object.versions.at(-1);
  return { ...(newest ? describeItem(newest) : {}), id: `${call.base}/secrets/${object.name}` };
}

function listVersions(call: VaultCall): SandboxResponse {
  const object = getActive(call, call.vault.secrets, "secret");
  const items = object.versions.map((version) => ({
    ...describeItem(version),
    id: `${call.base}/secrets/${object.name}/${version.version}`,
  }));
  return { status: 200, body: page(call, items) };
}

function updateSecret(call: VaultCall): SandboxResponse {
  const body = readBody(call);
  const version = getVersion(call, call.vault.secrets, "secret");
  if (version.managed) {
    throw managedByCertificate("secret", "update");
  }
  version.attributes = changeAttributes(call.world, version.attributes, body["attributes"]);
  const tags = readTags(body["tags"]);
  if (tags !== undefined) {
    version.tags = tags;
  }
  const type = readContentType(body["contentType"]);
  if (type !== undefined) {
    version.contentType = type;
  }
  return { status: 200, body: describe(call, getActive(call, call.vault.secrets, "secret"), version) };
}

function deleteSecret(call: VaultCall): SandboxResponse {
  const object = getActive(call, call.vault.secrets, "secret");
  if (object.versions.at(-1)?.managed) {
    throw managedByCertificate("secret", "delete");
  }
  markDeleted(call, object);
  return { status: 200, body: describeDeleted(call, object) };
}

function describeDeleted(call: VaultCall, object: VaultObject<SecretVersion>): JsonObject {
  const newest = object.versions.at(-1);
  return { ...deletion(call, object, "deletedsecrets"), ...(newest ? describe(call, object, newest) : {}) };
}

function listDeleted(call: VaultCall): SandboxResponse {
  const items = settleAll(call.world, call.vault.secrets)
    .filter(isDeleted)
    .filter((object) => !object.versions.at(-1)?.managed)
    .map((object) => ({ ...deletion(call, object, "deletedsecrets"), ...describeNewest(call, object) }));
  return { status: 200, body: page(call, items) };
}

function getDeletedSecret(call: VaultCall): SandboxResponse {
  return { status: 200, body: describeDeleted(call, getDeleted(call, call.vault.secrets, "secret")) };
}

function recoverSecret(call: VaultCall): SandboxResponse {
  const object = getDeleted(call, call.vault.secrets, "secret");
  const newest = object.versions.at(-1);
  if (newest?.managed) {
    throw managedByCertificate("secret", "recover");
  }
  recover(call, object);
  return { status: 200, body: newest ? describe(call, object, newest) : {} };
}

function purgeSecret(call: VaultCall): SandboxResponse {
  const object = getDeleted(call, call.vault.secrets, "secret");
  if (object.versions.at(-1)?.managed) {
    throw managedByCertificate("secret", "purge");
  }
  purge(call, call.vault.secrets, object);
  return { status: 204 };
}
