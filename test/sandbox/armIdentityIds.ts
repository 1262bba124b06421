/** Where user-assigned identities are, and the api-versions of `Microsoft.ManagedIdentity`. */
import type { ArmContext } from "./armRoute.ts";
import { resourceGroupNotFound, resourceNotFound } from "./errors.ts";
import type { ManagedIdentity } from "./state.ts";

export const identityType = "Microsoft.ManagedIdentity/userAssignedIdentities";

export const identityApiVersions = [
  "2015-08-31-preview",
  "2018-11-30",
  "2021-09-30-preview",
  "2022-01-31-preview",
  "2023-01-31",
  "2023-07-31-preview",
  "2024-11-30",
  "2025-01-31-preview",
  "2025-05-31-preview",
];

/** ARM spells this provider's ids with a lower-case `resourcegroups`. */
export function identityId({
  subscriptionId = "",
  resourceGroup = "",
  name = "",
}: Readonly<Record<string, string>>): string {
  return `/subscriptions/${subscriptionId}/resourcegroups/${resourceGroup}/providers/${identityType}/${name}`;
}

export function checkResourceGroup({ world, params }: ArmContext): void {
  const { subscriptionId = "", resourceGroup = "" } = params;
  if (!world.resourceGroups.has(`/subscriptions/${subscriptionId}/resourceGroups/${resourceGroup}`.toLowerCase())) {
    throw resourceGroupNotFound(resourceGroup);
  }
}

/** @throws {ArmError} 404 */
export function findIdentity(context: ArmContext): ManagedIdentity {
  const { resourceGroup = "", name = "" } = context.params;
  const identity = context.world.identities.get(identityId(context.params).toLowerCase());
  if (!identity) {
    checkResourceGroup(context);
    throw resourceNotFound(identityType, name, resourceGroup);
  }
  return identity;
}
