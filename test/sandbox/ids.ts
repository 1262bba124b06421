/** ARM ids: how they are written, and that letter case does not count when they are looked up. */
import type { World } from "./state.ts";

export function groupId(subscriptionId: string, name: string): string {
  return `/subscriptions/${subscriptionId}/resourceGroups/${name}`;
}

export function clusterId(params: Readonly<Record<string, string>>): string {
  const { subscriptionId = "", resourceGroup = "", name = "" } = params;
  return `${groupId(subscriptionId, resourceGroup)}/providers/Microsoft.ContainerService/managedClusters/${name}`;
}

/** @throws {Error} a seed or a test named something that is not there */
export function findExactly<V>(map: ReadonlyMap<string, V>, id: string): V {
  const value = map.get(id.toLowerCase());
  if (!value) {
    throw new Error(`The world has no "${id}".`);
  }
  return value;
}

/** Whether the id is that of something in this subscription, and in this group where one is given. */
export function isIn(id: string, subscriptionId: string, resourceGroup?: string): boolean {
  const prefix =
    resourceGroup === undefined ? `/subscriptions/${subscriptionId}` : groupId(subscriptionId, resourceGroup);
  return `${id.toLowerCase()}/`.startsWith(`${prefix.toLowerCase()}/`);
}

export function emptyWorld(clock: World["clock"]): World {
  return {
    clock,
    tenants: new Map(),
    principals: new Map(),
    subscriptions: new Map(),
    resourceGroups: new Map(),
    clusters: new Map(),
    vaults: new Map(),
    deletedVaults: new Map(),
    roleAssignments: new Map(),
    identities: new Map(),
    scaleSets: new Map(),
  };
}
