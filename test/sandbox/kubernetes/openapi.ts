import type { SandboxResponse } from "../http.ts";
import { apiVersionOf, type Kinds, type ResourceType } from "./kinds.ts";
import { schemaOf, typeNamed, type Field, type Schema } from "./schema.ts";

type Json = Record<string, unknown>;

const formats: Readonly<Record<string, Json>> = {
  string: { type: "string" },
  byte: { type: "string", format: "byte" },
  time: { type: "string", format: "date-time" },
  microTime: { type: "string", format: "date-time" },
  boolean: { type: "boolean" },
  int32: { type: "integer", format: "int32" },
  int64: { type: "integer", format: "int64" },
  integer: { type: "integer" },
  number: { type: "number", format: "double" },
  quantity: { oneOf: [{ type: "string" }, { type: "number" }] },
  intOrString: { oneOf: [{ type: "integer" }, { type: "string" }], format: "int-or-string" },
};

/** Full name of a type in the documents. */
function documentName(name: string): string {
  if (name.startsWith("meta.")) {
    return `io.k8s.apimachinery.pkg.apis.meta.v1.${name.slice(5)}`;
  }
  return name.startsWith("crd.")
    ? `io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1.${name.slice(4)}`
    : `io.k8s.api.${name}`;
}

function customName(type: ResourceType): string {
  return [...type.group.split(".").reverse(), type.version, type.kind].join(".");
}

/** One document: types are added as they are met. */
class Document {
  readonly schemas: Json = {};

  constructor(readonly prefix: string) {}

  reference(name: string): Json {
    const full = documentName(name);
    if (!(full in this.schemas)) {
      this.schemas[full] = {};
      const schema = typeNamed(name);
      this.schemas[full] = schema ? this.object(schema) : {};
    }
    return { $ref: `${this.prefix}${full}` };
  }

  object(schema: Schema): Json {
    const fields = [...(schema.fields?.values() ?? [])];
    const required = fields.filter((field) => field.isRequired).map((field) => field.name);
    return {
      ...(schema.description && { description: schema.description }),
      type: "object",
      properties: Object.fromEntries(fields.map((field) => [field.name, this.field(field)])),
      ...(required.length > 0 && { required }),
    };
  }

  field(field: Field): Json {
    const inner = this.type(field.schema);
    const described = { ...(field.description && { description: field.description }) };
    const fallback = field.default === undefined ? {} : { default: field.default };
    return "$ref" in inner && this.prefix.includes("components")
      ? { ...described, allOf: [inner], default: {} }
      : { ...described, ...inner, ...fallback };
  }

  type(schema: Schema): Json {
    switch (schema.kind) {
      case "scalar":
        return formats[schema.name] ?? { type: schema.name };
      case "any":
        return { type: "object" };
      case "map":
        return { type: "object", additionalProperties: this.type(schema.items ?? { kind: "any", name: "any" }) };
      case "list":
        return { type: "array", items: this.type(schema.items ?? { kind: "any", name: "any" }), ...listHints(schema) };
      case "object":
        return typeNamed(schema.name) ? this.reference(schema.name) : this.object(schema);
    }
  }
}

function listHints({ list, mergeKey, mergesByPatch }: Schema): Json {
  return {
    ...(list && { "x-kubernetes-list-type": list.kind }),
    ...(list?.kind === "map" && { "x-kubernetes-list-map-keys": list.keys }),
    ...(mergeKey && { "x-kubernetes-patch-merge-key": mergeKey }),
    ...(mergesByPatch && { "x-kubernetes-patch-strategy": "merge" }),
  };
}

function rootName(type: ResourceType): string {
  return type.crd ? customName(type) : documentName(type.schema ?? "");
}

function addRoot(document: Document, type: ResourceType): void {
  const name = rootName(type);
  const gvk = { group: type.group, version: type.version, kind: type.kind };
  document.schemas[name] = { ...document.object(schemaOf(type)), "x-kubernetes-group-version-kind": [gvk] };
}

const queries = ["dryRun", "fieldManager", "fieldValidation"];

