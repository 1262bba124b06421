/** How a request of the conformance cases is written. */
import type { Seen, Step } from "./kubeApiserverCompare.ts";

export const namespace = "conformance";
export const core = `/api/v1/namespaces/${namespace}`;
export const maps = `${core}/configmaps`;
export const secrets = `${core}/secrets`;
export const classes = `/apis/secrets-store.csi.x-k8s.io/v1/namespaces/${namespace}/secretproviderclasses`;
export const group = "secrets-store.csi.x-k8s.io/v1";

export const get = (url: Step["url"], headers?: Step["headers"]): Step => ({
  method: "GET",
  url,
  ...(headers && { headers }),
});
export const post = (url: string, body: unknown, headers?: Step["headers"]): Step => ({
  method: "POST",
  url,
  body,
  ...(headers && { headers }),
});
export const put = (url: string, body: unknown): Step => ({ method: "PUT", url, body });
export const remove = (url: string, body?: unknown): Step => ({
  method: "DELETE",
  url,
  ...(body !== undefined && { body }),
});
export const patch = (url: string, media: string, body: unknown): Step => ({
  method: "PATCH",
  url,
  body,
  headers: { "content-type": `application/${media}` },
});
export const apply = (url: string, body: unknown): Step => patch(url, "apply-patch+yaml", body);

export const map = (name: string, data: unknown = { a: "1" }, metadata: object = {}) => ({
  apiVersion: "v1",
  kind: "ConfigMap",
  metadata: { name, ...metadata },
  data,
});
export const secretClass = (
  name: string,
  spec: unknown = { provider: "azure", parameters: { keyvaultName: "kv" } },
) => ({
  apiVersion: group,
  kind: "SecretProviderClass",
  metadata: { name },
  spec,
});
export const pod = (name: string, spec: object = {}, metadata: object = {}) => ({
  apiVersion: "v1",
  kind: "Pod",
  metadata: { name, ...metadata },
  spec: { containers: [{ name: "main", image: "busybox" }], ...spec },
});
export const deployment = (name: string, spec: object = {}) => ({
  apiVersion: "apps/v1",
  kind: "Deployment",
  metadata: { name },
  spec: {
    replicas: 0,
    selector: { matchLabels: { app: name } },
    template: {
      metadata: { labels: { app: name } },
      spec: { containers: [{ name: "main", image: "busybox" }] },
    },
    ...spec,
  },
});

interface Body {
  readonly metadata: { readonly resourceVersion: string; readonly continue?: string };
}
export const version = (seen: Seen, index: number) => (seen[index]?.body as Body).metadata.resourceVersion;
export const continued = (seen: Seen, index: number) =>
  encodeURIComponent((seen[index]?.body as Body).metadata.continue ?? "");

export const table = { accept: "application/json;as=Table;v=v1;g=meta.k8s.io, application/json" };
export const metadataOnly = {
  accept: "application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1, application/json",
};
export const metadataList = {
  accept: "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1, application/json",
};
