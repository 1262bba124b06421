import type { Cluster, World } from "../state.ts";
import { at, listAt, numberAt, textAt, timestamp, type KubeObject } from "./object.ts";
import { serverVersion } from "./kubeconfig.ts";

interface NodePlan {
  readonly name: string;
  readonly os: "linux" | "windows";
  readonly pool: string;
  readonly scaleSet: string;
  readonly index: number;
}

function digits(text: string): string {
  let hash = 0;
  for (const letter of text) {
    hash = (Math.imul(hash, 31) + letter.charCodeAt(0)) >>> 0;
  }
  return String(10_000_000 + (hash % 90_000_000));
}

function nodeGroup(cluster: Cluster): string {
  const location = textAt(cluster.body, "location");
  return (
    textAt(cluster.body, "properties.nodeResourceGroup") || `MC_${cluster.resourceGroup}_${cluster.name}_${location}`
  );
}

/** The scale set of a pool: Resource Manager's where it has made one, else the name it would have. */
function scaleSetOf(world: World, cluster: Cluster, pool: string, os: string): string {
  const prefix = `/subscriptions/${cluster.subscriptionId}/resourceGroups/${nodeGroup(cluster)}/`.toLowerCase();
  const found = [...world.scaleSets.values()].find(
    ({ id, body }) =>
      id.toLowerCase().startsWith(prefix) &&
      (textAt(at(body, "tags"), "aks-managed-poolName") === pool || id.split("/").at(-1)?.split("-")[1] === pool),
  );
  const name = os === "windows" ? `aks${pool}` : `aks-${pool}-${digits(cluster.id.toLowerCase())}-vmss`;
  return found?.id.split("/").at(-1) ?? name;
}

/** The nodes that the agent pools of a cluster ask for. */
export function planNodes(world: World, cluster: Cluster): readonly NodePlan[] {
  return listAt(cluster.body, "properties.agentPoolProfiles").flatMap((profile) => {
    const pool = textAt(profile, "name");
    const os: NodePlan["os"] = textAt(profile, "osType") === "Windows" ? "windows" : "linux";
    const scaleSet = scaleSetOf(world, cluster, pool, os);
    return Array.from({ length: numberAt(profile, "count") ?? 0 }, (_, index) => ({
      name: `${scaleSet}${index.toString(36).padStart(6, "0")}`,
      os,
      pool,
      scaleSet,
      index,
    }));
  });
}

function labels(cluster: Cluster, plan: NodePlan): Record<string, string> {
  const location = textAt(cluster.body, "location");
  const profile = listAt(cluster.body, "properties.agentPoolProfiles").find((one) => one["name"] === plan.pool);
  const size = textAt(profile, "vmSize") || "Standard_D4s_v5";
  return {
    agentpool: plan.pool,
    "beta.kubernetes.io/arch": "amd64",
    "beta.kubernetes.io/instance-type": size,
    "beta.kubernetes.io/os": plan.os,
    "failure-domain.beta.kubernetes.io/region": location,
    "failure-domain.beta.kubernetes.io/zone": "0",
    "kubernetes.azure.com/agentpool": plan.pool,
    "kubernetes.azure.com/cluster": nodeGroup(cluster),
    "kubernetes.azure.com/mode": (textAt(profile, "mode") || "System").toLowerCase(),
    "kubernetes.azure.com/os-sku": plan.os === "windows" ? "Windows2022" : "Ubuntu",
    "kubernetes.azure.com/role": "agent",
    "kubernetes.io/arch": "amd64",
    "kubernetes.io/hostname": plan.name,
    "kubernetes.io/os": plan.os,
    "node.kubernetes.io/instance-type": size,
    ...(plan.os === "windows" && { "node.kubernetes.io/windows-build": "10.0.20348" }),
    "topology.kubernetes.io/region": location,
    "topology.kubernetes.io/zone": "0",
  };
}

export function nodeConditions(isReady: boolean, now: number): readonly Record<string, string>[] {
  const time = timestamp(now);
  const condition = (type: string, status: string, reason: string, message: string): Record<string, string> => ({
    type,
    status,
    lastHeartbeatTime: time,
    lastTransitionTime: time,
    reason,
    message,
  });
  return [
    condition("MemoryPressure", "False", "KubeletHasSufficientMemory", "kubelet has sufficient memory available"),
    condition("DiskPressure", "False", "KubeletHasNoDiskPressure", "kubelet has no disk pressure"),
    condition("PIDPressure", "False", "KubeletHasSufficientPID", "kubelet has sufficient PID available"),
    isReady
      ? condition("Ready", "True", "KubeletReady", "kubelet is posting ready status")
      : condition("Ready", "Unknown", "NodeStatusUnknown", "Kubelet stopped posting node status."),
  ];
}

