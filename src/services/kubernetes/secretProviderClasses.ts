import type { CallOptions } from "../call.ts";
import { hasCode } from "../errors.ts";
import { kinds, type ClusterClient, type KubernetesObject, type ObjectMeta } from "./clusterClient.ts";
import { fieldsOf, itemsOf, textOf } from "./fields.ts";

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

/** SecretProviderClasses of a cluster and who mounts them. Without a namespace, in all of them; none where the CRDs are not installed. */
export interface SecretProviderClasses {
  /** @throws {ServiceError} `forbidden` */
  list(
    client: ClusterClient,
    namespace?: string,
    options?: CallOptions,
  ): Promise<readonly SecretProviderClassSummary[]>;
  /** What the driver says it has mounted; a pod whose mount failed is not among them. @throws {ServiceError} `forbidden` */
  listMounted(client: ClusterClient, namespace?: string, options?: CallOptions): Promise<readonly MountedClass[]>;
}

/** Makes the reads. Makes no request. */
export function createSecretProviderClasses(): SecretProviderClasses {
  return {
    list: (client, namespace, options) =>
      orNone(client.list(kinds.secretProviderClass, { namespace }, options).then((objects) => objects.map(summarize))),
    listMounted: (client, namespace, options) =>
      orNone(client.collect(kinds.secretProviderClassPodStatus, { namespace }, readMounted, options)),
  };
}

/** Where the CRDs are not installed there are no classes. */
async function orNone<T>(listing: Promise<readonly T[]>): Promise<readonly T[]> {
  try {
    return await listing;
  } catch (error) {
    if (hasCode(error, "notFound")) {
      return [];
    }
    throw error;
  }
}

function summarize(object: KubernetesObject): SecretProviderClassSummary {
  const { metadata } = object;
  const spec = fieldsOf(object["spec"]);
  return {
    name: metadata.name,
    namespace: metadata.namespace ?? "",
    provider: textOf(spec["provider"]) ?? "",
    keyvaultName: textOf(fieldsOf(spec["parameters"])["keyvaultName"])?.trim(),
    ownedBy: ownerOf(object),
    // Items of a list carry neither.
    object: { apiVersion: kinds.secretProviderClass.apiVersion, kind: kinds.secretProviderClass.kind, ...object },
  };
}

function ownerOf({ metadata }: KubernetesObject): string | undefined {
  const manager = metadata.labels?.[managedBy];
  const [owner] = metadata.ownerReferences ?? [];
  if (isOfAppRouting(metadata)) {
    return "webAppRouting";
  }
  return owner ? `${owner.kind}/${owner.name}` : operatorIn(manager);
}

const managedBy = "app.kubernetes.io/managed-by";

/**
 * The application routing operator makes a class per listener of a Gateway, per Ingress and per NginxIngressController that names a certificate of a vault.
 * @see https://learn.microsoft.com/azure/aks/app-routing-dns-ssl
 */
function isOfAppRouting({ name, labels, ownerReferences = [] }: ObjectMeta): boolean {
  const isForIngress = ownerReferences.some(({ kind }) => kind === "Ingress" || kind === "NginxIngressController");
  return (
    labels?.[managedBy] === "aks-app-routing-operator" ||
    name.startsWith("kv-gw-cert-") ||
    (name.startsWith("keyvault-") && isForIngress)
  );
}

/** Helm and kubectl are people's tools, not owners. */
function operatorIn(manager: string | undefined): string | undefined {
  return manager === undefined || ["Helm", "kubectl", "kustomize"].includes(manager) ? undefined : manager;
}

function readMounted(object: KubernetesObject): MountedClass {
  const status = fieldsOf(object["status"]);
  return {
    podName: textOf(status["podName"]) ?? "",
    namespace: object.metadata.namespace ?? "",
    className: textOf(status["secretProviderClassName"]) ?? "",
    isMounted: status["mounted"] === true,
    objects: itemsOf(status["objects"]).map(({ id, version }) => ({
      id: textOf(id) ?? "",
      version: textOf(version) ?? "",
    })),
  };
}
