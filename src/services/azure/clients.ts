import { setTimeout as delay } from "node:timers/promises";

import type { TokenCredential } from "@azure/core-auth";
import {
  createDefaultHttpClient,
  createHttpHeaders,
  createPipelineRequest,
  type Pipeline,
  type PipelineRequest,
  type PipelineResponse,
} from "@azure/core-rest-pipeline";

import type { CallOptions } from "../call.ts";
import { ServiceError, isAbort } from "../errors.ts";
import { t } from "../l10n.ts";
import type { Logger } from "../log.ts";
import { isOver, nameIn, operationOf, pauseBefore, readJson, readPage, subscriptionIn } from "./answers.ts";
import type { Cloud } from "./cloud.ts";
import { createAzurePipeline, realTiming, setRepeatable, type Timing } from "./pipeline.ts";
import { errorOfSdk, pipelineForSdk } from "./sdk.ts";
import { errorOfAnswer, noAnswer, toServiceError } from "./serviceError.ts";
import { abortError, type RefreshableCredential } from "./tokens.ts";

/** One request to Azure Resource Manager or to a vault. */
export interface AzureRequest {
  readonly method: "GET" | "HEAD" | "PUT" | "POST" | "PATCH" | "DELETE";
  /** Starts with `/`: an ARM id, or the path of a vault's data plane. May carry a query of its own. Give this or `url`. */
  readonly path?: string | undefined;
  /** A whole address out of an answer (`nextLink`, `Azure-AsyncOperation`). Followed only on the origin of `base`. */
  readonly url?: string | undefined;
  /** Where `path` starts; Azure Resource Manager unless told. For a vault, its `vaultUri`. */
  readonly base?: string | undefined;
  /** Whose token is sent; `resourceManager` unless told. */
  readonly audience?: "resourceManager" | "keyVault" | undefined;
  readonly apiVersion?: string | undefined;
  /** Undefined: the tenant of the subscription in the path, as far as it is known, else the credential's own. */
  readonly tenantId?: string | undefined;
  readonly headers?: Readonly<Record<string, string>> | undefined;
  /** Sent as JSON. */
  readonly body?: unknown;
  /** A POST that only reads: repeated after a dropped connection like a GET. */
  readonly isRead?: boolean | undefined;
  /** A PUT or DELETE that must not be repeated blindly after a dropped connection or a 5xx. */
  readonly isOnce?: boolean | undefined;
  /** Statuses that are answers here and not errors: `[404]`. */
  readonly accept?: readonly number[] | undefined;
  /** What the user would call the thing asked for; the last segment of the path unless told. */
  readonly target?: string | undefined;
}

/** An answer with its JSON read; `undefined` where there is no body. */
export interface AzureAnswer {
  readonly status: number;
  readonly headers: { get(name: string): string | undefined };
  readonly body: unknown;
  /** What was asked. */
  readonly request: AzureRequest;
}

/** How to wait for a long-running operation. */
export interface WaitInput {
  /** To be shown: the name of the cluster or vault. */
  readonly target: string;
  /** Our own limit; an hour unless told. */
  readonly withinMs?: number | undefined;
}

/** What an SDK client is made with, so that it goes the same way as everything else. */
export interface SdkInput {
  readonly credential: TokenCredential;
  readonly options: {
    readonly endpoint: string;
    readonly pipeline: Pipeline;
    readonly credentials: { readonly scopes: string[] };
  };
}

/** Whose token an SDK client sends, and what its errors name. */
export interface SdkWhere {
  readonly subscriptionId?: string | undefined;
  readonly tenantId?: string | undefined;
  /** To be shown. */
  readonly target: string;
}

/** The one way to Azure. */
export interface AzureClients {
  readonly cloud: Cloud;
  readonly timing: Timing;
  readonly log: Logger;
  readonly credential: TokenCredential;

  /**
   * Sends a request with the right tenant's token, retries, and reads the answer.
   * @throws {ServiceError} every answer that is neither a success nor in `accept`; an `AbortError` on abort
   */
  send(request: AzureRequest, options?: CallOptions): Promise<AzureAnswer>;

  /** Reads a list page by page, following `nextLink`. */
  list(request: AzureRequest, options?: CallOptions): AsyncIterable<readonly unknown[]>;

