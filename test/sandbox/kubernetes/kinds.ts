import { at, isRecord, listAt, textAt, type KubeObject } from "./object.ts";
import type { Store } from "./store.ts";

/** One resource in one version, as discovery tells it. */
export interface ResourceType {
  readonly group: string;
  readonly version: string;
  readonly kind: string;
  readonly plural: string;
  readonly singular: string;
  readonly shortNames: readonly string[];
  readonly categories: readonly string[];
  readonly isNamespaced: boolean;
  readonly verbs: readonly string[];
  readonly subresources: readonly string[];
  /** Key of its table in the store; two versions of a kind share it. */
  readonly storage: string;
  /** Name of its type in `types.txt`; undefined for kinds that come from a CustomResourceDefinition. */
  readonly schema?: string;
  readonly crd?: KubeObject;
  readonly warning?: string;
}

const all = ["create", "delete", "deletecollection", "get", "list", "patch", "update", "watch"];
const createOnly = ["create"];

type Row = readonly [
  apiVersion: string,
  kind: string,
  plural: string,
  options?: {
    readonly short?: readonly string[];
    readonly categories?: readonly string[];
    readonly cluster?: true;
    readonly verbs?: readonly string[];
    readonly sub?: readonly string[];
    readonly schema?: string;
    readonly storage?: string;
  },
];

const inAll = ["all"];
const rows: readonly Row[] = [
  ["v1", "ConfigMap", "configmaps", { short: ["cm"] }],
  ["v1", "Endpoints", "endpoints", { short: ["ep"] }],
  ["v1", "Event", "events", { short: ["ev"] }],
  ["v1", "Namespace", "namespaces", { short: ["ns"], cluster: true, sub: ["status", "finalize"] }],
  ["v1", "Node", "nodes", { short: ["no"], cluster: true, sub: ["status"] }],
  ["v1", "Pod", "pods", { short: ["po"], categories: inAll, sub: ["status", "log", "binding", "eviction"] }],
  ["v1", "Secret", "secrets", {}],
  ["v1", "ServiceAccount", "serviceaccounts", { short: ["sa"], sub: ["token"] }],
  ["v1", "Service", "services", { short: ["svc"], categories: inAll, sub: ["status"] }],
  ["apps/v1", "DaemonSet", "daemonsets", { short: ["ds"], categories: inAll, sub: ["status"] }],
  ["apps/v1", "Deployment", "deployments", { short: ["deploy"], categories: inAll, sub: ["status", "scale"] }],
  ["apps/v1", "ReplicaSet", "replicasets", { short: ["rs"], categories: inAll, sub: ["status", "scale"] }],
  ["apps/v1", "StatefulSet", "statefulsets", { short: ["sts"], categories: inAll, sub: ["status", "scale"] }],
  ["batch/v1", "CronJob", "cronjobs", { short: ["cj"], categories: inAll, sub: ["status"] }],
  ["batch/v1", "Job", "jobs", { categories: inAll, sub: ["status"] }],
  ["events.k8s.io/v1", "Event", "events", { short: ["ev"], schema: "events.v1.Event", storage: "events" }],
  ["networking.k8s.io/v1", "NetworkPolicy", "networkpolicies", { short: ["netpol"] }],
  ["rbac.authorization.k8s.io/v1", "ClusterRoleBinding", "clusterrolebindings", { cluster: true }],
  ["rbac.authorization.k8s.io/v1", "ClusterRole", "clusterroles", { cluster: true }],
  ["rbac.authorization.k8s.io/v1", "RoleBinding", "rolebindings", {}],
  ["rbac.authorization.k8s.io/v1", "Role", "roles", {}],
  ["storage.k8s.io/v1", "CSIDriver", "csidrivers", { cluster: true }],
  ["storage.k8s.io/v1", "CSINode", "csinodes", { cluster: true }],
  ["coordination.k8s.io/v1", "Lease", "leases", {}],
  [
    "apiextensions.k8s.io/v1",
    "CustomResourceDefinition",
    "customresourcedefinitions",
    { short: ["crd", "crds"], categories: ["api-extensions"], cluster: true, sub: ["status"] },
  ],
  ["authentication.k8s.io/v1", "SelfSubjectReview", "selfsubjectreviews", { cluster: true, verbs: createOnly }],
  [
    "authorization.k8s.io/v1",
    "SelfSubjectAccessReview",
    "selfsubjectaccessreviews",
    { cluster: true, verbs: createOnly },
  ],
  [
    "authorization.k8s.io/v1",
    "SelfSubjectRulesReview",
    "selfsubjectrulesreviews",
    { cluster: true, verbs: createOnly },
  ],
];