function nodeInfo(version: string, os: NodePlan["os"]): Record<string, string> {
  const isWindows = os === "windows";
  return {
    architecture: "amd64",
    bootID: "",
    containerRuntimeVersion: isWindows ? "containerd://1.7.20+azure" : "containerd://1.7.28-1",
    kernelVersion: isWindows ? "10.0.20348.3807" : "5.15.0-1091-azure",
    kubeProxyVersion: version,
    kubeletVersion: version,
    machineID: "",
    operatingSystem: os,
    osImage: isWindows ? "Windows Server 2022 Datacenter" : "Ubuntu 22.04.5 LTS",
    systemUUID: "",
  };
}

export function nodeAddress(position: number): string {
  return `10.224.${Math.trunc(position / 250)}.${4 + (position % 250)}`;
}

/** A node as its kubelet and the cloud provider describe it. */
export function makeNode(cluster: Cluster, plan: NodePlan, position: number, now: number): KubeObject {
  const resources = {
    cpu: "4",
    "ephemeral-storage": "129886128Ki",
    memory: "16375060Ki",
    pods: "110",
  };
  const group = nodeGroup(cluster).toLowerCase();
  const machine = `/subscriptions/${cluster.subscriptionId}/resourceGroups/${group}/providers/Microsoft.Compute/virtualMachineScaleSets/${plan.scaleSet}/virtualMachines/${plan.index}`;
  return {
    apiVersion: "v1",
    kind: "Node",
    metadata: {
      name: plan.name,
      labels: labels(cluster, plan),
      annotations: { "volumes.kubernetes.io/controller-managed-attach-detach": "true" },
    },
    spec: { podCIDR: `10.244.${position % 256}.0/24`, providerID: `azure://${machine}` },
    status: {
      addresses: [
        { address: nodeAddress(position), type: "InternalIP" },
        { address: plan.name, type: "Hostname" },
      ],
      allocatable: { ...resources, cpu: "3860m", memory: "12880276Ki" },
      capacity: resources,
      conditions: nodeConditions(true, now),
      daemonEndpoints: { kubeletEndpoint: { Port: 10250 } },
      nodeInfo: nodeInfo(serverVersion(cluster), plan.os),
    },
  };
}

/** The node of the virtual nodes add-on: no kubelet, so no driver. */
export function makeVirtualNode(cluster: Cluster, now: number): KubeObject {
  const name = "virtual-node-aci-linux";
  return {
    apiVersion: "v1",
    kind: "Node",
    metadata: {
      name,
      labels: {
        alpha: "",
        "beta.kubernetes.io/os": "linux",
        "kubernetes.azure.com/managed": "false",
        "kubernetes.io/hostname": name,
        "kubernetes.io/os": "linux",
        "kubernetes.io/role": "agent",
        type: "virtual-kubelet",
      },
    },
    spec: { taints: [{ effect: "NoSchedule", key: "virtual-kubelet.io/provider", value: "azure" }] },
    status: {
      addresses: [{ address: "10.224.240.4", type: "InternalIP" }],
      conditions: nodeConditions(true, now),
      nodeInfo: { ...nodeInfo(serverVersion(cluster), "linux"), kubeletVersion: "v1.25.0-vk-azure-aci-1.6.2" },
    },
  };
}

export function hasVirtualNode(cluster: Cluster): boolean {
  return at(cluster.body, "properties.addonProfiles.aciConnectorLinux.enabled") === true;
}

/** The drivers that AKS itself registers on every node. */
export function makeCsiNode(name: string): KubeObject {
  const drivers = ["disk.csi.azure.com", "file.csi.azure.com"].map((driver) => ({
    name: driver,
    nodeID: name,
    topologyKeys: driver.startsWith("disk") ? ["topology.disk.csi.azure.com/zone"] : null,
  }));
  return { apiVersion: "storage.k8s.io/v1", kind: "CSINode", metadata: { name }, spec: { drivers } };
}
