/** The token endpoint: who gets a token, and for what. */
import { createHash, randomBytes } from "node:crypto";

import { EntraError, getTenant, manyTenants, type Entra, type Grant } from "./entraTenants.ts";
import type { SandboxRequest, SandboxResponse } from "./http.ts";
import { aksServerAppId, azureCliAppId } from "./identity.ts";
import type { ManagedIdentity, Principal, Tenant, World } from "./state.ts";
import { readClaims, signToken } from "./tokens.ts";

const day = 24 * 3600 * 1000;
const graph = "https://graph.microsoft.com";
const publicAudiences = [graph, aksServerAppId, `api://${aksServerAppId}`, "https://management.core.windows.net"];

type Grants = Readonly<Record<string, (entra: Entra, tenant: string, form: URLSearchParams) => SandboxResponse>>;

const deviceCode: Grants[string] = (entra, tenant, form) =>
  userGrant(entra, tenant, form, redeemDeviceCode(entra, form));

const grants: Grants = {
  client_credentials: (entra, tenant, form) => clientCredentials(entra, getTenant(entra.world, tenant), form),
  refresh_token: (entra, tenant, form) =>
    userGrant(entra, tenant, form, redeemRefreshToken(entra, form.get("refresh_token") ?? "")),
  authorization_code: (entra, tenant, form) => userGrant(entra, tenant, form, redeemCode(entra, form)),
  password: (entra, tenant, form) => userGrant(entra, tenant, form, signInByPassword(entra, form)),
  device_code: deviceCode,
  "urn:ietf:params:oauth:grant-type:device_code": deviceCode,
};

export function tokenEndpoint(entra: Entra, tenant: string, request: SandboxRequest): SandboxResponse {
  const form = readForm(request);
  const type = form.get("grant_type") ?? "";
  const grant = grants[type];
  if (!grant) {
    throw new EntraError(
      400,
      "unsupported_grant_type",
      70003,
      `The app requested an unsupported grant type '${type}'.`,
    );
  }
  return grant(entra, tenant, form);
}

/** A client may name itself in the Authorization header instead of the form. */
function readForm(request: SandboxRequest): URLSearchParams {
  const form = new URLSearchParams(request.body.toString("utf8"));
  const basic = /^Basic\s+(\S+)$/i.exec(request.headers["authorization"] ?? "")?.[1];
  if (basic && !form.has("client_secret")) {
    const [id = "", secret = ""] = Buffer.from(basic, "base64").toString("utf8").split(":").map(decodeURIComponent);
    form.set("client_id", id);
    form.set("client_secret", secret);
  }
  return form;
}

/** The audience of a v2.0 scope or a v1.0 resource. */
function audienceOf(entra: Entra, form: URLSearchParams): string {
  const scopes = (form.get("scope") ?? "").split(" ").filter((scope) => scope.includes("/") || scope.includes("."));
  const scope = form.get("resource") ?? scopes[0] ?? graph;
  const audience = scope.replace(/\/(\.default|user_impersonation|User\.Read)$/, "");
  const known = [...entra.audiences(), ...publicAudiences];
  if (!known.includes(audience.replace(/\/$/, ""))) {
    throw new EntraError(
      400,
      "invalid_resource",
      500011,
      `The resource principal named ${audience} was not found in the tenant. This can happen if the application has not been installed by the administrator of the tenant or consented to by any user in the tenant. You might have sent your authentication request to the wrong tenant.`,
    );
  }
  return audience;
}

function clientCredentials(entra: Entra, tenant: Tenant, form: URLSearchParams): SandboxResponse {
  const appId = (form.get("client_id") ?? "").toLowerCase();
  const principal = findApplication(entra.world, tenant, appId);
  if (!principal) {
    throw new EntraError(
      400,
      "unauthorized_client",
      700016,
      `Application with identifier '${appId}' was not found in the directory '${tenant.displayName}'. This can happen if the application has not been installed by the administrator of the tenant or consented to by any user in the tenant. You may have sent your authentication request to the wrong tenant.`,
    );
  }
  const assertion = form.get("client_assertion");
  if (assertion) {
    checkFederation(entra.world, appId, assertion);
  } else {
    checkClientSecret(principal, form.get("client_secret"));
  }
  const token = entra.identity.issue(principal, audienceOf(entra, form));
  const isV1 = form.has("resource");
  return {
    status: 200,
    headers: { "cache-control": "no-store, no-cache" },
    body: {
      token_type: "Bearer",
      expires_in: isV1 ? "3599" : 3599,
      ext_expires_in: isV1 ? "3599" : 3599,
      access_token: token,
    },
  };
}

function findApplication(world: World, tenant: Tenant, appId: string): Principal | undefined {
  return [...world.principals.values()].find(
    (principal) => principal.tenantId === tenant.id && principal.appId?.toLowerCase() === appId,
  );
}

function checkClientSecret(principal: Principal, secret: string | null): void {
  if (secret === null) {
    throw new EntraError(
      401,
      "invalid_client",
      7000218,
      "The request body must contain the following parameter: 'client_assertion' or 'client_secret'.",
    );
  }
  if (principal.clientSecret === undefined || principal.clientSecret !== secret) {
    throw new EntraError(
      401,
      "invalid_client",
      7000215,
      `Invalid client secret provided. Ensure the secret being sent in the request is the client secret value, not the client secret ID, for a secret added to app '${principal.appId ?? ""}'.`,
    );
  }
}

