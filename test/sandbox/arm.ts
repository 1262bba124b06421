/** Resource Manager's front door: authentication, api-version, subscription, authorization; then the operation itself. */
import { randomUUID } from "node:crypto";

import { authenticate, type Authentication } from "./armAuthentication.ts";
import type { ArmContext, ArmRoute, SandboxCloud } from "./armRoute.ts";
import { createArmRouter, defaultScope, type ArmMatch } from "./armRouter.ts";
import { isAllowed } from "./authorization.ts";
import { ArmError, authorizationFailed } from "./errors.ts";
import type { Handler, SandboxRequest, SandboxResponse } from "./http.ts";
import type { Identity, TokenClaims } from "./identity.ts";
import { refuseInLockedGroup } from "./nodeGroupLockdown.ts";
import type { Operations } from "./operations.ts";
import type { JsonObject, Subscription, World } from "./state.ts";

export interface ArmOptions {
  readonly world: World;
  readonly cloud: SandboxCloud;
  readonly identity: Identity;
  readonly operations: Operations;
  readonly routes: readonly ArmRoute[];
  /** Called before every operation. */
  readonly prepare?: (request: SandboxRequest) => Promise<void>;
  /** A route or api-version that the sandbox does not know. */
  readonly onUnknown: (request: SandboxRequest, why: string) => void;
}

export function createArmHandler(options: ArmOptions): Handler {
  const router = createArmRouter(options.routes);
  const { cloud } = options;
  const authentication: Authentication = {
    identity: options.identity,
    authority: cloud.authority,
    audiences: [cloud.resourceManager, "https://management.core.windows.net", "https://management.azure.com"],
  };
  return async (request) => {
    let response: SandboxResponse;
    try {
      response = await answer(options, authentication, router.find(request.method, request.path), request);
    } catch (error) {
      if (!(error instanceof ArmError)) {
        throw error;
      }
      response = error.response();
    }
    return { ...response, headers: { ...serviceHeaders(request), ...response.headers } };
  };
}

function serviceHeaders(request: SandboxRequest): Record<string, string> {
  const id = randomUUID();
  const kind = request.method === "GET" || request.method === "HEAD" ? "reads" : "writes";
  const clientRequestId = request.headers["x-ms-client-request-id"];
  return {
    "cache-control": "no-cache",
    pragma: "no-cache",
    [`x-ms-ratelimit-remaining-subscription-${kind}`]: "11999",
    "x-ms-request-id": id,
    "x-ms-correlation-request-id": id,
    "x-ms-routing-request-id": `SANDBOX:${id}`,
    "x-content-type-options": "nosniff",
    ...(clientRequestId && { "x-ms-client-request-id": clientRequestId }),
  };
}

async function answer(
  options: ArmOptions,
  authentication: Authentication,
  match: ArmMatch | undefined,
  request: SandboxRequest,
): Promise<SandboxResponse> {
  const { world } = options;
  const subscription = findSubscription(world, request.path);
  const caller = match?.route.isAnonymous
    ? nobody
    : authenticate(authentication, request, subscription, world.clock.now());
  if (!match) {
    throw unknownRoute(options, request);
  }
  const apiVersion = checkApiVersion(options, match.route, request);
  checkSubscription(request.path, subscription);
  await options.prepare?.(request);
  checkAllowed(world, caller, match, request);
  return match.route.handle(createContext(options, match, { request, caller, apiVersion }));
}

const nobody: TokenClaims = {
  ...{ aud: "", iss: "", tid: "", oid: "", sub: "", uti: "" },
  ...{ iat: 0, nbf: 0, exp: 0, idtyp: "app", ver: "1.0" },
};

function subscriptionOf(path: string): string | undefined {
  return /^\/subscriptions\/([^/]+)/i.exec(path)?.[1];
}

function findSubscription(world: World, path: string): Subscription | undefined {
  const id = subscriptionOf(path);
  return id === undefined ? undefined : world.subscriptions.get(id.toLowerCase());
}

