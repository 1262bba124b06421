import { parse } from "yaml";
import { apiVersionOf, type ResourceType } from "./kinds.ts";
import { decodeProtobuf } from "./protobuf.ts";
import { at, isRecord, type KubeObject } from "./object.ts";
import { schemaOf, type Schema } from "./schema.ts";
import { badRequest, invalid, StatusError, unsupportedMediaType, type Cause } from "./status.ts";

/** What reading a body found: fields nobody knows (dropped), values of the wrong type. */
export interface Decoded {
  readonly object: KubeObject;
  readonly unknown: readonly string[];
  readonly mistyped: readonly Mistyped[];
}

interface Mistyped {
  readonly path: string;
  /** As Go's decoder tells it: a map's entries have no path of their own. */
  readonly goPath: string;
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

/** @throws 400 where the body says that it is something else */
function refuseOtherType(value: Record<string, unknown>, type: ResourceType): Pick<KubeObject, "apiVersion" | "kind"> {
  const { apiVersion = apiVersionOf(type), kind = type.kind } = value as Partial<KubeObject>;
  if (type.crd && value["kind"] === undefined) {
    const text = JSON.stringify(value);
    const start = text.length > 30 ? `${text.slice(0, 30)} ...` : text;
    throw badRequest(
      `the object provided is unrecognized (must be of type ${type.kind}): Object 'Kind' is missing in '${text}' (${start})`,
    );
  }
  if (apiVersion !== apiVersionOf(type) && !type.crd) {
    const why = `no kind "${kind}" is registered for version "${apiVersion}" in scheme "pkg/api/legacyscheme/scheme.go:30"`;
    throw badRequest(`${kind} in version "${apiVersion}" cannot be handled as a ${type.kind}: ${why}`);
  }
  if (apiVersion !== apiVersionOf(type)) {
    const [found, wanted] = [apiVersion, apiVersionOf(type)];
    throw badRequest(`the API version in the data (${found}) does not match the expected API version (${wanted})`);
  }
  if (kind !== type.kind) {
    const owner = type.group === "" ? "core" : type.group.split(".")[0];
    throw badRequest(
      `${kind} in version "${type.version}" cannot be handled as a ${type.kind}: converting (v1.${kind}) to (${owner}.${type.kind}): unknown conversion`,
    );
  }
  return { apiVersion, kind };
}

/** The body as an object of this type. @throws 400 where it says that it is something else */
export function asObject(value: unknown, type: ResourceType): KubeObject {
  if (!isRecord(value)) {
    throw badRequest(`couldn't get version/kind; json parse error: unexpected end of JSON input`);
  }
  const { apiVersion, kind } = refuseOtherType(value, type);
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

interface Place {
  readonly path: string;
  readonly goPath: string;
  readonly owner: string;
}

function step(schema: Schema, name: string, { path, goPath, owner }: Place): Place {
  return schema.kind === "map"
    ? { path, goPath, owner }
    : { path, goPath: goPath === "" ? name : `${goPath}.${name}`, owner: schema.name.split(".").at(-1) ?? "" };
}

/** Go leaves empty maps and lists out. */
function isOmitted(schema: Schema, value: unknown): boolean {
  return (
    (schema.kind === "map" && isRecord(value) && Object.keys(value).length === 0) ||
    (schema.kind === "list" && Array.isArray(value) && value.length === 0)
  );
}

function goTypeOf(schema: Schema): string {
  const items = schema.items?.name ?? "";
  return schema.kind === "map" ? `map[string]${items === "byte" ? "[]uint8" : items}` : "object";
}

class Reader {
  readonly unknown: string[] = [];
  readonly mistyped: Mistyped[] = [];

  constructor(readonly isCustom: boolean) {}

  read(schema: Schema, value: unknown, place: Place): unknown {
    const { path, goPath, owner } = place;
    if (value === null || schema.kind === "any") {
      return value;
    }
    const wanted = schema.kind === "list" ? "array" : schema.kind === "scalar" ? schema.name : "object";
    const found = typeName(value);
    const fits = schema.kind === "scalar" ? (accepted[schema.name] ?? [found]).includes(found) : found === wanted;
    if (!fits) {
      this.mistyped.push({ path, goPath, owner, found, wanted: wanted === "object" ? goTypeOf(schema) : wanted });
      return value;
    }
    if (Array.isArray(value)) {
      const items = schema.items ?? schema;
      return value.map((item, i) => this.read(items, item, { path: `${path}[${i}]`, goPath, owner }));
    }
    return isRecord(value) ? this.#fields(schema, value, place) : value;
  }

  #fields(schema: Schema, value: Record<string, unknown>, { path, goPath, owner }: Place): Record<string, unknown> {
    const result: Record<string, unknown> = {};
    for (const [name, field] of Object.entries(value)) {
      const inner = path === "" ? name : `${path}.${name}`;
      const known = schema.kind === "map" ? schema.items : schema.fields?.get(name)?.schema;
      if (known === undefined && !schema.isOpen) {
        this.unknown.push(inner);
      } else {
        const inside = step(schema, name, { path: inner, goPath, owner });
        if (this.isCustom || known === undefined || !isOmitted(known, field)) {
          result[name] = known ? this.read(known, field, inside) : field;
        }
      }
    }
    return result;
  }
}

/** Reads an object by its schema: unknown fields are pruned and told. */
export function decode(type: ResourceType, object: KubeObject): Decoded {
  const reader = new Reader(type.crd !== undefined);
  const result = reader.read(schemaOf(type), object, { path: "", goPath: "", owner: type.kind }) as KubeObject;
  return { object: result, unknown: reader.unknown, mistyped: reader.mistyped };
}

/** @throws 422 of a custom resource, 400 of a built-in kind (422 of its patch), in the words of each */
export function refuseMistyped(type: ResourceType, { object, mistyped }: Decoded, isPatch: boolean): void {
  const [first] = mistyped;
  if (first === undefined) {
    refuseNoBase64(type, object);
    return;
  }
  if (type.crd !== undefined) {
    const causes = mistyped.map(({ path, found, wanted }): Cause => {
      const what = `${path} in body must be of type ${wanted.startsWith("map") ? "object" : wanted}: "${found}"`;
      return { reason: "FieldValueTypeInvalid", message: `Invalid value: "${found}": ${what}`, field: path };
    });
    throw invalid(type, object.metadata.name, causes);
  }
  const goType: Readonly<Record<string, string>> = { boolean: "bool", array: "[]", object: "struct", byte: "[]uint8" };
  const jsonType: Readonly<Record<string, string>> = { integer: "number", boolean: "bool" };
  const why = `json: cannot unmarshal ${jsonType[first.found] ?? first.found} into Go struct field ${first.owner}.${first.goPath} of type ${goType[first.wanted] ?? first.wanted}`;
  throw isPatch
    ? invalidPatch(object, why)
    : badRequest(`${type.kind} in version "${type.version}" cannot be handled as a ${type.kind}: ${why}`);
}

function refuseNoBase64(type: ResourceType, object: KubeObject): void {
  const data = type.kind === "Secret" && isRecord(object["data"]) ? Object.values(object["data"]) : [];
  for (const value of data.map(String)) {
    const wrong = value.search(/[^A-Za-z0-9+/=\r\n]/);
    if (wrong >= 0) {
      throw badRequest(
        `Secret in version "v1" cannot be handled as a Secret: illegal base64 data at input byte ${wrong}`,
      );
    }
  }
}

/** @throws 400 in the words of the patch handlers */
export function parsePatch(body: Buffer, media: string): unknown {
  const wrong = (why: string): StatusError => badRequest(`error decoding patch: ${why}`);
  let patch: unknown;
  try {
    patch = parseBody(body, media);
  } catch (error) {
    throw error instanceof StatusError && error.code === 400 ? wrong("unexpected end of JSON input") : error;
  }
  if (media === "application/merge-patch+json" && Array.isArray(patch)) {
    throw wrong("json: cannot unmarshal array into Go value of type map[string]interface {}");
  }
  return patch;
}

/** Server-side apply reads by the schema before anything else does. @throws 500 */
export function refuseUntyped(type: ResourceType, applied: KubeObject): void {
  const { unknown, mistyped } = decode(type, applied);
  const problems = [
    ...unknown.map((path) => `.${path}: field not declared in schema`),
    ...mistyped.map(
      ({ path, wanted }) =>
        `.${path}: expected ${wanted}, got &value.valueUnstructured{Value:${valueText(applied, path)}}`,
    ),
  ];
  if (problems.length > 0) {
    const { namespace = "", name } = applied.metadata;
    const what = `${namespace}/${name}; ${type.group}/${type.version}, Kind=${type.kind}`;
    const why = problems.length === 1 ? problems[0] : `errors:\n${problems.map((one) => `  ${one}`).join("\n")}`;
    throw new StatusError(500, "", `failed to create typed patch object (${what}): ${why}`);
  }
}

function valueText(object: KubeObject, path: string): string {
  const value = at(object, path);
  return typeof value === "string" ? JSON.stringify(value) : String(value);
}

/** What a patch makes of an object does not read as one. */
export function invalidPatch(patched: KubeObject, why: string): StatusError {
  const message = `Invalid value: ${JSON.stringify(JSON.stringify(patched))}: ${why}`;
  const causes = [{ reason: "FieldValueInvalid", message, field: "patch" }];
  return new StatusError(422, "Invalid", ` "" is invalid: patch: ${message}`, { causes });
}

/** `unknown field "spec.foo"`, for warnings and refusals. */
export function unknownTexts(decoded: Decoded): readonly string[] {
  return decoded.unknown.map((path) => `unknown field "${path}"`);
}
