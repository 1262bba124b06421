import type { IncomingHttpHeaders, IncomingMessage } from "node:http";
import https from "node:https";
import { setTimeout as delay } from "node:timers/promises";
import { promisify } from "node:util";
import { gunzip } from "node:zlib";

import type { CallOptions } from "../call.ts";
import { ServiceError } from "../errors.ts";
import type { Logger } from "../log.ts";
import { abortError } from "../azure/tokens.ts";
import {
  answerTimeoutCode,
  codeIn,
  errorOfAnswer,
  errorOfSilence,
  type ClusterSituation,
  type Target,
} from "./apiErrors.ts";
import type { Authorization } from "./authorization.ts";
import type { ClusterConnection } from "./kubeconfig.ts";

/** One request to an API server. */
export interface ApiRequest {
  readonly method: "GET" | "POST" | "PATCH" | "DELETE";
  /** With its query. */
  readonly path: string;
  readonly target: Target;
  readonly accept?: string | undefined;
  /** Sent as JSON, under `contentType`. */
  readonly body?: unknown;
  readonly contentType?: string | undefined;
  /** Seconds for which the server may send nothing: a watch. */
  readonly openForSeconds?: number | undefined;
}

/** How long to wait, and how often to try again. */
export interface ApiTiming {
  readonly connectWithinMs: number;
  /** Longest silence of a server that took the connection. */
  readonly answerWithinMs: number;
  /** First pause before a call is repeated; doubles each time. */
  readonly retryDelayMs: number;
  /** The longest pause, also where the server asks for more. */
  readonly maxPauseMs: number;
}

/** A private cluster's name often resolves to an address that swallows packets: ten seconds say enough. */
export const realApiTiming: ApiTiming = {
  connectWithinMs: 10_000,
  answerWithinMs: 60_000,
  retryDelayMs: 500,
  maxPauseMs: 30_000,
};

const maxRetries = 3;

/** What a transport is made with. */
export interface TransportInput {
  readonly cluster: string;
  readonly connection: ClusterConnection;
  readonly authorization: Authorization;
  readonly log: Logger;
  readonly timing: ApiTiming;
  /** Asked when the server does not answer; never throws. */
  readonly situation: (options: CallOptions) => Promise<ClusterSituation | undefined>;
}

/** The way to one API server: keep-alive, sign-in, retries, a log line per call, one error type. */
export interface Transport {
  /** The text of a successful answer. @throws {ServiceError} every other answer; an `AbortError` on abort */
  send(request: ApiRequest, options?: CallOptions): Promise<string>;
  /** The body of a successful answer as it comes. The caller reads it to its end or aborts. */
  open(request: ApiRequest, options?: CallOptions): Promise<IncomingMessage>;
}

/** Makes the way to one API server. Makes no request. */
export function createTransport(input: TransportInput): Transport {
  const { connection } = input;
  const agent = new https.Agent({
    keepAlive: true,
    ...(connection.certificateAuthority ? { ca: connection.certificateAuthority } : {}),
    ...(connection.serverName ? { servername: connection.serverName } : {}),
    ...(connection.auth.kind === "certificate"
      ? { cert: connection.auth.certificate, key: connection.auth.privateKey }
      : {}),
  });
  const open = (request: ApiRequest, options: CallOptions) => openAnswer(input, agent, request, options);
  return {
    open: (request, options = {}) => withRetries(input, request, options, () => open(request, options)),
    send: (request, options = {}) =>
      withRetries(input, request, options, async () => readText(await open(request, options))),
  };
}

/** An answer that is a success, with the sign-in it took: a 401 is tried once more with a fresh token. */
async function openAnswer(
  input: TransportInput,
  agent: https.Agent,
  request: ApiRequest,
  options: CallOptions,
): Promise<IncomingMessage> {
  const header = await input.authorization.header(options);
  const first = await exchange(input, agent, request, { header, options });
  if (first.statusCode !== 401 || !input.authorization.canRefresh) {
    return orThrow(first, request.target);
  }
  first.resume();
  input.authorization.forget();
  const fresh = await input.authorization.header(options);
  return orThrow(await exchange(input, agent, request, { header: fresh, options }), request.target);
}

async function orThrow(answer: IncomingMessage, target: Target): Promise<IncomingMessage> {
  const status = answer.statusCode ?? 0;
  if (status >= 200 && status < 300) {
    return answer;
  }
  throw errorOfAnswer(
    {
      status,
      text: await readText(answer),
      requestId: requestIdOf(answer.headers),
      retryAfterMs: retryAfterMs(answer.headers),
    },
    target,
  );
}

function requestIdOf(headers: IncomingHttpHeaders): string | undefined {
  const id = headers["audit-id"];
  return typeof id === "string" ? id : undefined;
}

function retryAfterMs(headers: IncomingHttpHeaders): number | undefined {
  const seconds = Number(headers["retry-after"] ?? Number.NaN);
  return Number.isFinite(seconds) ? Math.max(0, seconds * 1000) : undefined;
}

interface Exchange {
  readonly header: string | undefined;
  readonly options: CallOptions;
}

