import { clusterRole, clusterRoleBinding } from "./baseline.ts";
import { driverCrds } from "./crds.ts";
import type { KubeObject } from "./object.ts";
import { withDefaults } from "./defaults.ts";

export interface Versions {
  readonly driver: string;
  readonly provider: string;
}

export const driverName = "secrets-store.csi.k8s.io";

type Fields = Record<string, unknown>;

const images = "mcr.microsoft.com/oss/v2";
const addonLabels = { "addonmanager.kubernetes.io/mode": "Reconcile", "kubernetes.io/cluster-service": "true" };

const tag = (version: string): string => `v${version.replace(/^v/, "")}`;

function hostPath(name: string, path: string, type = "DirectoryOrCreate"): Fields {
  return { name, hostPath: { path, type } };
}

function affinity(): Fields {
  const expression = (key: string, operator: string, value: string): Fields => ({ key, operator, values: [value] });
  const terms = [{ matchExpressions: [expression("type", "NotIn", "virtual-kubelet")] }];
  return { nodeAffinity: { requiredDuringSchedulingIgnoredDuringExecution: { nodeSelectorTerms: terms } } };
}

interface DaemonInput {
  readonly name: string;
  readonly app: string;
  readonly os: "linux" | "windows";
  readonly serviceAccount: string;
  readonly containers: readonly Fields[];
  readonly volumes: readonly Fields[];
  readonly isHostNetwork: boolean;
}

function daemonSet({ name, app, os, serviceAccount, containers, volumes, isHostNetwork }: DaemonInput): KubeObject {
  const labels = { app, "kubernetes.azure.com/managedby": "aks" };
  return withDefaults({
    apiVersion: "apps/v1",
    kind: "DaemonSet",
    metadata: { name, namespace: "kube-system", labels: { ...addonLabels, app }, generation: 1 },
    spec: {
      selector: { matchLabels: { app } },
      template: {
        metadata: { labels },
        spec: {
          affinity: affinity(),
          containers,
          ...(isHostNetwork && { hostNetwork: true }),
          nodeSelector: { "kubernetes.io/os": os },
          priorityClassName: "system-node-critical",
          serviceAccountName: serviceAccount,
          tolerations: [{ operator: "Exists" }],
          volumes,
        },
      },
    },
  });
}

function driverContainers({ driver }: Versions, os: "linux" | "windows"): readonly Fields[] {
  const socket = os === "linux" ? "unix:///csi/csi.sock" : "unix://C:\\csi\\csi.sock";
  const registration =
    os === "linux"
      ? `/var/lib/kubelet/plugins/csi-secrets-store/csi.sock`
      : `C:\\var\\lib\\kubelet\\plugins\\csi-secrets-store\\csi.sock`;
  const nodeName = {
    name: "KUBE_NODE_NAME",
    valueFrom: { fieldRef: { apiVersion: "v1", fieldPath: "spec.nodeName" } },
  };
  return [
    {
      name: "node-driver-registrar",
      image: `${images}/kubernetes-csi/csi-node-driver-registrar:v2.15.0`,
      args: ["--v=5", `--csi-address=${socket}`, `--kubelet-registration-path=${registration}`],
      resources: { limits: { cpu: "100m", memory: "100Mi" }, requests: { cpu: "10m", memory: "20Mi" } },
    },
    {
      name: "secrets-store",
      image: `${images}/kubernetes-csi/secrets-store/driver:${tag(driver)}`,
      args: [
        `--endpoint=$(CSI_ENDPOINT)`,
        "--nodeid=$(KUBE_NODE_NAME)",
        "--provider-volume=/var/run/secrets-store-csi-providers",
        "--additional-provider-volume-paths=/etc/kubernetes/secrets-store-csi-providers",
        "--metrics-addr=:8095",
        "--provider-health-check-interval=2m0s",
        "--max-call-recv-msg-size=4194304",
      ],
      env: [{ name: "CSI_ENDPOINT", value: socket }, nodeName],
      livenessProbe: {
        httpGet: { path: "/healthz", port: "healthz", scheme: "HTTP" },
        initialDelaySeconds: 30,
        periodSeconds: 15,
      },
      ports: [
        { containerPort: 9808, name: "healthz", protocol: "TCP" },
        { containerPort: 8095, name: "metrics", protocol: "TCP" },
      ],
      ...(os === "linux" && { securityContext: { privileged: true } }),
      resources: { limits: { cpu: "200m", memory: "500Mi" }, requests: { cpu: "50m", memory: "100Mi" } },
    },
    {
      name: "liveness-probe",
      image: `${images}/kubernetes-csi/livenessprobe:v2.17.0`,
      args: [`--csi-address=${socket}`, "--probe-timeout=3s", "--http-endpoint=0.0.0.0:9808", "-v=2"],
      resources: { limits: { cpu: "100m", memory: "100Mi" }, requests: { cpu: "10m", memory: "20Mi" } },
    },
  ];
}

