import { apiVersionOf, type ResourceType } from "./kinds.ts";
import { listAt, textAt, type KubeObject } from "./object.ts";
import { notAcceptable } from "./status.ts";
import { Entry } from "./store.ts";
import { rowJson, tableJson, type RowObject } from "./table.ts";

/** In which form the caller wants objects. */
export type View =
  | { readonly kind: "object" }
  | { readonly kind: "metadata" }
  | { readonly kind: "table"; readonly rowObject: RowObject };

const jsonMedia = ["application/json", "application/*", "*/*", ""];

function clauseView(clause: string, query: URLSearchParams): View | undefined {
  const [media = "", ...parameters] = clause.split(";").map((part) => part.trim());
  const as = parameters.find((parameter) => parameter.startsWith("as="))?.slice(3);
  if (!jsonMedia.includes(media) || (as !== undefined && !parameters.includes("v=v1"))) {
    return undefined;
  }
  if (as === undefined) {
    return { kind: "object" };
  }
  if (as === "Table") {
    return { kind: "table", rowObject: (query.get("includeObject") as RowObject | null) ?? "Metadata" };
  }
  return as.startsWith("PartialObjectMetadata") ? { kind: "metadata" } : undefined;
}

/** The first clause of `Accept` that can be served decides. */
export function readView(accept: string | undefined, query: URLSearchParams): View {
  for (const clause of (accept ?? "*/*").split(",")) {
    const view = clauseView(clause.trim(), query);
    if (view !== undefined) {
      return view;
    }
  }
  throw notAcceptable();
}

const eventFields: readonly [string, string][] = [
  ["involvedObject", "regarding"],
  ["message", "note"],
  ["source", "deprecatedSource"],
  ["firstTimestamp", "deprecatedFirstTimestamp"],
  ["lastTimestamp", "deprecatedLastTimestamp"],
  ["count", "deprecatedCount"],
  ["reportingComponent", "reportingController"],
];

function rename(object: KubeObject, pairs: readonly (readonly [string, string])[], apiVersion: string): KubeObject {
  const result: KubeObject = { ...object, apiVersion };
  for (const [from, to] of pairs) {
    const value = result[from];
    Reflect.deleteProperty(result, from);
    if (value !== undefined) {
      result[to] = value;
    }
  }
  return result;
}

/** The stored object in the version asked for. */
export function toVersion(type: ResourceType, object: KubeObject): KubeObject {
  const apiVersion = apiVersionOf(type);
  if (object.apiVersion === apiVersion) {
    return object;
  }
  return type.storage === "events" ? rename(object, eventFields, apiVersion) : { ...object, apiVersion };
}

/** What a client sent, in the version we store. */
export function toStored(type: ResourceType, object: KubeObject): KubeObject {
  if (type.storage === "events" && type.group !== "") {
    return rename(
      object,
      eventFields.map(([core, modern]) => [modern, core] as const),
      "v1",
    );
  }
  const version = storageVersion(type);
  return version === undefined || object.apiVersion === version ? object : { ...object, apiVersion: version };
}

function storageVersion(type: ResourceType): string | undefined {
  const stored = listAt(type.crd, "spec.versions").find((one) => one["storage"] === true);
  return stored === undefined ? undefined : `${type.group}/${textAt(stored, "name")}`;
}

/** JSON of the object without kind and apiVersion, as lists of built-in kinds carry it. */
function bareJson(type: ResourceType, entry: Entry): string {
  return entry.object.apiVersion === apiVersionOf(type) ? entry.bare : new Entry(toVersion(type, entry.object)).bare;
}

export function objectJson(type: ResourceType, entry: Entry): string {
  const rest = bareJson(type, entry).slice(1);
  return `{"kind":"${type.kind}","apiVersion":"${apiVersionOf(type)}",${rest}`;
}

export function row(type: ResourceType, entry: Entry, rowObject: RowObject, now: number): string {
  const beside =
    rowObject === "None" ? undefined : rowObject === "Object" ? objectJson(type, entry) : entry.metadataJson;
  return rowJson(type, entry.object, now, beside);
}

export interface ListMeta {
  readonly resourceVersion: string;
  readonly continue?: string;
  readonly remainingItemCount?: number;
}

/** The body of a list. Joined text: an object's JSON is made once, however many lists carry it. */
export function listJson(
  view: View,
  type: ResourceType,
  page: { readonly meta: ListMeta; readonly entries: readonly Entry[] },
  now: number,
): string {
  const { meta, entries } = page;
  if (view.kind === "table") {
    return tableJson(
      type,
      { ...meta },
      entries.map((entry) => row(type, entry, view.rowObject, now)),
    );
  }
  const isMetadata = view.kind === "metadata";
  const head = {
    kind: isMetadata ? "PartialObjectMetadataList" : `${type.kind}List`,
    apiVersion: isMetadata ? "meta.k8s.io/v1" : apiVersionOf(type),
    // The API server's code for custom resources always writes the field.
    metadata: type.crd && !isMetadata ? { continue: "", ...meta } : meta,
  };
  const items = entries.map((entry) =>
    isMetadata ? entry.metadataJson : type.crd ? objectJson(type, entry) : bareJson(type, entry),
  );
  return `${JSON.stringify(head).slice(0, -1)},"items":[${items.join(",")}]}`;
}

/** The body of a single object; a table of one row where a table is asked for. */
export function oneJson(view: View, type: ResourceType, entry: Entry, now: number, hasHeaders = true): string {
  switch (view.kind) {
    case "table": {
      const meta = { resourceVersion: entry.object.metadata.resourceVersion };
      return tableJson(type, meta, [row(type, entry, view.rowObject, now)], hasHeaders);
    }
    case "metadata":
      return entry.metadataJson;
    case "object":
      return objectJson(type, entry);
  }
}
