import type { Clock } from "../clock.ts";
import { keyOf, textAt, type KubeObject } from "./object.ts";
import { SortedKeys } from "./sortedKeys.ts";

type ChangeType = "ADDED" | "MODIFIED" | "DELETED";

export interface Change {
  readonly revision: number;
  readonly at: number;
  readonly type: ChangeType;
  /** Where it is stored: `pods`, `deployments.apps`. */
  readonly resource: string;
  readonly object: KubeObject;
  readonly previous?: KubeObject;
}

/** One stored object with its JSON, made when first asked for. */
export class Entry {
  #bare: string | undefined;
  #metadataJson: string | undefined;
  constructor(readonly object: KubeObject) {}

  /** Without kind and apiVersion. */
  get bare(): string {
    if (this.#bare === undefined) {
      const { metadata } = this.object;
      this.#bare = JSON.stringify(Object.assign({ metadata }, this.object, { apiVersion: undefined, kind: undefined }));
    }
    return this.#bare;
  }

  get metadataJson(): string {
    return (this.#metadataJson ??= JSON.stringify({
      kind: "PartialObjectMetadata",
      apiVersion: "meta.k8s.io/v1",
      metadata: this.object.metadata,
    }));
  }
}

interface Table {
  readonly entries: Map<string, Entry>;
  readonly keys: SortedKeys;
  readonly byApp: Map<string, SortedKeys>;
  readonly byNode: Map<string, SortedKeys>;
}

/** etcd is compacted every five minutes: what happened before can't be told any more. */
const compactionMs = 5 * 60_000;
const historyLength = 20_000;

/** What etcd and the watch cache are to an API server: objects, one revision counter, a history to watch from. */
export class Store {
  readonly #tables = new Map<string, Table>();
  readonly #listeners = new Set<(change: Change) => void>();
  #history: Change[] = [];
  #revision = 1000;
  #compacted = 0;

  constructor(readonly clock: Clock) {}

  get revision(): number {
    return this.#revision;
  }

  /** Whether changes after `revision` are still known. */
  remembers(revision: number): boolean {
    this.#compact();
    return revision >= this.#compacted;
  }

  isStale(issuedAt: number): boolean {
    return this.clock.now() - issuedAt >= compactionMs;
  }

  get(resource: string, key: string): KubeObject | undefined {
    return this.#tables.get(resource)?.entries.get(key)?.object;
  }

  entry(resource: string, key: string): Entry | undefined {
    return this.#tables.get(resource)?.entries.get(key);
  }

  /** Every object of a resource, unordered. */
  *all(resource: string): Generator<KubeObject> {
    for (const entry of this.#tables.get(resource)?.entries.values() ?? []) {
      yield entry.object;
    }
  }

  resources(): readonly string[] {
    return [...this.#tables.keys()];
  }

  table(resource: string): Table {
    let table = this.#tables.get(resource);
    if (table === undefined) {
      table = { entries: new Map(), keys: new SortedKeys(), byApp: new Map(), byNode: new Map() };
      this.#tables.set(resource, table);
    }
    return table;
  }

  /** Creates or replaces. @returns the object as stored, with its new resourceVersion */
  put(resource: string, object: KubeObject): KubeObject {
    const table = this.table(resource);
    const key = keyOf(object);
    const previous = table.entries.get(key)?.object;
    const revision = ++this.#revision;
    const stored: KubeObject = {
      ...object,
      metadata: { ...object.metadata, resourceVersion: String(revision) },
    };
    table.entries.set(key, new Entry(stored));
    table.keys.add(key);
    this.#index(table, key, previous, stored);
    this.#publish({
      revision,
      at: this.clock.now(),
      type: previous ? "MODIFIED" : "ADDED",
      resource,
      object: stored,
      ...(previous && { previous }),
    });
    return stored;
  }

  remove(resource: string, key: string): KubeObject | undefined {
    const table = this.table(resource);
    const previous = table.entries.get(key)?.object;
    if (previous === undefined) {
      return undefined;
    }
    table.entries.delete(key);
    table.keys.delete(key);
    this.#index(table, key, previous, undefined);
    const revision = ++this.#revision;
    const object = { ...previous, metadata: { ...previous.metadata, resourceVersion: String(revision) } };
    this.#publish({ revision, at: this.clock.now(), type: "DELETED", resource, object, previous });
    return object;
  }

  changesSince(revision: number): readonly Change[] {
    const first = this.#history.findIndex((change) => change.revision > revision);
    return first < 0 ? [] : this.#history.slice(first);
  }

  /** @returns stops listening */
  subscribe(listener: (change: Change) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  #index(table: Table, key: string, previous: KubeObject | undefined, next: KubeObject | undefined): void {
    move(table.byApp, key, previous?.metadata.labels?.["app"], next?.metadata.labels?.["app"]);
    move(table.byNode, key, textAt(previous, "spec.nodeName"), textAt(next, "spec.nodeName"));
  }

  #publish(change: Change): void {
    this.#history.push(change);
    if (this.#history.length > 2 * historyLength) {
      this.#forget(this.#history.length - historyLength);
    }
    for (const listener of [...this.#listeners]) {
      listener(change);
    }
  }

  #compact(): void {
    const oldest = this.clock.now() - compactionMs;
    const kept = this.#history.findIndex((change) => change.at > oldest);
    this.#forget(kept < 0 ? this.#history.length : kept);
  }

  #forget(count: number): void {
    const last = this.#history[count - 1];
    if (last !== undefined) {
      this.#compacted = last.revision;
      this.#history = this.#history.slice(count);
    }
  }
}

function move(
  index: Map<string, SortedKeys>,
  key: string,
  before: string | undefined,
  after: string | undefined,
): void {
  if (before === after) {
    return;
  }
  if (before) {
    index.get(before)?.delete(key);
  }
  if (after) {
    const keys = index.get(after) ?? new SortedKeys();
    keys.add(key);
    index.set(after, keys);
  }
}
