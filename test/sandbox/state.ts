/**
 * The world of the sandbox: plain maps, no HTTP. Keys of maps are lower-cased ARM ids or GUIDs. ARM bodies are kept as the JSON that ARM answers, so that a
 * field nobody knows survives.
 */
import type { Clock } from "./clock.ts";
import type { NodeDefect } from "./kubernetes/defects.ts";

export type Json = string | number | boolean | null | Json[] | JsonObject;
export interface JsonObject {
  [field: string]: Json | undefined;
}

export interface Tenant {
  readonly id: string;
  readonly displayName: string;
  readonly defaultDomain: string;
}

/** A user, an application's service principal or a managed identity. */
export interface Principal {
  readonly objectId: string;
  readonly tenantId: string;
  readonly type: "User" | "ServicePrincipal" | "Group";
  readonly displayName: string;
  /** Application (client) id of a service principal or a managed identity. */
  readonly appId?: string;
  /** Accepted by the client-credentials flow. */
  readonly clientSecret?: string;
  readonly userPrincipalName?: string;
  /** From when on ARM's role-assignment API finds it: `PrincipalNotFound` before. Milliseconds of the sandbox clock. */
  readonly visibleFrom: number;
}

export interface Subscription {
  readonly id: string;
  displayName: string;
  readonly tenantId: string;
  state: "Enabled" | "Warned" | "Disabled";
  /** Namespace as Microsoft spells it → registration state. */
  readonly providers: Map<string, "Registered" | "NotRegistered" | "Registering">;
  /** Resource Graph answers 403 here. */
  isResourceGraphDenied?: boolean;
}

export interface ResourceGroup {
  readonly id: string;
  readonly name: string;
  readonly subscriptionId: string;
  readonly location: string;
  tags: JsonObject;
  readonly managedBy?: string;
}

export interface Cluster {
  /** As the caller of the PUT spelled it. */
  readonly id: string;
  readonly name: string;
  readonly subscriptionId: string;
  readonly resourceGroup: string;
  /** The body of a GET, kept true: `properties.provisioningState`, `eTag`, `properties.addonProfiles` … */
  body: JsonObject;
  /** Newest api-version that wrote the body: an older PUT that lacks its fields resets them, as Azure would. */
  newestApiVersion: string;
  /** The operation that runs on it, or undefined. */
  operation?: Operation;
  /** Its Kubernetes API server; `kubernetes.ts` owns what is inside. Undefined while the cluster is being created. */
  kubernetes?: KubernetesServer;
  /** No line from this machine: the API server's port refuses connections. */
  readonly isUnreachable?: boolean;
  /** What a seed does to the API server once it runs, with the add-on in place where it is on. */
  readonly whenStarted?: (server: KubernetesServer) => void;
}

export interface Operation {
  readonly id: string;
  /** `Microsoft.ContainerService/managedClusters/write`-like name used in `Another operation (…) is in progress`. */
  readonly name: string;
  readonly startTime: number;
  status: "InProgress" | "Succeeded" | "Failed" | "Canceled";
  error?: { code: string; message: string };
}

/** What the planes outside Kubernetes may ask of one cluster's API server. Implemented by `kubernetes.ts`. */
export interface KubernetesServer {
  /** `https://127.0.0.1:<port>`; empty until the port listens. */
  readonly url: string;
  /** All objects of a kind (`SecretProviderClass`), any namespace. */
  list(kind: string): readonly JsonObject[];
  /** Creates or replaces an object as a controller would: no authorization, no admission. */
  put(object: JsonObject): void;
  remove(kind: string, name: string, namespace?: string): void;
  /** Puts the add-on's DaemonSets, CRDs, CSIDriver, RBAC in and lets the pods start node by node at the pace of the clock. */
  installKeyVaultCsi(versions: { readonly driver: string; readonly provider: string }): void;
  /** Takes pods, DaemonSets and CSINode registrations away; CRDs and objects stay, as on AKS. */
  uninstallKeyVaultCsi(): void;
  /** Makes the nodes follow the cluster's agent pools, after the body changed. */
  reconcileNodes(): void;
  /** Breaks the driver on one node; its pods there start anew and meet the defect. */
  breakNode(node: string, defect: NodeDefect): void;
  /** Takes every defect of a node away. */
  mendNode(node: string): void;
  /** The YAML of a kubeconfig as AKS hands it out: of a local account where `isAdmin` or where the cluster knows no Entra, else with kubelogin. */
  kubeconfig(how: { readonly isAdmin: boolean; readonly login?: "devicecode" | "azurecli" }): string;
  close(): Promise<void>;
}

