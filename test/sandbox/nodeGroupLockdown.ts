/** Node resource group lockdown: a deny assignment that no role overrules. */
import { createHash } from "node:crypto";

import { ArmError } from "./errors.ts";
import { groupId, isIn } from "./ids.ts";
import { asObject } from "./json.ts";
import { nodeGroupOf, propertiesOf } from "./nodeResources.ts";
import type { World } from "./state.ts";
import type { TokenClaims } from "./tokens.ts";

/** Locked node resource groups deny every write but those of AKS itself. @throws {ArmError} 403 */
export function refuseInLockedGroup(world: World, caller: TokenClaims, action: string, id: string): void {
  const owner = action.endsWith("/read") ? undefined : lockedOwner(world, id);
  if (owner === undefined) {
    return;
  }
  const hash = createHash("sha256").update(owner).digest("hex").slice(0, 32);
  const client = caller.upn ?? caller.appid ?? caller.oid;
  throw new ArmError(
    403,
    "DenyAssignmentAuthorizationFailed",
    `The client '${client}' with object id '${caller.oid}' has permission to perform action '${action}' on scope '${id}'; however, the access is denied because of the deny assignment with name 'AKS Node resource group lockdown' and Id '${hash}' at scope '${owner}'.`,
  );
}

function lockedOwner(world: World, id: string): string | undefined {
  const cluster = [...world.clusters.values()].find(
    (candidate) =>
      asObject(propertiesOf(candidate)["nodeResourceGroupProfile"])["restrictionLevel"] === "ReadOnly" &&
      isIn(id, candidate.subscriptionId, nodeGroupOf(candidate)),
  );
  return cluster && groupId(cluster.subscriptionId, nodeGroupOf(cluster));
}