function operation(type: ResourceType, action: string, queryNames: readonly string[]): Json {
  const parameters = queryNames.map((name) => ({ name, in: "query", schema: { type: "string" } }));
  return {
    "x-kubernetes-action": action,
    "x-kubernetes-group-version-kind": { group: type.group, version: type.version, kind: type.kind },
    parameters,
    responses: { "200": { description: "OK" } },
  };
}

function bodyOf(type: ResourceType): Json {
  return {
    requestBody: { content: { "*/*": { schema: { $ref: `#/components/schemas/${rootName(type)}` } } } },
  };
}

/** kubectl reads here whether a kind takes strategic merges: custom resources do not. */
function patchBody(type: ResourceType): Json {
  const media = ["apply-patch+yaml", "json-patch+json", "merge-patch+json"];
  const all = type.crd ? media : [...media, "strategic-merge-patch+json"];
  const content = Object.fromEntries(all.map((one) => [`application/${one}`, { schema: { type: "object" } }]));
  return { requestBody: { content } };
}

function pathsOf(type: ResourceType): Json {
  const root = type.group === "" ? `/api/${type.version}` : `/apis/${apiVersionOf(type)}`;
  const collection = `${root}${type.isNamespaced ? "/namespaces/{namespace}" : ""}/${type.plural}`;
  const post = { ...operation(type, "post", queries), ...bodyOf(type) };
  if (!type.verbs.includes("get")) {
    return { [collection]: { post } };
  }
  return {
    [collection]: { get: operation(type, "list", ["labelSelector", "fieldSelector", "limit", "continue"]), post },
    [`${collection}/{name}`]: {
      get: operation(type, "get", ["pretty"]),
      put: { ...operation(type, "put", queries), ...bodyOf(type) },
      patch: { ...operation(type, "patch", [...queries, "force"]), ...patchBody(type) },
      delete: operation(type, "delete", ["dryRun", "gracePeriodSeconds", "propagationPolicy"]),
    },
  };
}

function groupDocument(types: readonly ResourceType[], version: string): Json {
  const document = new Document("#/components/schemas/");
  for (const type of types) {
    addRoot(document, type);
  }
  document.reference("meta.DeleteOptions");
  document.reference("meta.Status");
  return {
    openapi: "3.0.0",
    info: { title: "Kubernetes", version },
    paths: Object.assign({}, ...types.map(pathsOf)) as Json,
    components: { schemas: document.schemas },
  };
}

function groupPath(type: ResourceType): string {
  return type.group === "" ? `api/${type.version}` : `apis/${apiVersionOf(type)}`;
}

function index(kinds: Kinds): Json {
  const paths = [...new Set(kinds.all().map(groupPath))];
  return {
    paths: Object.fromEntries(
      paths.map((path) => [path, { serverRelativeURL: `/openapi/v3/${path}?hash=${hashOf(kinds, path)}` }]),
    ),
  };
}

/** Clients keep a document for as long as its hash stays. */
function hashOf(kinds: Kinds, path: string): string {
  const crds = kinds
    .all()
    .filter((type) => groupPath(type) === path && type.crd)
    .map((type) => type.crd?.metadata.resourceVersion);
  return Buffer.from(`${path}#${crds.join("-")}`)
    .toString("hex")
    .toUpperCase();
}

function version2(kinds: Kinds, version: string): Json {
  const document = new Document("#/definitions/");
  for (const type of kinds.all()) {
    addRoot(document, type);
  }
  return {
    swagger: "2.0",
    info: { title: "Kubernetes", version },
    paths: {},
    definitions: document.schemas,
  };
}

/** `/openapi/v3`, a document of each group version below it, and `/openapi/v2` as JSON. */
export function openApi(kinds: Kinds, path: string, version: string): SandboxResponse | undefined {
  if (path === "/openapi/v3") {
    return { status: 200, body: index(kinds) };
  }
  if (path === "/openapi/v2") {
    return { status: 200, body: version2(kinds, version) };
  }
  const wanted = /^\/openapi\/v3\/(.+)$/.exec(path)?.[1];
  const types = kinds.all().filter((type) => groupPath(type) === wanted);
  return types.length > 0 ? { status: 200, body: groupDocument(types, version) } : undefined;
}
