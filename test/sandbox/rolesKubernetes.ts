/** The built-in roles of Azure Kubernetes Service: those for ARM and those that Azure RBAC for Kubernetes Authorization reads. */
interface KubernetesRole {
  readonly roleName: string;
  readonly guid: string;
  readonly description: string;
  readonly actions: readonly string[];
  readonly dataActions?: readonly string[];
  readonly notDataActions?: readonly string[];
}

const cluster = "Microsoft.ContainerService/managedClusters";

const readAndSupport = [
  "Microsoft.Authorization/*/read",
  "Microsoft.Insights/alertRules/*",
  "Microsoft.Resources/deployments/write",
  "Microsoft.Resources/subscriptions/operationresults/read",
  "Microsoft.Resources/subscriptions/read",
  "Microsoft.Resources/subscriptions/resourceGroups/read",
  "Microsoft.Support/*",
];

const alwaysRead = [
  "apps/controllerrevisions",
  "discovery.k8s.io/endpointslices",
  "events.k8s.io/events",
  "limitranges",
  "metrics.k8s.io/pods",
  "metrics.k8s.io/nodes",
  "namespaces",
  "resourcequotas",
];

const written = [
  "apps/daemonsets",
  "apps/deployments",
  "apps/replicasets",
  "apps/statefulsets",
  "autoscaling/horizontalpodautoscalers",
  "batch/cronjobs",
  "batch/jobs",
  "configmaps",
  "endpoints",
  "events",
  "extensions/daemonsets",
  "extensions/deployments",
  "extensions/ingresses",
  "extensions/networkpolicies",
  "extensions/replicasets",
  "networking.k8s.io/ingresses",
  "networking.k8s.io/networkpolicies",
  "persistentvolumeclaims",
  "pods",
  "policy/poddisruptionbudgets",
  "replicationcontrollers",
  "serviceaccounts",
  "services",
];

const may = (verb: string, kinds: readonly string[]): string[] => kinds.map((kind) => `${cluster}/${kind}/${verb}`);

export const kubernetesRoles: readonly KubernetesRole[] = [
  {
    roleName: "Azure Kubernetes Service Cluster User Role",
    guid: "4abbcc35-e782-43d8-92c5-2d3f1bd2253f",
    description: "List cluster user credential action.",
    actions: [`${cluster}/listClusterUserCredential/action`, `${cluster}/read`],
  },
  {
    roleName: "Azure Kubernetes Service Cluster Admin Role",
    guid: "0ab0b1a8-8aac-4efd-b8c2-3ee1fb270be8",
    description: "List cluster admin credential action.",
    actions: [
      `${cluster}/listClusterAdminCredential/action`,
      `${cluster}/accessProfiles/listCredential/action`,
      `${cluster}/read`,
      `${cluster}/runcommand/action`,
    ],
  },
  {
    roleName: "Azure Kubernetes Service Contributor Role",
    guid: "ed7f3fbd-7b88-4dd4-9017-9adb7ce333f8",
    description: "Grants access to read and write Azure Kubernetes Service clusters",
    actions: [
      "Microsoft.ContainerService/locations/*",
      `${cluster}/*`,
      "Microsoft.ContainerService/managedclustersnapshots/*",
      "Microsoft.ContainerService/snapshots/*",
      "Microsoft.Insights/alertRules/*",
      "Microsoft.Authorization/*/read",
      "Microsoft.Resources/deployments/*",
      "Microsoft.Resources/subscriptions/resourceGroups/read",
      "Microsoft.Support/*",
    ],
  },
  {
    roleName: "Azure Kubernetes Service RBAC Reader",
    guid: "7f6c6a51-bcf8-42ba-9220-52d62157d7db",
    description:
      "Allows read-only access to see most objects in a namespace. It does not allow viewing roles or role bindings. This role does not allow viewing Secrets, since reading the contents of Secrets enables access to ServiceAccount credentials in the namespace, which would allow API access as any ServiceAccount in the namespace (a form of privilege escalation). Applying this role at cluster scope will give access across all namespaces.",
    actions: readAndSupport,
    dataActions: may("read", [...alwaysRead, ...written]),
  },
  {
    roleName: "Azure Kubernetes Service RBAC Writer",
    guid: "a7ffa36f-339b-4b5c-8bdf-e2c188b2c0eb",
    description:
      "Allows read/write access to most objects in a namespace. This role does not allow viewing or modifying roles or role bindings. However, this role allows accessing Secrets and running Pods as any ServiceAccount in the namespace, so it can be used to gain the API access levels of any ServiceAccount in the namespace. Applying this role at cluster scope will give access across all namespaces.",
    actions: readAndSupport,
    dataActions: [
      ...may("read", alwaysRead),
      ...may("*", [...written, "secrets"]),
      ...["read", "write", "delete"].flatMap((verb) => may(verb, ["coordination.k8s.io/leases"])),
    ],
  },
  {
    roleName: "Azure Kubernetes Service RBAC Admin",
    guid: "3498e952-d568-435e-9b2c-8d77e338d7f7",
    description:
      "Lets you manage all resources under cluster/namespace, except update or delete resource quotas and namespaces.",
    actions: [...readAndSupport, `${cluster}/listClusterUserCredential/action`],
    dataActions: [`${cluster}/*`],
    notDataActions: ["resourcequotas", "namespaces"].flatMap((kind) => [
      `${cluster}/${kind}/write`,
      `${cluster}/${kind}/delete`,
    ]),
  },
  {
    roleName: "Azure Kubernetes Service RBAC Cluster Admin",
    guid: "b1ff04bb-8a4e-4dc4-8eb5-8693973ce19b",
    description: "Lets you manage all resources in the cluster.",
    actions: [...readAndSupport, `${cluster}/listClusterUserCredential/action`],
    dataActions: [`${cluster}/*`],
  },
];
