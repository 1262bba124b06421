import type { Cluster, World } from "../state.ts";
import { at, textAt } from "./object.ts";
import { grantByRoles, dataAction } from "./rbac.ts";
import type { Store } from "./store.ts";
import type { Attributes, User } from "./user.ts";

export type IsAllowed = (
  world: World,
  objectId: string,
  scope: string,
  action: string,
  kind: "action" | "dataAction",
) => boolean;

export interface Decision {
  readonly isAllowed: boolean;
  readonly reason: string;
}

const azureRefusal = "User does not have access to the resource in Azure. Update role assignment to allow access.";

/** Kubernetes RBAC first, then Azure RBAC where the cluster uses it: the order in which AKS asks. */
export class Authorizer {
  constructor(
    readonly store: Store,
    readonly world: World,
    readonly cluster: Cluster,
    readonly isAllowed: IsAllowed,
  ) {}

  usesAzure(user: User): boolean {
    return user.objectId !== undefined && at(this.cluster.body, "properties.aadProfile.enableAzureRBAC") === true;
  }

  decide(user: User, asked: Attributes): Decision {
    const grant = grantByRoles(this.store, user, asked);
    if (grant !== undefined) {
      return { isAllowed: true, reason: grant };
    }
    if (!this.usesAzure(user) || user.objectId === undefined) {
      return { isAllowed: false, reason: "" };
    }
    const scope = asked.namespace ? `${this.cluster.id}/namespaces/${asked.namespace}` : this.cluster.id;
    return this.isAllowed(this.world, user.objectId, scope, dataAction(asked), "dataAction")
      ? { isAllowed: true, reason: "Access allowed by Azure RBAC Role Assignment." }
      : { isAllowed: false, reason: azureRefusal };
  }

  isLocalAccountsDisabled(): boolean {
    return textAt(this.cluster.body, "properties.disableLocalAccounts") === "true";
  }
}
