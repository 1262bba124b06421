import { readFileSync } from "node:fs";
import { at, isRecord, textAt } from "./object.ts";
import type { ResourceType } from "./kinds.ts";

/** How a list merges: as one value, as a set of scalars, or item by item under keys. */
export type ListKind =
  { readonly kind: "atomic" } | { readonly kind: "set" } | { readonly kind: "map"; readonly keys: readonly string[] };

/** The type of a value, as the OpenAPI documents have it. */
export interface Schema {
  readonly kind: "object" | "map" | "list" | "scalar" | "any";
  /** `string`, `int32`, `quantity` … of a scalar; the type's name of an object. */
  readonly name: string;
  readonly fields?: ReadonlyMap<string, Field>;
  readonly items?: Schema;
  readonly list?: ListKind;
  readonly isAtomic?: boolean;
  /** Strategic merge: the key by which items are the same; undefined replaces the list. */
  readonly mergeKey?: string;
  readonly mergesByPatch?: boolean;
  readonly description?: string;
  /** Of a CustomResourceDefinition. */
  readonly isCustom?: boolean;
  /** Unknown fields are kept. */
  readonly isOpen?: boolean;
}

export interface Field {
  readonly name: string;
  readonly schema: Schema;
  readonly isRequired: boolean;
  readonly description: string;
  readonly default: unknown;
  /** Numbers in protocol buffers; more than one where Go embeds a struct that JSON does not show. */
  readonly numbers?: readonly number[];
}

interface Line {
  readonly name: string;
  readonly type: string;
  readonly flags: readonly string[];
  readonly description: string;
}

interface Block {
  readonly flags: readonly string[];
  readonly description: string;
  readonly lines: readonly Line[];
}

const blocks = new Map<string, Block>();
const known = new Map<string, Schema>();

function load(): void {
  let lines: Line[] = [];
  for (const text of readFileSync(new URL("types.txt", import.meta.url), "utf8").split("\n")) {
    const [mark, name = "", type = "", flags = "", description = ""] = text.split("\t");
    if (mark === "=") {
      lines = [];
      blocks.set(name, { flags: split(type), description: flags, lines });
    } else if (name !== "") {
      lines.push({ name, type, flags: split(flags), description });
    }
  }
}

function split(flags: string): readonly string[] {
  return flags === "-" ? [] : flags.split(" ");
}

function flag(flags: readonly string[], name: string): string | undefined {
  return flags.find((one) => one.startsWith(`${name}:`))?.slice(name.length + 1);
}

function fieldOf({ name, type, flags, description }: Line): Field {
  const fallback = flag(flags, "default");
  const numbers = flags.find((one) => one.startsWith("#"));
  return {
    name,
    schema: parseType(type, flags),
    isRequired: flags.includes("required"),
    description,
    default: fallback === undefined ? undefined : (JSON.parse(fallback) as unknown),
    ...(numbers && { numbers: numbers.slice(1).split(".").map(Number) }),
  };
}

function listKind(flags: readonly string[]): ListKind {
  const keys = flag(flags, "keys");
  return keys === undefined
    ? { kind: flags.includes("set") ? "set" : "atomic" }
    : { kind: "map", keys: keys.split(",") };
}

function parseType(type: string, flags: readonly string[]): Schema {
  const isAtomic = flags.includes("atomic");
  if (type.startsWith("[]")) {
    const mergeKey = flag(flags, "mergeKey");
    const mergesByPatch = (flag(flags, "patch") ?? "").split(",").includes("merge");
    const items = parseType(type.slice(2), []);
    return { kind: "list", name: type, items, list: listKind(flags), mergesByPatch, ...(mergeKey && { mergeKey }) };
  }
  if (type.startsWith("{}")) {
    return { kind: "map", name: type, items: parseType(type.slice(2), []), isAtomic };
  }
  if (type === "any") {
    return { kind: "any", name: type, isAtomic: true };
  }
  const named = typeNamed(type);
  return named ? (isAtomic ? { ...named, isAtomic } : named) : { kind: "scalar", name: type };
}

/** A type of `types.txt`, or undefined. Types may contain themselves: the fields are read when first looked at. */
export function typeNamed(name: string): Schema | undefined {
  if (blocks.size === 0) {
    load();
  }
  const block = blocks.get(name);
  if (block === undefined || known.has(name)) {
    return known.get(name);
  }
  let fields: ReadonlyMap<string, Field> | undefined;
  const schema: Schema = {
    kind: "object",
    name,
    isAtomic: block.flags.includes("atomic"),
    description: block.description,
    get fields() {
      return (fields ??= new Map(block.lines.map((line) => [line.name, fieldOf(line)])));
    },
  };
  known.set(name, schema);
  return schema;
}

/** The schema of a CustomResourceDefinition, in the same terms. Metadata and type are every object's. */
function fromOpenApi(schema: unknown): Schema {
  const description = textAt(schema, "description");
  const type = textAt(schema, "type");
  if (type === "array") {
    return {
      kind: "list",
      name: "array",
      items: fromOpenApi(at(schema, "items")),
      list: { kind: "atomic" },
      description,
    };
  }
  if (type !== "object") {
    return type ? { kind: "scalar", name: type, description } : { kind: "any", name: "any", description };
  }
  const more = at(schema, "additionalProperties");
  if (isRecord(more)) {
    return { kind: "map", name: "map", items: fromOpenApi(more), description };
  }
  const isOpen = at(schema, "x-kubernetes-preserve-unknown-fields") === true;
  const properties = Object.entries((at(schema, "properties") as Record<string, unknown> | undefined) ?? {});
  const required = (at(schema, "required") as readonly string[] | undefined) ?? [];
  const fields = properties.map(([name, property]): [string, Field] => [
    name,
    {
      name,
      schema: fromOpenApi(property),
      isRequired: required.includes(name),
      description: textAt(property, "description"),
      default: at(property, "default"),
    },
  ]);
  return { kind: "object", name: "object", fields: new Map(fields), description, isOpen };
}

const ofCrd = new WeakMap<object, Map<string, Schema>>();

/** The schema of a resource's objects. */
export function schemaOf(type: ResourceType): Schema {
  if (type.crd === undefined) {
    return typeNamed(type.schema ?? "") ?? { kind: "any", name: type.kind };
  }
  const versions = ofCrd.get(type.crd) ?? new Map<string, Schema>();
  ofCrd.set(type.crd, versions);
  const schema = versions.get(type.version) ?? crdSchema(type);
  versions.set(type.version, schema);
  return schema;
}

function crdSchema(type: ResourceType): Schema {
  const versions = at(type.crd, "spec.versions") as readonly unknown[];
  const version = versions.find((one) => textAt(one, "name") === type.version);
  const schema = fromOpenApi(at(version, "schema.openAPIV3Schema"));
  const metadata = typeNamed("meta.ObjectMeta") ?? { kind: "any", name: "any" };
  const fields = new Map(schema.fields);
  fields.set("metadata", {
    name: "metadata",
    schema: metadata,
    isRequired: false,
    description: "Standard object's metadata.",
    default: undefined,
  });
  return { ...schema, name: type.kind, fields, isCustom: true };
}
