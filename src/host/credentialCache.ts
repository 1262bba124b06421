import type { AccessToken, GetTokenOptions } from "@azure/core-auth";

import type { RefreshableCredential } from "../services/azure/tokens.ts";
import { ServiceError, isAbort } from "../services/errors.ts";
import { t } from "../services/l10n.ts";

/** What a token is asked for. */
export interface TokenWish {
  /** `https://management.azure.com/.default`. */
  readonly scope: string;
  /** Undefined: the account's own tenant. */
  readonly tenantId: string | undefined;
  /** Decoded claims of a challenge. */
  readonly claims: string | undefined;
}

/** One way to sign in. What it throws becomes `notSignedIn` with its label and remedy, unless it is a `ServiceError` already. */
export interface SignInMethod {
  /** As the user knows it: `Azure CLI`. */
  readonly label: string;
  /** A clause that says what to do: `run az login`. */
  readonly remedy: string;
  getToken(wish: TokenWish): Promise<AccessToken>;
  /** Drops what the method itself keeps. */
  forget?(): void;
}

/** A credential that asks its method seldom: tokens are kept until shortly before they expire, and several askers share one question. */
export interface CachedCredential extends RefreshableCredential {
  getToken(scopes: string | string[], options?: GetTokenOptions): Promise<AccessToken>;
  /** Who the newest token is of, and by which method: `ada@contoso.com (Azure CLI)`. Only the method before the first token. */
  describe(): string;
  forgetTokens(): void;
}

const refreshBeforeMs = 2 * 60_000;

/** Wraps a method of signing in. */
export function cacheTokens(method: SignInMethod): CachedCredential {
  return new TokenCache(method);
}

class TokenCache implements CachedCredential {
  readonly #method: SignInMethod;
  readonly #tokens = new Map<string, AccessToken>();
  readonly #asking = new Map<string, Promise<AccessToken>>();
  #account: string | undefined;

  constructor(method: SignInMethod) {
    this.#method = method;
  }

  async getToken(scopes: string | string[], options: GetTokenOptions = {}): Promise<AccessToken> {
    const scope = typeof scopes === "string" ? scopes : (scopes[0] ?? "");
    const wish = { scope, tenantId: options.tenantId, claims: options.claims };
    const key = `${scope} ${wish.tenantId ?? ""}`;
    const known = this.#tokens.get(key);
    if (known && wish.claims === undefined && known.expiresOnTimestamp - refreshBeforeMs > Date.now()) {
      return known;
    }
    return this.#askOnce(`${key} ${wish.claims ?? ""}`, key, wish);
  }

  describe(): string {
    return this.#account ? `${this.#account} (${this.#method.label})` : this.#method.label;
  }

  forgetTokens(): void {
    this.#tokens.clear();
    this.#asking.clear();
    this.#account = undefined;
    this.#method.forget?.();
  }

  #askOnce(question: string, key: string, wish: TokenWish): Promise<AccessToken> {
    const asked = this.#asking.get(question);
    if (asked) {
      return asked;
    }
    const asking = this.#ask(key, wish).finally(() => {
      if (this.#asking.get(question) === asking) {
        this.#asking.delete(question);
      }
    });
    this.#asking.set(question, asking);
    return asking;
  }

  async #ask(key: string, wish: TokenWish): Promise<AccessToken> {
    try {
      const token = await this.#method.getToken(wish);
      this.#tokens.set(key, token);
      this.#account = accountOf(token.token) ?? this.#account;
      return token;
    } catch (error) {
      this.#tokens.delete(key);
      throw signInError(error, this.#method);
    }
  }
}

const networkTrouble =
  /ENOTFOUND|ECONNREFUSED|ECONNRESET|EAI_AGAIN|ETIMEDOUT|network_error|endpoints_resolution_error|fetch failed/;

/** The failure of a method in one sentence: which was tried, why it failed, what to do. */
export function signInError(error: unknown, { label, remedy }: Pick<SignInMethod, "label" | "remedy">): Error {
  if (error instanceof ServiceError || isAbort(error)) {
    return error as Error;
  }
  const reason = reasonOf(error);
  if (networkTrouble.test(reason)) {
    return new ServiceError(
      "unreachable",
      t("Signing in by {0} failed, the authority cannot be reached: {1}", label, reason),
    );
  }
  return new ServiceError("notSignedIn", t("Signing in by {0} failed ({1}); {2}.", label, reason, remedy));
}

/** The first line of what went wrong, without the authority's trace ids. The error itself is not kept: it may carry the request with its secret. */
function reasonOf(error: unknown): string {
  const line = (error instanceof Error ? error.message : String(error)).split(/\r?\n/, 1)[0] ?? "";
  return line
    .trim()
    .replace(/[.;]+$/, "")
    .slice(0, 300);
}

interface TokenClaims {
  readonly exp?: unknown;
  readonly upn?: unknown;
  readonly unique_name?: unknown;
  readonly preferred_username?: unknown;
  readonly appid?: unknown;
}

/** The claims of a token, not verified: only the service it is for can do that. */
function claimsOf(token: string): TokenClaims {
  try {
    const claims: unknown = JSON.parse(Buffer.from(token.split(".")[1] ?? "", "base64url").toString("utf8"));
    return typeof claims === "object" && claims !== null ? claims : {};
  } catch {
    return {};
  }
}

/** The person's name in a token, or the application's id. */
export function accountOf(token: string): string | undefined {
  const { upn, unique_name, preferred_username, appid } = claimsOf(token);
  return [upn, unique_name, preferred_username, appid].find((name): name is string => typeof name === "string");
}

const unknownLifetimeMs = 5 * 60_000;

/** When a token expires, by its own `exp`. One that does not tell is taken for five minutes. */
export function expiryOf(token: string): number {
  const { exp } = claimsOf(token);
  return typeof exp === "number" ? exp * 1000 : Date.now() + unknownLifetimeMs;
}