export interface SecretVersion {
  readonly version: string;
  readonly value: string;
  contentType?: string;
  tags?: Record<string, string>;
  attributes: {
    enabled: boolean;
    created: number;
    updated: number;
    exp?: number;
    nbf?: number;
    recoveryLevel: string;
    recoverableDays: number;
  };
  /** Set on the secret behind a certificate. */
  readonly kid?: string;
  readonly managed?: boolean;
}

/** Keys and certificates keep the data plane's own JSON per version. */
export interface BundleVersion {
  readonly version: string;
  body: JsonObject;
}

export interface VaultObject<V> {
  readonly name: string;
  /** Oldest first. */
  readonly versions: V[];
  /** Of a certificate: what its next version is made by, and the creation under way. */
  policy?: JsonObject;
  pending?: JsonObject;
  deleted?: { readonly deletedDate: number; readonly scheduledPurgeDate: number };
  /** A recover or purge is under way until then (sandbox clock). */
  busyUntil?: { readonly at: number; readonly doing: "recovering" | "purging" | "deleting" };
}

export interface Vault {
  readonly id: string;
  readonly name: string;
  readonly subscriptionId: string;
  readonly resourceGroup: string;
  /** The body of a GET; `properties.vaultUri` is `https://127.0.0.1:<port>/`. */
  body: JsonObject;
  deleted?: { readonly deletionDate: number; readonly scheduledPurgeDate: number };
  /** Keys are lower-case names. */
  readonly secrets: Map<string, VaultObject<SecretVersion>>;
  readonly keys: Map<string, VaultObject<BundleVersion>>;
  readonly certificates: Map<string, VaultObject<BundleVersion>>;
}

export interface RoleAssignment {
  readonly id: string;
  readonly scope: string;
  readonly roleDefinitionId: string;
  readonly principalId: string;
  readonly principalType: string;
  readonly createdAt: number;
  /** Object id of whoever made it. */
  readonly createdBy?: string;
  readonly description?: string;
  readonly condition?: string;
  readonly conditionVersion?: string;
  /** From when on a Key Vault data plane honours it (propagation). ARM honours it at once. */
  readonly effectiveFrom: number;
}

export interface ManagedIdentity {
  readonly id: string;
  readonly name: string;
  readonly subscriptionId: string;
  readonly resourceGroup: string;
  readonly location: string;
  readonly clientId: string;
  readonly principalId: string;
  readonly tenantId: string;
  tags: JsonObject;
  readonly federatedCredentials: Map<
    string,
    { readonly name: string; issuer: string; subject: string; audiences: string[]; readonly createdAt: number }
  >;
}

/** A node scale set: the ARM body, `identity.userAssignedIdentities` kept true. */
export interface ScaleSet {
  readonly id: string;
  body: JsonObject;
}

export interface World {
  readonly clock: Clock;
  readonly tenants: Map<string, Tenant>;
  /** By object id. */
  readonly principals: Map<string, Principal>;
  readonly subscriptions: Map<string, Subscription>;
  readonly resourceGroups: Map<string, ResourceGroup>;
  readonly clusters: Map<string, Cluster>;
  readonly vaults: Map<string, Vault>;
  /** Soft-deleted vaults by lower-case name: the name space is global. */
  readonly deletedVaults: Map<string, Vault>;
  readonly roleAssignments: Map<string, RoleAssignment>;
  readonly identities: Map<string, ManagedIdentity>;
  readonly scaleSets: Map<string, ScaleSet>;
  /** What takes a while in Azure, in milliseconds of the sandbox clock. What is left out follows the clock's pace. */
  delays?: Delays;
  /** The address that a vault's firewall sees instead of loopback. */
  clientAddress?: string;
}

export interface Delays {
  /** What `Retry-After` of a long-running operation says; left out: 0 at the instant pace, else 2. */
  retryAfterSeconds?: number;
  /** From a role assignment until a data plane honours it. */
  roleAssignment?: number;
  /** From the creation of an identity until ARM finds its principal. */
  principal?: number;
  /** The deleting, recovering and purging of a key, secret or certificate; a certificate's creation. */
  vaultObject?: number;
  /** The purging of a vault. */
  vault?: number;
}