function providerContainers({ provider }: Versions): readonly Fields[] {
  return [
    {
      name: "provider-azure-installer",
      image: `${images}/azure/secrets-store/provider-azure:${tag(provider)}`,
      args: [
        "--endpoint=unix:///provider/azure.sock",
        "--construct-pem-chain=true",
        "--healthz-port=8989",
        "--healthz-path=/healthz",
        "--healthz-timeout=5s",
      ],
      livenessProbe: {
        httpGet: { path: "/healthz", port: 8989, scheme: "HTTP" },
        initialDelaySeconds: 5,
        timeoutSeconds: 10,
        periodSeconds: 30,
      },
      ports: [{ containerPort: 8898, name: "metrics", protocol: "TCP" }],
      resources: { limits: { cpu: "100m", memory: "100Mi" }, requests: { cpu: "50m", memory: "100Mi" } },
    },
  ];
}

function daemonSets(versions: Versions): readonly KubeObject[] {
  return (["linux", "windows"] as const).flatMap((os) => {
    const suffix = os === "windows" ? "-windows" : "";
    const root = os === "windows" ? "C:\\var\\lib\\kubelet" : "/var/lib/kubelet";
    const providers = os === "windows" ? "C:\\k\\secrets-store-csi-providers" : "/var/run/secrets-store-csi-providers";
    return [
      daemonSet({
        name: `aks-secrets-store-csi-driver${suffix}`,
        app: "secrets-store-csi-driver",
        os,
        serviceAccount: "aks-secrets-store-csi-driver",
        containers: driverContainers(versions, os),
        volumes: [hostPath("mountpoint-dir", `${root}/pods`), hostPath("providers-dir", providers)],
        isHostNetwork: false,
      }),
      daemonSet({
        name: `aks-secrets-store-provider-azure${suffix}`,
        app: "secrets-store-provider-azure",
        os,
        serviceAccount: "aks-secrets-store-provider-azure",
        containers: providerContainers(versions),
        volumes: [hostPath("provider-vol", providers)],
        isHostNetwork: os === "linux",
      }),
    ];
  });
}

export function csiDriver(audiences: readonly string[]): KubeObject {
  return {
    apiVersion: "storage.k8s.io/v1",
    kind: "CSIDriver",
    metadata: { name: driverName, labels: addonLabels },
    spec: {
      attachRequired: false,
      fsGroupPolicy: "ReadWriteOnceWithFSType",
      podInfoOnMount: true,
      requiresRepublish: false,
      seLinuxMount: false,
      storageCapacity: false,
      tokenRequests: audiences.map((audience) => ({ audience })),
      volumeLifecycleModes: ["Ephemeral"],
    },
  };
}

function rules(resources: readonly string[], verbs: readonly string[], group = "secrets-store.csi.x-k8s.io"): Fields {
  return { apiGroups: [group], resources, verbs };
}

function roles(): readonly KubeObject[] {
  const all = ["create", "delete", "get", "list", "patch", "update", "watch"];
  const read = ["get", "list", "watch"];
  const classes = ["secretproviderclasses"];
  const statuses = ["secretproviderclasspodstatuses"];
  const subject = { kind: "ServiceAccount", name: "aks-secrets-store-csi-driver", namespace: "kube-system" };
  const aggregate = (...to: readonly string[]): Record<string, string> => ({
    ...addonLabels,
    ...Object.fromEntries(to.map((role) => [`rbac.authorization.k8s.io/aggregate-to-${role}`, "true"])),
  });
  return [
    clusterRole(
      "secretproviderclasses-role",
      [
        rules(classes, read),
        rules(statuses, all),
        rules(["pods"], read, ""),
        rules(["events"], ["create", "patch"], ""),
      ],
      addonLabels,
    ),
    clusterRoleBinding("secretproviderclasses-rolebinding", "secretproviderclasses-role", subject, addonLabels),
    clusterRole("secretproviderclasses-admin-role", [rules(classes, all)], aggregate("admin", "edit")),
    clusterRole("secretproviderclasses-viewer-role", [rules(classes, read)], aggregate("view")),
    clusterRole("secretproviderclasspodstatuses-viewer-role", [rules(statuses, read)], aggregate("view")),
    clusterRole("secretprovidersyncing-role", [rules(["secrets"], all, "")], addonLabels),
    clusterRoleBinding("secretprovidersyncing-rolebinding", "secretprovidersyncing-role", subject, addonLabels),
  ];
}

function serviceAccount(name: string): KubeObject {
  return {
    apiVersion: "v1",
    kind: "ServiceAccount",
    metadata: { name, namespace: "kube-system", labels: addonLabels },
  };
}

/** Everything the add-on puts into a cluster, in the order in which it may be created. */
export function addonObjects(versions: Versions): readonly KubeObject[] {
  return [
    ...driverCrds,
    csiDriver(["api://AzureADTokenExchange"]),
    ...roles(),
    serviceAccount("aks-secrets-store-csi-driver"),
    serviceAccount("aks-secrets-store-provider-azure"),
    ...daemonSets(versions),
  ];
}

export const addonDaemonSets = daemonSets({ driver: "", provider: "" }).map((set) => set.metadata.name);
