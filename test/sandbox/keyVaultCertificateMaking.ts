/** X.509 for the sandbox's vaults: self-signed certificates and requests by a policy, and what an import holds. */
import { createHash, createPrivateKey, createPublicKey, webcrypto, X509Certificate, type KeyObject } from "node:crypto";
import "reflect-metadata";
import * as x509 from "@peculiar/x509";
import { asArray, asObject, asText } from "./json.ts";
import { badParameter, invalidProperty } from "./keyVaultErrors.ts";
import { generateKey } from "./keyVaultKeys.ts";
import { readPkcs12, writePkcs12 } from "./pkcs12.ts";
import type { JsonObject } from "./state.ts";

x509.cryptoProvider.set(webcrypto);

export const pkcs12Type = "application/x-pkcs12";
export const pemType = "application/x-pem-file";

/** A private key and its certificates, leaf first, in DER. */
export interface Material {
  readonly privateKey: KeyObject;
  readonly certificates: readonly Buffer[];
}

const defaultUsages = ["digitalSignature", "keyEncipherment"];
const serverAndClient = ["1.3.6.1.5.5.7.3.1", "1.3.6.1.5.5.7.3.2"];

/** The policy that the service keeps: what was given, and its defaults. @throws {VaultError} 400 */
export function completePolicy(given: JsonObject, now: number): JsonObject {
  const contentType = asText(asObject(given["secret_props"])["contentType"]) || pkcs12Type;
  if (![pkcs12Type, pemType].includes(contentType)) {
    throw invalidProperty("contentType");
  }
  return {
    key_props: completeKeyProperties(asObject(given["key_props"])),
    secret_props: { contentType },
    x509_props: completeX509Properties(asObject(given["x509_props"])),
    lifetime_actions: given["lifetime_actions"] ?? [
      { trigger: { lifetime_percentage: 80 }, action: { action_type: "AutoRenew" } },
    ],
    issuer: { name: asText(asObject(given["issuer"])["name"]) || "Self", cert_transparency: false },
    attributes: { enabled: true, created: now, updated: now },
  };
}

function completeKeyProperties(given: JsonObject): JsonObject {
  const kty = asText(given["kty"]) || "RSA";
  const size = kty.startsWith("RSA")
    ? { key_size: given["key_size"] ?? 2048 }
    : { key_size: given["key_size"] ?? 256, crv: given["crv"] ?? "P-256" };
  return { exportable: given["exportable"] ?? true, kty, ...size, reuse_key: given["reuse_key"] ?? false };
}

function completeX509Properties(given: JsonObject): JsonObject {
  return {
    subject: asText(given["subject"]),
    ...(given["sans"] ? { sans: given["sans"] } : {}),
    ekus: given["ekus"] ?? serverAndClient,
    key_usage: given["key_usage"] ?? defaultUsages,
    validity_months: given["validity_months"] ?? 12,
    basic_constraints: { ca: false },
  };
}

/** A new key of a policy, what its certificate is asked for with, and how to sign it oneself. */
export interface CertificateRequest {
  /** The base64 of a PKCS#10 request. */
  readonly csr: string;
  selfSign(nowMs: number): Promise<Material>;
}

/** @throws {VaultError} 400 for a key, or a subject, that can't be */
export async function makeRequest(policy: JsonObject): Promise<CertificateRequest> {
  const { privateKey, publicKey } = await generateKey({ ...asObject(policy["key_props"]) });
  const signingAlgorithm = signingAlgorithmOf(publicKey);
  const keys = {
    privateKey: await toCryptoKey(privateKey, signingAlgorithm),
    publicKey: await toCryptoKey(publicKey, signingAlgorithm),
  };
  const x509Props = asObject(policy["x509_props"]);
  const name = subjectOf(x509Props);
  const extensions = await extensionsOf(x509Props, keys.publicKey);
  const request = await x509.Pkcs10CertificateRequestGenerator.create({ name, keys, signingAlgorithm, extensions });
  return {
    csr: Buffer.from(request.rawData).toString("base64"),
    async selfSign(nowMs) {
      const notAfter = new Date(nowMs);
      notAfter.setUTCMonth(notAfter.getUTCMonth() + Number(x509Props["validity_months"]));
      // As the service does: ten minutes earlier, for clocks that are behind.
      const notBefore = new Date(nowMs - 600_000);
      const input = { name, keys, signingAlgorithm, notBefore, notAfter, extensions };
      const certificate = await x509.X509CertificateGenerator.createSelfSigned(input);
      return { privateKey, certificates: [Buffer.from(certificate.rawData)] };
    },
  };
}

