import type { IncomingMessage } from "node:http";
import { setTimeout as delay } from "node:timers/promises";

import type { CallOptions } from "../call.ts";
import { ServiceError, isAbort } from "../errors.ts";
import { isExpired, readPage, type ApiClientInput } from "./apiClient.ts";
import { errorOfStatus, parseJson, readStatus, unexpectedAnswer, type Target } from "./apiErrors.ts";
import type { KubernetesObject, ListQuery, ResourceKind, WatchEvent } from "./clusterClient.ts";
import { acceptOf, queryString, resourcePath, selection, targetOf } from "./resourcePath.ts";

/** The server ends a watch after this; a fresh one goes on where it ended. */
const watchForSeconds = 240;
const reconnectAfterMs = 1_000;

/** What is being watched, and how far it has come. */
interface Watching {
  readonly input: ApiClientInput;
  readonly kind: ResourceKind;
  readonly query: ListQuery;
  readonly target: Target;
  readonly options: CallOptions;
  /** Undefined: to be listed first. */
  resourceVersion: string | undefined;
  /** Last state of each object seen, by namespace and name: what a new list is compared with. */
  readonly known: Map<string, KubernetesObject>;
}

/**
 * Yields changes until the signal is aborted. Without a resource version, everything there is comes first, as `ADDED`.
 * @see https://kubernetes.io/docs/reference/using-api/api-concepts/#efficient-detection-of-changes
 */
export async function* watchKind(
  input: ApiClientInput,
  kind: ResourceKind,
  query: ListQuery & { readonly resourceVersion?: string },
  options: CallOptions = {},
): AsyncGenerator<WatchEvent, void, undefined> {
  const watching: Watching = {
    input,
    kind,
    query,
    options,
    target: targetOf(input.cluster, kind, query.namespace),
    resourceVersion: query.resourceVersion,
    known: new Map(),
  };
  while (!isAborted(options)) {
    try {
      if (watching.resourceVersion === undefined) {
        yield* listDifference(watching);
      }
      const startedAt = performance.now();
      yield* readConnection(watching);
      if (performance.now() - startedAt < reconnectAfterMs) {
        await pause(reconnectAfterMs, options);
      }
    } catch (error) {
      if (isAborted(options) || isAbort(error)) {
        return;
      }
      await recover(watching, error);
    }
  }
}

function isAborted({ signal }: CallOptions): boolean {
  return signal?.aborted ?? false;
}

/** Forgets an expired position, waits a little after a broken connection, and passes on what waiting does not mend. */
async function recover(watching: Watching, error: unknown): Promise<void> {
  if (isExpired(error)) {
    watching.resourceVersion = undefined;
    return;
  }
  if (error instanceof ServiceError && !["unreachable", "timedOut", "throttled"].includes(error.code)) {
    throw error;
  }
  await pause(
    (error instanceof ServiceError ? error.details.retryAfterMs : undefined) ?? reconnectAfterMs,
    watching.options,
  );
}

/** Ends early, without an error, on abort. */
async function pause(ms: number, { signal }: CallOptions): Promise<void> {
  await delay(ms, undefined, signal ? { signal } : {}).catch(() => undefined);
}

async function* listDifference(watching: Watching): AsyncGenerator<WatchEvent, void, undefined> {
  const { input, kind, query, options, known } = watching;
  const found = new Map<string, KubernetesObject>();
  let continueToken: string | undefined;
  let resourceVersion: string | undefined;
  do {
    const page = await readPage(input, kind, { query, continueToken }, options);
    page.items.forEach((item) => found.set(keyOf(item), item));
    ({ continueToken, resourceVersion } = page);
  } while (continueToken !== undefined);
  for (const [key, object] of known) {
    if (!found.has(key)) {
      known.delete(key);
      yield { type: "DELETED", object };
    }
  }
  for (const [key, object] of found) {
    const before = known.get(key);
    known.set(key, object);
    if (before?.metadata.resourceVersion !== object.metadata.resourceVersion || before === undefined) {
      yield { type: before ? "MODIFIED" : "ADDED", object };
    }
  }
  watching.resourceVersion = resourceVersion;
}

function keyOf({ metadata }: KubernetesObject): string {
  return `${metadata.namespace ?? ""}/${metadata.name}`;
}

async function* readConnection(watching: Watching): AsyncGenerator<WatchEvent, void, undefined> {
  const { input, kind, query, target, options } = watching;
  const parameters = {
    ...selection(query),
    watch: true,
    allowWatchBookmarks: true,
    resourceVersion: watching.resourceVersion,
    timeoutSeconds: watchForSeconds,
  };
  const answer = await input.transport.open(
    {
      method: "GET",
      path: resourcePath(kind, query.namespace) + queryString(parameters),
      accept: acceptOf("object", query.metadataOnly),
      target,
      openForSeconds: watchForSeconds,
    },
    options,
  );
  for await (const line of linesOf(answer)) {
    const event = readEvent(watching, line);
    if (event) {
      yield event;
    }
  }
}

async function* linesOf(answer: IncomingMessage): AsyncGenerator<string, void, undefined> {
  answer.setEncoding("utf8");
  let rest = "";
  for await (const chunk of answer as AsyncIterable<string>) {
    const lines = (rest + chunk).split("\n");
    rest = lines.pop() ?? "";
    yield* lines.filter((line) => line.trim() !== "");
  }
}

/** Undefined for a bookmark, which only says how far the watch has come. */
function readEvent(watching: Watching, line: string): WatchEvent | undefined {
  const event = parseJson(line) as { readonly type?: unknown; readonly object?: KubernetesObject } | undefined;
  const { type, object } = event ?? {};
  if (type === "ERROR") {
    const status = readStatus(object);
    const code = status?.code ?? 500;
    throw errorOfStatus(
      status,
      { status: code, text: "", requestId: undefined, retryAfterMs: undefined },
      watching.target,
    );
  }
  // A bookmark's object has no name.
  const resourceVersion = object?.metadata.resourceVersion;
  if (!object || resourceVersion === undefined) {
    throw unexpectedAnswer(watching.target);
  }
  watching.resourceVersion = resourceVersion;
  if (type !== "ADDED" && type !== "MODIFIED" && type !== "DELETED") {
    return undefined;
  }
  if (type === "DELETED") {
    watching.known.delete(keyOf(object));
  } else {
    watching.known.set(keyOf(object), object);
  }
  return { type, object };
}
