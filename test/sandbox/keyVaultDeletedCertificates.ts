/** Certificates in their retention: they leave, come back and go for good together with their keys and secrets. */
import type { SandboxResponse } from "./http.ts";
import { describe, describeNewest } from "./keyVaultCertificateVersions.ts";
import {
  deletion,
  getActive,
  getDeleted,
  isDeleted,
  markDeleted,
  page,
  purge,
  recover,
  settleAll,
  type VaultCall,
} from "./keyVaultObjects.ts";
import type { VaultRoute } from "./keyVaultRoutes.ts";
import type { BundleVersion, JsonObject, VaultObject } from "./state.ts";

const may = (verb: string, dataAction: string) =>
  ({ kind: "certificates", verb, dataAction: `certificates/${dataAction}` }) as const;

const deleted = "/deletedcertificates";

export const deletedCertificateRoutes: readonly VaultRoute[] = [
  { method: "DELETE", path: "/certificates/{name}", permission: may("delete", "delete"), handle: deleteCertificate },
  { method: "GET", path: deleted, permission: may("list", "read"), handle: listDeleted },
  { method: "GET", path: `${deleted}/{name}`, permission: may("get", "read"), handle: getDeletedCertificate },
  {
    method: "POST",
    path: `${deleted}/{name}/recover`,
    permission: may("recover", "recover/action"),
    handle: recoverCertificate,
  },
  { method: "DELETE", path: `${deleted}/{name}`, permission: may("purge", "purge/action"), handle: purgeCertificate },
];

function withBacking(
  { vault }: VaultCall,
  { name }: VaultObject<BundleVersion>,
  visit: <V>(object: VaultObject<V>, objects: Map<string, VaultObject<V>>) => void,
): void {
  const [key, secret] = [vault.keys.get(name.toLowerCase()), vault.secrets.get(name.toLowerCase())];
  if (key) {
    visit(key, vault.keys);
  }
  if (secret) {
    visit(secret, vault.secrets);
  }
}

function describeDeleted(call: VaultCall, object: VaultObject<BundleVersion>): JsonObject {
  const newest = object.versions.at(-1);
  return { ...deletion(call, object, "deletedcertificates"), ...(newest ? describe(call, object, newest) : {}) };
}

function deleteCertificate(call: VaultCall): SandboxResponse {
  const object = getActive(call, call.vault.certificates, "certificate");
  delete object.pending;
  markDeleted(call, object);
  withBacking(call, object, (backing) => markDeleted(call, backing));
  return { status: 200, body: describeDeleted(call, object) };
}

function listDeleted(call: VaultCall): SandboxResponse {
  const items = settleAll(call.world, call.vault.certificates)
    .filter(isDeleted)
    .flatMap((object) =>
      describeNewest(call, object).map((item) => ({ ...deletion(call, object, "deletedcertificates"), ...item })),
    );
  return { status: 200, body: page(call, items) };
}

function getDeletedCertificate(call: VaultCall): SandboxResponse {
  return { status: 200, body: describeDeleted(call, getDeleted(call, call.vault.certificates, "certificate")) };
}

function recoverCertificate(call: VaultCall): SandboxResponse {
  const object = getDeleted(call, call.vault.certificates, "certificate");
  recover(call, object);
  withBacking(call, object, (backing) => recover(call, backing));
  const newest = object.versions.at(-1);
  return { status: 200, body: newest ? describe(call, object, newest) : {} };
}

function purgeCertificate(call: VaultCall): SandboxResponse {
  const object = getDeleted(call, call.vault.certificates, "certificate");
  purge(call, call.vault.certificates, object);
  withBacking(call, object, (backing, objects) => purge(call, objects, backing));
  return { status: 204 };
}
