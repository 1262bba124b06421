import type { CallOptions } from "../call.ts";

/** Where a kind of Kubernetes object is served. */
export interface ResourceKind {
  /** `v1`, `apps/v1`, `secrets-store.csi.x-k8s.io/v1`. */
  readonly apiVersion: string;
  readonly kind: string;
  readonly plural: string;
  readonly isNamespaced: boolean;
}

/** The kinds we read or write. */
export const kinds = {
  namespace: { apiVersion: "v1", kind: "Namespace", plural: "namespaces", isNamespaced: false },
  node: { apiVersion: "v1", kind: "Node", plural: "nodes", isNamespaced: false },
  pod: { apiVersion: "v1", kind: "Pod", plural: "pods", isNamespaced: true },
  event: { apiVersion: "v1", kind: "Event", plural: "events", isNamespaced: true },
  secret: { apiVersion: "v1", kind: "Secret", plural: "secrets", isNamespaced: true },
  serviceAccount: { apiVersion: "v1", kind: "ServiceAccount", plural: "serviceaccounts", isNamespaced: true },
  deployment: { apiVersion: "apps/v1", kind: "Deployment", plural: "deployments", isNamespaced: true },
  daemonSet: { apiVersion: "apps/v1", kind: "DaemonSet", plural: "daemonsets", isNamespaced: true },
  networkPolicy: {
    apiVersion: "networking.k8s.io/v1",
    kind: "NetworkPolicy",
    plural: "networkpolicies",
    isNamespaced: true,
  },
  csiDriver: { apiVersion: "storage.k8s.io/v1", kind: "CSIDriver", plural: "csidrivers", isNamespaced: false },
  csiNode: { apiVersion: "storage.k8s.io/v1", kind: "CSINode", plural: "csinodes", isNamespaced: false },
  customResourceDefinition: {
    apiVersion: "apiextensions.k8s.io/v1",
    kind: "CustomResourceDefinition",
    plural: "customresourcedefinitions",
    isNamespaced: false,
  },
  secretProviderClass: {
    apiVersion: "secrets-store.csi.x-k8s.io/v1",
    kind: "SecretProviderClass",
    plural: "secretproviderclasses",
    isNamespaced: true,
  },
  secretProviderClassPodStatus: {
    apiVersion: "secrets-store.csi.x-k8s.io/v1",
    kind: "SecretProviderClassPodStatus",
    plural: "secretproviderclasspodstatuses",
    isNamespaced: true,
  },
} as const satisfies Record<string, ResourceKind>;

/** The part every Kubernetes object has. */
export interface ObjectMeta {
  readonly name: string;
  readonly namespace?: string | undefined;
  readonly uid?: string | undefined;
  readonly resourceVersion?: string | undefined;
  readonly creationTimestamp?: string | undefined;
  readonly deletionTimestamp?: string | undefined;
  readonly labels?: Readonly<Record<string, string>> | undefined;
  readonly annotations?: Readonly<Record<string, string>> | undefined;
  readonly ownerReferences?:
    readonly { readonly kind: string; readonly name: string; readonly uid: string }[] | undefined;
}

/** An object as the API server gave it; the file that asked parses what it needs. */
export interface KubernetesObject {
  readonly apiVersion?: string | undefined;
  readonly kind?: string | undefined;
  readonly metadata: ObjectMeta;
  readonly [field: string]: unknown;
}

/** Which objects to list. */
export interface ListQuery {
  /** Undefined: all namespaces. */
  readonly namespace?: string | undefined;
  readonly labelSelector?: string | undefined;
  readonly fieldSelector?: string | undefined;
  /** Page size; 500 unless told. */
  readonly limit?: number | undefined;
  /** Asks for `PartialObjectMetadataList`: names, labels, annotations, owners, no spec and no status. */
  readonly metadataOnly?: boolean | undefined;
}

/** One change seen by a watch. */
export interface WatchEvent {
  readonly type: "ADDED" | "MODIFIED" | "DELETED";
  readonly object: KubernetesObject;
}

/** One cluster's Kubernetes API. Errors are `ServiceError`s with the `reason` of the `Status` as service code. */
export interface ClusterClient {
  /** `https://host:port`, for messages. */
  readonly server: string;
  /** Lists with paging until the end. A 410 in the middle starts again. @throws {ServiceError} `forbidden` names verb and resource */
  list(kind: ResourceKind, query?: ListQuery, options?: CallOptions): Promise<readonly KubernetesObject[]>;
  get(kind: ResourceKind, name: string, namespace?: string, options?: CallOptions): Promise<KubernetesObject>;
  /** The object, or undefined when it, or its kind, does not exist. */
  find(
    kind: ResourceKind,
    name: string,
    namespace?: string,
    options?: CallOptions,
  ): Promise<KubernetesObject | undefined>;
  create(kind: ResourceKind, object: KubernetesObject, options?: CallOptions): Promise<KubernetesObject>;
  /**
   * Server-side apply as field manager `key-vault-csi`.
   * @throws {ServiceError} `conflict` naming the other manager and its fields, unless `force`
   */
  apply(
    kind: ResourceKind,
    object: KubernetesObject,
    how?: { readonly force?: boolean; readonly dryRun?: boolean },
    options?: CallOptions,
  ): Promise<KubernetesObject>;
  /** Deletes. Success when there is none. */
  delete(kind: ResourceKind, name: string, namespace?: string, options?: CallOptions): Promise<void>;
  /** Changes from a resource version on; goes on over closed connections; ends on abort. A 410 lists anew and tells the difference. */
  watch(
    kind: ResourceKind,
    query: ListQuery & { readonly resourceVersion?: string },
    options?: CallOptions,
  ): AsyncIterable<WatchEvent>;
  /** The log of a container, newest `tailLines` lines. */
  readLog(
    pod: { readonly name: string; readonly namespace: string; readonly container: string; readonly tailLines: number },
    options?: CallOptions,
  ): Promise<string>;
  /** Whether the caller may do this, by SelfSubjectAccessReview. */
  canI(verb: string, kind: ResourceKind, namespace?: string, options?: CallOptions): Promise<boolean>;
  /** `v1.35.1`. */
  getServerVersion(options?: CallOptions): Promise<string>;
}

/** Opens the Kubernetes API of managed clusters. Clients are kept per cluster for as long as the extension lives; kubeconfigs stay in memory. */
export interface ClusterClients {
  /**
   * Gets the cluster's user kubeconfig and makes a client of it. A kubelogin exec plugin is answered by our own Entra token; any other exec plugin is refused.
   *
   * @throws {ServiceError} `unreachable` for a private cluster this machine has no line to, or a stopped one; `forbidden`; `invalidRequest` for another exec plugin
   */
  open(clusterId: string, options?: CallOptions): Promise<ClusterClient>;
  /** Forgets the client of a cluster, after its credentials changed. */
  forget(clusterId: string): void;
}
