import { isRestError } from "@azure/core-rest-pipeline";
import * as z from "zod/mini";

import { ServiceError, isAbort, type ServiceErrorCode, type ServiceErrorDetails } from "../errors.ts";
import { t } from "../l10n.ts";

/** An answer as the pipeline gave it. */
export interface RawAnswer {
  readonly status: number;
  readonly headers: { get(name: string): string | undefined };
  readonly bodyAsText?: string | null | undefined;
}

interface ErrorBody {
  readonly code: string | undefined;
  readonly innermostCode: string | undefined;
  readonly message: string | undefined;
}

const Envelope = z.object({
  error: z.looseObject({
    code: z.optional(z.nullable(z.string())),
    message: z.optional(z.nullable(z.string())),
    innererror: z.optional(z.unknown()),
  }),
});
const Inner = z.looseObject({ code: z.optional(z.nullable(z.string())), innererror: z.optional(z.unknown()) });

/** AKS puts code and message at the top in some answers, without the envelope. */
const Bare = z.object({ code: z.string(), message: z.string() });

/** Codes that mean a conflict whatever status carries them. */
const conflictCodes = ["OperationNotAllowed", "AnotherOperationInProgress", "EtagMismatch", "OriginalEtagNotExpect"];

/** Reads `{error: {code, message, innererror}}`; empty where the body is something else. */
export function readErrorBody(text: string | null | undefined): ErrorBody {
  const body = parseJson(text);
  const envelope = Envelope.safeParse(body);
  if (envelope.success) {
    const { code, message, innererror } = envelope.data.error;
    return {
      code: code ?? undefined,
      innermostCode: innermost(innererror) ?? code ?? undefined,
      message: message ?? undefined,
    };
  }
  const bare = Bare.safeParse(body);
  return bare.success
    ? { code: bare.data.code, innermostCode: bare.data.code, message: bare.data.message }
    : { code: undefined, innermostCode: undefined, message: undefined };
}

function innermost(inner: unknown): string | undefined {
  const read = Inner.safeParse(inner);
  return read.success ? (innermost(read.data.innererror) ?? read.data.code ?? undefined) : undefined;
}

function parseJson(text: string | null | undefined): unknown {
  try {
    return text ? (JSON.parse(text) as unknown) : undefined;
  } catch {
    return undefined;
  }
}

/**
 * Makes the error of an answer that is not a success.
 *
 * @param target what was asked for, to be shown: a name, an ARM id, or a vault's address
 */
export function errorOfAnswer(answer: RawAnswer, target: string): ServiceError {
  const body = readErrorBody(answer.bodyAsText);
  const details: ServiceErrorDetails = {
    status: answer.status,
    serviceCode: body.innermostCode,
    requestId: requestIdOf(answer),
    target,
    retryAfterMs: retryAfterMs(answer),
  };
  const code = codeOf(answer.status, body);
  return new ServiceError(code, sentences[code]({ target, status: answer.status, body, details }), details);
}

function codeOf(status: number, { code, innermostCode }: ErrorBody): ServiceErrorCode {
  if (conflictCodes.includes(code ?? "") || conflictCodes.includes(innermostCode ?? "")) {
    return "conflict";
  }
  const byStatus: Readonly<Record<number, ServiceErrorCode>> = {
    401: "notSignedIn",
    403: "forbidden",
    404: "notFound",
    408: "timedOut",
    409: "conflict",
    410: "notFound",
    412: "conflict",
    429: "throttled",
  };
  return byStatus[status] ?? (status >= 500 ? "unreachable" : status >= 400 ? "invalidRequest" : "unexpectedResponse");
}

interface Failure {
  readonly target: string;
  readonly status: number;
  readonly body: ErrorBody;
  readonly details: ServiceErrorDetails;
}

const sentences = {
  notSignedIn: ({ target }) => t('Azure did not accept your sign-in; sign in again to reach "{0}".', target),
  forbidden: ({ target, body }) =>
    forbiddenSentence(body, target) ?? said(body) ?? t('You may not do this on "{0}".', target),
  notFound: ({ target, body }) => said(body) ?? t('Azure does not know "{0}".', target),
  conflict: ({ target, body, details }) =>
    conflictSentence(body, details) ??
    said(body) ??
    t('Something else has changed "{0}" meanwhile; try again.', target),
  throttled: ({ details }) => throttledSentence(details),
  unreachable: ({ target, status }) =>
    t('Azure could not answer for "{0}" (status {1}); try again in a moment.', target, status),
  timedOut: ({ target }) => t('Azure took too long to answer for "{0}"; try again in a moment.', target),
  operationFailed: ({ target, body }) => said(body) ?? t('The operation on "{0}" failed.', target),
  unexpectedResponse: ({ target, status }) =>
    t('Azure answered with an unexpected status {1} for "{0}".', target, status),
  invalidRequest: ({ target, status, body }) =>
    said(body) ?? t('Azure refused the request for "{0}" (status {1}).', target, status),
} satisfies Record<ServiceErrorCode, (failure: Failure) => string>;

/** The service's own text on one line. */
function said({ message }: ErrorBody): string | undefined {
  return message?.replace(/\s+/g, " ").trim();
}

