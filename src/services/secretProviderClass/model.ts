/** The collections of a vault, as `objectType` spells them. */
export const objectTypes = ["secret", "key", "cert"] as const;
export type ObjectType = (typeof objectTypes)[number];

export const objectFormats = ["pem", "pfx"] as const;
export type ObjectFormat = (typeof objectFormats)[number];

export const objectEncodings = ["utf-8", "hex", "base64"] as const;
export type ObjectEncoding = (typeof objectEncodings)[number];

/** The clouds that the provider knows by name. */
export const cloudNames = [
  "AzurePublicCloud",
  "AzureUSGovernmentCloud",
  "AzureChinaCloud",
  "AzureGermanCloud",
  "AzureStackCloud",
] as const;
export type CloudName = (typeof cloudNames)[number];

/**
 * As whom the provider reads the vault. Client ids are never object ids.
 * @see https://learn.microsoft.com/azure/aks/csi-secrets-store-identity-access
 */
export type AccessMode =
  /** A federated identity; the pod's service account decides which. */
  | { readonly kind: "workloadIdentity"; readonly clientId: string }
  /** A user-assigned identity on the nodes: the add-on's, or an own one. The class does not say which of the two. */
  | { readonly kind: "nodeIdentity"; readonly clientId: string }
  /** The system-assigned identity of the nodes, which AKS nodes seldom have. */
  | { readonly kind: "systemAssigned" }
  /** Client id and secret of the Secret that the pod's `nodePublishSecretRef` names. */
  | { readonly kind: "servicePrincipal" }
  /** AKS identity binding (preview), by provider 1.8.1 and later. */
  | { readonly kind: "identityBinding"; readonly clientId: string }
  /** Microsoft Entra pod-managed identity, retired: read, so that it can be replaced. */
  | { readonly kind: "podIdentity" };

/** One key vault object to mount. What is left out takes the provider's default. */
export interface ClassObject {
  readonly objectName: string;
  readonly objectType: ObjectType;
  /** The file's name; the object's name unless told. May contain folders. */
  readonly objectAlias?: string | undefined;
  /** Pins the file to a version: rotation never changes it. */
  readonly objectVersion?: string | undefined;
  /** More than 1: the newest versions as `<file>/0`, `<file>/1` …; needs the right to list. */
  readonly objectVersionHistory?: number | undefined;
  readonly objectFormat?: ObjectFormat | undefined;
  readonly objectEncoding?: ObjectEncoding | undefined;
  /** Octal digits: `0644`. */
  readonly filePermission?: string | undefined;
}

/** A Kubernetes Secret that the driver makes of mounted files. */
export interface SyncedSecret {
  readonly secretName: string;
  /** `Opaque`, `kubernetes.io/tls` … */
  readonly type: string;
  /** `objectName` is the name of the mounted file: alias, or `<name>/<index>` with history. */
  readonly data: readonly { readonly objectName: string; readonly key: string }[];
  readonly labels?: Readonly<Record<string, string>> | undefined;
  readonly annotations?: Readonly<Record<string, string>> | undefined;
}

/** A SecretProviderClass of provider `azure`, in our terms. */
export interface SecretProviderClassModel {
  readonly name: string;
  readonly namespace?: string | undefined;
  readonly labels?: Readonly<Record<string, string>> | undefined;
  readonly annotations?: Readonly<Record<string, string>> | undefined;
  /** The bare name, no address. */
  readonly keyvaultName: string;
  /** The vault's own tenant. */
  readonly tenantId: string;
  readonly access: AccessMode;
  readonly objects: readonly ClassObject[];
  readonly syncedSecrets: readonly SyncedSecret[];
  /** Undefined: the public cloud. */
  readonly cloudName?: CloudName | undefined;
  /** Parameters that say nothing in this access mode, or that the provider does not know. Kept as they are. */
  readonly otherParameters?: Readonly<Record<string, string>> | undefined;
}

/** The name of the file an object is mounted as; with history, the folder of its versions. */
export function fileName({ objectName, objectAlias }: Pick<ClassObject, "objectName" | "objectAlias">): string {
  return objectAlias === undefined || objectAlias === "" ? objectName : objectAlias;
}

/** The names of all files an object is mounted as. With history N the provider mounts up to N + 1 versions. */
export function fileNames(object: ClassObject): readonly string[] {
  const name = fileName(object);
  const history = object.objectVersionHistory ?? 0;
  return history > 1 ? Array.from({ length: history + 1 }, (_, index) => `${name}/${index}`) : [name];
}
