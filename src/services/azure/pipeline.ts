import {
  createEmptyPipeline,
  decompressResponsePolicy,
  isRestError,
  proxyPolicy,
  retryPolicy,
  setClientRequestIdPolicy,
  userAgentPolicy,
  type Pipeline,
  type PipelinePolicy,
  type PipelineRequest,
  type PipelineResponse,
  type RetryStrategy,
  type SendRequest,
} from "@azure/core-rest-pipeline";

import { ServiceError } from "../errors.ts";
import { t } from "../l10n.ts";
import type { Logger } from "../log.ts";
import { requestIdOf, retryAfterMs } from "./serviceError.ts";
import { getToken, type RefreshableCredential } from "./tokens.ts";

/** Pauses and limits; tests shorten them. */
export interface Timing {
  /** First pause before a call is repeated; doubles each time. */
  readonly retryDelayMs: number;
  /** The longest pause, also where the service asks for more. */
  readonly maxPauseMs: number;
  /** Between two looks at an operation where no `Retry-After` says otherwise. */
  readonly pollEveryMs: number;
  /** How long one answer may take. */
  readonly answerWithinMs: number;
}

/** What Azure's own limits suggest. AKS asks for polls no closer than ten seconds. */
export const realTiming: Timing = {
  retryDelayMs: 1_000,
  maxPauseMs: 120_000,
  pollEveryMs: 10_000,
  answerWithinMs: 100_000,
};

const maxRetries = 3;

/** Calls whose method does not say rightly whether they may run twice. */
const repeatable = new WeakMap<PipelineRequest, boolean>();

/** Says whether a call may be repeated after an unclear failure, where its method says otherwise. */
export function setRepeatable(request: PipelineRequest, may: boolean): void {
  repeatable.set(request, may);
}

/** POSTs that only read, by ARM's naming; the SDK's clients send them. */
const readingPost = /\/(?:list[A-Z]\w*|checkNameAvailability|Microsoft\.ResourceGraph\/resources)$/;

/** What a pipeline is made for. */
export interface PipelineInput {
  readonly credential: RefreshableCredential;
  readonly audience: string;
  readonly tenantId: string | undefined;
  /** The only origin that gets the token; undefined: whoever is asked. */
  readonly onlyOrigin: string | undefined;
  readonly log: Logger;
  readonly timing: Timing;
  /** Called when a service named another tenant than the one asked with. */
  readonly onTenant: (url: string, tenantId: string) => void;
}

/** Makes the one way to Azure: proxy, user agent, retries, a token for one tenant and audience, a log line per call. No tracing. */
export function createAzurePipeline(input: PipelineInput): Pipeline {
  const pipeline = createEmptyPipeline();
  pipeline.addPolicy(proxyPolicy());
  pipeline.addPolicy(decompressResponsePolicy());
  pipeline.addPolicy(userAgentPolicy({ userAgentPrefix: "key-vault-csi" }));
  pipeline.addPolicy(setClientRequestIdPolicy());
  pipeline.addPolicy(retryPolicy([retryStrategy(input.timing)], { maxRetries }), { phase: "Retry" });
  pipeline.addPolicy(tokenPolicy(input), { phase: "Sign" });
  pipeline.addPolicy(logLinePolicy(input.log), { afterPhase: "Sign" });
  return pipeline;
}

function retryStrategy(timing: Timing): RetryStrategy {
  return {
    name: "azureRetry",
    retry({ retryCount, response, responseError }) {
      const answer = response ?? responseError?.response;
      const request = answer?.request ?? responseError?.request;
      if (!shouldRepeat(request, answer)) {
        return responseError ? { errorToThrow: responseError } : { skipStrategy: true };
      }
      const asked = answer ? retryAfterMs(answer) : undefined;
      if (asked !== undefined && asked > realTiming.maxPauseMs) {
        return { skipStrategy: true };
      }
      const backoff = timing.retryDelayMs * 2 ** retryCount * (0.8 + Math.random() * 0.4);
      return { retryAfterInMs: Math.min(asked ?? backoff, timing.maxPauseMs) };
    },
  };
}

/** 429 and 503 with `Retry-After` were not carried out; after anything else only what may run twice is repeated. */
function shouldRepeat(request: PipelineRequest | undefined, answer: PipelineResponse | undefined): boolean {
  if (answer?.status === 429 || (answer?.status === 503 && retryAfterMs(answer) !== undefined)) {
    return true;
  }
  const isUnclear = answer === undefined || [408, 500, 502, 503, 504].includes(answer.status);
  return isUnclear && request !== undefined && mayRunTwice(request);
}

