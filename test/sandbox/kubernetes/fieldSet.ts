import { isRecord, isSame } from "./object.ts";
import type { Schema } from "./schema.ts";

/** Path elements as `FieldsV1` writes them: `f:name`, `k:{"name":"a"}`, `v:"a"`. */
export type Path = readonly string[];

/** A set of paths into an object: what a field manager owns. */
export class FieldSet {
  readonly #paths = new Map<string, Path>();

  constructor(paths: Iterable<Path> = []) {
    for (const path of paths) {
      this.add(path);
    }
  }

  get size(): number {
    return this.#paths.size;
  }

  add(path: Path): void {
    this.#paths.set(path.join("\u0000"), path);
  }

  has(path: Path): boolean {
    return this.#paths.has(path.join("\u0000"));
  }

  /** Whether any path is `prefix` or lies under it. */
  reaches(prefix: Path): boolean {
    const text = prefix.join("\u0000");
    return [...this.#paths.keys()].some((key) => key === text || key.startsWith(`${text}\u0000`));
  }

  [Symbol.iterator](): IterableIterator<Path> {
    return this.#paths.values();
  }

  equals(other: FieldSet): boolean {
    return this.size === other.size && this.minus(other).size === 0;
  }

  union(other: FieldSet): FieldSet {
    return new FieldSet([...this, ...other]);
  }

  minus(other: FieldSet): FieldSet {
    return new FieldSet([...this].filter((path) => !other.has(path)));
  }

  toFieldsV1(): Record<string, unknown> {
    const root: Record<string, unknown> = {};
    const sorted = [...this.#paths].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, path]) => path);
    for (const path of sorted) {
      path.reduce((node, step) => (node[step] ??= {}) as Record<string, unknown>, root);
    }
    for (const path of sorted) {
      const node = path.reduce((parent, step) => parent[step] as Record<string, unknown>, root);
      if (Object.keys(node).length > 0) {
        node["."] = {};
      }
    }
    return root;
  }

  static fromFieldsV1(fields: unknown): FieldSet {
    const set = new FieldSet();
    const walk = (node: unknown, path: Path): void => {
      const entries = Object.entries(isRecord(node) ? node : {});
      if (path.length > 0 && (entries.length === 0 || entries.some(([name]) => name === "."))) {
        set.add(path);
      }
      for (const [name, child] of entries) {
        if (name !== ".") {
          walk(child, [...path, name]);
        }
      }
    };
    walk(fields, []);
    return set;
  }
}

/** `.spec.containers[name="a"].image`, as conflicts are told. */
export function pathText(path: Path): string {
  return path
    .map((step) => {
      if (step.startsWith("f:")) {
        return `.${step.slice(2)}`;
      }
      if (step.startsWith("v:")) {
        return `[=${step.slice(2)}]`;
      }
      const keys = Object.entries(JSON.parse(step.slice(2)) as Record<string, unknown>);
      return `[${keys.map(([name, value]) => `${name}=${JSON.stringify(value)}`).join(",")}]`;
    })
    .join("");
}

/** How an item of a mergeable list is named. Ports default to TCP, as their schema says. */
export function itemStep(schema: Schema, item: unknown): string {
  if (schema.list?.kind !== "map" || !isRecord(item)) {
    return `v:${JSON.stringify(item)}`;
  }
  const keys = [...schema.list.keys]
    .sort()
    .map((name) => [name, item[name] ?? schema.items?.fields?.get(name)?.default]);
  return `k:${JSON.stringify(Object.fromEntries(keys))}`;
}

/** A value that is owned as a whole. */
export function isLeaf(schema: Schema, value: unknown): boolean {
  if (schema.isAtomic || schema.kind === "scalar" || value === null) {
    return true;
  }
  if (Array.isArray(value)) {
    return schema.kind !== "list" || schema.list?.kind === "atomic";
  }
  return !isRecord(value) || (schema.kind !== "any" && Object.keys(value).length === 0);
}

export function childSchema(schema: Schema, name: string): Schema {
  const found = schema.kind === "map" ? schema.items : schema.fields?.get(name)?.schema;
  return found ?? { kind: "any", name: "any" };
}

/** The parts of a granular value with their steps. */
export function children(schema: Schema, value: unknown): readonly { step: string; schema: Schema; value: unknown }[] {
  if (Array.isArray(value)) {
    const items = schema.items ?? { kind: "any", name: "any" };
    return value.map((item) => ({ step: itemStep(schema, item), schema: items, value: item as unknown }));
  }
  const fields = Object.entries(isRecord(value) ? value : {}).filter(([, child]) => child !== undefined);
  return fields.map(([name, child]) => ({ step: `f:${name}`, schema: childSchema(schema, name), value: child }));
}

/** What an applied configuration names: leaves, list items, entries of maps. */
export function fieldsOf(schema: Schema, value: unknown): FieldSet {
  const set = new FieldSet();
  const walk = (type: Schema, current: unknown, path: Path): void => {
    if (path.length > 0 && isLeaf(type, current)) {
      set.add(path);
      return;
    }
    for (const part of children(type, current)) {
      const inner = [...path, part.step];
      if (Array.isArray(current) || type.kind === "map") {
        set.add(inner);
      }
      walk(part.schema, part.value, inner);
    }
  };
  walk(schema, value, []);
  return set;
}

/** What Go's empty value of a built-in kind has already, so that nobody ever adds it. */
const skeleton =
  /^f:(?:spec|status|metadata)$|^f:spec f:(?:containers|strategy|updateStrategy)$|^f:spec (?:f:jobTemplate f:spec )?f:template(?: f:metadata| f:spec| f:spec f:containers)?$|^f:spec f:jobTemplate(?: f:metadata| f:spec)?$/;

/** What differs between two states of an object. */
export function difference(
  schema: Schema,
  before: unknown,
  after: unknown,
): { readonly changed: FieldSet; readonly removed: FieldSet } {
  const changed = new FieldSet();
  const removed = new FieldSet();
  const mark = (set: FieldSet, type: Schema, value: unknown, path: Path): void => {
    const isThere = !schema.isCustom && skeleton.test(path.join(" "));
    if (!isThere || isLeaf(type, value)) {
      set.add(path);
    }
    if (!isLeaf(type, value)) {
      for (const part of children(type, value)) {
        mark(set, part.schema, part.value, [...path, part.step]);
      }
    }
  };
  const walk = (type: Schema, old: unknown, now: unknown, path: Path): void => {
    if (path.length > 0 && (isLeaf(type, old) || isLeaf(type, now))) {
      if (!isSame(old, now)) {
        mark(changed, type, now, path);
      }
      return;
    }
    const olds = new Map(children(type, old).map((part) => [part.step, part]));
    for (const part of children(type, now)) {
      const previous = olds.get(part.step);
      olds.delete(part.step);
      const inner = [...path, part.step];
      if (previous === undefined) {
        mark(changed, part.schema, part.value, inner);
      } else {
        walk(part.schema, previous.value, part.value, inner);
      }
    }
    for (const part of olds.values()) {
      mark(removed, part.schema, part.value, [...path, part.step]);
    }
  };
  walk(schema, before, after, []);
  return { changed, removed };
}
