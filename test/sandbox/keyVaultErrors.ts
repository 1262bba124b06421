/** The errors of Key Vault's data plane, in the service's own words. */
import type { SandboxResponse } from "./http.ts";

export type ObjectKind = "secret" | "key" | "certificate";

/** As the service begins a sentence: `Secret x is currently …`. */
export const titleOf = { secret: "Secret", key: "Key", certificate: "Certificate" } as const satisfies Record<
  ObjectKind,
  string
>;

export class VaultError extends Error {
  readonly status: number;
  readonly code: string;
  readonly innerCode: string | undefined;
  readonly headers: Readonly<Record<string, string>>;

  constructor(status: number, code: string, message: string, more: VaultErrorDetails = {}) {
    super(message);
    this.status = status;
    this.code = code;
    this.innerCode = more.innerCode;
    this.headers = more.headers ?? {};
  }

  toResponse(): SandboxResponse {
    const innererror = this.innerCode === undefined ? {} : { innererror: { code: this.innerCode } };
    return {
      status: this.status,
      headers: this.headers,
      body: { error: { code: this.code, message: this.message, ...innererror } },
    };
  }
}

interface VaultErrorDetails {
  readonly innerCode?: string;
  readonly headers?: Readonly<Record<string, string>>;
}

export function badParameter(message: string): VaultError {
  return new VaultError(400, "BadParameter", message);
}

/** What the service says of bodies it can't make sense of and of tags beyond its limits. */
export function invalidProperty(property = ""): VaultError {
  return badParameter(`Property ${property}${property ? " " : ""}has invalid value\r\n`);
}

export function notFound(kind: ObjectKind, name: string): VaultError {
  const message =
    `A ${kind} with (name/id) ${name} was not found in this key vault. ` +
    `If you recently deleted this ${kind} you may be able to recover it using the correct recovery command. ` +
    "For help resolving this issue, please see https://go.microsoft.com/fwlink/?linkid=2125182";
  return new VaultError(404, `${titleOf[kind]}NotFound`, message);
}

export function deletedNotFound(kind: ObjectKind, name: string): VaultError {
  return new VaultError(404, `${titleOf[kind]}NotFound`, `Deleted ${titleOf[kind]} not found: ${name}`);
}

export function deletedButRecoverable(kind: ObjectKind, name: string): VaultError {
  const message =
    `${titleOf[kind]} ${name} is currently in a deleted but recoverable state, and its name cannot be reused; ` +
    "in this state, the " +
    `${kind} can only be recovered or purged.`;
  return new VaultError(409, "Conflict", message, { innerCode: "ObjectIsDeletedButRecoverable" });
}

const innerCodeOf = { deleted: "ObjectIsBeingDeleted", recovered: "ObjectIsBeingRecovered" } as const;

/** The name is asked for by a write while its object is on its way out or back. */
export function notYetReusable(kind: ObjectKind, name: string, doing: "deleted" | "recovered"): VaultError {
  const message = `${titleOf[kind]} ${name} is currently being ${doing} and cannot be re-created; retry later.`;
  return new VaultError(409, "Conflict", message, { innerCode: innerCodeOf[doing] });
}

export function busy(kind: ObjectKind, name: string, doing: "deleted" | "recovered"): VaultError {
  const message = `${titleOf[kind]} ${name} is currently being ${doing}.`;
  return new VaultError(409, "Conflict", message, { innerCode: innerCodeOf[doing] });
}

export function disabled(kind: ObjectKind, operation: string): VaultError {
  const message = `Operation ${operation} is not allowed on a disabled ${kind}.`;
  return new VaultError(403, "Forbidden", message, { innerCode: `${titleOf[kind]}Disabled` });
}

export function managedByCertificate(kind: "secret" | "key", operation: string): VaultError {
  const message = `Operation "${operation}" is not allowed as this object's lifetime is managed by Key Vault.`;
  return new VaultError(403, "Forbidden", message, { innerCode: `${titleOf[kind]}ManagedByKeyVault` });
}

export function purgeProtected(): VaultError {
  const message =
    'Operation "purge" is not allowed because purge protection is enabled for this vault. ' +
    "Key Vault service will automatically purge it after the retention period has passed.\r\n";
  return new VaultError(403, "Forbidden", message, { innerCode: "ForbiddenByPolicy" });
}
