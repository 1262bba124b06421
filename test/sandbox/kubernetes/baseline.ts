import type { Cluster } from "../state.ts";
import { at, type KubeObject } from "./object.ts";

const rbac = "rbac.authorization.k8s.io";
const readVerbs = ["get", "list", "watch"];
const writeVerbs = ["create", "delete", "deletecollection", "patch", "update"];

const workloads = [
  "daemonsets",
  "deployments",
  "deployments/scale",
  "replicasets",
  "replicasets/scale",
  "statefulsets",
];
const core = ["configmaps", "endpoints", "events", "pods", "pods/log", "pods/status", "serviceaccounts", "services"];

interface Rule {
  readonly apiGroups?: readonly string[];
  readonly resources?: readonly string[];
  readonly nonResourceURLs?: readonly string[];
  readonly verbs: readonly string[];
}

function namespacedRules(verbs: readonly string[], coreResources: readonly string[]): readonly Rule[] {
  return [
    { apiGroups: [""], resources: coreResources, verbs },
    { apiGroups: ["apps"], resources: workloads, verbs },
    { apiGroups: ["batch"], resources: ["cronjobs", "jobs"], verbs },
    { apiGroups: ["networking.k8s.io"], resources: ["networkpolicies"], verbs },
  ];
}

const view = namespacedRules(readVerbs, [...core, "namespaces"]);
const edit = [
  ...view,
  ...namespacedRules(writeVerbs, [...core, "secrets", "serviceaccounts/token"]),
  { apiGroups: [""], resources: ["secrets"], verbs: readVerbs },
];
const admin = [
  ...edit,
  { apiGroups: [rbac], resources: ["rolebindings", "roles"], verbs: [...readVerbs, ...writeVerbs] },
];

const roles: Readonly<Record<string, readonly Rule[]>> = {
  "cluster-admin": [
    { apiGroups: ["*"], resources: ["*"], verbs: ["*"] },
    { nonResourceURLs: ["*"], verbs: ["*"] },
  ],
  admin,
  edit,
  view,
  "system:discovery": [
    {
      nonResourceURLs: [
        "/api",
        "/api/*",
        "/apis",
        "/apis/*",
        "/healthz",
        "/livez",
        "/openapi",
        "/openapi/*",
        "/readyz",
        "/version",
        "/version/",
      ],
      verbs: ["get"],
    },
  ],
  "system:basic-user": [
    {
      apiGroups: ["authorization.k8s.io"],
      resources: ["selfsubjectaccessreviews", "selfsubjectrulesreviews"],
      verbs: ["create"],
    },
    { apiGroups: ["authentication.k8s.io"], resources: ["selfsubjectreviews"], verbs: ["create"] },
  ],
};

export function clusterRole(name: string, rules: readonly unknown[], labels?: Record<string, string>): KubeObject {
  return {
    apiVersion: `${rbac}/v1`,
    kind: "ClusterRole",
    metadata: { name, ...(labels && { labels }) },
    rules: [...rules],
  };
}

export function clusterRoleBinding(
  name: string,
  role: string,
  subject: { readonly kind: string; readonly name: string; readonly namespace?: string },
  labels?: Record<string, string>,
): KubeObject {
  const api = subject.kind === "ServiceAccount" ? {} : { apiGroup: rbac };
  return {
    apiVersion: `${rbac}/v1`,
    kind: "ClusterRoleBinding",
    metadata: { name, ...(labels && { labels }) },
    roleRef: { apiGroup: rbac, kind: "ClusterRole", name: role },
    subjects: [{ ...api, ...subject }],
  };
}

function namespace(name: string): KubeObject {
  return {
    apiVersion: "v1",
    kind: "Namespace",
    metadata: { name, labels: { "kubernetes.io/metadata.name": name } },
    spec: { finalizers: ["kubernetes"] },
    status: { phase: "Active" },
  };
}

function apiService(): KubeObject {
  return {
    apiVersion: "v1",
    kind: "Service",
    metadata: {
      name: "kubernetes",
      namespace: "default",
      labels: { component: "apiserver", provider: "kubernetes" },
    },
    spec: {
      clusterIP: "10.0.0.1",
      clusterIPs: ["10.0.0.1"],
      internalTrafficPolicy: "Cluster",
      ipFamilies: ["IPv4"],
      ipFamilyPolicy: "SingleStack",
      ports: [{ name: "https", port: 443, protocol: "TCP", targetPort: 443 }],
      sessionAffinity: "None",
      type: "ClusterIP",
    },
    status: { loadBalancer: {} },
  };
}

/** What every cluster has before anybody touches it. */
export function baseline(): readonly KubeObject[] {
  const authenticated = { kind: "Group", name: "system:authenticated" };
  return [
    ...["default", "kube-system", "kube-public", "kube-node-lease"].map(namespace),
    ...Object.entries(roles).map(([name, rules]) =>
      clusterRole(name, rules, { "kubernetes.io/bootstrapping": "rbac-defaults" }),
    ),
    clusterRoleBinding("cluster-admin", "cluster-admin", { kind: "Group", name: "system:masters" }),
    clusterRoleBinding("system:discovery", "system:discovery", authenticated),
    clusterRoleBinding("system:basic-user", "system:basic-user", authenticated),
    apiService(),
  ];
}

/** The binding by which AKS makes the admin groups of an Entra cluster its administrators. */
export function adminGroupBinding(cluster: Cluster): KubeObject | undefined {
  const groups = at(cluster.body, "properties.aadProfile.adminGroupObjectIDs");
  if (!Array.isArray(groups) || groups.length === 0) {
    return undefined;
  }
  const subjects = groups.map((name) => ({ apiGroup: rbac, kind: "Group", name: String(name) }));
  const binding = clusterRoleBinding("aks-cluster-admin-binding-aad", "cluster-admin", { kind: "Group", name: "" });
  return { ...binding, subjects };
}
