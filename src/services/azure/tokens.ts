import type { AccessToken, GetTokenOptions, TokenCredential } from "@azure/core-auth";

import { ServiceError, isAbort } from "../errors.ts";
import { t } from "../l10n.ts";

/** A credential that keeps tokens and can be told that a service no longer takes them. */
export interface RefreshableCredential extends TokenCredential {
  /** Makes the next `getToken` ask the identity provider again. */
  forgetTokens?(): void;
}

/** What a token is for. */
export interface TokenRequest {
  /** Without `/.default`. */
  readonly audience: string;
  /** Undefined: the credential's own tenant. */
  readonly tenantId: string | undefined;
  /** Decoded claims of a Continuous Access Evaluation challenge. */
  readonly claims?: string | undefined;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Gets a token; aborting stops the waiting even where the credential cannot be aborted.
 * @throws {ServiceError} `notSignedIn` when there is no session, or what the credential itself threw as a `ServiceError`
 */
export async function getToken(credential: TokenCredential, request: TokenRequest): Promise<AccessToken> {
  const { audience, tenantId, claims, signal } = request;
  const options: GetTokenOptions = {
    enableCae: true,
    ...(tenantId ? { tenantId } : {}),
    ...(claims ? { claims } : {}),
  };
  const token = await orAbort(askCredential(credential, `${audience}/.default`, options, signal), signal);
  if (!token) {
    throw new ServiceError("notSignedIn", t("You are not signed in to Azure."));
  }
  return token;
}

async function askCredential(
  credential: TokenCredential,
  scope: string,
  options: GetTokenOptions,
  signal: AbortSignal | undefined,
): Promise<AccessToken | null> {
  try {
    return await credential.getToken(scope, { ...options, ...(signal ? { abortSignal: signal } : {}) });
  } catch (error) {
    if (error instanceof ServiceError || isAbort(error)) {
      throw error;
    }
    throw new ServiceError("notSignedIn", t("Signing in to Azure failed: {0}", firstLine(error)), {}, { cause: error });
  }
}

function firstLine(error: unknown): string {
  return (error instanceof Error ? error.message : String(error)).split(/\r?\n/, 1)[0] ?? "";
}

/** Settles as the promise does, or rejects with the signal's reason as soon as it is aborted. */
export async function orAbort<T>(promise: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (!signal) {
    return promise;
  }
  let stopListening: () => void = () => undefined;
  const aborted = new Promise<never>((_, reject) => {
    const onAbort = () => {
      reject(abortError());
    };
    stopListening = () => {
      signal.removeEventListener("abort", onAbort);
    };
    signal.addEventListener("abort", onAbort, { once: true });
    if (signal.aborted) {
      onAbort();
    }
  });
  try {
    return await Promise.race([promise, aborted]);
  } finally {
    stopListening();
  }
}

/** The error of an aborted call, whatever reason the signal was given. */
export function abortError(): Error {
  return new DOMException("This operation was aborted", "AbortError");
}
