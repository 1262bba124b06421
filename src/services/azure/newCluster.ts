import { randomInt } from "node:crypto";

import type { NewCluster, RawCluster } from "./managedClusters.ts";
import { parseResourceId } from "./resourceId.ts";

/**
 * The body that creates a cluster: what `az aks create --enable-addons azure-keyvault-secrets-provider` would send, with a Windows pool if asked.
 * @see https://learn.microsoft.com/azure/aks/learn/quick-windows-container-deploy-cli
 */
export function newClusterBody(cluster: NewCluster): RawCluster {
  const { rotation } = cluster.keyVaultCsi;
  return {
    location: cluster.location,
    identity: { type: "SystemAssigned" },
    properties: {
      dnsPrefix: dnsPrefix(cluster.id),
      ...(cluster.kubernetesVersion ? { kubernetesVersion: cluster.kubernetesVersion } : {}),
      enableRBAC: true,
      agentPoolProfiles: pools(cluster),
      // Windows pools need Azure CNI; the overlay mode takes no addresses of the virtual network for pods.
      networkProfile: { networkPlugin: "azure", networkPluginMode: "overlay", loadBalancerSku: "standard" },
      ...(cluster.windows ? { windowsProfile: windowsProfile() } : {}),
      addonProfiles: {
        azureKeyvaultSecretsProvider: {
          enabled: true,
          config: { enableSecretRotation: String(rotation.isEnabled), rotationPollInterval: rotation.pollInterval },
        },
      },
      ...(cluster.oidcIssuer ? { oidcIssuerProfile: { enabled: true } } : {}),
      ...(cluster.workloadIdentity ? { securityProfile: { workloadIdentity: { enabled: true } } } : {}),
    },
  };
}

function pools({ vmSize, nodeCount, windows }: NewCluster) {
  const shared = { type: "VirtualMachineScaleSets" };
  const system = { ...shared, name: "nodepool1", mode: "System", osType: "Linux", count: nodeCount, vmSize };
  // A Windows pool's name has at most six characters.
  return windows
    ? [
        system,
        { ...shared, name: "npwin", mode: "User", osType: "Windows", count: windows.nodeCount, vmSize: windows.vmSize },
      ]
    : [system];
}

/** As `az` makes it: ten characters of the name, sixteen of the group, six of the subscription. */
function dnsPrefix(clusterId: string): string {
  const { subscriptionId, resourceGroup, name } = parseResourceId(clusterId);
  const plain = (value: string, length: number) => value.replace(/[^A-Za-z0-9-]/g, "").slice(0, length);
  const start = plain(name, 10);
  return `${/^[a-z]/i.test(start) ? start : `a${start}`.slice(0, 10)}-${plain(resourceGroup, 16)}-${subscriptionId.slice(0, 6)}`;
}

/** Nobody needs the password: it is drawn here, sent once and forgotten; `az aks update --windows-admin-password` sets another. */
function windowsProfile() {
  return { adminUsername: "azureuser", adminPassword: drawPassword() };
}

const passwordLength = 32;
const alphabets = ["abcdefghijkmnpqrstuvwxyz", "ABCDEFGHJKLMNPQRSTUVWXYZ", "23456789", "!@#%^*-_=+"] as const;

function drawPassword(): string {
  const draw = (alphabet: string) => alphabet.charAt(randomInt(alphabet.length));
  const oneOfEach = alphabets.map(draw);
  const rest = Array.from({ length: passwordLength - oneOfEach.length }, () => draw(alphabets.join("")));
  return [...oneOfEach, ...rest].join("");
}
