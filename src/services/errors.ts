/** Why a call failed, in the few kinds a user can act on. The edge has one remedy for each. */
export type ServiceErrorCode =
  | "notSignedIn"
  | "forbidden"
  | "notFound"
  | "conflict"
  | "invalidRequest"
  | "throttled"
  | "unreachable"
  | "timedOut"
  | "operationFailed"
  | "unexpectedResponse";

/** Facts for the log and for a support request; never a header, a body or a secret's value. */
export interface ServiceErrorDetails {
  readonly status?: number | undefined;
  /** The service's own code: `AuthorizationFailed`, `ForbiddenByRbac`, a Kubernetes `reason`. The innermost one wins. */
  readonly serviceCode?: string | undefined;
  readonly requestId?: string | undefined;
  /** What was asked for: an ARM id, a vault URI, or `<cluster> <namespace>/<name>`. */
  readonly target?: string | undefined;
  /** How long the service asked to be left alone, in milliseconds. */
  readonly retryAfterMs?: number | undefined;
}

/** The one error the service layer throws on purpose. Its message is one sentence for the user. */
export class ServiceError extends Error {
  // A literal: the minifier renames the constructor.
  override readonly name = "ServiceError";

  /** By name: each bundle has its own copy of this class, and an error of one is caught in another. */
  static override [Symbol.hasInstance](value: unknown): boolean {
    return value instanceof Error && value.name === "ServiceError";
  }

  constructor(
    readonly code: ServiceErrorCode,
    message: string,
    readonly details: ServiceErrorDetails = {},
    options?: ErrorOptions,
  ) {
    super(message, options);
  }
}

/** Whether the error says that the caller's own signal was aborted; nobody shows such an error. */
export function isAbort(error: unknown): boolean {
  return error instanceof Error && error.name === "AbortError";
}

/** Whether the error is a {@link ServiceError} with one of these codes. */
export function hasCode(error: unknown, ...codes: readonly ServiceErrorCode[]): error is ServiceError {
  return error instanceof ServiceError && codes.includes(error.code);
}
