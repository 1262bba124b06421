import type { ResourceType } from "./kinds.ts";
import { apiVersionOf } from "./kinds.ts";
import type { KubeObject } from "./object.ts";
import { matches, type Selector } from "./selectors.ts";
import { StatusError, tooOldToWatch } from "./status.ts";
import { Entry, type Change, type Store } from "./store.ts";
import { oneJson, type View } from "./views.ts";

interface WatchRequest {
  readonly type: ResourceType;
  readonly namespace: string | undefined;
  readonly selector: Selector;
  readonly view: View;
  readonly resourceVersion: string | undefined;
  readonly timeoutSeconds: number;
  readonly hasBookmarks: boolean;
  readonly sendsInitialEvents: boolean;
  readonly signal: AbortSignal;
}

const bookmarkEveryMs = 60_000;

/** Lines of a watch: what is, or what changed since a resourceVersion, then what changes. */
export async function* watch(store: Store, request: WatchRequest): AsyncGenerator<string> {
  const from = Number(request.resourceVersion ?? "0");
  const hasStart = from > 0 && !request.sendsInitialEvents;
  if (hasStart && !store.remembers(from)) {
    yield line("ERROR", JSON.stringify(tooOldToWatch(from, store.revision).body()));
    return;
  }
  if (from > store.revision) {
    const message = `Too large resource version: ${from}, current: ${store.revision}`;
    yield line("ERROR", JSON.stringify(new StatusError(504, "Timeout", message).body()));
    return;
  }
  const queue = new Queue();
  const writer = new Writer(store, request);
  const unsubscribe = store.subscribe((change) => queue.push(writer.change(change)));
  const first = hasStart ? store.changesSince(from).map((change) => writer.change(change)) : writer.initial();
  const stop = keepTime(request, queue, writer);
  try {
    yield* first.filter((text) => text !== "");
    yield* queue.lines();
  } finally {
    unsubscribe();
    stop();
  }
}

/** Ends the watch when its time is up or the client has gone; bookmarks in between. Real time: a client waits by its own clock. */
function keepTime(request: WatchRequest, queue: Queue, writer: Writer): () => void {
  const end = (): void => queue.end();
  const totalMs = request.timeoutSeconds * 1000;
  const bookmark = (): void => {
    if (request.hasBookmarks) {
      queue.push(writer.bookmark());
    }
  };
  const timeout = setTimeout(end, totalMs);
  const last = setTimeout(bookmark, Math.max(0, totalMs - 2000));
  const every = setInterval(bookmark, bookmarkEveryMs);
  request.signal.addEventListener("abort", end, { once: true });
  if (request.signal.aborted) {
    end();
  }
  return () => {
    clearTimeout(timeout);
    clearTimeout(last);
    clearInterval(every);
    request.signal.removeEventListener("abort", end);
  };
}

function line(type: string, objectJson: string): string {
  return `{"type":"${type}","object":${objectJson}}\n`;
}

/** What left a selection is told as it was while it was in it, at the version that took it out. */
function lastSeen({ type, object, previous }: Change): KubeObject {
  if (type === "DELETED" || previous === undefined) {
    return object;
  }
  const { resourceVersion } = object.metadata;
  return { ...previous, metadata: { ...previous.metadata, ...(resourceVersion && { resourceVersion }) } };
}

class Writer {
  #hasHeaders = true;

  constructor(
    readonly store: Store,
    readonly request: WatchRequest,
  ) {}

  /** The line for a change, or nothing where it is none of the watcher's. */
  change(change: Change): string {
    const { type, namespace, selector } = this.request;
    if (change.resource !== type.storage || (namespace && change.object.metadata.namespace !== namespace)) {
      return "";
    }
    const isIn = change.type !== "DELETED" && matches(selector, change.object);
    const wasIn = change.previous !== undefined && matches(selector, change.previous);
    if (!isIn && !wasIn) {
      return "";
    }
    return isIn
      ? this.#line(wasIn ? "MODIFIED" : "ADDED", new Entry(change.object))
      : this.#line("DELETED", new Entry(lastSeen(change)));
  }

  initial(): readonly string[] {
    const { type, namespace, selector, sendsInitialEvents } = this.request;
    const prefix = namespace ? `${namespace}/` : "";
    const entries = [...this.store.table(type.storage).keys.from("", prefix)]
      .map((key) => this.store.entry(type.storage, key))
      .filter((entry): entry is Entry => entry !== undefined && matches(selector, entry.object));
    const lines = entries.map((entry) => this.#line("ADDED", entry));
    return sendsInitialEvents ? [...lines, this.bookmark({ "k8s.io/initial-events-end": "true" })] : lines;
  }

  bookmark(annotations?: Readonly<Record<string, string>>): string {
    const { type } = this.request;
    const metadata = { resourceVersion: String(this.store.revision), creationTimestamp: null, annotations };
    return line("BOOKMARK", JSON.stringify({ kind: type.kind, apiVersion: apiVersionOf(type), metadata }));
  }

  #line(type: string, entry: Entry): string {
    const { view } = this.request;
    const json = oneJson(view, this.request.type, entry, this.store.clock.now(), this.#hasHeaders);
    this.#hasHeaders = false;
    return line(type, json);
  }
}

/** What was pushed, as it comes, until the end. */
class Queue {
  #waiting: string[] = [];
  #isOver = false;
  #wake: (() => void) | undefined;

  push(text: string): void {
    if (text !== "" && !this.#isOver) {
      this.#waiting.push(text);
      this.#wake?.();
    }
  }

  end(): void {
    this.#isOver = true;
    this.#wake?.();
  }

  async *lines(): AsyncGenerator<string> {
    for (;;) {
      const ready = this.#waiting;
      this.#waiting = [];
      yield* ready;
      if (this.#waiting.length > 0) {
        continue;
      }
      if (this.#isOver) {
        return;
      }
      await new Promise<void>((resolve) => (this.#wake = resolve));
    }
  }
}
