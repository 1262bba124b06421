/** Certificates on the data plane. Each version is three objects: the certificate, a managed key and a managed secret of the same version. */
import { randomUUID } from "node:crypto";
import type { SandboxResponse } from "./http.ts";
import { asObject, asText } from "./json.ts";
import { completePolicy, makeRequest, readImport, type Material } from "./keyVaultCertificateMaking.ts";
import { invalidProperty, VaultError } from "./keyVaultErrors.ts";
import {
  changeAttributes,
  getActive,
  getVersion,
  isActive,
  later,
  openForWriting,
  page,
  readBody,
  readTags,
  seconds,
  settleAll,
  type Attributes,
  type VaultCall,
} from "./keyVaultObjects.ts";
import {
  addCertificateVersion,
  describe,
  describeItem,
  describeNewest,
  syncManaged,
} from "./keyVaultCertificateVersions.ts";
import { deletedCertificateRoutes } from "./keyVaultDeletedCertificates.ts";
import type { VaultRoute } from "./keyVaultRoutes.ts";
import type { BundleVersion, JsonObject, VaultObject } from "./state.ts";

const may = (verb: string, dataAction: string) =>
  ({ kind: "certificates", verb, dataAction: `certificates/${dataAction}` }) as const;

const certificates = "/certificates/{name}";

export const certificateRoutes: readonly VaultRoute[] = [
  {
    method: "POST",
    path: `${certificates}/create`,
    permission: may("create", "create/action"),
    handle: createCertificate,
  },
  {
    method: "POST",
    path: `${certificates}/import`,
    permission: may("import", "import/action"),
    handle: importCertificate,
  },
  { method: "GET", path: "/certificates", permission: may("list", "read"), handle: listCertificates },
  { method: "GET", path: `${certificates}/versions`, permission: may("list", "read"), handle: listVersions },
  { method: "GET", path: `${certificates}/policy`, permission: may("get", "read"), handle: getPolicy },
  { method: "PATCH", path: `${certificates}/policy`, permission: may("update", "update/action"), handle: updatePolicy },
  { method: "GET", path: `${certificates}/pending`, permission: may("get", "read"), handle: getPending },
  {
    method: "PATCH",
    path: `${certificates}/pending`,
    permission: may("update", "update/action"),
    handle: cancelPending,
  },
  {
    method: "DELETE",
    path: `${certificates}/pending`,
    permission: may("update", "update/action"),
    handle: deletePending,
  },
  { method: "GET", path: `${certificates}/{version?}`, permission: may("get", "read"), handle: getCertificate },
  {
    method: "PATCH",
    path: `${certificates}/{version?}`,
    permission: may("update", "update/action"),
    handle: updateCertificate,
  },
  ...deletedCertificateRoutes,
];

const inProgress =
  "Pending certificate created. Certificate request is in progress. This may take some time based on the issuer provider. Please check again later.";

async function createCertificate(call: VaultCall): Promise<SandboxResponse> {
  const body = readBody(call);
  const policy = completePolicy(asObject(body["policy"]), seconds(call.world));
  const tags = readTags(body["tags"]);
  const issuer = asText(asObject(policy["issuer"])["name"]);
  if (!["Self", "Unknown"].includes(issuer)) {
    throw new VaultError(404, "CertificateIssuerNotFound", `Issuer not found: ${issuer}`);
  }
  const certificateRequest = await makeRequest(policy);
  const material = issuer === "Self" ? await certificateRequest.selfSign(call.world.clock.now()) : undefined;
  const object = openForWriting(call, call.vault.certificates, "certificate");
  object.policy = policy;
  object.pending = {
    id: `${call.base}/certificates/${object.name}/pending`,
    issuer: { name: issuer },
    csr: certificateRequest.csr,
    cancellation_requested: false,
    status: "inProgress",
    status_details:
      issuer === "Self" ? inProgress : "Pending certificate created. Please Perform Merge to complete the request.",
    request_id: randomUUID().replaceAll("-", ""),
  };
  const answer = { ...object.pending };
  if (material) {
    completeLater(call, object, { material, attributes: body["attributes"], tags });
  }
  return { status: 202, headers: { location: pendingLocation(call, object) }, body: answer };
}

function pendingLocation(call: VaultCall, object: VaultObject<BundleVersion>): string {
  const version = call.request.query.get("api-version") ?? "";
  const requestId = asText(object.pending?.["request_id"]);
  return `${call.base}/certificates/${object.name}/pending?api-version=${version}&request_id=${requestId}`;
}

interface NewVersion {
  readonly material: Material;
  readonly attributes: unknown;
  readonly tags: Record<string, string> | undefined;
}

/** What the issuer does when it is through. */
function completeLater(call: VaultCall, object: VaultObject<BundleVersion>, made: NewVersion): void {
  const requestId = object.pending?.["request_id"];
  later(call, () => {
    const { pending } = object;
    if (pending?.["request_id"] !== requestId) {
      return;
    }
    if (pending?.["cancellation_requested"] === true) {
      object.pending = { ...pending, status: "cancelled", status_details: null };
      return;
    }
    addCertificateVersion(call, object, made);
    const target = `${call.base}/certificates/${object.name}`;
    object.pending = { ...pending, status: "completed", status_details: null, target };
  });
}