  /**
   * Waits until the operation that the answer has started is over, as its `Azure-AsyncOperation` or `Location` says.
   * @returns the body of the last answer
   * @throws {ServiceError} `operationFailed` with the operation's own message; `timedOut`
   */
  waitForOperation(started: AzureAnswer, input: WaitInput, options?: CallOptions): Promise<unknown>;

  /**
   * Runs calls of an SDK client on the same pipeline, with the same errors, limits and cancellation as {@link send}.
   * @throws {ServiceError} also `unexpectedResponse` when the SDK cannot read an answer
   */
  callSdk<T>(where: SdkWhere, call: (sdk: SdkInput) => Promise<T>, options?: CallOptions): Promise<T>;

  /** Remembers the tenant of a subscription, so that its first request carries the right token. */
  learnTenant(subscriptionId: string, tenantId: string): void;
  /** Undefined where it is not known. */
  tenantOf(subscriptionId: string): string | undefined;
}

/** What the clients are made with. */
export interface AzureClientsInput {
  readonly cloud: Cloud;
  readonly credential: RefreshableCredential;
  readonly log: Logger;
  readonly timing?: Partial<Timing> | undefined;
}

/** Makes the clients. Makes no request. */
export function createAzureClients(input: AzureClientsInput): AzureClients {
  return new Clients(input);
}

class Clients implements AzureClients {
  readonly cloud: Cloud;
  readonly timing: Timing;
  readonly log: Logger;
  readonly credential: RefreshableCredential;
  readonly #http = createDefaultHttpClient();
  readonly #pipelines = new Map<string, Pipeline>();
  readonly #tenants = new Map<string, string>();

  constructor({ cloud, credential, log, timing }: AzureClientsInput) {
    this.cloud = cloud;
    this.credential = credential;
    this.log = log;
    this.timing = { ...realTiming, ...timing };
  }

  async send(request: AzureRequest, options: CallOptions = {}): Promise<AzureAnswer> {
    const url = this.#addressOf(request);
    const target = request.target ?? nameIn(url);
    const answer = await this.#exchange(url, request, target, options);
    const isSuccess = answer.status >= 200 && answer.status < 300;
    if (!isSuccess && !request.accept?.includes(answer.status)) {
      throw errorOfAnswer(answer, target);
    }
    return {
      status: answer.status,
      headers: answer.headers,
      body: readJson(answer, isSuccess, target),
      request: { ...request, target },
    };
  }

  async *list(request: AzureRequest, options: CallOptions = {}): AsyncIterable<readonly unknown[]> {
    for (let next: AzureRequest | undefined = request; next;) {
      const answer: AzureAnswer = await this.send(next, options);
      const { value, nextLink } = readPage(answer);
      yield value;
      next = nextLink ? { ...request, method: "GET", path: undefined, url: nextLink, body: undefined } : undefined;
    }
  }

  async waitForOperation(started: AzureAnswer, input: WaitInput, options: CallOptions = {}): Promise<unknown> {
    const operation = operationOf(started);
    if (!operation) {
      return started.body;
    }
    const giveUpAt = performance.now() + (input.withinMs ?? 3_600_000);
    let answer = started;
    do {
      await this.#pause(answer, giveUpAt, input.target, options.signal);
      answer = await this.send(this.#follow(started, operation.url), options);
    } while (!isOver(answer, operation.kind, input.target));
    return answer.body;
  }

  async callSdk<T>(where: SdkWhere, call: (sdk: SdkInput) => Promise<T>, options: CallOptions = {}): Promise<T> {
    const { cloud, timing, credential } = this;
    const tenantId = where.tenantId ?? (where.subscriptionId ? this.tenantOf(where.subscriptionId) : undefined);
    const shared = this.#pipeline(cloud.resourceManagerAudience, tenantId);
    const pipeline = pipelineForSdk(shared, { timing, target: where.target, signal: options.signal });
    const scopes = [`${cloud.resourceManagerAudience}/.default`];
    try {
      return await call({
        credential,
        options: { endpoint: cloud.resourceManager, pipeline, credentials: { scopes } },
      });
    } catch (error) {
      throw options.signal?.aborted ? abortError() : errorOfSdk(error, where.target);
    }
  }

  learnTenant(subscriptionId: string, tenantId: string): void {
    this.#tenants.set(subscriptionId.toLowerCase(), tenantId);
  }

  tenantOf(subscriptionId: string): string | undefined {
    return this.#tenants.get(subscriptionId.toLowerCase());
  }

  #follow(started: AzureAnswer, url: string): AzureRequest {
    const { base, audience, tenantId, target } = started.request;
    const known = tenantId ?? this.#tenantFor(this.#addressOf(started.request));
    return { method: "GET", url, base, audience, tenantId: known, target };
  }

