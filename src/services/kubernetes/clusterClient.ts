import type { TokenCredential } from "@azure/core-auth";

import type { ManagedClusters } from "../azure/managedClusters.ts";
import { parseResourceId } from "../azure/resourceId.ts";
import { orAbort } from "../azure/tokens.ts";
import type { CallOptions } from "../call.ts";
import { ServiceError } from "../errors.ts";
import type { Logger } from "../log.ts";
import { createApiClient } from "./apiClient.ts";
import type { ClusterSituation } from "./apiErrors.ts";
import { createAuthorization } from "./authorization.ts";
import { readKubeconfig } from "./kubeconfig.ts";
import { createTransport, realApiTiming, type ApiTiming } from "./transport.ts";

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
  statefulSet: { apiVersion: "apps/v1", kind: "StatefulSet", plural: "statefulsets", isNamespaced: true },
  job: { apiVersion: "batch/v1", kind: "Job", plural: "jobs", isNamespaced: true },
  cronJob: { apiVersion: "batch/v1", kind: "CronJob", plural: "cronjobs", isNamespaced: true },
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
  /** Lists like {@link list}, keeping of each object only what `read` gives: big objects do not pile up in memory. */
  collect<T>(
    kind: ResourceKind,
    query: ListQuery,
    read: (item: KubernetesObject) => T | undefined,
    options?: CallOptions,
  ): Promise<readonly T[]>;
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
  /**
   * Changes from a resource version on; without one, everything there is comes first, as `ADDED`. Goes on over closed connections; ends on abort.
   * A 410 lists anew and tells the difference to what this watch has shown.
   */
  watch(
    kind: ResourceKind,
    query: ListQuery & { readonly resourceVersion?: string },
    options?: CallOptions,
  ): AsyncIterable<WatchEvent>;
  /** The log of a container, newest `tailLines` lines. */
  readLog(
    pod: {
      readonly name: string;
      readonly namespace: string;
      readonly container: string;
      readonly tailLines: number;
      /** Of the container's previous run, after a crash. */
      readonly isPrevious?: boolean | undefined;
    },
    options?: CallOptions,
  ): Promise<string>;
  /** Whether the caller may do this, by SelfSubjectAccessReview. */
  canI(verb: string, kind: ResourceKind, namespace?: string, options?: CallOptions): Promise<boolean>;
  /** Plurals of the kinds that a group version serves; none where it is not known. Anybody who may sign in may ask. */
  listServed(apiVersion: string, options?: CallOptions): Promise<readonly string[]>;
  /** `v1.35.1`. */
  getServerVersion(options?: CallOptions): Promise<string>;
}

/** Opens the Kubernetes API of managed clusters. Clients are kept per cluster for as long as the extension lives; kubeconfigs stay in memory. */
export interface ClusterClients {
  /**
   * Gets the cluster's user kubeconfig and makes a client of it. A kubelogin exec plugin is answered by our own Entra token; any other exec plugin is refused.
   *
   * Asks Azure Resource Manager only; whether the API server answers, the first call tells: `unreachable` for a private cluster this machine has no line
   * to, or a stopped one.
   *
   * @throws {ServiceError} `forbidden`; `invalidRequest` for another exec plugin
   */
  open(clusterId: string, options?: CallOptions): Promise<ClusterClient>;
  /** Forgets the client of a cluster, after its credentials changed. */
  forget(clusterId: string): void;
}

/** What the clients of clusters are made with. */
export interface ClusterClientsInput {
  readonly managedClusters: Pick<ManagedClusters, "get" | "getUserKubeconfig">;
  readonly credential: TokenCredential;
  readonly log: Logger;
  readonly timing?: ApiTiming | undefined;
}

/** Opens clusters on demand. Makes no request. */
export function createClusterClients(input: ClusterClientsInput): ClusterClients {
  const clients = new Map<string, Promise<ClusterClient>>();
  return {
    open(clusterId, options = {}) {
      const key = clusterId.toLowerCase();
      const known = clients.get(key);
      if (known) {
        return orAbort(known, options.signal);
      }
      // Several callers wait for one kubeconfig: whoever aborts stops its own waiting only.
      const opening = openCluster(input, clusterId);
      clients.set(key, opening);
      const forgetFailure = () => {
        if (clients.get(key) === opening) {
          clients.delete(key);
        }
      };
      opening.catch(forgetFailure);
      return orAbort(opening, options.signal);
    },
    forget: (clusterId) => void clients.delete(clusterId.toLowerCase()),
  };
}

async function openCluster(input: ClusterClientsInput, clusterId: string): Promise<ClusterClient> {
  const cluster = parseResourceId(clusterId).name;
  const connection = await readKubeconfig(await input.managedClusters.getUserKubeconfig(clusterId));
  const transport = createTransport({
    cluster,
    connection,
    authorization: createAuthorization(connection.auth, input.credential),
    log: input.log,
    timing: input.timing ?? realApiTiming,
    situation: (options) => situationOf(input, clusterId, options),
  });
  return createApiClient({ cluster, server: connection.server, transport });
}

/** Undefined where Azure Resource Manager does not tell: the failure that led here is the one to show. */
async function situationOf(
  { managedClusters }: ClusterClientsInput,
  clusterId: string,
  options: CallOptions,
): Promise<ClusterSituation | undefined> {
  try {
    const { powerState, isPrivate } = await managedClusters.get(clusterId, { signal: options.signal });
    return { isStopped: powerState === "Stopped", isPrivate };
  } catch (error) {
    if (error instanceof ServiceError) {
      return undefined;
    }
    throw error;
  }
}
