import { stringify } from "yaml";

import type { KubernetesObject, ObjectMeta } from "../kubernetes/clusterClient.ts";

/** Classes of a cluster as YAML that brings them back with `kubectl apply`: without what only the API server writes. */
export function formatClasses(classes: readonly KubernetesObject[]): string {
  return classes
    .map(({ apiVersion, kind, metadata, spec }) =>
      stringify({ apiVersion, kind, metadata: ownMetadata(metadata), spec }, { lineWidth: 0, indentSeq: false }),
    )
    .join("---\n");
}

const lastApplied = "kubectl.kubernetes.io/last-applied-configuration";

function ownMetadata({ name, namespace, labels, annotations }: ObjectMeta): object {
  const kept = Object.fromEntries(Object.entries(annotations ?? {}).filter(([key]) => key !== lastApplied));
  return {
    name,
    ...(namespace === undefined ? {} : { namespace }),
    ...(labels ? { labels } : {}),
    ...(Object.keys(kept).length > 0 ? { annotations: kept } : {}),
  };
}
