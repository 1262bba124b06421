import { parse } from "yaml";
import { apiVersionOf, type ResourceType } from "./kinds.ts";
import { decodeProtobuf } from "./protobuf.ts";
import { isRecord, type KubeObject } from "./object.ts";
import { schemaOf, type Schema } from "./schema.ts";
import { badRequest, invalid, unsupportedMediaType, type Cause } from "./status.ts";

/** What reading a body found: fields nobody knows (dropped), values of the wrong type. */
export interface Decoded {
  readonly object: KubeObject;
  readonly unknown: readonly string[];
  readonly mistyped: readonly Mistyped[];
}

interface Mistyped {
  readonly path: string;
  readonly owner: string;
  readonly found: string;
  readonly wanted: string;
}

const bodyTypes = ["application/json", "application/yaml", "application/vnd.kubernetes.protobuf"];

export function parseBody(body: Buffer, contentType: string | undefined): unknown {
  const media = (contentType ?? "application/json").split(";")[0]?.trim() ?? "";
  if (media === "application/vnd.kubernetes.protobuf") {
    return decodeProtobuf(body);
  }
  const text = body.toString("utf8");
  try {
    if (media === "application/yaml" || media.endsWith("+yaml")) {
      return parse(text) as unknown;
    }
    if (media === "application/json" || media.endsWith("+json") || media === "*/*") {
      return text === "" ? undefined : (JSON.parse(text) as unknown);
    }
  } catch (error) {
    throw badRequest(`the object provided is unrecognized (must be of type Status): ${String(error)}`);
  }
  throw unsupportedMediaType(bodyTypes);
}

/** The body as an object of this type. @throws 400 where it says that it is something else */
export function asObject(value: unknown, type: ResourceType): KubeObject {
  if (!isRecord(value)) {
    throw badRequest(`couldn't get version/kind; json parse error: unexpected end of JSON input`);
  }
  const { apiVersion = apiVersionOf(type), kind = type.kind } = value as Partial<KubeObject>;
  if (apiVersion !== apiVersionOf(type)) {
    const [found, wanted] = [apiVersion, apiVersionOf(type)];
    throw badRequest(`the API version in the data (${found}) does not match the expected API version (${wanted})`);
  }
  if (kind !== type.kind) {
    throw badRequest(
      `${kind} in version "${type.version}" cannot be handled as a ${type.kind}: converting (v1.${kind}) to (v1.${type.kind}): unknown conversion`,
    );
  }
  const metadata = isRecord(value["metadata"]) ? value["metadata"] : {};
  return { ...value, apiVersion, kind, metadata: metadata as unknown as KubeObject["metadata"] };
}

function typeName(value: unknown): string {
  if (value === null) {
    return "null";
  }
  if (Array.isArray(value)) {
    return "array";
  }
  return typeof value === "number"
    ? Number.isInteger(value)
      ? "integer"
      : "number"
    : typeof value === "boolean"
      ? "boolean"
      : typeof value;
}

const accepted: Readonly<Record<string, readonly string[]>> = {
  string: ["string"],
  byte: ["string"],
  time: ["string"],
  microTime: ["string"],
  boolean: ["boolean"],
  int32: ["integer"],
  int64: ["integer"],
  integer: ["integer"],
  number: ["integer", "number"],
  quantity: ["string", "integer", "number"],
  intOrString: ["string", "integer"],
};

class Reader {
  readonly unknown: string[] = [];
  readonly mistyped: Mistyped[] = [];

  read(schema: Schema, value: unknown, path: string, owner: string): unknown {
    if (value === null || schema.kind === "any") {
      return value;
    }
    const wanted = schema.kind === "list" ? "array" : schema.kind === "scalar" ? schema.name : "object";
    const found = typeName(value);
    const fits = schema.kind === "scalar" ? (accepted[schema.name] ?? [found]).includes(found) : found === wanted;
    if (!fits) {
      this.mistyped.push({ path, owner, found, wanted });
      return value;
    }
    if (Array.isArray(value)) {
      const items = schema.items ?? schema;
      return value.map((item, i) => this.read(items, item, `${path}[${i}]`, owner));
    }
    return isRecord(value) ? this.#fields(schema, value, path, owner) : value;
  }

  #fields(schema: Schema, value: Record<string, unknown>, path: string, owner: string): Record<string, unknown> {
    const result: Record<string, unknown> = {};
    for (const [name, field] of Object.entries(value)) {
      const inner = path === "" ? name : `${path}.${name}`;
      const known = schema.kind === "map" ? schema.items : schema.fields?.get(name)?.schema;
      if (known === undefined && !schema.isOpen) {
        this.unknown.push(inner);
      } else {
        const holder = schema.kind === "map" ? owner : (schema.name.split(".").at(-1) ?? "");
        result[name] = known ? this.read(known, field, inner, holder) : field;
      }
    }
    return result;
  }
}

/** Reads an object by its schema: unknown fields are pruned and told. */
export function decode(type: ResourceType, object: KubeObject): Decoded {
  const reader = new Reader();
  const result = reader.read(schemaOf(type), object, "", type.kind) as KubeObject;
  return { object: result, unknown: reader.unknown, mistyped: reader.mistyped };
}

/** @throws 422 of a custom resource, 400 of a built-in kind, in the words of each */
export function refuseMistyped(type: ResourceType, { object, mistyped }: Decoded): void {
  const [first] = mistyped;
  if (first === undefined) {
    return;
  }
  if (type.crd !== undefined) {
    const causes = mistyped.map(({ path, found, wanted }): Cause => {
      const what = `${path} in body must be of type ${wanted}: "${found}"`;
      return { reason: "FieldValueTypeInvalid", message: `Invalid value: "${found}": ${what}`, field: path };
    });
    throw invalid(type, object.metadata.name, causes);
  }
  const goType: Readonly<Record<string, string>> = { boolean: "bool", array: "[]", object: "struct", byte: "[]uint8" };
  const jsonType: Readonly<Record<string, string>> = { integer: "number", boolean: "bool" };
  const field = first.path.replace(/\[\d+\]/g, "");
  const path =
    first.owner === "ObjectMeta" && field.split(".").length > 2 ? field.split(".").slice(0, 2).join(".") : field;
  throw badRequest(
    `${type.kind} in version "${type.version}" cannot be handled as a ${type.kind}: json: cannot unmarshal ${jsonType[first.found] ?? first.found} into Go struct field ${first.owner}.${path} of type ${goType[first.wanted] ?? first.wanted}`,
  );
}

/** `unknown field "spec.foo"`, for warnings and refusals. */
export function unknownTexts(decoded: Decoded): readonly string[] {
  return decoded.unknown.map((path) => `unknown field "${path}"`);
}
