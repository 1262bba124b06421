import type { CallOptions } from "../call.ts";
import type { AzureClients } from "./clients.ts";
import type { VaultSummary } from "./inventory.ts";
import { createVaultRequests } from "./vaultObjectRequests.ts";
import { VaultDataPlane } from "./vaultObjectsDataPlane.ts";

/** The kinds of key vault objects, by the words a SecretProviderClass uses. */
export type ObjectType = "secret" | "key" | "cert";

/** What is known of an object without its value. */
export interface VaultObject {
  readonly type: ObjectType;
  readonly name: string;
  readonly isEnabled: boolean;
  /** Undefined: never. */
  readonly expiresOn: Date | undefined;
  readonly notBefore: Date | undefined;
  readonly updatedOn: Date | undefined;
  readonly contentType: string | undefined;
  readonly tags: Readonly<Record<string, string>>;
  /** True for the secret and the key behind a certificate: changed only through the certificate. */
  readonly isManaged: boolean;
}

/** One version of an object. */
export interface VaultObjectVersion extends VaultObject {
  /** 32 hexadecimal digits. */
  readonly version: string;
  readonly createdOn: Date | undefined;
}

/** An object that is deleted but can be recovered. */
export interface DeletedObject {
  readonly type: ObjectType;
  readonly name: string;
  readonly deletedOn: Date | undefined;
  readonly scheduledPurgeDate: Date | undefined;
}

/** Properties to set along with a secret's value. */
export interface SecretProperties {
  readonly contentType?: string | undefined;
  readonly expiresOn?: Date | undefined;
  readonly notBefore?: Date | undefined;
  readonly isEnabled?: boolean | undefined;
  readonly tags?: Readonly<Record<string, string>> | undefined;
}

/** The four properties the documentation tells people to note for the SecretProviderClass. */
export interface ObjectReference {
  readonly objectName: string;
  readonly objectType: ObjectType;
  readonly vaultName: string;
  /** The vault's own tenant. */
  readonly tenantId: string;
}

/** What the caller may do in a vault, found by asking it. */
export type VaultAccess =
  | { readonly kind: "allowed" }
  | {
      readonly kind: "denied";
      readonly by: "rbac" | "accessPolicy" | "firewall" | "unknown";
      readonly message: string;
    };

/** The part of a vault that its data plane needs to be reached. */
export type VaultAddress = Pick<VaultSummary, "name" | "vaultUri" | "tenantId">;

/** Objects of a vault, data plane. Values are written by `setSecret` and read by `revealSecret` only, and never kept. */
export interface VaultObjects {
  /** All objects of a type, names in the vault's order. @throws {ServiceError} `forbidden`; `unreachable` behind a firewall */
  list(vault: VaultAddress, type: ObjectType, options?: CallOptions): Promise<readonly VaultObject[]>;

  /** All versions, newest first; none when there is no object of that name and type. */
  listVersions(
    vault: VaultAddress,
    type: ObjectType,
    name: string,
    options?: CallOptions,
  ): Promise<readonly VaultObjectVersion[]>;

  /**
   * The newest version, without its value; undefined when there is no object of that name and type. It is found in the list of versions, because the one call
   * that gives the newest version of a secret gives its value too. Versions made within one second cannot be told apart.
   */
  find(
    vault: VaultAddress,
    type: ObjectType,
    name: string,
    options?: CallOptions,
  ): Promise<VaultObjectVersion | undefined>;

  /**
   * Sets a secret, after the rules for name and size: `^[0-9a-zA-Z-]{1,127}$`, 1 byte to 25 KB, at most 15 tags, content type up to 255 characters.
   * @throws {ServiceError} `invalidRequest` before any call when a rule is broken; `conflict` with serviceCode `ObjectIsDeletedButRecoverable` or `ObjectIsBeingRecovered`; `forbidden`
   * @see https://learn.microsoft.com/azure/key-vault/secrets/about-secrets
   */
  setSecret(
    vault: VaultAddress,
    name: string,
    value: string,
    properties?: SecretProperties,
    options?: CallOptions,
  ): Promise<ObjectReference & { readonly version: string }>;

