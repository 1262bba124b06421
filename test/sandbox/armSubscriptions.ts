/** What Resource Manager itself answers above resource groups: tenants, subscriptions, locations, providers, and its own endpoints. */
import { resourcesVersions } from "./armApiVersions.ts";
import type { ArmContext, ArmRoute } from "./armRoute.ts";
import { locations as regions } from "./armVaultIds.ts";
import { normalizeScope } from "./authorization.ts";
import { registeredProviders } from "./builders.ts";
import { ArmError } from "./errors.ts";
import type { SandboxResponse } from "./http.ts";
import type { TokenClaims } from "./identity.ts";
import type { JsonObject, Principal, Subscription, Tenant, World } from "./state.ts";

const subscription = "/subscriptions/{subscriptionId}";

export const subscriptionRoutes: readonly ArmRoute[] = [
  {
    method: "GET",
    pattern: "/metadata/endpoints",
    apiVersions: ["2015-01-01", "2019-05-01", "2020-06-01", "2022-09-01", "2023-12-01"],
    action: undefined,
    isAnonymous: true,
    handle: metadataEndpoints,
  },
  { method: "GET", pattern: "/tenants", apiVersions: resourcesVersions, action: undefined, handle: listTenants },
  {
    method: "GET",
    pattern: "/subscriptions",
    apiVersions: resourcesVersions,
    action: undefined,
    handle: listSubscriptions,
  },
  { method: "GET", pattern: subscription, apiVersions: resourcesVersions, action: undefined, handle: getSubscription },
  {
    method: "GET",
    pattern: `${subscription}/locations`,
    apiVersions: resourcesVersions,
    action: undefined,
    handle: listLocations,
  },
  {
    method: "GET",
    pattern: `${subscription}/providers`,
    apiVersions: resourcesVersions,
    action: "Microsoft.Resources/subscriptions/providers/read",
    scope: ({ subscriptionId = "" }) => `/subscriptions/${subscriptionId}`,
    handle: (context) => {
      const { providers } = subscriptionOf(context);
      return { status: 200, body: { value: [...providers.keys()].map((name) => describeProvider(context, name)) } };
    },
  },
  {
    method: "GET",
    pattern: `${subscription}/providers/{namespace}`,
    apiVersions: resourcesVersions,
    action: "Microsoft.Resources/subscriptions/providers/read",
    scope: ({ subscriptionId = "" }) => `/subscriptions/${subscriptionId}`,
    handle: (context) => ({ status: 200, body: describeProvider(context, namespaceOf(context)) }),
  },
  {
    method: "POST",
    pattern: `${subscription}/providers/{namespace}/register`,
    apiVersions: resourcesVersions,
    action: undefined,
    handle: registerProvider,
  },
];

export function subscriptionOf({ world, params }: ArmContext): Subscription {
  const { subscriptionId = "" } = params;
  const found = world.subscriptions.get(subscriptionId.toLowerCase());
  if (!found) {
    throw new ArmError(404, "SubscriptionNotFound", `The subscription '${subscriptionId}' could not be found.`);
  }
  return found;
}

function metadataEndpoints({ cloud, apiVersion }: ArmContext): SandboxResponse {
  const { resourceManager, authority, keyVaultSuffix } = cloud;
  const audiences = [`${resourceManager}/`, resourceManager];
  if (apiVersion === "2015-01-01") {
    const authentication = { loginEndpoint: authority, audiences };
    return { status: 200, body: { galleryEndpoint: "", graphEndpoint: "", portalEndpoint: "", authentication } };
  }
  const described = {
    name: "Sandbox",
    portal: "",
    authentication: { loginEndpoint: authority, audiences, tenant: "common", identityProvider: "AAD" },
    media: "",
    graph: "https://graph.windows.net/",
    graphAudience: "https://graph.windows.net/",
    microsoftGraphResourceId: `${resourceManager}/`,
    batch: "",
    resourceManager: `${resourceManager}/`,
    activeDirectoryDataLake: "",
    sqlManagement: `${resourceManager}/`,
    vmImageAliasDoc: "",
    gallery: "",
    suffixes: { keyVaultDns: keyVaultSuffix, storage: "core.sandbox.test" },
  };
  return { status: 200, body: apiVersion < "2022-09-01" ? [described] : described };
}

/** The accounts that are the same person or application, one per tenant. */
function accountsOf(world: World, caller: TokenClaims): Principal[] {
  const own = world.principals.get(caller.oid);
  return [...world.principals.values()].filter(
    (principal) =>
      principal.objectId === caller.oid ||
      (principal.appId !== undefined && principal.appId === own?.appId) ||
      (principal.userPrincipalName !== undefined && principal.userPrincipalName === own?.userPrincipalName),
  );
}

function listTenants({ world, caller }: ArmContext): SandboxResponse {
  const tenants = accountsOf(world, caller).flatMap(({ tenantId }) => world.tenants.get(tenantId) ?? []);
  return { status: 200, body: { value: tenants.map(describeTenant) } };
}

function describeTenant(tenant: Tenant): JsonObject {
  return {
    id: `/tenants/${tenant.id}`,
    tenantId: tenant.id,
    countryCode: "US",
    displayName: tenant.displayName,
    domains: [tenant.defaultDomain],
    tenantCategory: "Home",
    defaultDomain: tenant.defaultDomain,
    tenantType: "AAD",
  };
}