const schemaGroups: Readonly<Record<string, string>> = {
  "": "core",
  "events.k8s.io": "events",
  "networking.k8s.io": "networking",
  "rbac.authorization.k8s.io": "rbac",
  "storage.k8s.io": "storage",
  "coordination.k8s.io": "coordination",
  "authentication.k8s.io": "authentication",
  "authorization.k8s.io": "authorization",
};

/** Name of a built-in type in `types.txt`. */
export function schemaName(group: string, version: string, kind: string): string {
  return group === "apiextensions.k8s.io" ? `crd.${kind}` : `${schemaGroups[group] ?? group}.${version}.${kind}`;
}

export function splitApiVersion(apiVersion: string): { readonly group: string; readonly version: string } {
  const slash = apiVersion.indexOf("/");
  return slash < 0
    ? { group: "", version: apiVersion }
    : { group: apiVersion.slice(0, slash), version: apiVersion.slice(slash + 1) };
}

export function apiVersionOf(type: ResourceType): string {
  return type.group === "" ? type.version : `${type.group}/${type.version}`;
}

/** `deployments.apps`, `pods`: how messages and the store name a resource. */
export function qualified(type: Pick<ResourceType, "plural" | "group">): string {
  return type.group === "" ? type.plural : `${type.plural}.${type.group}`;
}

function builtin([apiVersion, kind, plural, options = {}]: Row): ResourceType {
  const { group, version } = splitApiVersion(apiVersion);
  return {
    group,
    version,
    kind,
    plural,
    singular: kind.toLowerCase(),
    shortNames: options.short ?? [],
    categories: options.categories ?? [],
    isNamespaced: !options.cluster,
    verbs: options.verbs ?? all,
    subresources: options.sub ?? [],
    storage: options.storage ?? qualified({ plural, group }),
    schema: options.schema ?? schemaName(group, version, kind),
  };
}

const builtinTypes: readonly ResourceType[] = rows.map(builtin);

function customTypes(crd: KubeObject): readonly ResourceType[] {
  const group = textAt(crd, "spec.group");
  const names = at(crd, "spec.names");
  const texts = (field: string): readonly string[] => {
    const value = at(names, field);
    return Array.isArray(value) ? value.map(String) : [];
  };
  return listAt(crd, "spec.versions")
    .filter((version) => version["served"] === true)
    .map((version) => ({
      group,
      version: textAt(version, "name"),
      kind: textAt(names, "kind"),
      plural: textAt(names, "plural"),
      singular: textAt(names, "singular") || textAt(names, "kind").toLowerCase(),
      shortNames: texts("shortNames"),
      categories: texts("categories"),
      isNamespaced: textAt(crd, "spec.scope") === "Namespaced",
      verbs: all,
      subresources: isRecord(at(version, "subresources.status")) ? ["status"] : [],
      storage: `${textAt(names, "plural")}.${group}`,
      crd,
      ...(version["deprecated"] === true && {
        warning:
          textAt(version, "deprecationWarning") ||
          `${group}/${textAt(version, "name")} ${textAt(names, "kind")} is deprecated`,
      }),
    }));
}

/** The kinds served now: what is built in and what the CustomResourceDefinitions add. */
export class Kinds {
  #types: readonly ResourceType[] | undefined;

  constructor(readonly store: Store) {
    store.subscribe((change) => {
      if (change.resource === "customresourcedefinitions.apiextensions.k8s.io") {
        this.#types = undefined;
      }
    });
  }

  all(): readonly ResourceType[] {
    return (this.#types ??= [
      ...builtinTypes,
      ...[...this.store.all("customresourcedefinitions.apiextensions.k8s.io")].flatMap(customTypes),
    ]);
  }

  find(group: string, version: string, plural: string): ResourceType | undefined {
    return this.all().find((type) => type.group === group && type.version === version && type.plural === plural);
  }

  ofKind(apiVersion: string, kind: string): ResourceType | undefined {
    return this.all().find((type) => apiVersionOf(type) === apiVersion && type.kind === kind);
  }

  /** The first type of that kind, whatever its version: our own controllers know kinds by name. */
  named(kind: string): ResourceType | undefined {
    return this.all().find((type) => type.kind === kind);
  }

  /** Group → versions, in the order of discovery. */
  groups(): ReadonlyMap<string, readonly string[]> {
    const groups = new Map<string, string[]>();
    for (const { group, version } of this.all()) {
      const versions = groups.get(group) ?? [];
      groups.set(group, versions);
      if (!versions.includes(version)) {
        versions.push(version);
      }
    }
    return groups;
  }
}