/** Workload identity: the assertion's issuer, subject and audience must be those of one federated credential. */
function checkFederation(world: World, appId: string, assertion: string): void {
  const claims = readClaims(assertion) ?? {};
  const [issuer, subject] = [String(claims["iss"]), String(claims["sub"])];
  const audiences = [claims["aud"]].flat().map(String);
  const identity = [...world.identities.values()].find((candidate) => candidate.clientId.toLowerCase() === appId);
  const credentials = identity ? federatedCredentials(identity) : [];
  const refused = (number: number, what: string): EntraError =>
    new EntraError(
      401,
      "invalid_client",
      number,
      `No matching federated identity record found for presented assertion ${what}. Please check your federated identity credential Subject, Audience and Issuer against the presented assertion. https://learn.microsoft.com/entra/workload-id/workload-identity-federation`,
    );
  const ofIssuer = credentials.filter((credential) => credential.issuer === issuer);
  if (ofIssuer.length === 0) {
    throw refused(700211, `issuer '${issuer}'`);
  }
  const ofSubject = ofIssuer.filter((credential) => credential.subject === subject);
  if (ofSubject.length === 0) {
    throw refused(700213, `subject '${subject}'`);
  }
  if (!ofSubject.some((credential) => credential.audiences.some((audience) => audiences.includes(audience)))) {
    throw refused(700212, `audience '${audiences.join(", ")}'`);
  }
}

function federatedCredentials(
  identity: ManagedIdentity,
): { readonly issuer: string; readonly subject: string; readonly audiences: readonly string[] }[] {
  return [...identity.federatedCredentials.values()];
}

/** Users have one principal per tenant they are in, of one name: a refresh token of one tenant is good in the others. */
function userGrant(entra: Entra, tenantName: string, form: URLSearchParams, grant: Grant): SandboxResponse {
  const { world } = entra;
  const accounts = [...world.principals.values()].filter((p) => p.userPrincipalName === grant.userPrincipalName);
  const tenant = manyTenants.includes(tenantName.toLowerCase())
    ? world.tenants.get(accounts[0]?.tenantId ?? "")
    : getTenant(world, tenantName);
  const principal = accounts.find((account) => account.tenantId === tenant?.id);
  if (!principal || !tenant) {
    throw new EntraError(
      400,
      "invalid_grant",
      50020,
      `User account '${grant.userPrincipalName}' from identity provider '${entra.authority()}' does not exist in tenant '${tenant?.displayName ?? tenantName}' and cannot access the application '${form.get("client_id") ?? ""}' in that tenant. The account needs to be added as an external user in the tenant first.`,
    );
  }
  const refreshToken = randomBytes(48).toString("base64url");
  entra.refreshTokens.set(refreshToken, { ...grant, expiresAt: world.clock.now() + 90 * day });
  return {
    status: 200,
    headers: { "cache-control": "no-store, no-cache" },
    body: {
      token_type: "Bearer",
      scope: form.get("scope") ?? "",
      expires_in: 3599,
      ext_expires_in: 3599,
      access_token: entra.identity.issue(principal, audienceOf(entra, form)),
      refresh_token: refreshToken,
      id_token: idToken(entra, principal, form.get("client_id") ?? azureCliAppId),
      client_info: Buffer.from(JSON.stringify({ uid: principal.objectId, utid: tenant.id })).toString("base64url"),
    },
  };
}

function idToken(entra: Entra, principal: Principal, clientId: string): string {
  const now = Math.floor(entra.world.clock.now() / 1000);
  return signToken({
    aud: clientId,
    iss: `${entra.authority()}/${principal.tenantId}/v2.0`,
    iat: now,
    nbf: now,
    exp: now + 3600,
    name: principal.displayName,
    oid: principal.objectId,
    preferred_username: principal.userPrincipalName,
    sub: principal.objectId,
    tid: principal.tenantId,
    ver: "2.0",
  });
}

function redeemRefreshToken(entra: Entra, token: string): Grant {
  const grant = entra.refreshTokens.get(token);
  if (!grant) {
    throw new EntraError(400, "invalid_grant", 9002313, "Invalid request. Request is malformed or invalid.");
  }
  if (grant.expiresAt <= entra.world.clock.now()) {
    throw new EntraError(
      400,
      "invalid_grant",
      700082,
      "The refresh token has expired due to inactivity. The token was issued earlier and was inactive for 90.00:00:00.",
    );
  }
  return grant;
}

function redeemCode(entra: Entra, form: URLSearchParams): Grant {
  const code = form.get("code") ?? "";
  const grant = entra.codes.get(code);
  entra.codes.delete(code);
  const verifier = createHash("sha256")
    .update(form.get("code_verifier") ?? "")
    .digest("base64url");
  if (!grant || (grant.codeChallenge !== undefined && grant.codeChallenge !== verifier)) {
    throw new EntraError(400, "invalid_grant", 70000, "The provided value for the 'code' parameter is not valid.");
  }
  return grant;
}

function redeemDeviceCode(entra: Entra, form: URLSearchParams): Grant {
  const grant = entra.deviceCodes.get(form.get("device_code") ?? form.get("code") ?? "");
  if (!grant) {
    throw new EntraError(400, "bad_verification_code", 70000, "The device code is not known.");
  }
  return grant;
}

/** A user's password in the sandbox is the principal's `clientSecret`. */
function signInByPassword(entra: Entra, form: URLSearchParams): Grant {
  const name = form.get("username") ?? "";
  const user = [...entra.world.principals.values()].find((principal) => principal.userPrincipalName === name);
  if (!user?.clientSecret || user.clientSecret !== form.get("password")) {
    throw new EntraError(
      400,
      "invalid_grant",
      50126,
      "Error validating credentials due to invalid username or password.",
    );
  }
  return grantTo(entra, name);
}

export function grantTo(entra: Entra, userPrincipalName: string): Grant {
  return { userPrincipalName, expiresAt: entra.world.clock.now() + 90 * day };
}
