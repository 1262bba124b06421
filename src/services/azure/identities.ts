import type { CallOptions } from "../call.ts";

/** A user-assigned managed identity. Client id goes into the SecretProviderClass, principal (object) id into the role assignment. */
export interface ManagedIdentity {
  readonly id: string;
  readonly name: string;
  readonly location: string;
  readonly clientId: string;
  readonly principalId: string;
  readonly tenantId: string;
}

/** A federated identity credential of a user-assigned identity. */
export interface FederatedCredential {
  readonly name: string;
  /** Compared byte for byte by Microsoft Entra, trailing slash included. */
  readonly issuer: string;
  /** `system:serviceaccount:<namespace>:<service account>`. */
  readonly subject: string;
  readonly audiences: readonly string[];
}

/** The limit Microsoft Entra sets. @see https://learn.microsoft.com/azure/aks/workload-identity-overview#limitations */
export const maxFederatedCredentials = 20;

/** User-assigned managed identities and their federated credentials. */
export interface Identities {
  find(identityId: string, options?: CallOptions): Promise<ManagedIdentity | undefined>;
  list(subscriptionId: string, options?: CallOptions): Promise<readonly ManagedIdentity[]>;
  /** Creates or leaves as it is. */
  ensure(
    identityId: string,
    location: string,
    options?: CallOptions,
  ): Promise<{ readonly identity: ManagedIdentity; readonly isNew: boolean }>;
  delete(identityId: string, options?: CallOptions): Promise<void>;
  listFederatedCredentials(identityId: string, options?: CallOptions): Promise<readonly FederatedCredential[]>;
  /** Creates or corrects one credential; writes to one identity are made one after another, as Azure demands. @throws {ServiceError} `conflict` at the 21st */
  putFederatedCredential(
    identityId: string,
    credential: FederatedCredential,
    options?: CallOptions,
  ): Promise<FederatedCredential>;
  deleteFederatedCredential(identityId: string, name: string, options?: CallOptions): Promise<void>;
  /** Adds the identity to every scale set of the node resource group, keeping what is there. @throws {ServiceError} `forbidden` under node resource group lockdown */
  attachToScaleSets(
    subscriptionId: string,
    nodeResourceGroup: string,
    identityId: string,
    options?: CallOptions,
  ): Promise<readonly string[]>;
  detachFromScaleSets(
    subscriptionId: string,
    nodeResourceGroup: string,
    identityId: string,
    options?: CallOptions,
  ): Promise<void>;
}