/** One request on the wire; resolves with the head of the answer. */
async function exchange(
  input: TransportInput,
  agent: https.Agent,
  request: ApiRequest,
  given: Exchange,
): Promise<IncomingMessage> {
  given.options.signal?.throwIfAborted();
  const startedAt = performance.now();
  const write = (outcome: string, id = "-") => {
    const { host } = new URL(input.connection.server);
    const path = request.path.split("?", 1)[0] ?? "";
    input.log.debug(
      `${request.method} ${host}${path} ${outcome} ${Math.round(performance.now() - startedAt)} ms ${id}`,
    );
  };
  try {
    const answer = await onWire(input, agent, request, given);
    write(String(answer.statusCode), requestIdOf(answer.headers));
    return answer;
  } catch (error) {
    write(codeIn(error) ?? "failed");
    throw error;
  }
}

async function onWire(
  { connection, timing }: TransportInput,
  agent: https.Agent,
  request: ApiRequest,
  { header, options: { signal } }: Exchange,
): Promise<IncomingMessage> {
  const body = request.body === undefined ? undefined : JSON.stringify(request.body);
  return new Promise<IncomingMessage>((resolve, reject) => {
    const sent = https.request(
      connection.server + request.path,
      { method: request.method, agent, headers: headersOf(request, body, header), ...(signal ? { signal } : {}) },
      resolve,
    );
    sent.on("error", reject);
    limitConnecting(sent, timing.connectWithinMs);
    sent.setTimeout(timing.answerWithinMs + (request.openForSeconds ?? 0) * 1000, () => {
      sent.destroy(Object.assign(new Error("No answer in time"), { code: answerTimeoutCode }));
    });
    sent.end(body);
  });
}

function headersOf(request: ApiRequest, body: string | undefined, authorization: string | undefined) {
  return {
    accept: request.accept ?? "application/json",
    ...(request.openForSeconds === undefined ? { "accept-encoding": "gzip" } : {}),
    "user-agent": "key-vault-csi",
    ...(authorization ? { authorization } : {}),
    ...(body === undefined
      ? {}
      : { "content-type": request.contentType ?? "application/json", "content-length": Buffer.byteLength(body) }),
  };
}

function limitConnecting(sent: ReturnType<typeof https.request>, withinMs: number): void {
  sent.on("socket", (socket) => {
    if (!socket.connecting) {
      return;
    }
    const timer = setTimeout(() => {
      sent.destroy(Object.assign(new Error("No connection in time"), { code: "ETIMEDOUT" }));
    }, withinMs);
    const stop = () => {
      clearTimeout(timer);
    };
    socket.once("secureConnect", stop);
    socket.once("close", stop);
  });
}

const inflate = promisify(gunzip);

async function readText(answer: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  await new Promise<void>((resolve, reject) => {
    answer.on("data", (chunk: Buffer) => chunks.push(chunk));
    answer.on("end", resolve);
    answer.on("error", reject);
  });
  const whole = Buffer.concat(chunks);
  return (answer.headers["content-encoding"] === "gzip" ? await inflate(whole) : whole).toString("utf8");
}

/** Repeats what the server has not carried out; gives every other failure its sentence. */
async function withRetries<T>(
  input: TransportInput,
  request: ApiRequest,
  options: CallOptions,
  attempt: () => Promise<T>,
): Promise<T> {
  for (let retries = 0; ; retries += 1) {
    try {
      return await attempt();
    } catch (error) {
      if (options.signal?.aborted) {
        throw abortError();
      }
      const pauseMs = pauseBefore(error, request, retries, input.timing);
      if (pauseMs === undefined) {
        throw await explain(input, request.target, error, options);
      }
      await delay(pauseMs, undefined, options.signal ? { signal: options.signal } : {});
    }
  }
}

/** Undefined: not again. */
function pauseBefore(error: unknown, request: ApiRequest, retries: number, timing: ApiTiming): number | undefined {
  if (retries >= maxRetries || !mayRepeat(error, request)) {
    return undefined;
  }
  const asked = error instanceof ServiceError ? error.details.retryAfterMs : undefined;
  return Math.min(asked ?? timing.retryDelayMs * 2 ** retries, timing.maxPauseMs);
}

function mayRepeat(error: unknown, request: ApiRequest): boolean {
  if (!(error instanceof ServiceError)) {
    // A kept-alive connection that the server has just closed; a POST may have been carried out.
    return ["ECONNRESET", "EPIPE"].includes(codeIn(error) ?? "") && request.method !== "POST";
  }
  const { status = 0, retryAfterMs } = error.details;
  return status === 429 || status === 503 || (status >= 500 && retryAfterMs !== undefined);
}

async function explain(input: TransportInput, target: Target, error: unknown, options: CallOptions): Promise<Error> {
  const isSilence = !(error instanceof ServiceError) && codeIn(error) !== answerTimeoutCode;
  const situation = isSilence ? await input.situation(options) : undefined;
  return errorOfSilence(error, target, new URL(input.connection.server).hostname, situation);
}
