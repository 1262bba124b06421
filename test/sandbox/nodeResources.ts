/** What a cluster owns in its node resource group: a scale set per pool, its kubelet identity, the add-on's identity. */
import { createHash } from "node:crypto";

import { addIdentity } from "./armIdentities.ts";
import { addonKey } from "./clusterBody.ts";
import { groupId } from "./ids.ts";
import { asArray, asObject, asText } from "./json.ts";
import type { Cluster, JsonObject, ManagedIdentity, ScaleSet, World } from "./state.ts";

export function propertiesOf(cluster: Cluster): JsonObject {
  return asObject(cluster.body["properties"]);
}

export function nodeGroupOf(cluster: Cluster): string {
  return asText(propertiesOf(cluster)["nodeResourceGroup"]);
}

export function isAddonEnabled(properties: JsonObject): boolean {
  return findAddon(properties)?.["enabled"] === true;
}

/** The profile by its key in any letter case, as Azure takes it. */
export function findAddon(properties: JsonObject): JsonObject | undefined {
  const profiles = asObject(properties["addonProfiles"]);
  const key = Object.keys(profiles).find((name) => name.toLowerCase() === addonKey.toLowerCase());
  return key === undefined || profiles[key] === null ? undefined : asObject(profiles[key]);
}

/** Makes them so that they fit the body: for a new cluster, or after the body changed. */
export function createNodeResources(world: World, cluster: Cluster): void {
  const location = asText(cluster.body["location"]);
  const group = groupId(cluster.subscriptionId, nodeGroupOf(cluster));
  if (!world.resourceGroups.has(group.toLowerCase())) {
    world.resourceGroups.set(group.toLowerCase(), {
      id: group,
      name: nodeGroupOf(cluster),
      subscriptionId: cluster.subscriptionId,
      location,
      managedBy: cluster.id,
      tags: {
        "aks-managed-cluster-name": cluster.name,
        "aks-managed-cluster-rg": cluster.resourceGroup,
      },
    });
  }
  const kubelet = identityOf(world, cluster, `${cluster.name}-agentpool`);
  const properties = propertiesOf(cluster);
  properties["identityProfile"] = { kubeletidentity: reference(kubelet) };
  for (const pool of asArray(properties["agentPoolProfiles"]).map(asObject)) {
    const id = scaleSetId(cluster, pool);
    if (!world.scaleSets.has(id.toLowerCase())) {
      world.scaleSets.set(id.toLowerCase(), newScaleSet(id, cluster, pool));
    }
    attach(world, id, kubelet);
  }
  if (isAddonEnabled(properties)) {
    attachAddonIdentity(world, cluster);
  }
}

/** The add-on's identity: in the node resource group, on every scale set, and in the add-on's profile. */
export function attachAddonIdentity(world: World, cluster: Cluster): void {
  const addon = findAddon(propertiesOf(cluster));
  if (!addon) {
    return;
  }
  const identity = identityOf(world, cluster, `azurekeyvaultsecretsprovider-${cluster.name.toLowerCase()}`);
  addon["identity"] = reference(identity);
  scaleSetsOf(world, cluster).forEach((scaleSet) => attach(world, scaleSet.id, identity));
}

/** Takes the add-on's identity off the scale sets and deletes it. */
export function removeAddonIdentity(world: World, cluster: Cluster): void {
  const id = identityId(cluster, `azurekeyvaultsecretsprovider-${cluster.name.toLowerCase()}`);
  const identity = world.identities.get(id.toLowerCase());
  if (!identity) {
    return;
  }
  world.identities.delete(id.toLowerCase());
  world.principals.delete(identity.principalId);
  for (const scaleSet of scaleSetsOf(world, cluster)) {
    const attached = asObject(asObject(scaleSet.body["identity"])["userAssignedIdentities"]);
    Object.keys(attached)
      .filter((key) => key.toLowerCase() === id.toLowerCase())
      .forEach((key) => delete attached[key]);
  }
}

