import type { KeyVaults } from "../azure/keyVaults.ts";
import type { ManagedClusters } from "../azure/managedClusters.ts";
import type { ObjectReference } from "../azure/vaultObjects.ts";
import type { CallOptions } from "../call.ts";

/** What the documentation tells people to note for the SecretProviderClass, and the add-on identity's two ids where a cluster is known. */
export interface ConnectionDetails extends ObjectReference {
  /** Goes into the SecretProviderClass, as `userAssignedIdentityID`. Undefined while the add-on is off. */
  readonly identityClientId: string | undefined;
  /** Goes into a role assignment. */
  readonly identityObjectId: string | undefined;
}

/** Reads the details from the vault and the cluster as they are now. @throws {ServiceError} `notFound`, `forbidden` */
export async function readConnectionDetails(
  services: { readonly keyVaults: Pick<KeyVaults, "get">; readonly managedClusters: Pick<ManagedClusters, "find"> },
  what: { readonly vaultId: string; readonly secretName: string; readonly clusterId: string | undefined },
  options?: CallOptions,
): Promise<ConnectionDetails> {
  const [vault, cluster] = await Promise.all([
    services.keyVaults.get(what.vaultId, options),
    what.clusterId === undefined ? undefined : services.managedClusters.find(what.clusterId, options),
  ]);
  return {
    objectName: what.secretName,
    objectType: "secret",
    vaultName: vault.name,
    tenantId: vault.tenantId,
    identityClientId: cluster?.keyVaultCsi.identity?.clientId,
    identityObjectId: cluster?.keyVaultCsi.identity?.objectId,
  };
}
