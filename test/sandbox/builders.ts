/** Puts things into a world as if they had been there: what seeds and tests are made of. Everything has a default. */
import { randomUUID } from "node:crypto";

import { addIdentity } from "./armIdentities.ts";
import { newClusterBody, type ClusterOptions } from "./clusterBody.ts";
import { findExactly, groupId } from "./ids.ts";
import { asObject, asText } from "./json.ts";
import { createNodeResources } from "./nodeResources.ts";
import { roleNamed } from "./roles.ts";
import type {
  Cluster,
  JsonObject,
  ManagedIdentity,
  Principal,
  ResourceGroup,
  RoleAssignment,
  Subscription,
  Tenant,
  Vault,
  World,
} from "./state.ts";

export interface PrincipalOptions extends Partial<Principal> {
  /** Built-in roles at the scope of `at`, or at the root. */
  readonly roles?: readonly string[];
  readonly at?: string;
}

export interface VaultOptions {
  readonly name: string;
  readonly subscriptionId?: string;
  readonly resourceGroup?: string;
  readonly location?: string;
  /** False: access policies. Null: access policies, on a vault older than the property. */
  readonly rbac?: boolean | null;
  readonly accessPolicies?: readonly JsonObject[];
  /** What else its properties hold. */
  readonly properties?: JsonObject;
  readonly tags?: JsonObject;
  readonly secrets?: Readonly<Record<string, string>>;
  readonly isDeleted?: boolean;
}

export interface ClusterPlace {
  readonly name: string;
  readonly subscriptionId?: string;
  readonly resourceGroup?: string;
}

export interface Builder {
  readonly world: World;
  addTenant(options?: Partial<Tenant>): Tenant;
  addSubscription(options?: Partial<Subscription>): Subscription;
  addPrincipal(options?: PrincipalOptions): Principal;
  /** Assigns a built-in role; honoured everywhere at once. */
  assignRole(principal: Pick<Principal, "objectId" | "type">, roleName: string, scope: string): RoleAssignment;
  addResourceGroup(
    name: string,
    options?: { subscriptionId?: string; location?: string; tags?: JsonObject },
  ): ResourceGroup;
  addCluster(options: ClusterPlace & ClusterOptions): Cluster;
  addVault(options: VaultOptions): Vault;
  addIdentity(
    name: string,
    options?: { subscriptionId?: string; resourceGroup?: string; location?: string },
  ): ManagedIdentity;
}

/** Namespaces that the extension and az touch, all registered but for the one that a test names. */
export const registeredProviders = [
  "Microsoft.Authorization",
  "Microsoft.Compute",
  "Microsoft.ContainerService",
  "Microsoft.KeyVault",
  "Microsoft.ManagedIdentity",
  "Microsoft.Network",
  "Microsoft.OperationalInsights",
  "Microsoft.ResourceGraph",
  "Microsoft.Resources",
];

const first = <V>(map: Map<string, V>, what: string): V => {
  const [value] = map.values();
  if (!value) {
    throw new Error(`The world has no ${what} yet.`);
  }
  return value;
};

export function createBuilder(world: World): Builder {
  return {
    world,
    addTenant: (options) => addTenant(world, options),
    addSubscription: (options) => addSubscription(world, options),
    addPrincipal: (options) => addPrincipal(world, options),
    assignRole: (principal, roleName, scope) => assignRole(world, principal, roleName, scope),
    addResourceGroup: (name, options) => addResourceGroup(world, name, options),
    addCluster: (options) => addCluster(world, options),
    addVault: (options) => addVault(world, options),
    addIdentity(name, options = {}) {
      const group = addResourceGroup(world, options.resourceGroup ?? "myResourceGroup", options);
      const subscription = world.subscriptions.get(group.subscriptionId.toLowerCase());
      return addIdentity(world, {
        id: `${group.id}/providers/Microsoft.ManagedIdentity/userAssignedIdentities/${name}`,
        name,
        subscriptionId: group.subscriptionId,
        resourceGroup: group.name,
        location: options.location ?? group.location,
        tenantId: subscription?.tenantId ?? "",
        tags: {},
      });
    },
  };
}

