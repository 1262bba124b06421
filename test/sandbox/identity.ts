/** Microsoft Entra: who is who in which tenant, and the tokens that say so. Its HTTP side is `entra.ts`. */
import type { Principal, World } from "./state.ts";
import { isSignedHere, newTokenId, readClaims, signToken, type TokenClaims, type TokenProblem } from "./tokens.ts";

export type { TokenClaims } from "./tokens.ts";

export interface Identity {
  /** @param ttlSeconds an hour unless told; a negative one makes a token that is expired already */
  issue(principal: Principal, audience: string, ttlSeconds?: number): string;
  /** The claims of a token signed here that has not expired; whose audience it is, is the plane's to judge. */
  verify(token: string): TokenClaims | undefined;
  /** Like `verify`, with the reason for a no. */
  inspect(token: string): TokenClaims | TokenProblem;
}

const hour = 3600;

export function createIdentity(world: World, authority: () => string): Identity {
  const known = new Map<string, TokenClaims>();

  const read = (token: string): TokenClaims | TokenProblem => {
    const cached = known.get(token);
    if (cached) {
      return cached;
    }
    const claims = readClaims(token);
    if (!claims || typeof claims["oid"] !== "string") {
      return "malformed";
    }
    if (!isSignedHere(token)) {
      return "signature";
    }
    known.set(token, claims as unknown as TokenClaims);
    return claims as unknown as TokenClaims;
  };
  const inspect = (token: string): TokenClaims | TokenProblem => {
    const claims = read(token);
    return typeof claims !== "string" && claims.exp * 1000 <= world.clock.now() ? "expired" : claims;
  };
  return {
    inspect,
    verify(token) {
      const claims = inspect(token);
      return typeof claims === "string" ? undefined : claims;
    },
    issue(principal, audience, ttlSeconds = hour) {
      const now = Math.floor(world.clock.now() / 1000);
      return signToken({
        aud: audience,
        iss: `${authority()}/${principal.tenantId}/`,
        iat: Math.min(now, now + ttlSeconds) - 5,
        nbf: Math.min(now, now + ttlSeconds) - 5,
        exp: now + ttlSeconds,
        ...subjectClaims(world, principal),
        uti: newTokenId(),
        ver: "1.0",
      });
    },
  };
}

function subjectClaims(world: World, principal: Principal): Partial<TokenClaims> {
  const { objectId, tenantId, displayName, appId, userPrincipalName } = principal;
  const common = { oid: objectId, sub: objectId, tid: tenantId };
  if (principal.type === "User") {
    const upn = userPrincipalName ?? displayName;
    return { ...common, idtyp: "user", appid: azureCliAppId, upn, unique_name: upn, name: displayName };
  }
  const managed = [...world.identities.values()].find((identity) => identity.principalId === objectId);
  return {
    ...common,
    idtyp: "app",
    ...(appId && { appid: appId, appidacr: "1" }),
    ...(managed && { xms_mirid: managed.id }),
  };
}

/** The public client that users of the sandbox sign in with: Azure CLI's. */
export const azureCliAppId = "04b07795-8ddb-461a-bbee-02f9e1bf7b46";

/** The audience of a token for an AKS cluster that knows Entra. */
export const aksServerAppId = "6dae42f8-4368-4678-94ff-3960e28e3630";