function forbiddenSentence({ code, message }: ErrorBody, target: string): string | undefined {
  const action = /perform action '([^']+)'/.exec(message ?? "")?.[1];
  const scope = /over scope '([^']+)'/.exec(message ?? "")?.[1];
  return code === "AuthorizationFailed" && action
    ? t('You lack the right "{0}" on "{1}"; ask an owner for a role that has it.', action, scope ?? target)
    : undefined;
}

function conflictSentence(
  { code, message, innermostCode }: ErrorBody,
  details: ServiceErrorDetails,
): string | undefined {
  const target = details.target ?? "";
  if (code === "OperationNotAllowed" || code === "AnotherOperationInProgress") {
    const running = /Another operation \((.+?)\) is in progress/.exec(message ?? "")?.[1];
    return running
      ? t('Another operation ({1}) is running on "{0}"; wait for it to end, then try again.', target, running)
      : t('Another operation is running on "{0}"; wait for it to end, then try again.', target);
  }
  const isStale = details.status === 412 || /etag/i.test(innermostCode ?? "");
  return isStale ? t('Something else has changed "{0}" meanwhile; try again.', target) : undefined;
}

function throttledSentence({ target = "", retryAfterMs }: ServiceErrorDetails): string {
  return retryAfterMs === undefined
    ? t('Azure asks for fewer requests to "{0}"; try again in a moment.', target)
    : t('Azure asks for fewer requests to "{0}"; try again in {1} s.', target, Math.ceil(retryAfterMs / 1000));
}

/** How long the service asks to be left alone: `Retry-After` in seconds or as a date, or its millisecond forms. */
export function retryAfterMs(answer: Pick<RawAnswer, "headers">): number | undefined {
  for (const name of ["retry-after-ms", "x-ms-retry-after-ms"]) {
    const ms = Number(answer.headers.get(name) ?? Number.NaN);
    if (Number.isFinite(ms)) {
      return Math.max(0, ms);
    }
  }
  const text = answer.headers.get("retry-after")?.trim();
  if (!text) {
    return quotaResetMs(answer);
  }
  const seconds = Number(text);
  const ms = Number.isFinite(seconds) ? seconds * 1000 : Date.parse(text) - Date.now();
  return Number.isFinite(ms) ? Math.max(0, ms) : undefined;
}

/** Azure Resource Graph says `00:00:05` in a header of its own. */
function quotaResetMs(answer: Pick<RawAnswer, "headers">): number | undefined {
  const [, hours, minutes, seconds] =
    /^(\d+):(\d+):(\d+)/.exec(answer.headers.get("x-ms-user-quota-resets-after") ?? "") ?? [];
  return seconds === undefined ? undefined : ((Number(hours) * 60 + Number(minutes)) * 60 + Number(seconds)) * 1000;
}

/** The id under which Azure's support finds the request. */
export function requestIdOf(answer: Pick<RawAnswer, "headers">): string | undefined {
  return answer.headers.get("x-ms-request-id") ?? answer.headers.get("x-ms-correlation-request-id");
}

/**
 * Turns whatever a call threw into a `ServiceError`; an abort and a `ServiceError` stay what they are.
 * @param target what was asked for, to be shown
 */
export function toServiceError(error: unknown, target: string): Error {
  if (error instanceof ServiceError || isAbort(error)) {
    return error as Error;
  }
  if (isRestError(error)) {
    return error.response
      ? errorOfAnswer(error.response, target)
      : new ServiceError(
          "unreachable",
          unreachableSentence(error.code, target),
          { target },
          { cause: withoutRequest(error) },
        );
  }
  return error instanceof Error ? error : new Error(String(error));
}

/** The error of a call that our own limit on waiting for one answer has ended. */
export function noAnswer(target: string, { answerWithinMs }: { readonly answerWithinMs: number }): ServiceError {
  const seconds = Math.max(1, Math.round(answerWithinMs / 1000));
  return new ServiceError("timedOut", t('No answer for "{0}" within {1} s.', target, seconds), { target });
}

/** The SDK's error carries the whole request: the token, and the body with a secret's value. */
function withoutRequest(error: Error): Error {
  const bare = new Error(error.message);
  bare.name = error.name;
  return bare;
}

function unreachableSentence(code: string | undefined, target: string): string {
  if (code === "ENOTFOUND" || code === "EAI_AGAIN") {
    return t('The address of "{0}" could not be found; check the network and DNS.', target);
  }
  if (code === "ECONNREFUSED") {
    return t('The connection to "{0}" was refused.', target);
  }
  if (code === "ECONNRESET" || code === "EPIPE") {
    return t('The connection to "{0}" was dropped; try again.', target);
  }
  if (code === "ETIMEDOUT" || code === "EHOSTUNREACH" || code === "ENETUNREACH") {
    return t('"{0}" cannot be reached from here; check network, VPN and proxy.', target);
  }
  return isCertificateProblem(code)
    ? t('The certificate of "{0}" is not trusted on this machine ({1}).', target, code ?? "")
    : t('No connection to "{0}" ({1}).', target, code ?? "?");
}

function isCertificateProblem(code: string | undefined): boolean {
  return /CERT|SELF_SIGNED|UNABLE_TO_VERIFY|UNABLE_TO_GET_ISSUER/.test(code ?? "");
}
