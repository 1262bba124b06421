import { at, isRecord, listAt, textAt, type KubeObject } from "./object.ts";
import type { ResourceType } from "./kinds.ts";
import { podSecurityViolations } from "./podSecurity.ts";
import { forbidden, notFound } from "./status.ts";
import type { Store } from "./store.ts";
import type { Kinds } from "./kinds.ts";
import { randomSuffix } from "./names.ts";

/** @throws 404 where the namespace of a new object does not exist, 403 where it is being deleted */
export function admitNamespace(kinds: Kinds, type: ResourceType, object: KubeObject): void {
  const name = object.metadata.namespace;
  if (name === undefined) {
    return;
  }
  const namespace = kinds.store.get("namespaces", name);
  const namespaces = kinds.find("", "v1", "namespaces");
  if (namespace === undefined && namespaces) {
    throw notFound(namespaces, name);
  }
  if (namespace?.metadata.deletionTimestamp !== undefined) {
    const why = `unable to create new content in namespace ${name} because it is being terminated`;
    throw forbidden(type, object.metadata.name, why);
  }
}

function tokenVolume(name: string): Record<string, unknown> {
  const items = [{ key: "ca.crt", path: "ca.crt" }];
  const fieldRef = { apiVersion: "v1", fieldPath: "metadata.namespace" };
  return {
    name,
    projected: {
      defaultMode: 420,
      sources: [
        { serviceAccountToken: { expirationSeconds: 3607, path: "token" } },
        { configMap: { items, name: "kube-root-ca.crt" } },
        { downwardAPI: { items: [{ fieldRef, path: "namespace" }] } },
      ],
    },
  };
}

/** The service account of a pod and its token, as the ServiceAccount admission plug-in adds them. */
function serviceAccount(type: ResourceType, store: Store, pod: KubeObject): void {
  const spec = pod["spec"] as Record<string, unknown>;
  const name = textAt(spec, "serviceAccountName") || "default";
  const account = store.get("serviceaccounts", `${pod.metadata.namespace ?? ""}/${name}`);
  if (account === undefined) {
    const where = pod.metadata.namespace ?? "";
    const why = `error looking up service account ${where}/${name}: serviceaccount "${name}" not found`;
    throw forbidden(type, pod.metadata.name, why);
  }
  spec["serviceAccountName"] = name;
  spec["serviceAccount"] = name;
  const isWanted = at(spec, "automountServiceAccountToken") ?? account["automountServiceAccountToken"] ?? true;
  const hasOne = listAt(spec, "volumes").some((volume) => textAt(volume, "name").startsWith("kube-api-access-"));
  if (isWanted === false || hasOne) {
    return;
  }
  const volume = `kube-api-access-${randomSuffix()}`;
  const mount = { mountPath: "/var/run/secrets/kubernetes.io/serviceaccount", name: volume, readOnly: true };
  spec["volumes"] = [...listAt(spec, "volumes"), tokenVolume(volume)];
  for (const container of [...listAt(spec, "containers"), ...listAt(spec, "initContainers")]) {
    container["volumeMounts"] = [...listAt(container, "volumeMounts"), mount];
  }
}

const notReady = ["node.kubernetes.io/not-ready", "node.kubernetes.io/unreachable"];

/** What admission adds to a new pod. The pod is the caller's own copy. @throws 403 */
export function admitPod(type: ResourceType, store: Store, pod: KubeObject): void {
  const namespace = store.get("namespaces", pod.metadata.namespace ?? "");
  const level = namespace?.metadata.labels?.["pod-security.kubernetes.io/enforce"];
  const violations = podSecurityViolations(level, pod);
  if (violations.length > 0) {
    throw forbidden(type, pod.metadata.name, `violates PodSecurity "${level}:latest": ${violations.join(", ")}`);
  }
  if (!isRecord(pod["spec"])) {
    return;
  }
  serviceAccount(type, store, pod);
  const tolerations = listAt(pod["spec"], "tolerations");
  const added = notReady
    .filter(
      (key) =>
        !tolerations.some((one) => one["key"] === key || (one["key"] === undefined && one["operator"] === "Exists")),
    )
    .map((key) => ({ key, operator: "Exists", effect: "NoExecute", tolerationSeconds: 300 }));
  Object.assign(pod["spec"], {
    tolerations: [...tolerations, ...added],
    priority: 0,
    preemptionPolicy: "PreemptLowerPriority",
  });
}
