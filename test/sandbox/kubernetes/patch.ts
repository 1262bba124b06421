import { isRecord, isSame } from "./object.ts";
import type { Schema } from "./schema.ts";
import { badRequest, StatusError } from "./status.ts";

type Fields = Record<string, unknown>;

/** RFC 7386. */
export function mergePatch(target: unknown, patch: unknown): unknown {
  if (!isRecord(patch)) {
    return patch;
  }
  const result: Fields = isRecord(target) ? { ...target } : {};
  for (const [name, value] of Object.entries(patch)) {
    if (value === null) {
      Reflect.deleteProperty(result, name);
    } else {
      result[name] = mergePatch(result[name], value);
    }
  }
  return result;
}

interface Operation {
  readonly op: string;
  readonly path: string;
  readonly from?: string;
  readonly value?: unknown;
}

function steps(pointer: string): string[] {
  return pointer
    .split("/")
    .slice(1)
    .map((step) => step.replaceAll("~1", "/").replaceAll("~0", "~"));
}

function child(parent: unknown, step: string): unknown {
  return Array.isArray(parent) ? parent[Number(step)] : isRecord(parent) ? parent[step] : undefined;
}

function failed(path: string): StatusError {
  return new StatusError(
    422,
    "Invalid",
    `the server rejected our request due to an error in our request: unable to apply operation at "${path}"`,
  );
}

function rejected(): StatusError {
  return new StatusError(422, "Invalid", "the server rejected our request due to an error in our request", {});
}

function setAt(parent: unknown, step: string, value: unknown, isInsert: boolean): void {
  if (Array.isArray(parent)) {
    const index = step === "-" ? parent.length : Number(step);
    parent.splice(index, isInsert ? 0 : 1, value);
  } else if (isRecord(parent)) {
    parent[step] = value;
  } else {
    throw failed(step);
  }
}

function removeAt(parent: unknown, step: string): void {
  if (Array.isArray(parent)) {
    parent.splice(Number(step), 1);
  } else if (isRecord(parent)) {
    Reflect.deleteProperty(parent, step);
  }
}

interface Place {
  readonly root: unknown;
  readonly parent: unknown;
  readonly last: string;
}

function placeOf(root: unknown, pointer: string): Place {
  const path = steps(pointer);
  const last = path.pop() ?? "";
  return { root, parent: path.reduce(child, root), last };
}

const operations: Readonly<Record<string, (place: Place, operation: Operation) => void>> = {
  add: ({ parent, last }, { value }) => setAt(parent, last, value, true),
  replace: ({ parent, last }, { value }) => setAt(parent, last, value, false),
  remove: ({ parent, last }) => removeAt(parent, last),
  copy({ root, parent, last }, { from = "" }) {
    setAt(parent, last, structuredClone(steps(from).reduce(child, root)), true);
  },
  move({ root, parent, last }, { from = "" }) {
    const source = placeOf(root, from);
    const value = child(source.parent, source.last);
    removeAt(source.parent, source.last);
    setAt(parent, last, value, true);
  },
  test({ parent, last }, { value }) {
    if (!isSame(child(parent, last), value)) {
      throw rejected();
    }
  },
};

function perform(root: unknown, operation: Operation): void {
  const run = operations[operation.op];
  if (run === undefined) {
    throw rejected();
  }
  run(placeOf(root, operation.path), operation);
}

/** RFC 6902. */
export function jsonPatch(target: unknown, patch: unknown): unknown {
  if (!Array.isArray(patch)) {
    throw badRequest(
      "error decoding patch: json: cannot unmarshal object into Go value of type []handlers.jsonPatchOp",
    );
  }
  const root = structuredClone(target);
  for (const operation of patch as readonly Operation[]) {
    perform(root, operation);
  }
  return root;
}