type SigningAlgorithm =
  | { readonly name: "RSASSA-PKCS1-v1_5"; readonly hash: string }
  | { readonly name: "ECDSA"; readonly namedCurve: string; readonly hash: string };

function signingAlgorithmOf(key: KeyObject): SigningAlgorithm {
  if (key.asymmetricKeyType === "rsa") {
    return { name: "RSASSA-PKCS1-v1_5", hash: "SHA-256" };
  }
  const namedCurve = asText(key.export({ format: "jwk" }).crv);
  const hashes: Record<string, string> = { "P-256": "SHA-256", "P-384": "SHA-384", "P-521": "SHA-512" };
  const hash = hashes[namedCurve];
  if (hash === undefined) {
    throw invalidProperty("crv");
  }
  return { name: "ECDSA", namedCurve, hash };
}

function toCryptoKey(key: KeyObject, algorithm: SigningAlgorithm): Promise<webcrypto.CryptoKey> {
  return key.type === "private"
    ? webcrypto.subtle.importKey("pkcs8", key.export({ type: "pkcs8", format: "der" }), algorithm, true, ["sign"])
    : webcrypto.subtle.importKey("spki", key.export({ type: "spki", format: "der" }), algorithm, true, ["verify"]);
}

function subjectOf(x509Props: JsonObject): string {
  const subject = asText(x509Props["subject"]);
  const sans = asObject(x509Props["sans"]);
  if (subject === "" && Object.values(sans).every((names) => asArray(names).length === 0)) {
    throw invalidProperty("subject");
  }
  try {
    return new x509.Name(subject).toString();
  } catch {
    throw badParameter(`The certificate subject '${subject}' is not a valid X.500 distinguished name.`);
  }
}

const usageFlags: Readonly<Record<string, x509.KeyUsageFlags>> = {
  digitalSignature: x509.KeyUsageFlags.digitalSignature,
  nonRepudiation: x509.KeyUsageFlags.nonRepudiation,
  keyEncipherment: x509.KeyUsageFlags.keyEncipherment,
  dataEncipherment: x509.KeyUsageFlags.dataEncipherment,
  keyAgreement: x509.KeyUsageFlags.keyAgreement,
  keyCertSign: x509.KeyUsageFlags.keyCertSign,
  cRLSign: x509.KeyUsageFlags.cRLSign,
  encipherOnly: x509.KeyUsageFlags.encipherOnly,
  decipherOnly: x509.KeyUsageFlags.decipherOnly,
};

async function extensionsOf(x509Props: JsonObject, publicKey: webcrypto.CryptoKey): Promise<x509.Extension[]> {
  const usages = asArray(x509Props["key_usage"]).map((usage) => usageFlags[asText(usage)] ?? 0);
  const sans = asObject(x509Props["sans"]);
  const names = [
    ...asArray(sans["dns_names"]).map((value) => ({ type: "dns" as const, value: asText(value) })),
    ...asArray(sans["emails"]).map((value) => ({ type: "email" as const, value: asText(value) })),
  ];
  return [
    new x509.KeyUsagesExtension(
      usages.reduce<number>((all, one) => all | one, 0),
      true,
    ),
    new x509.ExtendedKeyUsageExtension(asArray(x509Props["ekus"]).map(asText)),
    ...(names.length > 0 ? [new x509.SubjectAlternativeNameExtension(names)] : []),
    await x509.SubjectKeyIdentifierExtension.create(publicKey),
    new x509.BasicConstraintsExtension(false, undefined, true),
  ];
}

