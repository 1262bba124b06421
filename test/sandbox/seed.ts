/** The demo world: two companies, three subscriptions, seven clusters and five vaults, with the defects that people meet. */
import type { Builder } from "./builders.ts";
import { asObject, asText } from "./json.ts";
import { visitorOf, type Visitor } from "./seedBase.ts";
import type { KubernetesServer, Principal } from "./state.ts";

const contoso = "3f2b6c1e-7d84-4a59-9c60-1b5e8f0a2d47";
const fabrikam = "a84c9d10-52e7-4f3b-8b16-6e0d7c92f351";
const development = "5b0e7f42-91c3-4d68-a7f5-2c8d3e6b1094";
const production = "c7d1a863-0f4e-4b92-8e35-94b6f21d70ca";
const retail = "e29f5b37-6a08-4c71-b3d4-07a1c85e9f62";
const appId = "7c3e91d5-48b2-4f06-9a7d-e51f20c8b643";

export function seedDemo(builder: Builder): Visitor {
  builder.addTenant({ id: contoso, displayName: "Contoso", defaultDomain: "contoso.onmicrosoft.test" });
  builder.addTenant({ id: fabrikam, displayName: "Fabrikam", defaultDomain: "fabrikam.onmicrosoft.test" });
  builder.addSubscription({ id: development, displayName: "Contoso Development", tenantId: contoso });
  builder.addSubscription({ id: production, displayName: "Contoso Production", tenantId: contoso });
  builder.addSubscription({ id: retail, displayName: "Fabrikam Retail", tenantId: fabrikam });
  const app = addPeople(builder);
  addHealthyClusters(builder, app);
  addTroubledClusters(builder);
  addVaults(builder, app);
  return visitorOf(app, development);
}

/** One application with a principal per tenant, as a multi-tenant application has; and a person of the same rights. */
function addPeople(builder: Builder): Principal {
  const shared = { appId, clientSecret: "demo~8Q2vT5mZ0rKx7LpW3nYc" };
  const displayName = "Key Vault CSI demo";
  const person = { type: "User" as const, displayName: "Alex Wilber", clientSecret: "demo-password" };
  const userPrincipalName = "alex@contoso.onmicrosoft.test";
  const app = builder.addPrincipal({ displayName, tenantId: contoso, ...shared });
  const guestApp = builder.addPrincipal({ displayName, tenantId: fabrikam, ...shared });
  const alex = builder.addPrincipal({ ...person, tenantId: contoso, userPrincipalName });
  const guestAlex = builder.addPrincipal({ ...person, tenantId: fabrikam, userPrincipalName });
  for (const principal of [app, alex]) {
    builder.assignRole(principal, "Owner", `/subscriptions/${development}`);
    builder.assignRole(principal, "Owner", `/subscriptions/${production}`);
  }
  for (const principal of [guestApp, guestAlex]) {
    builder.assignRole(principal, "Owner", `/subscriptions/${retail}`);
  }
  return app;
}

function addHealthyClusters(builder: Builder, app: Principal): void {
  builder.addCluster({ name: "myAKSCluster", subscriptionId: development });
  const store = builder.addCluster({
    name: "store-prod",
    subscriptionId: production,
    resourceGroup: "rg-store",
    location: "westeurope",
    addon: { enableSecretRotation: "true", rotationPollInterval: "2m" },
    oidcIssuer: true,
    workloadIdentity: true,
    entra: "azureRbac",
    pools: [
      { name: "system", count: 2 },
      { name: "linux", count: 2, mode: "User" },
      { name: "win", count: 2, osType: "Windows" },
    ],
    tags: { team: "store", environment: "production" },
    whenStarted: addStoreWorkload,
  });
  builder.assignRole(app, "Azure Kubernetes Service RBAC Cluster Admin", store.id);
}