/** A caller sees a subscription where any role is assigned to it there, above it or inside it. */
export function visibleSubscriptions(world: World, caller: TokenClaims): Subscription[] {
  const scopes = [...world.roleAssignments.values()]
    .filter(({ principalId }) => principalId === caller.oid)
    .map(({ scope }) => normalizeScope(scope));
  const seesAll = scopes.some((scope) => scope === "" || scope.startsWith("/providers/microsoft.management/"));
  const ids = new Set(scopes.map((scope) => scope.split("/")[2] ?? ""));
  return [...world.subscriptions.values()].filter(
    ({ id, tenantId }) => tenantId === caller.tid && (seesAll || ids.has(id.toLowerCase())),
  );
}

function describeSubscription({ id, displayName, tenantId, state }: Subscription): JsonObject {
  return {
    id: `/subscriptions/${id}`,
    authorizationSource: "RoleBased",
    managedByTenants: [],
    subscriptionId: id,
    tenantId,
    displayName,
    state,
    subscriptionPolicies: {
      locationPlacementId: "Public_2014-09-01",
      quotaId: "PayAsYouGo_2014-09-01",
      spendingLimit: "Off",
    },
  };
}

const subscriptionPage = 1000;

function listSubscriptions({ world, caller, request, origin, apiVersion }: ArmContext): SandboxResponse {
  const all = visibleSubscriptions(world, caller);
  const start = Number(request.query.get("$skiptoken") ?? 0);
  const end = start + subscriptionPage;
  return {
    status: 200,
    body: {
      value: all.slice(start, end).map(describeSubscription),
      ...(end < all.length && { nextLink: `${origin}/subscriptions?api-version=${apiVersion}&$skiptoken=${end}` }),
      count: { type: "Total", value: all.length },
    },
  };
}

/** Whoever sees a subscription may read it; others are told as ARM tells them. */
function getSubscription(context: ArmContext): SandboxResponse {
  const found = subscriptionOf(context);
  checkVisible(context, found, "Microsoft.Resources/subscriptions/read");
  return { status: 200, body: describeSubscription(found) };
}

function checkVisible({ world, caller }: ArmContext, found: Subscription, action: string): void {
  if (!visibleSubscriptions(world, caller).includes(found)) {
    throw new ArmError(
      403,
      "AuthorizationFailed",
      `The client '${caller.upn ?? caller.appid ?? ""}' with object id '${caller.oid}' does not have authorization to perform action '${action}' over scope '/subscriptions/${found.id}' or the scope is invalid. If access was recently granted, please refresh your credentials.`,
    );
  }
}

const displayNames: Readonly<Record<string, string>> = {
  eastus: "East US",
  eastus2: "East US 2",
  westus2: "West US 2",
  westus3: "West US 3",
  westeurope: "West Europe",
  northeurope: "North Europe",
  uksouth: "UK South",
  swedencentral: "Sweden Central",
  germanywestcentral: "Germany West Central",
  australiaeast: "Australia East",
  southeastasia: "Southeast Asia",
  centralus: "Central US",
};

function listLocations(context: ArmContext): SandboxResponse {
  const { id } = subscriptionOf(context);
  checkVisible(context, subscriptionOf(context), "Microsoft.Resources/subscriptions/locations/read");
  const value = regions.map((name) => ({
    id: `/subscriptions/${id}/locations/${name}`,
    name,
    type: "Region",
    displayName: displayNames[name] ?? name,
    regionalDisplayName: displayNames[name] ?? name,
    metadata: {
      regionType: "Physical",
      regionCategory: displayNames[name] ? "Recommended" : "Other",
      physicalLocation: "",
    },
  }));
  return { status: 200, body: { value } };
}

/** As Microsoft spells it. */
function namespaceOf(context: ArmContext): string {
  const { namespace = "" } = context.params;
  const { providers } = subscriptionOf(context);
  const known = [...providers.keys(), ...registeredProviders].find(
    (name) => name.toLowerCase() === namespace.toLowerCase(),
  );
  if (!known) {
    throw new ArmError(404, "InvalidResourceNamespace", `The resource namespace '${namespace}' is invalid.`);
  }
  return known;
}

const resourceTypes: Readonly<Record<string, readonly string[]>> = {
  "Microsoft.ContainerService": ["managedClusters", "managedClusters/agentPools"],
  "Microsoft.KeyVault": ["vaults", "deletedVaults"],
  "Microsoft.ManagedIdentity": ["userAssignedIdentities", "userAssignedIdentities/federatedIdentityCredentials"],
  "Microsoft.Compute": ["virtualMachineScaleSets"],
};

function describeProvider(context: ArmContext, namespace: string): JsonObject {
  const { id, providers } = subscriptionOf(context);
  return {
    id: `/subscriptions/${id}/providers/${namespace}`,
    namespace,
    resourceTypes: (resourceTypes[namespace] ?? []).map((resourceType) => ({
      resourceType,
      locations: regions.map((name) => displayNames[name] ?? name),
    })),
    registrationState: providers.get(namespace) ?? "NotRegistered",
    registrationPolicy: "RegistrationRequired",
  };
}

const registeringMs = 8_000;

/** The right to it is the provider's own: `Microsoft.KeyVault/register/action`. */
function registerProvider(context: ArmContext): SandboxResponse {
  const namespace = namespaceOf(context);
  const found = subscriptionOf(context);
  context.require(`${namespace}/register/action`, `/subscriptions/${found.id}`);
  if (found.providers.get(namespace) !== "Registered") {
    found.providers.set(namespace, "Registering");
    context.world.clock.after(registeringMs, () => found.providers.set(namespace, "Registered"));
  }
  return { status: 200, body: describeProvider(context, namespace) };
}