export function scaleSetsOf(world: World, cluster: Cluster): ScaleSet[] {
  const pools = asArray(propertiesOf(cluster)["agentPoolProfiles"]).map(asObject);
  return pools.flatMap((pool) => world.scaleSets.get(scaleSetId(cluster, pool).toLowerCase()) ?? []);
}

/** Deletes the node resource group and all in it. */
export function removeNodeResources(world: World, cluster: Cluster): void {
  const prefix = `${groupId(cluster.subscriptionId, nodeGroupOf(cluster))}/`.toLowerCase();
  for (const map of [world.scaleSets, world.identities, world.resourceGroups]) {
    [...map.keys()].filter((id) => `${id}/`.startsWith(prefix)).forEach((id) => map.delete(id));
  }
}

function identityId(cluster: Cluster, name: string): string {
  const group = groupId(cluster.subscriptionId, nodeGroupOf(cluster));
  return `${group}/providers/Microsoft.ManagedIdentity/userAssignedIdentities/${name}`;
}

function identityOf(world: World, cluster: Cluster, name: string): ManagedIdentity {
  const id = identityId(cluster, name);
  return (
    world.identities.get(id.toLowerCase()) ??
    addIdentity(world, {
      id,
      name,
      subscriptionId: cluster.subscriptionId,
      resourceGroup: nodeGroupOf(cluster),
      location: asText(cluster.body["location"]),
      tenantId: world.subscriptions.get(cluster.subscriptionId.toLowerCase())?.tenantId ?? "",
      tags: {},
    })
  );
}

/** AKS writes `resourcegroups` in lower case here. */
function reference(identity: ManagedIdentity): JsonObject {
  return {
    resourceId: identity.id.replace("/resourceGroups/", "/resourcegroups/"),
    clientId: identity.clientId,
    objectId: identity.principalId,
  };
}

/** `aks-nodepool1-28471935-vmss`; `akswin1` on Windows, whose host names are short. */
export function scaleSetName(cluster: Cluster, pool: JsonObject): string {
  const name = asText(pool["name"]);
  if (pool["osType"] === "Windows") {
    return `aks${name}`;
  }
  const digits = createHash("sha256").update(cluster.id.toLowerCase()).digest().readUInt32BE(0) % 100_000_000;
  return `aks-${name}-${String(digits).padStart(8, "0")}-vmss`;
}

function scaleSetId(cluster: Cluster, pool: JsonObject): string {
  const group = groupId(cluster.subscriptionId, nodeGroupOf(cluster));
  return `${group}/providers/Microsoft.Compute/virtualMachineScaleSets/${scaleSetName(cluster, pool)}`;
}

function newScaleSet(id: string, cluster: Cluster, pool: JsonObject): ScaleSet {
  return {
    id,
    body: {
      name: id.slice(id.lastIndexOf("/") + 1),
      id,
      type: "Microsoft.Compute/virtualMachineScaleSets",
      location: cluster.body["location"],
      tags: {
        "aks-managed-poolName": pool["name"],
        "aks-managed-orchestrator": `Kubernetes:${asText(pool["currentOrchestratorVersion"])}`,
      },
      identity: { type: "UserAssigned", userAssignedIdentities: {} },
      sku: { name: pool["vmSize"], tier: "Standard", capacity: pool["count"] },
      properties: {
        singlePlacementGroup: false,
        orchestrationMode: "Uniform",
        upgradePolicy: { mode: "Manual" },
        provisioningState: "Succeeded",
        overprovision: false,
        platformFaultDomainCount: 1,
      },
    },
  };
}

export function attach(world: World, scaleSetId: string, identity: ManagedIdentity): void {
  const scaleSet = world.scaleSets.get(scaleSetId.toLowerCase());
  const attached = asObject(asObject(scaleSet?.body["identity"])["userAssignedIdentities"]);
  const isThere = Object.keys(attached).some((key) => key.toLowerCase() === identity.id.toLowerCase());
  if (!isThere) {
    attached[identity.id] = { principalId: identity.principalId, clientId: identity.clientId };
  }
}
