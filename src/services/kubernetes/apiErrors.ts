import * as z from "zod/mini";

import { abortError } from "../azure/tokens.ts";
import { ServiceError, isAbort, type ServiceErrorCode, type ServiceErrorDetails } from "../errors.ts";
import { t } from "../l10n.ts";

/** An answer of an API server that is not a success. */
export interface FailedAnswer {
  readonly status: number;
  readonly text: string;
  readonly requestId: string | undefined;
  readonly retryAfterMs: number | undefined;
}

/** What was asked for, to be shown: the cluster, and the object on it. */
export interface Target {
  readonly cluster: string;
  /** In a sentence: `SecretProviderClass "shop/web"`, or a plural. */
  readonly what: string;
  /** In details: `<namespace>/<name>`, `<name>` or a plural. */
  readonly reference: string;
}

const Cause = z.object({
  reason: z.optional(z.string()),
  message: z.optional(z.string()),
  field: z.optional(z.string()),
});
const Status = z.object({
  kind: z.literal("Status"),
  reason: z.optional(z.string()),
  message: z.optional(z.string()),
  code: z.optional(z.number()),
  details: z.optional(z.nullable(z.object({ causes: z.optional(z.nullable(z.array(Cause))) }))),
});

/** The error body of the Kubernetes API. */
export type Status = z.infer<typeof Status>;

/** Reads a `Status`; undefined where the value is something else. */
export function readStatus(value: unknown): Status | undefined {
  const read = Status.safeParse(value);
  return read.success ? read.data : undefined;
}

/**
 * Makes the error of an answer that is not a success. The service code is the `reason` of its `Status`.
 * @see https://kubernetes.io/docs/reference/using-api/api-concepts/
 */
export function errorOfAnswer(answer: FailedAnswer, target: Target): ServiceError {
  return errorOfStatus(readStatus(parseJson(answer.text)), answer, target);
}

/** Makes the error of a `Status`, as an answer or a watch carries it. */
export function errorOfStatus(status: Status | undefined, answer: FailedAnswer, target: Target): ServiceError {
  const message = status?.message?.replace(/\s+/g, " ").trim() ?? "";
  const details: ServiceErrorDetails = {
    status: answer.status,
    serviceCode: status?.reason,
    requestId: answer.requestId,
    target: `${target.cluster} ${target.reference}`,
    retryAfterMs: answer.retryAfterMs,
  };
  const code = codeOf(answer.status, message);
  return new ServiceError(code, sentences[code]({ ...target, message, status, httpStatus: answer.status }), details);
}

/** Refusals that a role does not cure: the server says itself what is wrong with the object. */
const admission =
  /admission webhook|exceeded quota|violates PodSecurity|denied the request|failed calling webhook|because it is being terminated/;

function codeOf(status: number, message: string): ServiceErrorCode {
  if ((status === 403 || status === 500) && admission.test(message)) {
    return "invalidRequest";
  }
  const byStatus: Readonly<Record<number, ServiceErrorCode>> = {
    401: "notSignedIn",
    403: "forbidden",
    404: "notFound",
    408: "timedOut",
    409: "conflict",
    410: "conflict",
    429: "throttled",
    504: "timedOut",
  };
  return byStatus[status] ?? (status >= 500 ? "unreachable" : status >= 400 ? "invalidRequest" : "unexpectedResponse");
}

interface Failure extends Target {
  /** The server's own words, on one line; empty where it said nothing. */
  readonly message: string;
  readonly status: Status | undefined;
  readonly httpStatus: number;
}

const sentences = {
  notSignedIn: ({ cluster }) => t('The cluster did not accept your sign-in; sign in again to reach "{0}".', cluster),
  forbidden: (failure) => forbiddenSentence(failure),
  notFound: ({ cluster, what, message }) => message || t('There is no {1} on "{0}".', cluster, what),
  conflict: (failure) => conflictSentence(failure),
  invalidRequest: ({ cluster, what, message, httpStatus }) =>
    message || t('The cluster "{0}" refused the request for {1} (status {2}).', cluster, what, httpStatus),
  throttled: ({ cluster }) => t('The API server of "{0}" asks for fewer requests; try again in a moment.', cluster),
  unreachable: ({ cluster, httpStatus }) =>
    t('The API server of "{0}" could not answer (status {1}); try again in a moment.', cluster, httpStatus),
  timedOut: ({ cluster }) => t('The API server of "{0}" took too long to answer; try again in a moment.', cluster),
  operationFailed: ({ cluster, message }) => message || t('The operation on "{0}" failed.', cluster),
  unexpectedResponse: ({ cluster, what }) => unreadable(cluster, what),
} satisfies Record<ServiceErrorCode, (failure: Failure) => string>;

function unreadable(cluster: string, what: string): string {
  return t('The API server of "{0}" gave an answer that could not be read when asked for {1}.', cluster, what);
}

function forbiddenSentence({ cluster, what, message }: Failure): string {
  const [, verb, resource, group, namespace] =
    /cannot (\S+) resource "([^"]+)" in API group "([^"]*)"(?: in the namespace "([^"]+)")?/.exec(message) ?? [];
  if (verb === undefined || resource === undefined) {
    return message || t('You may not read {1} on "{0}".', cluster, what);
  }
  const full = group ? `${resource}.${group}` : resource;
  return namespace
    ? t('You may not {0} {1} in namespace "{2}" on "{3}".', verb, full, namespace, cluster)
    : t('You may not {0} {1} on "{2}".', verb, full, cluster);
}