  /**
   * Sets a secret right after a right to it was given: a refusal for want of a role or a policy is repeated within the time given. That the vault has said yes once,
   * as {@link waitForAccess} waits for, does not mean that each of its nodes says yes.
   */
  setSecretWhenAllowed(
    vault: VaultAddress,
    secret: { readonly name: string; readonly value: string; readonly properties?: SecretProperties | undefined },
    times: { readonly withinMs: number; readonly everyMs: number },
    options?: CallOptions,
  ): Promise<ObjectReference & { readonly version: string }>;

  /** Changes attributes of the newest version, or of one version; tags are replaced as a whole. A content type is a secret's only. */
  update(
    vault: VaultAddress,
    object: { readonly type: ObjectType; readonly name: string; readonly version?: string | undefined },
    change: SecretProperties,
    options?: CallOptions,
  ): Promise<void>;

  /** Deletes an object, so that it can be recovered, and waits until it counts as deleted. Success when there is none. */
  delete(vault: VaultAddress, type: ObjectType, name: string, options?: CallOptions): Promise<void>;
  findDeleted(
    vault: VaultAddress,
    type: ObjectType,
    name: string,
    options?: CallOptions,
  ): Promise<DeletedObject | undefined>;
  listDeleted(vault: VaultAddress, type: ObjectType, options?: CallOptions): Promise<readonly DeletedObject[]>;
  /** Recovers a deleted object and waits until it can be read again. */
  recover(vault: VaultAddress, type: ObjectType, name: string, options?: CallOptions): Promise<void>;
  /** Purges a deleted object for ever and waits until it is gone. Success when there is none. @throws {ServiceError} `conflict` under purge protection */
  purge(vault: VaultAddress, type: ObjectType, name: string, options?: CallOptions): Promise<void>;

  /** The value itself, for *Reveal* and for the proof's comparison; the caller shows it for a limited time and drops it. */
  revealSecret(vault: VaultAddress, name: string, version?: string, options?: CallOptions): Promise<string>;

  /** Creates a key: RSA with 2048 bits, or EC on P-256. */
  createKey(vault: VaultAddress, name: string, kind: "RSA" | "EC", options?: CallOptions): Promise<void>;
  /** Creates a self-signed certificate and waits for it. */
  createCertificate(vault: VaultAddress, name: string, subject: string, options?: CallOptions): Promise<void>;
  /** Imports a certificate with its private key from .pem or .pfx bytes. */
  importCertificate(
    vault: VaultAddress,
    name: string,
    content: Uint8Array,
    password: string | undefined,
    options?: CallOptions,
  ): Promise<void>;

  /**
   * Whether the caller may list and set secrets now, by asking the vault; changes nothing. It lists one secret, then tries to change a version that cannot exist, of a
   * name made for this question: a vault checks the caller's right before it looks for the object, so `SecretNotFound` means yes. For access policies that is exactly
   * the permission *set*; under Azure RBAC it is `secrets/update/action`, which no built-in role carries without `secrets/setSecret/action`. A custom role can.
   * @see https://learn.microsoft.com/rest/api/keyvault/secrets/update-secret/update-secret
   */
  probeSecretsOfficer(vault: VaultAddress, options?: CallOptions): Promise<VaultAccess>;

  /**
   * Asks until {@link probeSecretsOfficer} is allowed, at most `withinMs` (the documentation says up to 10 minutes).
   * @throws {ServiceError} `timedOut`; `unreachable` at once behind a firewall, where waiting does not help
   */
  waitForAccess(
    vault: VaultAddress,
    times: { readonly withinMs: number; readonly everyMs: number },
    options?: CallOptions,
  ): Promise<void>;
}

/** Makes the data plane of key vaults. */
export function createVaultObjects(clients: AzureClients): VaultObjects {
  return new VaultDataPlane(createVaultRequests(clients), Math.min(clients.timing.pollEveryMs, 2_000));
}