/** @throws {VaultError} 400 in the service's words, by format */
export function readImport(value: string, password: string): Material & { readonly contentType: string } {
  if (value.includes("-----BEGIN")) {
    return { ...readPem(value, password), contentType: pemType };
  }
  try {
    const { key, certificates } = readPkcs12(Buffer.from(value, "base64"), password);
    if (key && certificates.length > 0) {
      return { privateKey: key, certificates: leafFirst(key, certificates), contentType: pkcs12Type };
    }
  } catch {
    // Falls through: whatever is wrong with the file, the service says the same of it.
  }
  throw badParameter(
    "The specified PKCS#12 X.509 certificate content can not be read. Please check if certificate is in valid PKCS#12 format.",
  );
}

function readPem(value: string, password: string): Material {
  const blocks = value.match(/-----BEGIN ([A-Z0-9 ]+)-----[\s\S]+?-----END \1-----/g) ?? [];
  const keyBlock = blocks.find((block) => block.includes("PRIVATE KEY-----"));
  if (keyBlock === undefined) {
    throw badParameter(
      "Private key is not specified in the specified X.509 PEM certificate content. Please specify private key in the X.509 PEM certificate content.",
    );
  }
  try {
    const privateKey = createPrivateKey({ key: keyBlock, ...(password ? { passphrase: password } : {}) });
    const certificates = blocks
      .filter((block) => block.includes("BEGIN CERTIFICATE"))
      .map((block) => new X509Certificate(block).raw);
    if (certificates.length > 0) {
      return { privateKey, certificates: leafFirst(privateKey, certificates) };
    }
  } catch {
    // Falls through, as above.
  }
  throw badParameter(
    "The specified PEM X.509 certificate content is in an unexpected format. Please check if certificate is in valid PEM format.",
  );
}

function leafFirst(privateKey: KeyObject, certificates: readonly Buffer[]): Buffer[] {
  const leaf = certificates.find((der) => new X509Certificate(der).checkPrivateKey(privateKey));
  if (!leaf) {
    throw new Error("No certificate belongs to the private key.");
  }
  return [leaf, ...certificates.filter((der) => der !== leaf)];
}

/** What the secret behind a certificate holds. A key that may not leave the vault is not in it. */
export function toSecretValue(
  { privateKey, certificates }: Material,
  contentType: string,
  isExportable: boolean,
): string {
  if (contentType === pkcs12Type) {
    return writePkcs12({ key: isExportable ? privateKey : undefined, certificates }).toString("base64");
  }
  const key = isExportable ? [privateKey.export({ type: "pkcs8", format: "pem" }).toString()] : [];
  return [...key, ...certificates.map((der) => `${new X509Certificate(der).toString().trim()}\n`)].join("");
}

export interface CertificateFacts {
  readonly publicKey: KeyObject;
  readonly cer: string;
  readonly x5t: string;
  /** Seconds since the epoch. */
  readonly nbf: number;
  readonly exp: number;
  readonly subject: string;
  readonly dnsNames: readonly string[];
}

export function describeCertificate({ certificates, privateKey }: Material): CertificateFacts {
  const leaf = certificates[0] ?? Buffer.alloc(0);
  const certificate = new X509Certificate(leaf);
  const seconds = (date: string): number => Math.floor(Date.parse(date) / 1000);
  return {
    publicKey: createPublicKey(privateKey),
    cer: leaf.toString("base64"),
    x5t: createHash("sha1").update(leaf).digest("base64url"),
    nbf: seconds(certificate.validFrom),
    exp: seconds(certificate.validTo),
    subject: certificate.subject.split("\n").reverse().join(", "),
    dnsNames: [...(certificate.subjectAltName ?? "").matchAll(/DNS:([^,\s]+)/g)].map(([, name = ""]) => name),
  };
}
