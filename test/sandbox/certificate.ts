/** The sandbox's own certificate authority, and the server certificate of a process. */
import { webcrypto } from "node:crypto";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import path from "node:path";

// @peculiar/x509 resolves its algorithms by tsyringe, which wants this to be loaded first.
import "reflect-metadata";
import * as x509 from "@peculiar/x509";

x509.cryptoProvider.set(webcrypto);

const algorithm = { name: "ECDSA", namedCurve: "P-256", hash: "SHA-256" };
const dayMs = 24 * 60 * 60 * 1000;

export interface CertificateAuthority {
  /** PEM of its certificate. */
  readonly pem: string;
  readonly keyPem: string;
}

export interface ServerCertificate {
  readonly cert: string;
  readonly key: string;
}

function createKeys(): Promise<webcrypto.CryptoKeyPair> {
  return webcrypto.subtle.generateKey(algorithm, true, ["sign", "verify"]);
}

async function toPem(key: webcrypto.CryptoKey): Promise<string> {
  const pkcs8 = await webcrypto.subtle.exportKey("pkcs8", key);
  return x509.PemConverter.encode(pkcs8, "PRIVATE KEY");
}

function fromPem(pem: string): Promise<webcrypto.CryptoKey> {
  return webcrypto.subtle.importKey("pkcs8", x509.PemConverter.decodeFirst(pem), algorithm, true, ["sign"]);
}

/** Valid from yesterday on: a machine's clock may be a little behind its container's. */
function validity(): { readonly notBefore: Date; readonly notAfter: Date } {
  return { notBefore: new Date(Date.now() - dayMs), notAfter: new Date(Date.now() + 365 * dayMs) };
}

export async function createCertificateAuthority(): Promise<CertificateAuthority> {
  const keys = await createKeys();
  const certificate = await x509.X509CertificateGenerator.createSelfSigned({
    name: "CN=Key Vault CSI sandbox authority",
    keys,
    signingAlgorithm: algorithm,
    ...validity(),
    extensions: [
      new x509.BasicConstraintsExtension(true, 0, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.keyCertSign | x509.KeyUsageFlags.cRLSign, true),
      await x509.SubjectKeyIdentifierExtension.create(keys.publicKey),
    ],
  });
  return { pem: `${certificate.toString("pem")}\n`, keyPem: `${await toPem(keys.privateKey)}\n` };
}

/** One certificate serves every port of a process: loopback, and the host names given (a leading `*.` is allowed). */
export async function createServerCertificate(
  authority: CertificateAuthority,
  hostNames: readonly string[],
): Promise<ServerCertificate> {
  const keys = await createKeys();
  const issuer = new x509.X509Certificate(authority.pem);
  const certificate = await x509.X509CertificateGenerator.create({
    subject: "CN=127.0.0.1",
    issuer: issuer.subject,
    publicKey: keys.publicKey,
    signingKey: await fromPem(authority.keyPem),
    signingAlgorithm: algorithm,
    ...validity(),
    extensions: [
      new x509.BasicConstraintsExtension(false),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.digitalSignature, true),
      new x509.ExtendedKeyUsageExtension([x509.ExtendedKeyUsage.serverAuth]),
      new x509.SubjectAlternativeNameExtension([
        { type: "ip", value: "127.0.0.1" },
        ...["localhost", "*.localhost", ...hostNames].map((value) => ({ type: "dns" as const, value })),
      ]),
      await x509.AuthorityKeyIdentifierExtension.create(issuer),
      await x509.SubjectKeyIdentifierExtension.create(keys.publicKey),
    ],
  });
  return { cert: certificate.toString("pem"), key: await toPem(keys.privateKey) };
}

/** Writes `ca.pem`, `ca-key.pem` and `bundle.pem`: the authority on top of what NODE_EXTRA_CA_CERTS names already. */
export function writeCertificateAuthority(folder: string, authority: CertificateAuthority): void {
  mkdirSync(folder, { recursive: true });
  writeFileSync(path.join(folder, "ca.pem"), authority.pem);
  writeFileSync(path.join(folder, "ca-key.pem"), authority.keyPem, { mode: 0o600 });
  const bundle = path.join(folder, "bundle.pem");
  const others = process.env["NODE_EXTRA_CA_CERTS"];
  const known = others && path.resolve(others) !== path.resolve(bundle) ? readFileSync(others, "utf8") : "";
  writeFileSync(bundle, known && !known.endsWith("\n") ? `${known}\n${authority.pem}` : known + authority.pem);
}

export function readCertificateAuthority(folder: string): CertificateAuthority {
  return {
    pem: readFileSync(path.join(folder, "ca.pem"), "utf8"),
    keyPem: readFileSync(path.join(folder, "ca-key.pem"), "utf8"),
  };
}