function addTenant(world: World, options: Partial<Tenant> = {}): Tenant {
  const number = world.tenants.size + 1;
  const tenant: Tenant = {
    id: randomUUID(),
    displayName: `Tenant ${number}`,
    defaultDomain: `tenant${number}.onmicrosoft.test`,
    ...options,
  };
  world.tenants.set(tenant.id, tenant);
  return tenant;
}

function addSubscription(world: World, options: Partial<Subscription> = {}): Subscription {
  const subscription: Subscription = {
    id: randomUUID(),
    displayName: `Subscription ${world.subscriptions.size + 1}`,
    tenantId: options.tenantId ?? first(world.tenants, "tenant").id,
    state: "Enabled",
    providers: new Map(registeredProviders.map((namespace) => [namespace, "Registered"])),
    ...options,
  };
  world.subscriptions.set(subscription.id.toLowerCase(), subscription);
  return subscription;
}

function addPrincipal(world: World, { roles = [], at = "/", ...options }: PrincipalOptions = {}): Principal {
  const type = options.type ?? "ServicePrincipal";
  const displayName = options.displayName ?? `${type} ${world.principals.size + 1}`;
  const tenantId = options.tenantId ?? first(world.tenants, "tenant").id;
  const principal: Principal = {
    objectId: randomUUID(),
    displayName,
    visibleFrom: 0,
    ...(type === "ServicePrincipal" && { appId: randomUUID(), clientSecret: `~${randomUUID()}` }),
    ...(type === "User" && {
      userPrincipalName: `${displayName.toLowerCase().replaceAll(" ", ".")}@${world.tenants.get(tenantId)?.defaultDomain ?? ""}`,
    }),
    ...options,
    type,
    tenantId,
  };
  world.principals.set(principal.objectId, principal);
  roles.forEach((roleName) => assignRole(world, principal, roleName, at));
  return principal;
}

function assignRole(
  world: World,
  principal: Pick<Principal, "objectId" | "type">,
  roleName: string,
  scope: string,
): RoleAssignment {
  const name = randomUUID();
  const at = scope === "/" ? "" : scope;
  const subscription = /^\/subscriptions\/[^/]+/i.exec(scope)?.[0] ?? "";
  const assignment: RoleAssignment = {
    id: `${at}/providers/Microsoft.Authorization/roleAssignments/${name}`,
    scope,
    roleDefinitionId: `${subscription}/providers/Microsoft.Authorization/roleDefinitions/${roleNamed(roleName).guid}`,
    principalId: principal.objectId,
    principalType: principal.type,
    createdAt: 0,
    effectiveFrom: 0,
  };
  world.roleAssignments.set(assignment.id.toLowerCase(), assignment);
  return assignment;
}

function addResourceGroup(
  world: World,
  name: string,
  options: { readonly subscriptionId?: string; readonly location?: string; readonly tags?: JsonObject } = {},
): ResourceGroup {
  const subscriptionId = options.subscriptionId ?? first(world.subscriptions, "subscription").id;
  const id = groupId(subscriptionId, name);
  const existing = world.resourceGroups.get(id.toLowerCase());
  if (existing) {
    return existing;
  }
  const group = { id, name, subscriptionId, location: options.location ?? "eastus2", tags: options.tags ?? {} };
  world.resourceGroups.set(id.toLowerCase(), group);
  return group;
}

