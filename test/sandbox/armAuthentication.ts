/** The bearer check of Resource Manager, with its own texts for every way to fail it. */
import { ArmError } from "./errors.ts";
import type { SandboxRequest } from "./http.ts";
import type { Identity, TokenClaims } from "./identity.ts";
import type { Subscription } from "./state.ts";
import { readClaims } from "./tokens.ts";

export interface Authentication {
  readonly identity: Identity;
  readonly authority: string;
  /** Without a trailing slash; a token's `aud` may have one. */
  readonly audiences: readonly string[];
}

function unauthorized(
  authority: string,
  subscription: Subscription | undefined,
  problem: { readonly code: string; readonly message: string; readonly description: string },
): ArmError {
  const uri = `${authority}/${subscription?.tenantId ?? "common"}`;
  const challenge = `Bearer authorization_uri="${uri}", error="invalid_token", error_description="${problem.description}"`;
  return new ArmError(401, problem.code, problem.message, { headers: { "www-authenticate": challenge } });
}

/** As .NET prints it for en-US. */
function utcTime(ms: number): string {
  return new Date(ms).toLocaleString("en-US", { timeZone: "UTC" }).replace(",", "");
}

/** @throws {ArmError} 401 */
export function authenticate(
  { identity, authority, audiences }: Authentication,
  request: SandboxRequest,
  subscription: Subscription | undefined,
  now: number,
): TokenClaims {
  const header = request.headers["authorization"];
  if (!header) {
    throw unauthorized(authority, subscription, {
      code: "AuthenticationFailed",
      message: "Authentication failed. The 'Authorization' header is missing.",
      description: "The authentication failed because of missing 'Authorization' header.",
    });
  }
  const token = /^Bearer\s+(\S+)$/i.exec(header)?.[1];
  const claims = token === undefined ? "malformed" : identity.inspect(token);
  if (claims === "expired") {
    const expiry = Number(readClaims(token ?? "")?.["exp"]) * 1000;
    throw unauthorized(authority, subscription, {
      code: "ExpiredAuthenticationToken",
      message: `The access token expiry UTC time '${utcTime(expiry)}' is earlier than current UTC time '${utcTime(now)}'.`,
      description: "The access token has expired.",
    });
  }
  if (typeof claims === "string") {
    throw unauthorized(authority, subscription, {
      code: "InvalidAuthenticationToken",
      message: "The access token is invalid.",
      description: "The access token is invalid.",
    });
  }
  if (!audiences.includes(claims.aud.replace(/\/$/, ""))) {
    const allowed = audiences.flatMap((audience) => [`'${audience}/'`, `'${audience}'`]).join(",");
    throw unauthorized(authority, subscription, {
      code: "InvalidAuthenticationTokenAudience",
      message: `The access token has been obtained for wrong audience or resource '${claims.aud}'. It should exactly match with one of the allowed audiences ${allowed}.`,
      description: "The access token has been obtained from wrong audience or resource.",
    });
  }
  if (subscription && claims.tid !== subscription.tenantId) {
    throw wrongTenant(authority, subscription, claims);
  }
  return claims;
}

function wrongTenant(authority: string, subscription: Subscription, claims: TokenClaims): ArmError {
  const expected = claims.iss.replace(claims.tid, subscription.tenantId);
  return unauthorized(authority, subscription, {
    code: "InvalidAuthenticationTokenTenant",
    message: `The access token is from the wrong issuer '${claims.iss}'. It must match the tenant '${expected}' associated with this subscription. Please use the authority (URL) '${authority}/${subscription.tenantId}' to get the token. Note, if the subscription is transferred to another tenant there is no impact to the services, but information about new tenant could take time to propagate (up to an hour). If you just transferred your subscription and see this error message, please try back later.`,
    description: "The access token is from the wrong issuer.",
  });
}