/** What kubectl sends for built-in kinds: lists merge by their keys, with directives in `$` fields. */
export function strategicMerge(target: unknown, patch: unknown, schema: Schema): unknown {
  if (!isRecord(patch)) {
    return patch;
  }
  if (patch["$patch"] === "replace") {
    return without(patch, "$patch");
  }
  if (patch["$patch"] === "delete") {
    return undefined;
  }
  const result: Fields = isRecord(target) ? { ...target } : {};
  retainKeys(result, patch["$retainKeys"]);
  for (const [name, value] of Object.entries(patch)) {
    if (!name.startsWith("$")) {
      mergeField(result, name, value, { schema: fieldSchema(schema, name), patch });
    }
  }
  for (const name of directives(patch, "$setElementOrder/")) {
    mergeField(result, name, [], { schema: fieldSchema(schema, name), patch });
  }
  for (const name of directives(patch, "$deleteFromPrimitiveList/")) {
    mergeField(result, name, [], { schema: fieldSchema(schema, name), patch });
  }
  return result;
}

function directives(patch: Fields, prefix: string): readonly string[] {
  return Object.keys(patch)
    .filter((name) => name.startsWith(prefix))
    .map((name) => name.slice(prefix.length))
    .filter((name) => !(name in patch));
}

function without(fields: Fields, name: string): Fields {
  return Object.fromEntries(Object.entries(fields).filter(([field]) => field !== name));
}

function retainKeys(result: Fields, keys: unknown): void {
  if (Array.isArray(keys)) {
    for (const name of Object.keys(result).filter((field) => !keys.includes(field))) {
      Reflect.deleteProperty(result, name);
    }
  }
}

function fieldSchema(schema: Schema, name: string): Schema | undefined {
  return schema.kind === "map" ? schema.items : schema.fields?.get(name)?.schema;
}

function mergeField(
  result: Fields,
  name: string,
  value: unknown,
  how: { readonly schema: Schema | undefined; readonly patch: Fields },
): void {
  const { schema, patch } = how;
  if (value === null) {
    Reflect.deleteProperty(result, name);
  } else if (Array.isArray(value) && schema?.mergesByPatch) {
    const order = patch[`$setElementOrder/${name}`];
    const dropped = patch[`$deleteFromPrimitiveList/${name}`];
    const current = Array.isArray(result[name]) ? (result[name] as unknown[]) : [];
    result[name] = mergeLists(current, value, schema, { order, dropped });
  } else if (isRecord(value)) {
    const merged = strategicMerge(result[name], value, schema ?? { kind: "any", name: "any" });
    if (merged === undefined) {
      Reflect.deleteProperty(result, name);
    } else {
      result[name] = merged;
    }
  } else {
    result[name] = value;
  }
}

function mergeLists(
  current: readonly unknown[],
  patch: readonly unknown[],
  schema: Schema,
  how: { readonly order: unknown; readonly dropped: unknown },
): readonly unknown[] {
  const key = schema.mergeKey;
  if (key === undefined) {
    const dropped = Array.isArray(how.dropped) ? how.dropped : [];
    const kept = current.filter((item) => !dropped.includes(item));
    return ordered([...kept, ...patch.filter((item) => !kept.includes(item))], how.order, (item) => item);
  }
  if (patch.some((item) => isRecord(item) && item["$patch"] === "replace")) {
    return patch.filter((item) => !(isRecord(item) && item["$patch"] === "replace"));
  }
  const result = [...current];
  for (const item of patch.filter(isRecord)) {
    const index = result.findIndex((one) => isRecord(one) && isSame(one[key], item[key]));
    if (item["$patch"] === "delete") {
      result.splice(index < 0 ? result.length : index, 1);
    } else if (index < 0) {
      result.push(strategicMerge({}, item, schema.items ?? schema));
    } else {
      result[index] = strategicMerge(result[index], item, schema.items ?? schema);
    }
  }
  return ordered(result, how.order, (item) => (isRecord(item) ? item[key] : item));
}

function ordered(items: readonly unknown[], order: unknown, keyOf: (item: unknown) => unknown): readonly unknown[] {
  if (!Array.isArray(order)) {
    return items;
  }
  const wanted = order.map(keyOf);
  const place = (item: unknown): number => wanted.findIndex((key) => isSame(key, keyOf(item)));
  const known = items.filter((item) => place(item) >= 0).sort((a, b) => place(a) - place(b));
  return [...known, ...items.filter((item) => place(item) < 0)];
}
