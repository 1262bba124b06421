import { formatResourceId, parseResourceId } from "../azure/resourceId.ts";
import type { ClassObject } from "../secretProviderClass/model.ts";
import type { IntendedAccess } from "./access.ts";
import type { IntendedCluster, IntendedMount } from "./intent.ts";

/**
 * A new cluster as a careful person would make it: three small nodes, OIDC issuer and workload identity on, so that no pod needs a password and the nodes no
 * identity of the vault's.
 */
export function defaultCluster(location: string): IntendedCluster {
  return { location, vmSize: "Standard_D4ds_v5", nodeCount: 3, oidcIssuer: true, workloadIdentity: true };
}

/** What the names of a mount are derived from. */
export interface MountBasis {
  readonly clusterId: string;
  readonly vaultId: string;
  /** Where a new identity is made: the cluster's region. */
  readonly location: string;
  readonly objects: readonly ClassObject[];
  /** Workload identity unless told. */
  readonly access?: IntendedAccess["kind"] | undefined;
  /** `default` unless told. */
  readonly namespace?: string | undefined;
}

/** A mount in which nothing had to be typed: every name and id is derived from cluster, vault and namespace, the same at every try. */
export function defaultMount(basis: MountBasis): IntendedMount {
  const { clusterId, vaultId, location, objects, access = "workloadIdentity", namespace = "default" } = basis;
  return {
    access: defaultAccess(access, { clusterId, location, namespace }),
    namespace,
    className: kubernetesName(parseResourceId(vaultId).name),
    objects,
    syncedSecrets: [],
    proof: "linux",
  };
}

function defaultAccess(
  kind: IntendedAccess["kind"],
  {
    clusterId,
    location,
    namespace,
  }: Pick<Required<MountBasis>, "clusterId" | "location"> & { readonly namespace: string },
): IntendedAccess {
  switch (kind) {
    case "addonIdentity":
      return { kind };
    case "nodeIdentity":
      return { kind, identityId: identityId(clusterId, "nodes"), location };
    case "workloadIdentity":
      return {
        kind,
        identityId: identityId(clusterId, namespace),
        location,
        namespace,
        serviceAccount: "key-vault-reader",
      };
  }
}

/** In the cluster's resource group: `id-<cluster>-<purpose>`, 3–128 letters, digits, `-` and `_`. */
function identityId(clusterId: string, purpose: string): string {
  const { subscriptionId, resourceGroup, name } = parseResourceId(clusterId);
  return formatResourceId({
    subscriptionId,
    resourceGroup,
    type: "Microsoft.ManagedIdentity/userAssignedIdentities",
    name: `id-${name}-${purpose}`.slice(0, 128),
  });
}

/** As RFC 1123 has it, from a vault's name: letters, digits and single hyphens. */
function kubernetesName(text: string): string {
  return text.toLowerCase();
}
