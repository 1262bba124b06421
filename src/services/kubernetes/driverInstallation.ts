import type { KubernetesObject, ObjectMeta } from "./clusterClient.ts";
import { fieldsOf, itemsOf, textOf, type Fields } from "./fields.ts";

/** The name the driver registers under, and that of its `CSIDriver`. */
export const csiDriverName = "secrets-store.csi.k8s.io";

/** The two DaemonSets that every node needs a pod of. */
export type Role = "driver" | "provider";

/** Who installed it. */
export type Source = "addon" | "openSource";

const rolesByApp: Readonly<Record<string, Role>> = {
  "secrets-store-csi-driver": "driver",
  "secrets-store-provider-azure": "provider",
  "csi-secrets-store": "driver",
  "csi-secrets-store-provider-azure": "provider",
};

/** Finds pods of the add-on and of every open-source installation. */
export const podSelector = `app in (${Object.keys(rolesByApp).join(",")})`;

/** Where the add-on lives. */
export const addonNamespace = "kube-system";

const addonPrefix = "aks-secrets-store-";

/** What runs the driver or the provider on the nodes of one operating system. */
export interface DaemonSetFacts {
  readonly name: string;
  readonly namespace: string;
  readonly role: Role;
  readonly source: Source;
  readonly os: "linux" | "windows";
  readonly creationTimestamp: string | undefined;
  /** Labels a node must have. */
  readonly nodeSelector: Fields;
  readonly toleratesEverything: boolean;
}

/** The facts of a DaemonSet, or undefined when it is neither driver nor provider. */
export function readDaemonSet({ metadata, spec }: KubernetesObject): DaemonSetFacts | undefined {
  const template = fieldsOf(fieldsOf(spec)["template"]);
  const role = rolesByApp[textOf(fieldsOf(fieldsOf(template["metadata"])["labels"])["app"]) ?? ""];
  if (!role) {
    return undefined;
  }
  const podSpec = fieldsOf(template["spec"]);
  const nodeSelector = fieldsOf(podSpec["nodeSelector"]);
  const os = textOf(nodeSelector["kubernetes.io/os"]) ?? (metadata.name.endsWith("-windows") ? "windows" : "linux");
  return {
    name: metadata.name,
    namespace: metadata.namespace ?? "",
    role,
    source: sourceOf(metadata.namespace, metadata.name),
    os: os === "windows" ? "windows" : "linux",
    creationTimestamp: metadata.creationTimestamp,
    nodeSelector,
    toleratesEverything: itemsOf(podSpec["tolerations"]).some(
      (toleration) => toleration["operator"] === "Exists" && !toleration["key"] && !toleration["effect"],
    ),
  };
}

/** The role and source of a pod by its label and its DaemonSet. */
export function readRole(metadata: ObjectMeta): { readonly role: Role; readonly source: Source } | undefined {
  const role = rolesByApp[metadata.labels?.["app"] ?? ""];
  return role && { role, source: sourceOf(metadata.namespace, metadata.ownerReferences?.[0]?.name ?? "") };
}

/** The Azure Helm chart may be installed in kube-system too, under the same label: the DaemonSet's name decides. */
function sourceOf(namespace: string | undefined, daemonSet: string): Source {
  return namespace === addonNamespace && daemonSet.startsWith(addonPrefix) ? "addon" : "openSource";
}
