import { createSign, createVerify, generateKeyPairSync, randomBytes, randomUUID, type KeyObject } from "node:crypto";
import type { Cluster } from "../state.ts";
import { at, isRecord, textAt, type KubeObject } from "./object.ts";
import type { Store } from "./store.ts";
import type { User } from "./user.ts";

/** What the API server reads of an Entra token. */
export interface EntraUser {
  readonly oid: string;
  readonly tid: string;
  readonly aud: string;
  readonly upn?: string | undefined;
  readonly groups?: readonly string[] | undefined;
}

/** The application that stands for every AKS API server with Entra authentication. */
export const aksServerApp = "6dae42f8-4368-4678-94ff-3960e28e3630";

interface BoundToken {
  readonly token: string;
  readonly expirationTimestamp: string;
}

const encode = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString("base64url");

function parsePart(part: string): unknown {
  try {
    return JSON.parse(Buffer.from(part, "base64url").toString());
  } catch {
    return undefined;
  }
}

/** Knows callers by bearer token: the local account's, a service account's, or Entra's. */
export class Authentication {
  readonly #localToken = randomBytes(64).toString("hex");
  #keys: { readonly privateKey: KeyObject; readonly publicKey: KeyObject } | undefined;

  constructor(
    readonly cluster: Cluster,
    readonly store: Store,
    readonly verifyEntra: (token: string) => EntraUser | undefined,
  ) {}

  get usesEntra(): boolean {
    return isRecord(at(this.cluster.body, "properties.aadProfile"));
  }

  get localToken(): string {
    return this.#localToken;
  }

  /** Undefined: 401. */
  authenticate(authorization: string | undefined): User | undefined {
    const token = /^Bearer (.+)$/i.exec(authorization ?? "")?.[1];
    if (token === undefined) {
      return undefined;
    }
    if (token === this.#localToken) {
      const isDisabled = at(this.cluster.body, "properties.disableLocalAccounts") === true;
      return isDisabled ? undefined : { name: "masterclient", groups: ["system:masters", "system:authenticated"] };
    }
    return this.#serviceAccount(token) ?? this.#entraUser(token);
  }

  #entraUser(token: string): User | undefined {
    const claims = this.usesEntra ? this.verifyEntra(token) : undefined;
    const audiences = [aksServerApp, `api://${aksServerApp}`];
    const tenant = textAt(this.cluster.body, "properties.aadProfile.tenantID");
    if (claims === undefined || !audiences.includes(claims.aud) || (tenant && tenant !== claims.tid)) {
      return undefined;
    }
    return {
      name: claims.upn ?? claims.oid,
      uid: claims.oid,
      objectId: claims.oid,
      groups: [...(claims.groups ?? []), "system:authenticated"],
    };
  }

  /** A token for a service account, as TokenRequest gives it. */
  issue(account: KubeObject, audiences: readonly string[], seconds: number, issuer: string): BoundToken {
    const now = Math.trunc(this.store.clock.now() / 1000);
    const namespace = account.metadata.namespace ?? "";
    const claims = {
      aud: audiences,
      exp: now + seconds,
      iat: now,
      iss: issuer,
      jti: randomUUID(),
      "kubernetes.io": { namespace, serviceaccount: { name: account.metadata.name, uid: account.metadata.uid } },
      nbf: now,
      sub: `system:serviceaccount:${namespace}:${account.metadata.name}`,
    };
    const text = `${encode({ alg: "RS256", kid: this.cluster.name })}.${encode(claims)}`;
    const signature = createSign("RSA-SHA256").update(text).sign(this.#pair().privateKey, "base64url");
    return {
      token: `${text}.${signature}`,
      expirationTimestamp: new Date((now + seconds) * 1000).toISOString().replace(".000", ""),
    };
  }

  #pair(): { readonly privateKey: KeyObject; readonly publicKey: KeyObject } {
    return (this.#keys ??= generateKeyPairSync("rsa", { modulusLength: 2048 }));
  }

  #serviceAccount(token: string): User | undefined {
    const [head = "", body = "", signature = ""] = token.split(".");
    const claims = parsePart(body);
    const subject = textAt(claims, "sub");
    if (this.#keys === undefined || !subject.startsWith("system:serviceaccount:")) {
      return undefined;
    }
    const isGenuine = createVerify("RSA-SHA256")
      .update(`${head}.${body}`)
      .verify(this.#keys.publicKey, signature, "base64url");
    const [, , namespace = "", name = ""] = subject.split(":");
    const isLive = Number(textAt(claims, "exp")) * 1000 > this.store.clock.now();
    if (!isGenuine || !isLive || this.store.get("serviceaccounts", `${namespace}/${name}`) === undefined) {
      return undefined;
    }
    const groups = ["system:serviceaccounts", `system:serviceaccounts:${namespace}`, "system:authenticated"];
    return { name: subject, groups };
  }
}
