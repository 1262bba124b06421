/** Microsoft Entra over HTTP: discovery, the authorization endpoints, and what is the token endpoint's to answer (`entraGrants.ts`). */
import { randomBytes, randomUUID } from "node:crypto";

import { grantTo, tokenEndpoint } from "./entraGrants.ts";
import { EntraError, findTenant, getTenant, manyTenants, type Entra, type EntraOptions } from "./entraTenants.ts";
import { answerGraph } from "./graph.ts";
import type { Handler, SandboxRequest, SandboxResponse } from "./http.ts";
import { jsonWebKeySet } from "./tokens.ts";

export function createEntraHandler(options: EntraOptions): Handler {
  const entra: Entra = { ...options, refreshTokens: new Map(), codes: new Map(), deviceCodes: new Map() };
  return (request) => {
    if (request.path.startsWith("/v1.0/")) {
      return answerGraph(options, request);
    }
    const [tenant = "", ...rest] = request.path.split("/").slice(1).map(decodeURIComponent);
    try {
      const handle = routes[`${request.method} ${rest.join("/").toLowerCase()}`];
      return handle ? handle(entra, tenant, request) : { status: 404, body: "" };
    } catch (error) {
      if (error instanceof EntraError) {
        return refuse(error, options.world.clock.now());
      }
      throw error;
    }
  };
}

type Route = (entra: Entra, tenant: string, request: SandboxRequest) => SandboxResponse;

const routes: Readonly<Record<string, Route>> = {
  "GET discovery/instance": (entra, _tenant, request) => instanceDiscovery(entra, request),
  "GET v2.0/.well-known/openid-configuration": (entra, tenant) => openIdConfiguration(entra, tenant, "/v2.0"),
  "GET .well-known/openid-configuration": (entra, tenant) => openIdConfiguration(entra, tenant, ""),
  "GET discovery/v2.0/keys": () => ({ status: 200, body: jsonWebKeySet() }),
  "GET discovery/keys": () => ({ status: 200, body: jsonWebKeySet() }),
  "POST oauth2/v2.0/token": (entra, tenant, request) => tokenEndpoint(entra, tenant, request),
  "POST oauth2/token": (entra, tenant, request) => tokenEndpoint(entra, tenant, request),
  "POST oauth2/v2.0/devicecode": (entra, tenant) => startDeviceCode(entra, tenant),
  "GET oauth2/v2.0/authorize": (entra, tenant, request) => authorize(entra, tenant, request),
};

function refuse(error: EntraError, now: number): SandboxResponse {
  const trace = randomUUID();
  const correlation = randomUUID();
  const timestamp = new Date(now).toISOString().replace("T", " ").replace(/\.\d+/, "");
  return {
    status: error.status,
    body: {
      error: error.error,
      error_description: `${error.message} Trace ID: ${trace} Correlation ID: ${correlation} Timestamp: ${timestamp}`,
      error_codes: [error.number],
      timestamp,
      trace_id: trace,
      correlation_id: correlation,
      error_uri: `https://login.microsoftonline.com/error?code=${error.number}`,
    },
  };
}

function instanceDiscovery(entra: Entra, request: SandboxRequest): SandboxResponse {
  const host = new URL(entra.authority()).host;
  const endpoint = request.query.get("authorization_endpoint") ?? `${entra.authority()}/common/oauth2/v2.0/authorize`;
  const tenant = new URL(endpoint).pathname.split("/")[1] ?? "common";
  return {
    status: 200,
    body: {
      tenant_discovery_endpoint: `${entra.authority()}/${tenant}/v2.0/.well-known/openid-configuration`,
      "api-version": "1.1",
      metadata: [{ preferred_network: host, preferred_cache: host, aliases: [host] }],
    },
  };
}

function openIdConfiguration(entra: Entra, name: string, version: "" | "/v2.0"): SandboxResponse {
  const isCommon = manyTenants.includes(name.toLowerCase());
  const segment = isCommon ? name : getTenant(entra.world, name).id;
  const issuerTenant = isCommon ? "{tenantid}" : segment;
  const base = `${entra.authority()}/${segment}`;
  return {
    status: 200,
    body: {
      token_endpoint: `${base}/oauth2${version}/token`,
      token_endpoint_auth_methods_supported: ["client_secret_post", "private_key_jwt", "client_secret_basic"],
      jwks_uri: `${base}/discovery${version}/keys`,
      response_modes_supported: ["query", "fragment", "form_post"],
      subject_types_supported: ["pairwise"],
      id_token_signing_alg_values_supported: ["RS256"],
      response_types_supported: ["code", "id_token", "code id_token", "id_token token"],
      scopes_supported: ["openid", "profile", "email", "offline_access"],
      issuer: version ? `${entra.authority()}/${issuerTenant}/v2.0` : `${entra.authority()}/${issuerTenant}/`,
      request_uri_parameter_supported: false,
      authorization_endpoint: `${base}/oauth2${version}/authorize`,
      device_authorization_endpoint: `${base}/oauth2/v2.0/devicecode`,
      end_session_endpoint: `${base}/oauth2${version}/logout`,
      claims_supported: ["sub", "iss", "aud", "exp", "iat", "nonce", "preferred_username", "name", "tid", "ver"],
      tenant_region_scope: "NA",
      cloud_instance_name: new URL(entra.authority()).host,
      cloud_graph_host_name: "graph.windows.net",
      msgraph_host: "graph.microsoft.com",
    },
  };
}

/** There is nobody to type a name into a browser page: the first user of the tenant, or the one hinted at, signs in at once. */
function firstUser(entra: Entra, tenantName: string, hint: string | null): string {
  const tenant = findTenant(entra.world, tenantName);
  const user = [...entra.world.principals.values()].find(
    (principal) =>
      principal.type === "User" &&
      (!tenant || principal.tenantId === tenant.id) &&
      (!hint || principal.userPrincipalName === hint),
  );
  if (!user?.userPrincipalName) {
    throw new EntraError(400, "invalid_grant", 50034, "The user account does not exist in the directory.");
  }
  return user.userPrincipalName;
}

function startDeviceCode(entra: Entra, tenantName: string): SandboxResponse {
  const code = randomBytes(24).toString("base64url");
  entra.deviceCodes.set(code, grantTo(entra, firstUser(entra, tenantName, null)));
  const page = `${entra.authority()}/common/oauth2/deviceauth`;
  const userCode = randomBytes(5).toString("hex").slice(0, 9).toUpperCase();
  return {
    status: 200,
    body: {
      user_code: userCode,
      device_code: code,
      verification_uri: page,
      expires_in: 900,
      interval: 1,
      message: `To sign in, use a web browser to open the page ${page} and enter the code ${userCode} to authenticate.`,
    },
  };
}

function authorize(entra: Entra, tenantName: string, request: SandboxRequest): SandboxResponse {
  const { query } = request;
  const redirect = new URL(query.get("redirect_uri") ?? "http://localhost");
  if (!["localhost", "127.0.0.1"].includes(redirect.hostname)) {
    throw new EntraError(400, "invalid_request", 50011, "The redirect URI does not match those of the application.");
  }
  const code = randomBytes(24).toString("base64url");
  const challenge = query.get("code_challenge");
  const user = firstUser(entra, tenantName, query.get("login_hint"));
  entra.codes.set(code, { ...grantTo(entra, user), ...(challenge && { codeChallenge: challenge }) });
  redirect.searchParams.set("code", code);
  redirect.searchParams.set("state", query.get("state") ?? "");
  return { status: 302, headers: { location: redirect.href } };
}
