import type { CallOptions } from "../call.ts";
import type { ClusterSummary } from "./inventory.ts";

/** One node pool. */
export interface AgentPool {
  readonly name: string;
  readonly mode: "System" | "User" | "Gateway";
  readonly osType: "Linux" | "Windows";
  readonly count: number;
  readonly vmSize: string;
  readonly type: "VirtualMachineScaleSets" | "AvailabilitySet" | "VirtualMachines";
}

/** A cluster read whole, in our terms. */
export interface ManagedCluster extends ClusterSummary {
  readonly eTag: string | undefined;
  readonly nodeResourceGroup: string;
  /** `ReadOnly`: a deny assignment keeps identities from being attached to node scale sets. */
  readonly nodeResourceGroupRestriction: "ReadOnly" | "Unrestricted";
  readonly oidcIssuer: {
    readonly isEnabled: boolean;
    /** Byte for byte as ARM gives it, trailing slash included. */ readonly url: string | undefined;
  };
  readonly isWorkloadIdentityEnabled: boolean;
  readonly agentPools: readonly AgentPool[];
  /** Undefined on a cluster with local accounts only. */
  readonly entra: { readonly usesAzureRbac: boolean; readonly tenantId: string | undefined } | undefined;
  readonly areLocalAccountsDisabled: boolean;
  readonly hasVirtualNodes: boolean;
  /** Names of the add-ons and features that are on: `azureKeyvaultSecretsProvider`, `webAppRouting`, `istio` … */
  readonly enabledFeatures: readonly string[];
}

/** A cluster's body as ARM gave it, every field kept. Only `managedClusters.ts` and its tests look inside by name. */
export type RawCluster = Readonly<Record<string, unknown>>;

/** What a new cluster is to be. */
export interface NewCluster {
  readonly id: string;
  readonly location: string;
  /** Undefined: the region's default version. */
  readonly kubernetesVersion?: string | undefined;
  readonly vmSize: string;
  readonly nodeCount: number;
  /** A Windows pool beside the system pool. */
  readonly windows?: { readonly vmSize: string; readonly nodeCount: number } | undefined;
  readonly keyVaultCsi: { readonly rotation: { readonly isEnabled: boolean; readonly pollInterval: string } };
  readonly oidcIssuer: boolean;
  readonly workloadIdentity: boolean;
}

/** A Kubernetes minor version a region offers. */
export interface KubernetesVersion {
  /** `1.35`. */
  readonly version: string;
  readonly isDefault: boolean;
  readonly isPreview: boolean;
  readonly patches: readonly string[];
}

/** What a run command inside a cluster printed. */
export interface CommandResult {
  readonly exitCode: number;
  readonly logs: string;
}

/** Managed clusters of Azure Kubernetes Service. */
export interface ManagedClusters {
  /** @throws {ServiceError} `notFound`, `forbidden` */
  get(clusterId: string, options?: CallOptions): Promise<ManagedCluster>;

  /** The cluster, or undefined when there is none of that id. */
  find(clusterId: string, options?: CallOptions): Promise<ManagedCluster | undefined>;

  /**
   * Changes a cluster without losing a field: GET of the raw body, one change, PUT under its eTag, waiting for the operation, GET.
   * Exactly 1 GET + 1 PUT + polls as `Retry-After` says + 1 GET where nobody interferes. On 412 or 409 `EtagMismatch` it reads and changes again, at most 3 times.
   * A `change` that returns its argument unchanged makes no PUT.
   *
   * Aborting stops the waiting; what Azure accepted goes on.
   *
   * @throws {ServiceError} `conflict` while another operation runs; `operationFailed` with the operation's own message; `forbidden`
   * @see https://learn.microsoft.com/azure/aks/use-etags
   */
  update(clusterId: string, change: (raw: RawCluster) => RawCluster, options?: CallOptions): Promise<ManagedCluster>;

  /**
   * Turns the azureKeyvaultSecretsProvider add-on on or sets its rotation, by {@link update}. Other config keys are kept.
   * @see https://learn.microsoft.com/azure/aks/csi-secrets-store-driver
   */
  enableKeyVaultCsi(
    clusterId: string,
    rotation: { readonly isEnabled: boolean; readonly pollInterval: string },
    options?: CallOptions,
  ): Promise<ManagedCluster>;

  /** Turns the add-on off, by {@link update}. @throws {ServiceError} `invalidRequest` in Azure's words while SecretProviderClasses are left */
  disableKeyVaultCsi(clusterId: string, options?: CallOptions): Promise<ManagedCluster>;

  /** Turns the OIDC issuer, and workload identity if asked, on. Cannot be undone; restarts the API server. */
  enableOidcIssuer(
    clusterId: string,
    also: { readonly workloadIdentity: boolean },
    options?: CallOptions,
  ): Promise<ManagedCluster>;

  /**
   * Waits for an operation that somebody else, or an earlier window, has started: polls `provisioningState` until it is terminal.
   * @throws {ServiceError} `operationFailed` when it ends Failed or Canceled
   */
  waitUntilSettled(clusterId: string, options?: CallOptions): Promise<ManagedCluster>;

  /** Creates a cluster with the add-on and waits until it runs. @throws {ServiceError} `conflict` when one of that id exists */
  create(cluster: NewCluster, options?: CallOptions): Promise<ManagedCluster>;

  /** Deletes a cluster and waits. Success when there is none. */
  delete(clusterId: string, options?: CallOptions): Promise<void>;

  /** Kubernetes versions a region offers, newest first. */
  listKubernetesVersions(
    subscriptionId: string,
    location: string,
    options?: CallOptions,
  ): Promise<readonly KubernetesVersion[]>;

  /** The user kubeconfig as YAML, kept in memory by the caller. @throws {ServiceError} `forbidden` */
  getUserKubeconfig(clusterId: string, options?: CallOptions): Promise<string>;

  /** Runs a command in the cluster by ARM: the way into a private cluster. @see https://learn.microsoft.com/azure/aks/access-private-cluster */
  runCommand(clusterId: string, command: string, options?: CallOptions): Promise<CommandResult>;

  /** The user-assigned identities on each node scale set of the node resource group: scale set name → identity resource ids. */
  listNodeIdentities(
    cluster: Pick<ManagedCluster, "subscriptionId" | "nodeResourceGroup">,
    options?: CallOptions,
  ): Promise<ReadonlyMap<string, readonly string[]>>;
}
