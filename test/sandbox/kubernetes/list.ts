import type { ResourceType } from "./kinds.ts";
import { matches, type Selector } from "./selectors.ts";
import { mergeSorted } from "./sortedKeys.ts";
import { badRequest, StatusError } from "./status.ts";
import type { Entry, Store } from "./store.ts";
import type { ListMeta } from "./views.ts";

export interface ListRequest {
  readonly type: ResourceType;
  readonly namespace: string | undefined;
  readonly selector: Selector;
  readonly limit: number;
  readonly continueToken: string | undefined;
  readonly resourceVersion: string | undefined;
}

interface Continue {
  readonly v: string;
  /** -1: of an inconsistent continuation. */
  readonly rv: number;
  readonly start: string;
  readonly at: number;
}

const expired =
  "The provided continue parameter is too old to display a consistent list result. You can start a new list without the continue parameter, or use the continue token in this response to retrieve the remainder of the results. Continuing with the provided token results in an inconsistent list - objects that were created, modified, or deleted between the time the first chunk was returned and now may show up in the list.";

function encode(token: Continue): string {
  return Buffer.from(JSON.stringify(token)).toString("base64url");
}

function badContinue(why: string): StatusError {
  return badRequest(`invalid continue token: continue key is not valid: ${why}`);
}

function decode(text: string): Continue {
  const wrong = text.search(/[^A-Za-z0-9_-]/);
  if (wrong >= 0) {
    throw badContinue(`illegal base64 data at input byte ${wrong}`);
  }
  try {
    const token = JSON.parse(Buffer.from(text, "base64url").toString()) as Continue;
    if (typeof token.start === "string" && typeof token.rv === "number") {
      return token;
    }
  } catch {
    const [first = ""] = Buffer.from(text, "base64url").toString("latin1");
    throw badContinue(`invalid character '${first}' looking for beginning of value`);
  }
  throw badContinue("server does not recognize this encoded version ");
}

/** The keys that may match, in order: the narrowest index there is. */
function candidates(store: Store, request: ListRequest, start: string): Generator<string> {
  const { type, namespace, selector } = request;
  const table = store.table(type.storage);
  const wantedNamespace = namespace ?? equal(selector, "metadata.namespace");
  const prefix = wantedNamespace ? `${wantedNamespace}/` : "";
  const node = equal(selector, "spec.nodeName");
  const apps = selector.labels.find((one) => one.key === "app" && one.operator === "in");
  if (node) {
    return table.byNode.get(node)?.from(start, prefix) ?? nothing();
  }
  if (apps) {
    return mergeSorted([...new Set(apps.values)].map((app) => table.byApp.get(app)?.from(start, prefix) ?? nothing()));
  }
  return table.keys.from(start, prefix);
}

function* nothing(): Generator<string> {
  // No key carries that value.
}

function equal(selector: Selector, path: string): string | undefined {
  return selector.fields.find((field) => field.path === path && field.isEqual)?.value;
}

function checkVersion(store: Store, text: string | undefined): void {
  if (!text || text === "0") {
    return;
  }
  if (!/^\d+$/.test(text)) {
    throw badRequest(
      `invalid resource version: resourceVersion: Invalid value: "${text}": strconv.ParseUint: parsing "${text}": invalid syntax`,
    );
  }
  if (Number(text) > store.revision) {
    const message = `Timeout: Too large resource version: ${text}, current: ${store.revision}`;
    throw new StatusError(504, "Timeout", message, {
      causes: [{ reason: "ResourceVersionTooLarge", message: "Too large resource version" }],
      retryAfterSeconds: 1,
    });
  }
}

function startOf(store: Store, text: string | undefined): { readonly start: string; readonly revision: number } {
  if (!text) {
    return { start: "", revision: store.revision };
  }
  const token = decode(text);
  if (token.rv < 0) {
    return { start: token.start, revision: store.revision };
  }
  if (store.isStale(token.at)) {
    throw new StatusError(410, "Expired", expired, undefined, { continue: encode({ ...token, rv: -1 }) });
  }
  return { start: token.start, revision: token.rv };
}

/** One page: work is in proportion to the page, not to what is stored. */
export function listPage(store: Store, request: ListRequest): { meta: ListMeta; entries: readonly Entry[] } {
  if (request.continueToken && request.resourceVersion && request.resourceVersion !== "0") {
    throw badRequest("specifying resource version is not allowed when using continue");
  }
  checkVersion(store, request.resourceVersion);
  const { type, selector, limit } = request;
  const { start, revision } = startOf(store, request.continueToken);
  const entries: Entry[] = [];
  for (const key of candidates(store, request, start)) {
    const entry = store.entry(type.storage, key);
    if (entry === undefined || !matches(selector, entry.object)) {
      continue;
    }
    if (limit > 0 && entries.length === limit) {
      return { meta: { resourceVersion: String(revision), ...rest(store, request, key, revision) }, entries };
    }
    entries.push(entry);
  }
  return { meta: { resourceVersion: String(revision) }, entries };
}

/** How many remain is told only where no selector makes it a search. */
function rest(store: Store, request: ListRequest, key: string, revision: number): Partial<ListMeta> {
  const { type, namespace, selector } = request;
  const token = encode({ v: "meta.k8s.io/v1", rv: revision, start: key, at: store.clock.now() });
  if (selector.labels.length > 0 || selector.fields.length > 0) {
    return { continue: token };
  }
  const remaining = store.table(type.storage).keys.count(key, namespace ? `${namespace}/` : "");
  return { continue: token, remainingItemCount: remaining };
}
