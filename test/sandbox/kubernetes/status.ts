import type { SandboxResponse } from "../http.ts";
import { qualified, type ResourceType } from "./kinds.ts";

export interface Cause {
  readonly reason: string;
  readonly message: string;
  readonly field?: string;
}

interface Details {
  readonly name?: string;
  readonly group?: string;
  readonly kind?: string;
  readonly uid?: string;
  readonly causes?: readonly Cause[];
  readonly retryAfterSeconds?: number;
}

/** What the API server refuses with: a `Status` in its own wording. */
export class StatusError extends Error {
  constructor(
    readonly code: number,
    readonly reason: string,
    message: string,
    readonly details?: Details,
    readonly metadata: Readonly<Record<string, unknown>> = {},
  ) {
    super(message);
    this.name = "StatusError";
  }

  body(): Readonly<Record<string, unknown>> {
    return {
      kind: "Status",
      apiVersion: "v1",
      metadata: this.metadata,
      status: "Failure",
      message: this.message,
      ...(this.reason && { reason: this.reason }),
      ...(this.details && { details: this.details }),
      code: this.code,
    };
  }

  response(): SandboxResponse {
    return { status: this.code, body: this.body() };
  }
}

function detailsOf(type: ResourceType, name?: string): Details {
  return { ...(name && { name }), ...(type.group && { group: type.group }), kind: type.plural };
}

export function notFound(type: ResourceType, name: string): StatusError {
  return new StatusError(404, "NotFound", `${qualified(type)} "${name}" not found`, detailsOf(type, name));
}

export function alreadyExists(type: ResourceType, name: string): StatusError {
  const message = `${qualified(type)} "${name}" already exists`;
  return new StatusError(409, "AlreadyExists", message, detailsOf(type, name));
}

export function modified(type: ResourceType, name: string): StatusError {
  return conflict(
    type,
    name,
    "the object has been modified; please apply your changes to the latest version and try again",
  );
}

export function conflict(type: ResourceType, name: string, why: string): StatusError {
  const message = `Operation cannot be fulfilled on ${qualified(type)} "${name}": ${why}`;
  return new StatusError(409, "Conflict", message, detailsOf(type, name));
}

export function invalid(type: ResourceType, name: string, causes: readonly Cause[]): StatusError {
  const texts = causes.map((cause) => `${cause.field}: ${cause.message}`);
  const kind = type.group ? `${type.kind}.${type.group}` : type.kind;
  const shown = texts.length === 1 ? texts[0] : `[${texts.join(", ")}]`;
  return new StatusError(422, "Invalid", `${kind} "${name}" is invalid: ${shown}`, {
    ...(name && { name }),
    ...(type.group && { group: type.group }),
    kind: type.kind,
    causes,
  });
}

export function forbidden(type: ResourceType, name: string | undefined, why: string): StatusError {
  const what = name ? `${qualified(type)} "${name}"` : qualified(type);
  return new StatusError(403, "Forbidden", `${what} is forbidden: ${why}`, detailsOf(type, name));
}

/** Options of a request that are wrong: `ListOptions`, `CreateOptions` … */
export function invalidOptions(kind: string, cause: Cause): StatusError {
  return new StatusError(422, "Invalid", `${kind}.meta.k8s.io "" is invalid: ${cause.field}: ${cause.message}`, {
    group: "meta.k8s.io",
    kind,
    causes: [cause],
  });
}

/** What a path of a served group answers where no such resource is. */
export function unknownResource(): StatusError {
  return new StatusError(404, "NotFound", "the server could not find the requested resource", {});
}

export function badRequest(message: string): StatusError {
  return new StatusError(400, "BadRequest", message);
}

export function unauthorized(): StatusError {
  return new StatusError(401, "Unauthorized", "Unauthorized");
}

export function methodNotAllowed(): StatusError {
  return new StatusError(
    405,
    "MethodNotAllowed",
    "the server does not allow this method on the requested resource",
    {},
  );
}

export function unsupportedMediaType(accepted: readonly string[]): StatusError {
  return new StatusError(
    415,
    "UnsupportedMediaType",
    `the body of the request was in an unknown format - accepted media types include: ${accepted.join(", ")}`,
  );
}

export function notAcceptable(): StatusError {
  return new StatusError(
    406,
    "NotAcceptable",
    "406: Not Acceptable\n\nAvailable representations: application/json, application/yaml, application/vnd.kubernetes.protobuf, application/json;stream=watch, application/vnd.kubernetes.protobuf;stream=watch",
    {},
  );
}

export function tooOldToWatch(revision: number, oldest: number): StatusError {
  return new StatusError(410, "Expired", `too old resource version: ${revision} (${oldest})`);
}

/** What an unknown path answers: not a Status. */
export const pageNotFound: SandboxResponse = {
  status: 404,
  headers: { "content-type": "text/plain; charset=utf-8" },
  body: "404 page not found\n",
};
