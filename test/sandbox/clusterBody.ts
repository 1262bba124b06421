/** The JSON of a managed cluster as Microsoft.ContainerService 2026-04-01 answers it. */
import { randomBytes, randomUUID } from "node:crypto";

import type { JsonObject, KubernetesServer } from "./state.ts";

export interface PoolOptions {
  readonly name: string;
  readonly count?: number;
  readonly osType?: "Linux" | "Windows";
  readonly mode?: "System" | "User";
  readonly vmSize?: string;
}

/** What its `addonProfiles.azureKeyvaultSecretsProvider` looks like. */
export type AddonState =
  /** `addonProfiles` holds other add-ons, or nothing. */
  | "absent"
  /** `addonProfiles` itself is null. */
  | "null"
  /** It was on once: `{enabled: false, config: null, identity: null}`. */
  | "disabled"
  | "enabled"
  /** On since before there was a `config`. */
  | "enabledWithoutConfig"
  | { readonly enableSecretRotation: "true" | "false"; readonly rotationPollInterval: string };

export interface ClusterOptions {
  readonly location?: string;
  /** `1.34.6` */
  readonly kubernetesVersion?: string;
  readonly pools?: readonly PoolOptions[];
  readonly addon?: AddonState;
  readonly oidcIssuer?: boolean;
  readonly workloadIdentity?: boolean;
  readonly powerState?: "Running" | "Stopped";
  readonly provisioningState?: string;
  readonly isPrivate?: boolean;
  /** This machine has no line to the API server. */
  readonly isUnreachable?: boolean;
  /** An update that somebody else has started. */
  readonly isUpdating?: boolean;
  readonly whenStarted?: (server: KubernetesServer) => void;
  /** `nodeResourceGroupProfile.restrictionLevel` is ReadOnly. */
  readonly isNodeResourceGroupLocked?: boolean;
  readonly entra?: "none" | "kubernetesRbac" | "azureRbac";
  readonly disableLocalAccounts?: boolean;
  readonly tags?: JsonObject;
  /** What else its properties hold: also what no SDK knows. */
  readonly properties?: JsonObject;
}

export const addonKey = "azureKeyvaultSecretsProvider";
export const addonDefaults = { enableSecretRotation: "false", rotationPollInterval: "2m" };
const nodeImages = {
  Linux: "AKSUbuntu-2204gen2containerd-202610.27.0",
  Windows: "AKSWindows-2022-containerd-20348.4294",
};
export const defaultKubernetesVersion = "1.35.3";

export const newEtag = (): string => randomUUID();

function addonProfiles(state: AddonState): JsonObject | null {
  switch (state) {
    case "null":
      return null;
    case "absent":
      return {};
    case "disabled":
      return { [addonKey]: { config: null, enabled: false, identity: null } };
    case "enabledWithoutConfig":
      return { [addonKey]: { enabled: true, config: null } };
    case "enabled":
      return { [addonKey]: { enabled: true, config: { ...addonDefaults } } };
    default:
      return { [addonKey]: { enabled: true, config: { ...state } } };
  }
}

export function newPool(pool: PoolOptions, kubernetesVersion: string): JsonObject {
  const osType = pool.osType ?? "Linux";
  return {
    name: pool.name,
    count: pool.count ?? 3,
    vmSize: pool.vmSize ?? "Standard_D4ds_v5",
    osDiskSizeGB: 128,
    osDiskType: "Ephemeral",
    kubeletDiskType: "OS",
    maxPods: 110,
    type: "VirtualMachineScaleSets",
    enableAutoScaling: false,
    scaleDownMode: "Delete",
    provisioningState: "Succeeded",
    powerState: { code: "Running" },
    orchestratorVersion: kubernetesVersion.split(".").slice(0, 2).join("."),
    currentOrchestratorVersion: kubernetesVersion,
    enableNodePublicIP: false,
    mode: pool.mode ?? (osType === "Windows" ? "User" : "System"),
    enableEncryptionAtHost: false,
    enableUltraSSD: false,
    osType,
    osSKU: osType === "Windows" ? "Windows2022" : "Ubuntu",
    nodeImageVersion: nodeImages[osType],
    upgradeSettings: { maxSurge: "10%", maxUnavailable: "0" },
    enableFIPS: false,
    securityProfile: { enableVTPM: false, enableSecureBoot: false },
    eTag: newEtag(),
  };
}

export function issuerUrl(location: string, tenantId: string): string {
  return `https://${location}.oic.prod-aks.azure.com/${tenantId}/${randomUUID()}/`;
}

/** `myAKSClust-myResourceGroup-b48f2c-8k2ls1aa`-like: how az composes a DNS prefix, and what AKS appends. */
function hostOf(id: string): { readonly dnsPrefix: string; readonly host: string } {
  const [, , subscription = "", , group = "", , , , name = ""] = id.split("/");
  const clean = (text: string, length: number): string => text.replace(/[^A-Za-z0-9-]/g, "").slice(0, length);
  const dnsPrefix = `${clean(name, 10)}-${clean(group, 16)}-${subscription.slice(0, 6)}`;
  return { dnsPrefix, host: `${dnsPrefix.toLowerCase()}-${randomBytes(4).toString("hex")}` };
}

