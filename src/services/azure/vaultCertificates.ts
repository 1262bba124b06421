import { createPrivateKey } from "node:crypto";

import * as z from "zod/mini";

import { ServiceError } from "../errors.ts";
import { t } from "../l10n.ts";

/** How an operation that makes a certificate stands. */
export const PendingCertificate = z.object({
  status: z.string(),
  error: z.nullish(z.object({ code: z.nullish(z.string()), message: z.nullish(z.string()) })),
});

/** A self-signed certificate of one year on an RSA key of 2048 bits that may be exported, as a pod needs it. */
export function selfSignedBody(subject: string): object {
  return {
    policy: {
      issuer: { name: "Self" },
      key_props: { exportable: true, kty: "RSA", key_size: 2048, reuse_key: false },
      secret_props: { contentType: "application/x-pkcs12" },
      x509_props: { subject, validity_months: 12 },
    },
  };
}

/**
 * The body that imports a certificate with its private key: a PFX as base64, a PEM as text. Key Vault takes unencrypted PKCS #8 keys only, so a key in another
 * form is converted here, in memory.
 *
 * @param password opens the PFX, or the encrypted key of a PEM
 * @throws {ServiceError} `invalidRequest` when a PEM lacks the certificate or its key, or the password does not open it
 * @see https://learn.microsoft.com/azure/key-vault/certificates/certificate-scenarios#formats-of-import-we-support
 */
export function importBody(content: Uint8Array, password: string | undefined): object {
  const text = Buffer.from(content).toString("utf8");
  if (text.includes("-----BEGIN ")) {
    return { value: toPkcs8(text, password), policy: { secret_props: { contentType: "application/x-pem-file" } } };
  }
  return {
    value: Buffer.from(content).toString("base64"),
    ...(password ? { pwd: password } : {}),
    policy: { secret_props: { contentType: "application/x-pkcs12" } },
  };
}

function toPkcs8(text: string, password: string | undefined): string {
  const certificates = text.match(/-----BEGIN CERTIFICATE-----[^]*?-----END CERTIFICATE-----/g);
  const key = /-----BEGIN ((?:[A-Z]+ )?PRIVATE KEY)-----[^]*?-----END \1-----/.exec(text)?.[0];
  if (!certificates) {
    throw new ServiceError("invalidRequest", t("The file holds no certificate."));
  }
  if (!key) {
    throw new ServiceError("invalidRequest", t("The file holds no private key; Key Vault imports both together."));
  }
  return [readKey(key, password), ...certificates, ""].join("\n");
}

function readKey(key: string, password: string | undefined): string {
  try {
    const read = createPrivateKey({ key, format: "pem", ...(password ? { passphrase: password } : {}) });
    return read.export({ type: "pkcs8", format: "pem" }).toString().trim();
  } catch {
    throw new ServiceError("invalidRequest", t("The private key cannot be read; check its password."));
  }
}