function checkSubscription(path: string, subscription: Subscription | undefined): void {
  const id = subscriptionOf(path);
  if (id === undefined || subscription) {
    return;
  }
  if (!/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i.test(id)) {
    throw new ArmError(
      400,
      "InvalidSubscriptionId",
      `The provided subscription identifier '${id}' is malformed or invalid.`,
    );
  }
  throw new ArmError(404, "SubscriptionNotFound", `The subscription '${id}' could not be found.`);
}

function unknownRoute(options: ArmOptions, request: SandboxRequest): ArmError {
  options.onUnknown(request, "no such operation");
  const namespace = /\/providers\/([^/]+)(?:\/([^/]+))?/i.exec(request.path);
  if (!namespace) {
    return new ArmError(404, "NotFound", `The resource '${request.path}' was not found.`);
  }
  const [, provider = "", type = ""] = namespace;
  return new ArmError(
    404,
    "InvalidResourceType",
    `The resource type '${type}' could not be found in the namespace '${provider}' for api version '${request.query.get("api-version") ?? ""}'. The supported api-versions are ''.`,
  );
}

function checkApiVersion(options: ArmOptions, { apiVersions, pattern }: ArmRoute, request: SandboxRequest): string {
  const version = request.query.get("api-version");
  if (!version) {
    throw new ArmError(
      400,
      "MissingApiVersionParameter",
      "The api-version query parameter (?api-version=) is required for all requests.",
    );
  }
  if (!/^\d{4}-\d{2}-\d{2}(-[a-z0-9]+)?$/i.test(version)) {
    throw invalidApiVersion(version, apiVersions);
  }
  if (apiVersions.length === 0 || apiVersions.includes(version.toLowerCase())) {
    return version.toLowerCase();
  }
  options.onUnknown(request, `api-version ${version}`);
  const [, provider = "", type = ""] = /\/providers\/([^/{]+)\/(?:locations\/\{\w+\}\/)?([^/]+)/i.exec(pattern) ?? [];
  if (!provider) {
    throw invalidApiVersion(version, apiVersions);
  }
  throw new ArmError(
    400,
    "NoRegisteredProviderFound",
    `No registered resource provider found for location '' and API version '${version}' for type '${type}'. The supported api-versions are '${apiVersions.join(", ")}'. The supported locations are ''.`,
  );
}

function invalidApiVersion(version: string, supported: readonly string[]): ArmError {
  return new ArmError(
    400,
    "InvalidApiVersionParameter",
    `The api-version '${version}' is invalid. The supported versions are '${supported.join(",")}'.`,
  );
}

function checkAllowed(world: World, caller: TokenClaims, { route, params }: ArmMatch, request: SandboxRequest): void {
  const { action } = route;
  if (action !== undefined) {
    requireAction(world, caller, action, route.scope?.(params) ?? decodeURIComponent(defaultScope(request.path)));
  }
}

function requireAction(world: World, caller: TokenClaims, action: string, scope: string): void {
  if (!isAllowed(world, caller.oid, scope, action, "action")) {
    throw authorizationFailed(caller.upn ?? caller.appid ?? caller.oid, caller.oid, action, scope);
  }
  refuseInLockedGroup(world, caller, action, scope);
}

function createContext(
  { world, cloud, operations }: ArmOptions,
  { params }: ArmMatch,
  { request, caller, apiVersion }: Pick<ArmContext, "request" | "caller" | "apiVersion">,
): ArmContext {
  return {
    world,
    cloud,
    caller,
    params,
    request,
    apiVersion,
    origin: cloud.resourceManager,
    operations,
    require: (action, scope) => requireAction(world, caller, action, scope),
    body: () => parseBody(request),
  };
}

function parseBody(request: SandboxRequest): JsonObject {
  let body: unknown;
  try {
    body = JSON.parse(request.body.toString("utf8"));
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new ArmError(
      400,
      "InvalidRequestContent",
      `The request content was invalid and could not be deserialized: '${why}'.`,
    );
  }
  if (typeof body !== "object" || body === null || Array.isArray(body)) {
    throw new ArmError(400, "InvalidRequestContent", "The request content was invalid: an object is expected.");
  }
  return body as JsonObject;
}
