/** A version of a certificate and the managed key and secret that stand behind it. */
import { asObject, asText } from "./json.ts";
import { describeCertificate, toSecretValue, type Material } from "./keyVaultCertificateMaking.ts";
import { VaultError } from "./keyVaultErrors.ts";
import { newAttributes, newVersion, type Attributes, type VaultCall } from "./keyVaultObjects.ts";
import { toPublicJwk } from "./keyVaultKeys.ts";
import type { BundleVersion, JsonObject, SecretVersion, VaultObject } from "./state.ts";

interface NewVersion {
  readonly material: Material;
  readonly attributes: unknown;
  readonly tags: Record<string, string> | undefined;
}

/** @throws {VaultError} 409 when the name is a key's or secret's own */
export function addCertificateVersion(
  call: VaultCall,
  object: VaultObject<BundleVersion>,
  made: NewVersion,
): BundleVersion {
  const { vault } = call;
  const keys = openManaged(vault.keys, object.name, (version) => version.body["managed"] === true);
  const secrets = openManaged(vault.secrets, object.name, (version) => version.managed === true);
  const facts = describeCertificate(made.material);
  const { enabled } = asObject(made.attributes);
  const attributes = { ...newAttributes(call, { enabled }), nbf: facts.nbf, exp: facts.exp };
  const version = newVersion();
  const keyProps = asObject(object.policy?.["key_props"]);
  const isExportable = keyProps["exportable"] !== false;
  const contentType = asText(asObject(object.policy?.["secret_props"])["contentType"]);
  keys.versions.push({
    version,
    body: {
      key: toPublicJwk(facts.publicKey, asText(keyProps["kty"])),
      attributes: { ...attributes, exportable: isExportable },
      tags: made.tags,
      managed: true,
    },
  });
  secrets.versions.push({
    version,
    value: toSecretValue(made.material, contentType, isExportable),
    contentType,
    attributes,
    ...(made.tags ? { tags: made.tags } : {}),
    kid: `${call.base}/keys/${object.name}/${version}`,
    managed: true,
  });
  const bundle: BundleVersion = {
    version,
    body: { x5t: facts.x5t, cer: facts.cer, contentType, attributes, tags: made.tags, subject: facts.subject },
  };
  completeSubject(object, facts.subject, facts.dnsNames);
  object.versions.push(bundle);
  return bundle;
}

/** An import brings its subject in the certificate, not in its policy. */
function completeSubject(object: VaultObject<BundleVersion>, subject: string, dnsNames: readonly string[]): void {
  const x509Props = asObject(object.policy?.["x509_props"]);
  if (object.policy && asText(x509Props["subject"]) === "" && !x509Props["sans"]) {
    const sans = dnsNames.length > 0 ? { sans: { dns_names: [...dnsNames] } } : {};
    object.policy = { ...object.policy, x509_props: { ...x509Props, subject, ...sans } };
  }
}

function openManaged<V>(
  objects: Map<string, VaultObject<V>>,
  name: string,
  isManaged: (version: V) => boolean,
): VaultObject<V> {
  const found = objects.get(name.toLowerCase());
  if (found && !found.versions.every(isManaged)) {
    const message = `The name ${name} is already used by an object that is not backing a certificate.`;
    throw new VaultError(409, "Conflict", message);
  }
  if (found) {
    return found;
  }
  const made: VaultObject<V> = { name, versions: [] };
  objects.set(name.toLowerCase(), made);
  return made;
}

/** The key and secret of a version are enabled and tagged as it is. */
export function syncManaged(call: VaultCall, object: VaultObject<BundleVersion>, version: BundleVersion): void {
  const name = object.name.toLowerCase();
  const attributes = asObject(version.body["attributes"]);
  const key = call.vault.keys.get(name)?.versions.find((other) => other.version === version.version);
  const secret: SecretVersion | undefined = call.vault.secrets
    .get(name)
    ?.versions.find((other) => other.version === version.version);
  if (key) {
    key.body = { ...key.body, attributes: { ...asObject(key.body["attributes"]), ...attributes } };
  }
  if (secret) {
    secret.attributes = { ...secret.attributes, ...(attributes as unknown as Attributes) };
  }
}

export function describe(call: VaultCall, object: VaultObject<BundleVersion>, bundle: BundleVersion): JsonObject {
  const { version, body } = bundle;
  const { x5t, cer, contentType, attributes, tags } = body;
  const at = (collection: string): string => `${call.base}/${collection}/${object.name}`;
  return {
    id: `${at("certificates")}/${version}`,
    kid: `${at("keys")}/${version}`,
    sid: `${at("secrets")}/${version}`,
    x5t,
    cer,
    contentType,
    attributes,
    tags,
    policy: { id: `${at("certificates")}/policy`, ...object.policy },
    ...(object.pending ? { pending: { id: `${at("certificates")}/pending` } } : {}),
  };
}

export function describeItem({ body }: BundleVersion, id: string): JsonObject {
  const { x5t, attributes, tags } = body;
  return { id, x5t, attributes, tags };
}

export function describeNewest(call: VaultCall, object: VaultObject<BundleVersion>): JsonObject[] {
  const newest = object.versions.at(-1);
  return newest
    ? [{ ...describeItem(newest, `${call.base}/certificates/${object.name}`), subject: newest.body["subject"] }]
    : [];
}
