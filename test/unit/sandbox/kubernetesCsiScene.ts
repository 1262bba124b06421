import type { JsonObject, ManagedIdentity, Vault, World } from "../../sandbox/state.ts";
import { tenantId, type ClusterOptions } from "./kubernetesFixture.ts";

export const issuer = "https://eastus2.oic.prod-aks.azure.com/t/c/";
export const clientId = "aaaaaaaa-1111-4222-8333-444444444444";
export const principalId = "bbbbbbbb-1111-4222-8333-444444444444";
const vaultId = "/subscriptions/s/resourceGroups/rg/providers/Microsoft.KeyVault/vaults/myvault";
/** Where the world keeps the vault. */
export const vaultKey = vaultId.toLowerCase();
const secretsUser = "4633458b-17de-408a-b874-0445c86b69e6";

export function vault(properties: JsonObject = {}): Vault {
  const version = (number: string, value: string, enabled = true) => ({
    version: number.repeat(32),
    value,
    attributes: { enabled, created: 1, updated: 1, recoveryLevel: "Recoverable", recoverableDays: 90 },
  });
  return {
    id: vaultId,
    name: "myvault",
    subscriptionId: "s",
    resourceGroup: "rg",
    body: { location: "eastus2", properties: { tenantId, enableRbacAuthorization: true, ...properties } },
    secrets: new Map([
      ["examplesecret", { name: "ExampleSecret", versions: [version("a", "old"), version("b", "value")] }],
      ["off", { name: "off", versions: [version("c", "x", false)] }],
      ["hex", { name: "hex", versions: [version("d", "7a")] }],
    ]),
    keys: new Map(),
    certificates: new Map(),
  };
}

export function identity(
  credential: Partial<{ issuer: string; subject: string; audiences: string[] }> = {},
): ManagedIdentity {
  const federated = {
    name: "app",
    issuer,
    subject: "system:serviceaccount:default:app",
    audiences: ["api://AzureADTokenExchange"],
    createdAt: 0,
    ...credential,
  };
  return {
    id: "/subscriptions/s/resourceGroups/rg/providers/Microsoft.ManagedIdentity/userAssignedIdentities/app",
    name: "app",
    subscriptionId: "s",
    resourceGroup: "rg",
    location: "eastus2",
    clientId,
    principalId,
    tenantId,
    tags: {},
    federatedCredentials: new Map([["app", federated]]),
  };
}

export function grant(world: World, scope = vaultId): void {
  const id = `${scope}/providers/Microsoft.Authorization/roleAssignments/1`;
  const roleDefinitionId = `/subscriptions/s/providers/Microsoft.Authorization/roleDefinitions/${secretsUser}`;
  const common = { principalId, principalType: "ServicePrincipal", createdAt: 0, effectiveFrom: 0 };
  world.roleAssignments.set(id.toLowerCase(), { id, scope, roleDefinitionId, ...common });
}

export interface Scene {
  readonly vault?: Vault;
  readonly identity?: ManagedIdentity;
  readonly isGranted?: boolean;
  readonly options?: ClusterOptions;
}

export function fill({
  vault: given = vault(),
  identity: who = identity(),
  isGranted = true,
}: Scene): (world: World) => void {
  return (world) => {
    world.tenants.set(tenantId, { id: tenantId, displayName: "Contoso", defaultDomain: "contoso.test" });
    world.vaults.set(given.id.toLowerCase(), given);
    world.identities.set(who.id.toLowerCase(), who);
    if (isGranted) {
      grant(world);
    }
  };
}

export const objects = (...items: readonly string[]): string =>
  ["array:", ...items.map((item) => `  - |\n    ${item.split("\n").join("\n    ")}`)].join("\n");
export const secretObject = "objectName: ExampleSecret\nobjectType: secret";

export function secretClass(parameters: JsonObject = {}, more: JsonObject = {}): JsonObject {
  return {
    apiVersion: "secrets-store.csi.x-k8s.io/v1",
    kind: "SecretProviderClass",
    metadata: { name: "kv", namespace: "default" },
    spec: {
      provider: "azure",
      parameters: {
        keyvaultName: "myvault",
        tenantID: tenantId,
        clientID: clientId,
        objects: objects(secretObject),
        ...parameters,
      },
      ...more,
    },
  };
}

export function pod(spec: JsonObject = {}, csi: JsonObject = {}): JsonObject {
  return {
    apiVersion: "v1",
    kind: "Pod",
    metadata: { name: "reader", namespace: "default" },
    spec: {
      serviceAccountName: "app",
      containers: [
        {
          name: "main",
          image: "busybox",
          command: ["sleep", "infinity"],
          volumeMounts: [{ name: "kv", mountPath: "/mnt" }],
        },
      ],
      volumes: [
        {
          name: "kv",
          csi: {
            driver: "secrets-store.csi.k8s.io",
            readOnly: true,
            volumeAttributes: { secretProviderClass: "kv" },
            ...csi,
          },
        },
      ],
      ...spec,
    },
  };
}