function addCluster(world: World, options: ClusterPlace & ClusterOptions): Cluster {
  const group = addResourceGroup(world, options.resourceGroup ?? "myResourceGroup", {
    ...(options.subscriptionId !== undefined && { subscriptionId: options.subscriptionId }),
    ...(options.location !== undefined && { location: options.location }),
  });
  const id = `${group.id}/providers/Microsoft.ContainerService/managedClusters/${options.name}`;
  const subscription = findExactly(world.subscriptions, group.subscriptionId);
  const cluster: Cluster = {
    id,
    name: options.name,
    subscriptionId: group.subscriptionId,
    resourceGroup: group.name,
    body: newClusterBody(id, subscription.tenantId, { location: group.location, ...options }),
    newestApiVersion: "2026-04-01",
    ...(options.isUnreachable !== undefined && { isUnreachable: options.isUnreachable }),
    ...(options.whenStarted && { whenStarted: options.whenStarted }),
    ...(options.isUpdating && {
      operation: { id: randomUUID(), name: "Updating", startTime: world.clock.now(), status: "InProgress" },
    }),
  };
  world.clusters.set(id.toLowerCase(), cluster);
  createNodeResources(world, cluster);
  return cluster;
}

function addVault(world: World, options: VaultOptions): Vault {
  const group = addResourceGroup(world, options.resourceGroup ?? "myResourceGroup", {
    ...(options.subscriptionId !== undefined && { subscriptionId: options.subscriptionId }),
    ...(options.location !== undefined && { location: options.location }),
  });
  const subscription = findExactly(world.subscriptions, group.subscriptionId);
  const id = `${group.id}/providers/Microsoft.KeyVault/vaults/${options.name}`;
  const location = options.location ?? group.location;
  const vault: Vault = {
    id,
    name: options.name,
    subscriptionId: group.subscriptionId,
    resourceGroup: group.name,
    body: vaultBody(id, location, subscription.tenantId, options),
    secrets: new Map(),
    keys: new Map(),
    certificates: new Map(),
  };
  Object.entries(options.secrets ?? {}).forEach(([name, value]) => addSecret(world, vault, name, value));
  if (options.isDeleted) {
    const deletionDate = world.clock.now() - 3 * dayMs;
    const retention = Number(asObject(vault.body["properties"])["softDeleteRetentionInDays"]);
    vault.deleted = { deletionDate, scheduledPurgeDate: deletionDate + retention * dayMs };
    world.deletedVaults.set(vault.name.toLowerCase(), vault);
  } else {
    world.vaults.set(id.toLowerCase(), vault);
  }
  return vault;
}

const dayMs = 24 * 3600 * 1000;

function vaultBody(id: string, location: string, tenantId: string, options: VaultOptions): JsonObject {
  const rbac = options.rbac === undefined ? true : options.rbac;
  return {
    id,
    name: options.name,
    type: "Microsoft.KeyVault/vaults",
    location,
    tags: options.tags ?? {},
    systemData: {
      createdBy: "seed@sandbox.test",
      createdByType: "User",
      createdAt: "2026-03-02T09:14:27.112Z",
      lastModifiedBy: "seed@sandbox.test",
      lastModifiedByType: "User",
      lastModifiedAt: "2026-03-02T09:14:27.112Z",
    },
    properties: {
      sku: { family: "A", name: "standard" },
      tenantId,
      accessPolicies: [...(options.accessPolicies ?? [])],
      enabledForDeployment: false,
      enableSoftDelete: true,
      softDeleteRetentionInDays: 90,
      ...(rbac !== null && { enableRbacAuthorization: rbac }),
      vaultUri: `https://${options.name.toLowerCase()}.vault.sandbox.test/`,
      provisioningState: "Succeeded",
      publicNetworkAccess: "Enabled",
      ...options.properties,
    },
  };
}

function addSecret(world: World, vault: Vault, name: string, value: string): void {
  const seconds = Math.floor(world.clock.now() / 1000) - 24 * 3600;
  const retention = Number(asObject(vault.body["properties"])["softDeleteRetentionInDays"] ?? 90);
  const isProtected = asText(asObject(vault.body["properties"])["enablePurgeProtection"]) === "true";
  vault.secrets.set(name.toLowerCase(), {
    name,
    versions: [
      {
        version: randomUUID().replaceAll("-", ""),
        value,
        attributes: {
          enabled: true,
          created: seconds,
          updated: seconds,
          recoveryLevel: isProtected ? "Recoverable" : "Recoverable+Purgeable",
          recoverableDays: retention,
        },
      },
    ],
  });
}
