import type { Identities } from "../azure/identities.ts";
import type { ManagedClusters } from "../azure/managedClusters.ts";
import { parseResourceId } from "../azure/resourceId.ts";
import { keyVaultRoles } from "../azure/roleAssignments.ts";
import type { BuiltInRole } from "../azure/roleAssignments.ts";
import type { ObjectType } from "../azure/vaultObjects.ts";
import type { CallOptions } from "../call.ts";
import type { CommandLine } from "./step.ts";

/** Whose identity fetches the objects. */
export type IntendedAccess =
  /** One identity per service account; the default. `location` is where a new identity is made. */
  | {
      readonly kind: "workloadIdentity";
      readonly identityId: string;
      readonly location: string;
      readonly namespace: string;
      readonly serviceAccount: string;
    }
  /** The identity the add-on put on every node: every pod of the cluster can use it. */
  | { readonly kind: "addonIdentity" }
  /** An own identity on every scale set: every pod of a node can use it. */
  | { readonly kind: "nodeIdentity"; readonly identityId: string; readonly location: string };

/** The two ids of the identity that fetches the objects. */
export interface ReaderIdentity {
  /** Goes into the SecretProviderClass. */
  readonly clientId: string;
  /** Gets the role. */
  readonly objectId: string;
}

/** Finds the identity of an access mode as it is now; undefined until an earlier step has made it. */
export async function findReader(
  services: { readonly identities: Pick<Identities, "find">; readonly managedClusters: Pick<ManagedClusters, "find"> },
  clusterId: string,
  access: IntendedAccess,
  options?: CallOptions,
): Promise<ReaderIdentity | undefined> {
  if (access.kind === "addonIdentity") {
    const cluster = await services.managedClusters.find(clusterId, options);
    return cluster?.keyVaultCsi.identity;
  }
  const identity = await services.identities.find(access.identityId, options);
  return identity && { clientId: identity.clientId, objectId: identity.principalId };
}

/**
 * The least built-in role that lets an identity read objects of these types. Certificate User, for keys and certificates, opens every secret in scope as well.
 * @see https://learn.microsoft.com/azure/aks/csi-secrets-store-identity-access
 */
export function requiredRole(objectTypes: readonly ObjectType[]): BuiltInRole {
  return objectTypes.every((type) => type === "secret") ? keyVaultRoles.secretsUser : keyVaultRoles.certificateUser;
}

const covering: Readonly<Record<string, readonly BuiltInRole[]>> = {
  [keyVaultRoles.secretsUser.id]: [
    keyVaultRoles.secretsUser,
    keyVaultRoles.secretsOfficer,
    keyVaultRoles.certificateUser,
    keyVaultRoles.administrator,
  ],
  [keyVaultRoles.certificateUser.id]: [keyVaultRoles.certificateUser, keyVaultRoles.administrator],
};

/** Whether one of these roles gives at least what the needed role gives for reading. */
export function coversRole(needed: BuiltInRole, roleIds: readonly string[]): boolean {
  return (covering[needed.id] ?? [needed]).some(({ id }) => roleIds.includes(id));
}

/** The line that captures one id of the identity that fetches the objects, as `READER_CLIENT_ID` or `READER_OBJECT_ID`. */
export function readerIdCommand(clusterId: string, access: IntendedAccess, id: keyof ReaderIdentity): CommandLine {
  const captures = id === "clientId" ? "READER_CLIENT_ID" : "READER_OBJECT_ID";
  if (access.kind !== "addonIdentity") {
    // What Azure calls object id elsewhere is an identity's principal id.
    const field = id === "clientId" ? "clientId" : "principalId";
    const words = ["identity", "show", "--ids", access.identityId, "--query", field, "--output", "tsv"];
    return { tool: "az", words, captures };
  }
  const { subscriptionId, resourceGroup, name } = parseResourceId(clusterId);
  return {
    tool: "az",
    words: [
      ...["aks", "show", "--name", name, "--resource-group", resourceGroup, "--subscription", subscriptionId],
      ...["--query", `addonProfiles.azureKeyvaultSecretsProvider.identity.${id}`, "--output", "tsv"],
    ],
    captures,
  };
}