function mayRunTwice(request: PipelineRequest): boolean {
  const isIdempotent = ["GET", "HEAD", "PUT", "DELETE"].includes(request.method);
  const isReading = request.method === "POST" && readingPost.test(new URL(request.url).pathname);
  return repeatable.get(request) ?? (isIdempotent || isReading);
}

function tokenPolicy(input: PipelineInput): PipelinePolicy {
  return {
    name: "azureToken",
    async sendRequest(request, next) {
      const first = await authorize(input, request, { tenantId: input.tenantId });
      const answer = await answerOf(request, next);
      if (answer.status !== 401) {
        return answer;
      }
      const challenge = readChallenge(answer.headers.get("WWW-Authenticate"));
      const isOtherTenant = challenge.tenantId !== undefined && challenge.tenantId !== tenantOfToken(first);
      if (!isOtherTenant) {
        input.credential.forgetTokens?.();
      }
      const tenantId = isOtherTenant ? challenge.tenantId : input.tenantId;
      const second = await authorize(input, request, { tenantId, claims: challenge.claims });
      if (second === first) {
        return answer;
      }
      const answered = await answerOf(request, next);
      if (isOtherTenant && tenantId && answered.status !== 401) {
        input.onTenant(request.url, tenantId);
      }
      return answered;
    },
  };
}

async function authorize(
  { credential, audience, onlyOrigin }: PipelineInput,
  request: PipelineRequest,
  wanted: { readonly tenantId: string | undefined; readonly claims?: string | undefined },
): Promise<string> {
  const { protocol, origin, host } = new URL(request.url);
  if (protocol !== "https:" || (onlyOrigin !== undefined && origin !== onlyOrigin)) {
    throw new ServiceError("unexpectedResponse", t('An answer points elsewhere, to "{0}"; it is not followed.', host));
  }
  const signal = request.abortSignal as AbortSignal | undefined;
  const { token } = await getToken(credential, { audience, ...wanted, signal });
  request.headers.set("Authorization", `Bearer ${token}`);
  return token;
}

async function answerOf(request: PipelineRequest, next: SendRequest): Promise<PipelineResponse> {
  try {
    return await next(request);
  } catch (error) {
    if (isRestError(error) && error.response) {
      return error.response;
    }
    throw error;
  }
}

/** Reads `authorization_uri="https://login…/<tenant>"` and the claims of a Continuous Access Evaluation challenge. */
export function readChallenge(header: string | undefined): {
  tenantId: string | undefined;
  claims: string | undefined;
} {
  const parameter = (name: string) => new RegExp(`\\b${name}="([^"]*)"`).exec(header ?? "")?.[1];
  const authority = parameter("authorization_uri") ?? parameter("authorization");
  const tenantId = /^https:\/\/[^/]+\/([0-9a-f-]{36})(?:\/|$)/i.exec(authority ?? "")?.[1]?.toLowerCase();
  const claims = parameter("error") === "insufficient_claims" ? parameter("claims") : undefined;
  return { tenantId, claims: claims ? Buffer.from(claims, "base64").toString("utf8") : undefined };
}

/** The `tid` of a token, lower case; undefined where it is not a readable JWT. */
export function tenantOfToken(token: string): string | undefined {
  try {
    const claims = JSON.parse(Buffer.from(token.split(".")[1] ?? "", "base64url").toString("utf8")) as {
      tid?: unknown;
    };
    return typeof claims.tid === "string" ? claims.tid.toLowerCase() : undefined;
  } catch {
    return undefined;
  }
}

function logLinePolicy(log: Logger): PipelinePolicy {
  return {
    name: "azureLogLine",
    async sendRequest(request, next) {
      const { host, pathname } = new URL(request.url);
      const startedAt = performance.now();
      const write = (outcome: string, id = "-") => {
        log.debug(
          `${request.method} ${host}${pathname} ${outcome} ${Math.round(performance.now() - startedAt)} ms ${id}`,
        );
      };
      try {
        const answer = await next(request);
        write(String(answer.status), requestIdOf(answer));
        return answer;
      } catch (error) {
        write(isRestError(error) ? (error.code ?? "failed") : error instanceof Error ? error.name : "failed");
        throw error;
      }
    },
  };
}