function importCertificate(call: VaultCall): SandboxResponse {
  const body = readBody(call);
  const value = asText(body["value"]);
  if (value === "") {
    throw invalidProperty("value");
  }
  const material = readImport(value, asText(body["pwd"]));
  const given = asObject(body["policy"]);
  const isRsa = material.privateKey.asymmetricKeyType === "rsa";
  const { modulusLength } = material.privateKey.asymmetricKeyDetails ?? {};
  const jwk = material.privateKey.export({ format: "jwk" });
  const policy = completePolicy(
    {
      ...given,
      issuer: { name: asText(asObject(given["issuer"])["name"]) || "Unknown" },
      secret_props: { contentType: material.contentType },
      key_props: {
        exportable: asObject(given["key_props"])["exportable"] ?? true,
        reuse_key: false,
        ...(isRsa ? { kty: "RSA", key_size: modulusLength } : { kty: "EC", crv: jwk.crv }),
      },
    },
    seconds(call.world),
  );
  const tags = readTags(body["tags"]);
  const object = openForWriting(call, call.vault.certificates, "certificate");
  object.policy = policy;
  const version = addCertificateVersion(call, object, { material, attributes: body["attributes"], tags });
  return { status: 200, body: describe(call, object, version) };
}

function getCertificate(call: VaultCall): SandboxResponse {
  const version = getVersion(call, call.vault.certificates, "certificate");
  return { status: 200, body: describe(call, getActive(call, call.vault.certificates, "certificate"), version) };
}

function listCertificates(call: VaultCall): SandboxResponse {
  const items = settleAll(call.world, call.vault.certificates)
    .filter(isActive)
    .flatMap((object) => describeNewest(call, object));
  return { status: 200, body: page(call, items) };
}

function listVersions(call: VaultCall): SandboxResponse {
  const object = getActive(call, call.vault.certificates, "certificate");
  const items = object.versions.map((version) =>
    describeItem(version, `${call.base}/certificates/${object.name}/${version.version}`),
  );
  return { status: 200, body: page(call, items) };
}

function updateCertificate(call: VaultCall): SandboxResponse {
  const body = readBody(call);
  const version = getVersion(call, call.vault.certificates, "certificate");
  const object = getActive(call, call.vault.certificates, "certificate");
  const { exp, nbf, ...rest } = asObject(version.body["attributes"]) as unknown as Attributes;
  const changed = changeAttributes(call.world, rest, { enabled: asObject(body["attributes"])["enabled"] });
  const tags = readTags(body["tags"]);
  version.body = { ...version.body, attributes: { ...changed, exp, nbf }, ...(tags ? { tags } : {}) };
  syncManaged(call, object, version);
  return { status: 200, body: describe(call, object, version) };
}

function policyOf(call: VaultCall, object: VaultObject<BundleVersion>): JsonObject {
  return { id: `${call.base}/certificates/${object.name}/policy`, ...object.policy };
}

function getPolicy(call: VaultCall): SandboxResponse {
  return { status: 200, body: policyOf(call, getActive(call, call.vault.certificates, "certificate")) };
}

function updatePolicy(call: VaultCall): SandboxResponse {
  const body = readBody(call);
  const object = getActive(call, call.vault.certificates, "certificate");
  const now = seconds(call.world);
  const created = asObject(object.policy?.["attributes"])["created"] ?? now;
  const merged = completePolicy({ ...object.policy, ...body }, now);
  object.policy = { ...merged, attributes: { enabled: true, created, updated: now } };
  return { status: 200, body: policyOf(call, object) };
}

/** @throws {VaultError} 404 */
function pendingOf(call: VaultCall): VaultObject<BundleVersion> & { pending: JsonObject } {
  const object = getActive(call, call.vault.certificates, "certificate");
  if (!object.pending) {
    throw new VaultError(404, "PendingCertificateNotFound", `Pending certificate not found: ${object.name}`);
  }
  return object as VaultObject<BundleVersion> & { pending: JsonObject };
}

function getPending(call: VaultCall): SandboxResponse {
  return { status: 200, body: pendingOf(call).pending };
}

function cancelPending(call: VaultCall): SandboxResponse {
  const object = pendingOf(call);
  object.pending = { ...object.pending, cancellation_requested: readBody(call)["cancellation_requested"] === true };
  return { status: 200, body: object.pending };
}

function deletePending(call: VaultCall): SandboxResponse {
  const object = pendingOf(call);
  const { pending } = object;
  delete (object as VaultObject<BundleVersion>).pending;
  if (object.versions.length === 0) {
    call.vault.certificates.delete(object.name.toLowerCase());
  }
  return { status: 200, body: pending };
}