  #addressOf({ path, url, base, apiVersion }: AzureRequest): URL {
    const origin = new URL(base ?? this.cloud.resourceManager);
    const address = url === undefined ? new URL(origin.origin + (path ?? "/")) : new URL(url, origin);
    if (address.origin !== origin.origin) {
      throw new ServiceError(
        "unexpectedResponse",
        t('An answer of "{0}" points elsewhere, to "{1}"; it is not followed.', origin.host, address.host),
      );
    }
    if (apiVersion && url === undefined) {
      address.searchParams.set("api-version", apiVersion);
    }
    return address;
  }

  async #exchange(url: URL, request: AzureRequest, target: string, { signal }: CallOptions): Promise<PipelineResponse> {
    if (signal?.aborted) {
      throw abortError();
    }
    const { cloud } = this;
    const audience = request.audience === "keyVault" ? cloud.keyVaultAudience : cloud.resourceManagerAudience;
    const pipeline = this.#pipeline(audience, request.tenantId ?? this.#tenantFor(url));
    try {
      return await pipeline.sendRequest(this.#http, this.#toPipelineRequest(url, request, signal));
    } catch (error) {
      if (signal?.aborted) {
        throw abortError();
      }
      if (isAbort(error)) {
        throw noAnswer(target, this.timing);
      }
      throw toServiceError(error, target);
    }
  }

  #toPipelineRequest(url: URL, request: AzureRequest, signal: AbortSignal | undefined): PipelineRequest {
    const hasBody = request.body !== undefined;
    const made = createPipelineRequest({
      url: url.href,
      method: request.method,
      timeout: this.timing.answerWithinMs,
      headers: createHttpHeaders({
        Accept: "application/json",
        ...(hasBody ? { "Content-Type": "application/json; charset=utf-8" } : {}),
        ...request.headers,
      }),
      ...(hasBody ? { body: JSON.stringify(request.body) } : {}),
      ...(signal ? { abortSignal: signal } : {}),
    });
    if (request.isRead !== undefined || request.isOnce !== undefined) {
      setRepeatable(made, Boolean(request.isRead) && !request.isOnce);
    }
    return made;
  }

  #pipeline(audience: string, tenantId: string | undefined): Pipeline {
    const key = `${audience} ${tenantId ?? ""}`;
    const known = this.#pipelines.get(key);
    if (known) {
      return known;
    }
    const pipeline = createAzurePipeline({
      credential: this.credential,
      audience,
      tenantId,
      // Vaults are many; where they are is said by ARM, and `send` keeps to the origin it was given.
      onlyOrigin:
        audience === this.cloud.resourceManagerAudience ? new URL(this.cloud.resourceManager).origin : undefined,
      log: this.log,
      timing: this.timing,
      onTenant: (url, learned) => {
        const subscriptionId = subscriptionIn(new URL(url));
        if (subscriptionId) {
          this.learnTenant(subscriptionId, learned);
        }
      },
    });
    this.#pipelines.set(key, pipeline);
    return pipeline;
  }

  #tenantFor(url: URL): string | undefined {
    const subscriptionId = subscriptionIn(url);
    return subscriptionId ? this.tenantOf(subscriptionId) : undefined;
  }

  async #pause(answer: AzureAnswer, giveUpAt: number, target: string, signal: AbortSignal | undefined): Promise<void> {
    const pauseMs = pauseBefore(answer, this.timing);
    if (performance.now() + pauseMs > giveUpAt) {
      throw new ServiceError("timedOut", t('Azure is still working on "{0}"; we stopped waiting.', target), { target });
    }
    await delay(pauseMs, undefined, signal ? { signal } : {});
  }
}