/** An apply over somebody else's fields names them; anything else is said in the server's words. */
function conflictSentence({ cluster, what, message, status }: Failure): string {
  const held = heldFields(status);
  if (held !== "") {
    return t('Fields of {0} on "{1}" are held by other managers: {2}.', what, cluster, held);
  }
  return message || t('Something else has changed {1} on "{0}" meanwhile; try again.', cluster, what);
}

/** `"helm" (.data.a, .data.b)`; empty where the conflict is of another sort. */
function heldFields(status: Status | undefined): string {
  const fieldsOf = new Map<string, string[]>();
  const causes = (status?.details?.causes ?? []).filter(({ reason }) => reason === "FieldManagerConflict");
  for (const { message = "", field = "" } of causes) {
    const manager = /conflict with (".+?")/.exec(message)?.[1] ?? message;
    fieldsOf.set(manager, [...(fieldsOf.get(manager) ?? []), field]);
  }
  return [...fieldsOf].map(([manager, fields]) => `${manager} (${fields.join(", ")})`).join(", ");
}

/** The error of an answer that came whole but does not fit. */
export function unexpectedAnswer({ cluster, what, reference }: Target): ServiceError {
  return new ServiceError("unexpectedResponse", unreadable(cluster, what), { target: `${cluster} ${reference}` });
}

const silences: Readonly<Record<string, (cluster: string, host: string) => string>> = {
  ENOTFOUND: (cluster, host) => t('The name "{1}" of the API server of "{0}" is not known here.', cluster, host),
  EAI_AGAIN: (cluster, host) => t('The name "{1}" of the API server of "{0}" is not known here.', cluster, host),
  ECONNREFUSED: (cluster, host) => t('The API server of "{0}" refuses connections at "{1}".', cluster, host),
  ECONNRESET: (cluster, host) => t('The connection to the API server of "{0}" at "{1}" broke.', cluster, host),
};

/** How ARM describes a cluster that does not answer. */
export interface ClusterSituation {
  readonly isStopped: boolean;
  readonly isPrivate: boolean;
}

/**
 * Makes the error of a call that got no answer. What ARM knows of the cluster explains it better than the socket does.
 * @param situation undefined where ARM was not asked or did not tell
 */
export function errorOfSilence(
  error: unknown,
  { cluster, reference }: Target,
  host: string,
  situation: ClusterSituation | undefined,
): Error {
  if (error instanceof ServiceError) {
    return error;
  }
  if (isAbort(error)) {
    return abortError();
  }
  const details = { target: `${cluster} ${reference}`, serviceCode: lastingCause(situation) ?? codeIn(error) };
  if (isAnswerTimeout(error)) {
    return new ServiceError("timedOut", t('The API server of "{0}" took too long to answer.', cluster), details);
  }
  return new ServiceError("unreachable", silenceSentence(error, cluster, host, situation), details, { cause: error });
}

/** Service codes of our own: why no waiting will make the API server answer. */
export const clusterStopped = "ClusterStopped";
export const privateCluster = "PrivateCluster";

function lastingCause(situation: ClusterSituation | undefined): string | undefined {
  if (situation?.isStopped) {
    return clusterStopped;
  }
  return situation?.isPrivate ? privateCluster : undefined;
}

function silenceSentence(
  error: unknown,
  cluster: string,
  host: string,
  situation: ClusterSituation | undefined,
): string {
  if (situation?.isStopped) {
    return t('The cluster "{0}" is stopped; start it, then try again.', cluster);
  }
  if (situation?.isPrivate) {
    return t('"{0}" is a private cluster; this machine has no line to its API server "{1}".', cluster, host);
  }
  const code = codeIn(error) ?? "";
  const say = silences[code];
  if (say) {
    return say(cluster, host);
  }
  return isTlsFailure(code)
    ? t('The certificate of the API server of "{0}" is not trusted ({1}).', cluster, code)
    : t('The API server of "{0}" cannot be reached at "{1}".', cluster, host);
}

function isTlsFailure(code: string): boolean {
  return /^(CERT_|ERR_TLS_|ERR_SSL_|UNABLE_TO_|SELF_SIGNED_|DEPTH_ZERO_|EPROTO|HOSTNAME_MISMATCH)/.test(code);
}

/** Our own limit on waiting for an answer of a server that took the connection. */
export const answerTimeoutCode = "ANSWER_TIMEOUT";

function isAnswerTimeout(error: unknown): boolean {
  return codeIn(error) === answerTimeoutCode;
}

/** The system's code of a failed call: `ECONNREFUSED`. An error of several tries carries those of its parts. */
export function codeIn(error: unknown): string | undefined {
  if (typeof error !== "object" || error === null) {
    return undefined;
  }
  if ("code" in error && typeof error.code === "string") {
    return error.code;
  }
  return "errors" in error && Array.isArray(error.errors) ? codeIn(error.errors[0]) : undefined;
}

/** The value, or undefined where the text is not JSON. */
export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}
