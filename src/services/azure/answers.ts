import * as z from "zod/mini";

import { ServiceError } from "../errors.ts";
import { t } from "../l10n.ts";
import type { AzureAnswer } from "./clients.ts";
import type { Timing } from "./pipeline.ts";
import { readErrorBody, requestIdOf, retryAfterMs, type RawAnswer } from "./serviceError.ts";

/**
 * Reads an answer's body by a schema.
 * @throws {ServiceError} `unexpectedResponse` when it does not fit
 */
export function parseAnswer<S extends z.ZodMiniType>(schema: S, answer: AzureAnswer): z.output<S> {
  return parseBody(schema, answer.body, answer.request.target ?? "", requestIdOf(answer));
}

/**
 * Reads a value by a schema; the message never holds the value, only where it does not fit.
 * @throws {ServiceError} `unexpectedResponse`
 */
export function parseBody<S extends z.ZodMiniType>(
  schema: S,
  body: unknown,
  target: string,
  requestId?: string,
): z.output<S> {
  const read = schema.safeParse(body);
  if (read.success) {
    return read.data;
  }
  const path = read.error.issues[0]?.path.join(".");
  throw unexpected(target, requestId, path);
}

/** The JSON of an answer; undefined where there is none. @throws {ServiceError} `unexpectedResponse` when a success is no JSON */
export function readJson(answer: RawAnswer, isSuccess: boolean, target: string): unknown {
  const text = answer.bodyAsText;
  if (!text) {
    return undefined;
  }
  try {
    return JSON.parse(text) as unknown;
  } catch {
    if (isSuccess) {
      throw unexpected(target, requestIdOf(answer), undefined);
    }
    return undefined;
  }
}

function unexpected(target: string, requestId: string | undefined, path: string | undefined): ServiceError {
  const message = path
    ? t('Azure\'s answer for "{0}" is not as documented (at "{1}").', target, path)
    : t('Azure\'s answer for "{0}" is not as documented.', target);
  return new ServiceError("unexpectedResponse", message, { target, requestId });
}

const Page = z.object({ value: z.array(z.unknown()), nextLink: z.optional(z.nullable(z.string())) });

/** One page of a list. */
export function readPage(answer: AzureAnswer): { value: readonly unknown[]; nextLink: string | undefined } {
  const { value, nextLink } = parseAnswer(Page, answer);
  return { value, nextLink: nextLink ?? undefined };
}

/** Where an operation tells how it stands. */
export interface Operation {
  readonly kind: "status" | "location";
  readonly url: string;
}

/** The operation an answer has started; undefined where the answer is the end. */
export function operationOf(answer: AzureAnswer): Operation | undefined {
  const status = answer.headers.get("azure-asyncoperation") ?? answer.headers.get("operation-location");
  if (status) {
    return { kind: "status", url: status };
  }
  const location = answer.headers.get("location");
  return location && answer.status === 202 ? { kind: "location", url: location } : undefined;
}

const Status = z.object({
  status: z.string(),
  error: z.optional(z.nullable(z.looseObject({ code: z.optional(z.string()), message: z.optional(z.string()) }))),
});

/**
 * Whether the operation is over.
 * @throws {ServiceError} `operationFailed` with the operation's own code and message
 */
export function isOver(answer: AzureAnswer, kind: Operation["kind"], target: string): boolean {
  if (kind === "location") {
    return answer.status !== 202;
  }
  const { status, error } = parseAnswer(Status, answer);
  switch (status.toLowerCase()) {
    case "succeeded":
      return true;
    case "failed":
    case "canceled":
    case "cancelled":
      throw operationFailed(status, error, { target, requestId: requestIdOf(answer) });
    default:
      return false;
  }
}

function operationFailed(
  status: string,
  error: { readonly code?: string | undefined; readonly message?: string | undefined } | null | undefined,
  details: { readonly target: string; readonly requestId: string | undefined },
): ServiceError {
  const { message, innermostCode } = readErrorBody(JSON.stringify({ error: error ?? {} }));
  const said = message?.replace(/\s+/g, " ").trim();
  const isCanceled = status.toLowerCase() !== "failed";
  const sentence = isCanceled
    ? t('The operation on "{0}" was canceled.', details.target)
    : t('The operation on "{0}" failed: {1}', details.target, said ?? t("Azure gave no reason."));
  return new ServiceError("operationFailed", sentence, { ...details, serviceCode: innermostCode });
}

/** How long to wait before the next look. */
export function pauseBefore(answer: Pick<AzureAnswer, "headers">, timing: Timing): number {
  return Math.min(retryAfterMs(answer) ?? timing.pollEveryMs, timing.maxPauseMs);
}

/** The last segment of an address: the name of what is asked for. */
export function nameIn(url: URL): string {
  const last = url.pathname.split("/").findLast((segment) => segment !== "");
  return last === undefined ? url.host : decodeURIComponent(last);
}

/** The subscription an ARM address is about, lower case. */
export function subscriptionIn(url: URL): string | undefined {
  return /^\/subscriptions\/([0-9a-f-]{36})(?:\/|$)/i.exec(url.pathname)?.[1]?.toLowerCase();
}
