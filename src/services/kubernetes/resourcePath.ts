import type { Target } from "./apiErrors.ts";
import type { ListQuery, ResourceKind } from "./clusterClient.ts";

/** Where a kind, or one object of it, is served: `/apis/apps/v1/namespaces/shop/deployments/web`. */
export function resourcePath(kind: ResourceKind, namespace: string | undefined, name?: string): string {
  const root = kind.apiVersion.includes("/") ? `/apis/${kind.apiVersion}` : `/api/${kind.apiVersion}`;
  const inNamespace =
    kind.isNamespaced && namespace !== undefined ? `/namespaces/${encodeURIComponent(namespace)}` : "";
  return `${root}${inNamespace}/${kind.plural}${name === undefined ? "" : `/${encodeURIComponent(name)}`}`;
}

/** The query part with its `?`; empty where nothing is asked. */
export function queryString(parameters: Readonly<Record<string, string | number | boolean | undefined>>): string {
  const query = new URLSearchParams();
  for (const [name, value] of Object.entries(parameters)) {
    if (value !== undefined) {
      query.set(name, String(value));
    }
  }
  return query.size === 0 ? "" : `?${query.toString()}`;
}

/** The parameters that a list and a watch share. */
export function selection({ labelSelector, fieldSelector }: ListQuery) {
  return { labelSelector, fieldSelector };
}

const json = "application/json";

/** What to accept, whole objects or their metadata, in a list or alone. */
export function acceptOf(how: "list" | "object", metadataOnly: boolean | undefined): string {
  const view = how === "list" ? "PartialObjectMetadataList" : "PartialObjectMetadata";
  return metadataOnly ? `${json};as=${view};g=meta.k8s.io;v=v1` : json;
}

/** An object of a cluster, as messages name it. */
export function targetOf(cluster: string, kind: ResourceKind, namespace: string | undefined, name?: string): Target {
  if (name === undefined) {
    return { cluster, what: kind.plural, reference: kind.plural };
  }
  const reference = kind.isNamespaced && namespace !== undefined ? `${namespace}/${name}` : name;
  return { cluster, what: `${kind.kind} "${reference}"`, reference };
}
