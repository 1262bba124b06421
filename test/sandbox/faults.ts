/** Faults on demand: what a test or the control address asks to go wrong. */
import type { Plane, SandboxResponse } from "./http.ts";
import type { JournalEntry } from "./server.ts";

export interface Fault {
  /** Left out: any. */
  readonly method?: string;
  /** Tested against path and query; a string must be found in it. Letter case does not count in a string. */
  readonly path?: RegExp | string;
  readonly plane?: Plane;
  /** Left out: the request is served as usual, after the delay. */
  readonly status?: number;
  readonly code?: string;
  readonly message?: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** Sent instead of the plane's error envelope. */
  readonly body?: unknown;
  /** How often; left out: until it is taken back. */
  times?: number;
  readonly delayMs?: number;
  /** Closes the connection without an answer. */
  readonly drop?: boolean;
  /** Serves the request at once, then, after the delay, closes the connection without an answer. */
  readonly dropAnswer?: boolean;
  /** Answers 200, or the status, with JSON that ends in the middle. */
  readonly malformedBody?: boolean;
}

const reasons: Readonly<Record<number, string>> = {
  400: "BadRequest",
  401: "Unauthorized",
  403: "Forbidden",
  404: "NotFound",
  409: "Conflict",
  412: "PreconditionFailed",
  429: "TooManyRequests",
  500: "InternalServerError",
  503: "ServiceUnavailable",
};

export function findFault(faults: Fault[], { plane, method, path }: JournalEntry): Fault | undefined {
  const fault = faults.find(
    (candidate) =>
      (candidate.plane ?? plane) === plane &&
      (candidate.method ?? method).toUpperCase() === method &&
      matches(candidate.path, path),
  );
  if (fault?.times !== undefined) {
    fault.times -= 1;
    if (fault.times <= 0) {
      faults.splice(faults.indexOf(fault), 1);
    }
  }
  return fault;
}

function matches(pattern: RegExp | string | undefined, path: string): boolean {
  if (pattern instanceof RegExp) {
    // A pattern that ends in `$` means the path: the query is nobody's concern there.
    return pattern.test(path) || pattern.test(path.split("?")[0] ?? path);
  }
  return pattern === undefined || path.toLowerCase().includes(pattern.toLowerCase());
}

/** What is sent instead of the plane's answer; undefined: its own answer. */
export function faultBody(fault: Fault, plane: Plane): SandboxResponse | undefined {
  if (fault.drop) {
    return { status: 0 };
  }
  if (fault.malformedBody) {
    const headers = { "content-type": "application/json; charset=utf-8", ...fault.headers };
    return { status: fault.status ?? 200, headers, body: '{"value":[{"id":"/subscriptions/' };
  }
  if (fault.status === undefined) {
    return undefined;
  }
  const { status, headers = {} } = fault;
  return { status, headers, body: fault.body ?? envelope(fault, status, plane) };
}

function envelope(fault: Fault, status: number, plane: Plane): unknown {
  const code = fault.code ?? reasons[status] ?? "Error";
  const message = fault.message ?? `The sandbox was asked to answer ${status}.`;
  switch (plane) {
    case "entra":
      return { error: code, error_description: message };
    case "kubernetes":
      return { kind: "Status", apiVersion: "v1", metadata: {}, status: "Failure", message, reason: code, code: status };
    case "arm":
    case "vault":
      return { error: { code, message } };
  }
}
