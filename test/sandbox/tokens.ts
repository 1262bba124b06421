/** Access tokens of the sandbox's Entra: JWTs, signed RS256 by a key of this process. */
import { createHash, generateKeyPairSync, randomUUID, sign, verify, type KeyObject } from "node:crypto";

/** The claims of a version 1.0 access token that Resource Manager, Key Vault and AKS read. */
export interface TokenClaims {
  readonly aud: string;
  readonly iss: string;
  readonly tid: string;
  readonly oid: string;
  readonly sub: string;
  readonly iat: number;
  readonly nbf: number;
  readonly exp: number;
  readonly idtyp: "app" | "user";
  readonly ver: "1.0";
  readonly uti: string;
  readonly appid?: string;
  readonly appidacr?: string;
  readonly upn?: string;
  readonly unique_name?: string;
  readonly name?: string;
  readonly groups?: readonly string[];
  /** ARM id of the managed identity the token is of. */
  readonly xms_mirid?: string;
}

export type TokenProblem = "malformed" | "signature" | "expired";

interface SigningKey {
  readonly privateKey: KeyObject;
  readonly publicKey: KeyObject;
  readonly keyId: string;
}

let signingKey: SigningKey | undefined;

function key(): SigningKey {
  if (!signingKey) {
    const { privateKey, publicKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });
    const der = publicKey.export({ type: "spki", format: "der" });
    signingKey = { privateKey, publicKey, keyId: createHash("sha1").update(der).digest("base64url") };
  }
  return signingKey;
}

const encode = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString("base64url");

export function signToken(claims: object): string {
  const { privateKey, keyId } = key();
  const signed = `${encode({ typ: "JWT", alg: "RS256", x5t: keyId, kid: keyId })}.${encode(claims)}`;
  return `${signed}.${sign("RSA-SHA256", Buffer.from(signed), privateKey).toString("base64url")}`;
}

/** The claims of a token, unverified: what a federated assertion says of itself. */
export function readClaims(token: string): Record<string, unknown> | undefined {
  const payload = token.split(".")[1];
  try {
    const claims: unknown = JSON.parse(Buffer.from(payload ?? "", "base64url").toString("utf8"));
    return typeof claims === "object" && claims !== null ? (claims as Record<string, unknown>) : undefined;
  } catch {
    return undefined;
  }
}

export function isSignedHere(token: string): boolean {
  const [header, payload, signature, ...more] = token.split(".");
  if (!header || !payload || !signature || more.length > 0) {
    return false;
  }
  return verify(
    "RSA-SHA256",
    Buffer.from(`${header}.${payload}`),
    key().publicKey,
    Buffer.from(signature, "base64url"),
  );
}

export function jsonWebKeySet(): object {
  const { publicKey, keyId } = key();
  const jwk = publicKey.export({ format: "jwk" });
  return { keys: [{ ...jwk, use: "sig", alg: "RS256", kid: keyId, x5t: keyId }] };
}

export const newTokenId = (): string => randomUUID().replaceAll("-", "").slice(0, 22);