/** A cluster that has been there for a while. Its add-on and kubelet identities are put in by `nodeResources.ts`. */
export function newClusterBody(
  id: string,
  tenantId: string,
  options: ClusterOptions & { location: string },
): JsonObject {
  const name = id.slice(id.lastIndexOf("/") + 1);
  return {
    id,
    name,
    type: "Microsoft.ContainerService/ManagedClusters",
    location: options.location,
    ...(options.tags && { tags: options.tags }),
    eTag: newEtag(),
    kind: "Base",
    sku: { name: "Base", tier: "Free" },
    identity: { type: "SystemAssigned", principalId: randomUUID(), tenantId },
    properties: newProperties(id, name, tenantId, options),
  };
}

function newProperties(
  id: string,
  name: string,
  tenantId: string,
  options: ClusterOptions & { location: string },
): JsonObject {
  const { location, kubernetesVersion: version = defaultKubernetesVersion, entra = "none" } = options;
  const { dnsPrefix, host } = hostOf(id);
  const group = id.split("/")[4] ?? "";
  return {
    ...stateOf(options, version),
    dnsPrefix,
    ...addressOf(host, location, options.isPrivate === true),
    servicePrincipalProfile: { clientId: "msi" },
    addonProfiles: addonProfiles(options.addon ?? "absent"),
    nodeResourceGroup: `MC_${group}_${name}_${location}`,
    enableRBAC: true,
    supportPlan: "KubernetesOfficial",
    networkProfile: networkProfile(),
    ...(entra !== "none" && { aadProfile: aadProfile(tenantId, entra) }),
    maxAgentPools: 100,
    disableLocalAccounts: options.disableLocalAccounts === true,
    securityProfile: options.workloadIdentity ? { workloadIdentity: { enabled: true } } : {},
    oidcIssuerProfile: options.oidcIssuer
      ? { enabled: true, issuerURL: issuerUrl(location, tenantId) }
      : { enabled: false },
    resourceUID: randomBytes(12).toString("hex"),
    ...structuredClone(defaultProfiles),
    ...(options.isNodeResourceGroupLocked && { nodeResourceGroupProfile: { restrictionLevel: "ReadOnly" } }),
    ...options.properties,
  };
}

const defaultProfiles: JsonObject = {
  autoUpgradeProfile: { nodeOSUpgradeChannel: "NodeImage" },
  storageProfile: {
    diskCSIDriver: { enabled: true },
    fileCSIDriver: { enabled: true },
    snapshotController: { enabled: true },
  },
  workloadAutoScalerProfile: {},
  metricsProfile: { costAnalysis: { enabled: false } },
  nodeProvisioningProfile: { mode: "Manual", defaultNodePools: "Auto" },
  bootstrapProfile: { artifactSource: "Direct" },
};

function stateOf(options: ClusterOptions, version: string): JsonObject {
  const pools = options.pools ?? [{ name: "nodepool1", count: 3 }];
  const powerState = { code: options.powerState ?? "Running" };
  const provisioningState = options.isUpdating ? "Updating" : (options.provisioningState ?? "Succeeded");
  return {
    provisioningState,
    powerState,
    kubernetesVersion: version.split(".").slice(0, 2).join("."),
    currentKubernetesVersion: version,
    agentPoolProfiles: pools.map((pool) => ({ ...newPool(pool, version), powerState: { ...powerState } })),
    ...(pools.some((pool) => pool.osType === "Windows") && {
      windowsProfile: { adminUsername: "azureuser", enableCSIProxy: true },
    }),
  };
}

function addressOf(host: string, location: string, isPrivate: boolean): JsonObject {
  if (!isPrivate) {
    return {
      fqdn: `${host}.hcp.${location}.azmk8s.io`,
      azurePortalFQDN: `${host}.portal.hcp.${location}.azmk8s.io`,
    };
  }
  const zone = `${randomUUID()}.privatelink.${location}.azmk8s.io`;
  return {
    fqdn: `${host}.hcp.${location}.azmk8s.io`,
    azurePortalFQDN: `${randomBytes(16).toString("hex")}-priv.portal.hcp.${location}.azmk8s.io`,
    privateFQDN: `${host}.${zone}`,
    apiServerAccessProfile: {
      enablePrivateCluster: true,
      privateDNSZone: "system",
      enablePrivateClusterPublicFQDN: true,
    },
  };
}

function networkProfile(): JsonObject {
  return {
    networkPlugin: "azure",
    networkPluginMode: "overlay",
    networkPolicy: "none",
    networkDataplane: "azure",
    podCidr: "10.244.0.0/16",
    serviceCidr: "10.0.0.0/16",
    dnsServiceIP: "10.0.0.10",
    outboundType: "loadBalancer",
    loadBalancerSku: "standard",
    loadBalancerProfile: { managedOutboundIPs: { count: 1 }, backendPoolType: "nodeIPConfiguration" },
    podCidrs: ["10.244.0.0/16"],
    serviceCidrs: ["10.0.0.0/16"],
    ipFamilies: ["IPv4"],
  };
}

function aadProfile(tenantId: string, entra: "kubernetesRbac" | "azureRbac"): JsonObject {
  return { managed: true, enableAzureRBAC: entra === "azureRbac", adminGroupObjectIDs: [], tenantID: tenantId };
}