function addTroubledClusters(builder: Builder): void {
  builder.addCluster({
    name: "orders-prod",
    subscriptionId: production,
    resourceGroup: "rg-orders",
    location: "westeurope",
    addon: "enabled",
    tags: { team: "orders", environment: "production" },
    whenStarted: breakLastNode,
  });
  builder.addCluster({
    name: "batch-dev",
    subscriptionId: development,
    resourceGroup: "rg-batch",
    addon: "enabled",
    powerState: "Stopped",
    pools: [{ name: "nodepool1", count: 2 }],
  });
  builder.addCluster({
    name: "billing-prod",
    subscriptionId: production,
    resourceGroup: "rg-billing",
    location: "swedencentral",
    addon: "disabled",
    isUpdating: true,
  });
  builder.addCluster({
    name: "payments-private",
    subscriptionId: retail,
    resourceGroup: "rg-payments",
    location: "westus3",
    addon: "enabled",
    oidcIssuer: true,
    isPrivate: true,
    isUnreachable: true,
  });
  builder.addCluster({
    name: "legacy-pos",
    subscriptionId: retail,
    resourceGroup: "rg-pos",
    location: "westus3",
    kubernetesVersion: "1.31.9",
    addon: "null",
    pools: [{ name: "nodepool1", count: 2 }],
  });
}

/** A class of somebody's: the add-on cannot be disabled while it is there. */
function addStoreWorkload(server: KubernetesServer): void {
  server.put({ apiVersion: "v1", kind: "Namespace", metadata: { name: "store" }, status: { phase: "Active" } });
  server.put({
    apiVersion: "secrets-store.csi.x-k8s.io/v1",
    kind: "SecretProviderClass",
    metadata: { name: "store-secrets", namespace: "store" },
    spec: {
      provider: "azure",
      parameters: {
        keyvaultName: "contoso-shared-kv",
        tenantID: contoso,
        useVMManagedIdentity: "true",
        objects: "array:\n  - |\n    objectName: StoreDatabasePassword\n    objectType: secret\n",
      },
    },
  });
}

function breakLastNode(server: KubernetesServer): void {
  const names = server.list("Node").map(({ metadata }) => asText(asObject(metadata)["name"]));
  const node = names.sort().at(-1);
  if (node !== undefined) {
    const message =
      "0/3 nodes are available: 1 Too many pods, 2 node(s) didn't satisfy plugin(s) [NodeAffinity]. preemption: 0/3 nodes are available: 1 No preemption victims found for incoming pod, 2 Preemption is not helpful for scheduling.";
    server.breakNode(node, { kind: "pending", component: "provider", message });
  }
}

/** Nobody has a data-plane right at the first: as with every new vault, the officer's role is a step of its own. */
function addVaults(builder: Builder, app: Principal): void {
  builder.addVault({ name: "contoso-dev-kv", subscriptionId: development, secrets: { SampleSecret: "sample" } });
  builder.addVault({
    name: "contoso-legacy-kv",
    subscriptionId: development,
    resourceGroup: "rg-batch",
    rbac: null,
    accessPolicies: [
      {
        tenantId: contoso,
        objectId: app.objectId,
        permissions: {
          keys: [],
          secrets: ["get", "list", "set", "delete", "recover"],
          certificates: ["get", "list"],
          storage: [],
        },
      },
    ],
    secrets: { BatchStorageKey: "sample", BatchQueueKey: "sample" },
  });
  builder.addVault({
    name: "contoso-prod-kv",
    subscriptionId: production,
    resourceGroup: "rg-orders",
    location: "westeurope",
    properties: {
      enablePurgeProtection: true,
      networkAcls: {
        bypass: "AzureServices",
        defaultAction: "Deny",
        ipRules: [{ value: "198.51.100.0/24" }],
        virtualNetworkRules: [],
      },
    },
    secrets: { OrdersDatabasePassword: "sample" },
  });
  const shared = builder.addVault({
    name: "contoso-shared-kv",
    subscriptionId: production,
    resourceGroup: "rg-store",
    location: "westeurope",
    secrets: { StoreDatabasePassword: "sample", StoreApiKey: "sample", StoreTlsPassphrase: "sample" },
  });
  builder.assignRole(app, "Key Vault Secrets Officer", shared.id);
  builder.addVault({ name: "contoso-old-kv", subscriptionId: development, isDeleted: true });
}
