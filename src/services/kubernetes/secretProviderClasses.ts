import type { CallOptions } from "../call.ts";
import type { ClusterClient, KubernetesObject } from "./clusterClient.ts";

/** A SecretProviderClass as a list shows it. */
export interface SecretProviderClassSummary {
  readonly name: string;
  readonly namespace: string;
  readonly provider: string;
  readonly keyvaultName: string | undefined;
  /** The feature that owns it (`webAppRouting`, `istio` …), or undefined when a person made it. */
  readonly ownedBy: string | undefined;
  readonly object: KubernetesObject;
}

/** What one pod has mounted of a class (`SecretProviderClassPodStatus`). */
export interface MountedClass {
  readonly podName: string;
  readonly namespace: string;
  readonly className: string;
  readonly isMounted: boolean;
  readonly objects: readonly { readonly id: string; readonly version: string }[];
}

/** SecretProviderClasses of a cluster and who mounts them. */
export interface SecretProviderClasses {
  list(
    client: ClusterClient,
    namespace?: string,
    options?: CallOptions,
  ): Promise<readonly SecretProviderClassSummary[]>;
  listMounted(client: ClusterClient, namespace?: string, options?: CallOptions): Promise<readonly MountedClass[]>;
}
