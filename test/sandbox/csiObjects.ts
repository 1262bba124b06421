/** The `objects` parameter: YAML in YAML, read with the strictness of the provider's Go library. */
import { isMap, isScalar, isSeq, LineCounter, parseDocument, type Document, type Scalar, type YAMLMap } from "yaml";
import { CsiFailure } from "./csiFailure.ts";

export interface VaultObjectRequest {
  readonly objectName: string;
  readonly objectType: string;
  readonly objectAlias: string;
  readonly objectVersion: string;
  readonly objectVersionHistory: number;
  readonly objectFormat: string;
  readonly objectEncoding: string;
  readonly filePermission: string;
}

interface Source {
  readonly document: Document;
  readonly lineOf: (offset: number | undefined) => number;
}

/** The Go library's words for what is no YAML. */
function syntaxText(document: Document, lineOf: Source["lineOf"]): string | undefined {
  const [error] = document.errors;
  if (error === undefined) {
    return undefined;
  }
  const line = lineOf(error.pos[0]);
  if (error.code === "TAB_AS_INDENT") {
    return `yaml: line ${line}: found character that cannot start any token`;
  }
  if (error.code === "DUPLICATE_KEY") {
    const key = /"([^"]+)"/.exec(error.message)?.[1] ?? duplicateKey(document);
    return `yaml: unmarshal errors:\n  line ${line}: mapping key "${key}" already defined at line ${firstLine(document, key, lineOf)}`;
  }
  return error.code === "BLOCK_AS_IMPLICIT_KEY" || error.code === "MULTILINE_IMPLICIT_KEY"
    ? "yaml: mapping values are not allowed in this context"
    : `yaml: line ${line}: could not find expected ':'`;
}

function keysOf(document: Document): readonly string[] {
  return isMap(document.contents) ? document.contents.items.map(({ key }) => String(key)) : [];
}

function duplicateKey(document: Document): string {
  const keys = keysOf(document);
  return keys.find((key, i) => keys.indexOf(key) !== i) ?? "";
}

function firstLine(document: Document, key: string, lineOf: Source["lineOf"]): number {
  const pair = isMap(document.contents) ? document.contents.items.find((item) => String(item.key) === key) : undefined;
  return isScalar(pair?.key) ? lineOf(pair.key.range?.[0]) : 1;
}

function read(text: string): Source | { readonly error: string } {
  const counter = new LineCounter();
  const document = parseDocument(text, { lineCounter: counter });
  const lineOf = (offset: number | undefined): number => counter.linePos(offset ?? 0).line;
  const error = syntaxText(document, lineOf);
  return error === undefined ? { document, lineOf } : { error };
}

function tagOf(node: unknown): string {
  if (isSeq(node)) {
    return "!!seq";
  }
  if (isMap(node)) {
    return "!!map";
  }
  return isScalar(node) && typeof node.value === "string" ? `!!str \`${shorten(node.value)}\`` : "!!null";
}

function shorten(text: string): string {
  const line = text.split("\n").join(" ");
  return line.length > 10 ? `${line.slice(0, 7)}...` : line;
}

/** The texts under `array`. @throws {CsiFailure} */
function readArray(objects: string): readonly string[] {
  const fail = (text: string): CsiFailure => new CsiFailure(`failed to yaml unmarshal objects, error: ${text}`);
  const source = read(objects);
  if ("error" in source) {
    throw fail(source.error);
  }
  const { document, lineOf } = source;
  const root = document.contents;
  if (!isMap(root)) {
    throw fail(`yaml: unmarshal errors:\n  line 1: cannot unmarshal ${tagOf(root)} into types.StringArray`);
  }
  const array = root.get("array", true);
  if (array === undefined || (isScalar(array) && array.value === null)) {
    return [];
  }
  if (!isSeq(array)) {
    throw fail(`yaml: unmarshal errors:\n  line 1: cannot unmarshal ${tagOf(array)} into []string`);
  }
  const wrong = array.items.filter((item) => !isScalar(item));
  if (wrong.length > 0) {
    const lines = wrong.map((item) => {
      const { range } = item as { range?: [number, number, number] | null };
      return `  line ${lineOf(range?.[0])}: cannot unmarshal ${tagOf(item)} into string`;
    });
    throw fail(`yaml: unmarshal errors:\n${lines.join("\n")}`);
  }
  return array.items.map((item) => (isScalar(item) ? scalarText(item) : ""));
}

/** As it was written: `007` stays `007`. */
function scalarText(node: Scalar): string {
  return node.source ?? (typeof node.value === "string" ? node.value : JSON.stringify(node.value));
}

function historyOf(map: YAMLMap, lineOf: Source["lineOf"]): number {
  const node = map.get("objectVersionHistory", true);
  if (!isScalar(node) || node.value === null) {
    return 0;
  }
  if (typeof node.value !== "number" || !Number.isInteger(node.value)) {
    const text = `cannot unmarshal !!str \`${scalarText(node)}\` into int32`;
    throw new CsiFailure(`yaml: unmarshal errors:\n  line ${lineOf(node.range?.[0])}: ${text}`);
  }
  return node.value;
}

function readEntry(text: string): VaultObjectRequest {
  const source = read(text);
  if ("error" in source) {
    throw new CsiFailure(source.error);
  }
  const { document, lineOf } = source;
  const map = document.contents;
  if (!isMap(map)) {
    throw new CsiFailure(`yaml: unmarshal errors:\n  line 1: cannot unmarshal ${tagOf(map)} into types.KeyVaultObject`);
  }
  const texts = [
    "objectName",
    "objectType",
    "objectAlias",
    "objectVersion",
    "objectFormat",
    "objectEncoding",
    "filePermission",
  ];
  const wrong = texts.map((name) => map.get(name, true)).filter((node) => node !== undefined && !isScalar(node));
  if (wrong.length > 0) {
    const lines = wrong.map((node) => {
      const { range } = node as { range?: [number, number, number] | null };
      return `  line ${lineOf(range?.[0])}: cannot unmarshal ${tagOf(node)} into string`;
    });
    throw new CsiFailure(`yaml: unmarshal errors:\n${lines.join("\n")}`);
  }
  const value = (name: string): string => {
    const node = map.get(name, true);
    return isScalar(node) && node.value !== null ? scalarText(node).trim() : "";
  };
  return {
    objectName: value("objectName"),
    objectType: value("objectType"),
    objectAlias: value("objectAlias"),
    objectVersion: value("objectVersion"),
    objectVersionHistory: historyOf(map, lineOf),
    objectFormat: value("objectFormat"),
    objectEncoding: value("objectEncoding"),
    filePermission: value("filePermission"),
  };
}

export function objectFailure(object: VaultObjectRequest, text: string): CsiFailure {
  const { objectType, objectName, objectVersion } = object;
  return new CsiFailure(
    `failed to get objectType:${objectType}, objectName:${objectName}, objectVersion:${objectVersion}: ${text}`,
  );
}

export function fileName(object: VaultObjectRequest): string {
  return object.objectAlias || object.objectName;
}

function entryProblem(object: VaultObjectRequest): string | undefined {
  const format = object.objectFormat.toLowerCase();
  const encoding = object.objectEncoding.toLowerCase();
  const isSecret = object.objectType === "secret";
  const file = fileName(object);
  if (!["", "pem", "pfx"].includes(format)) {
    return `invalid objectFormat: ${object.objectFormat}, should be PEM or PFX`;
  }
  if (object.objectFormat === "pfx" && !isSecret) {
    return "PFX format only supported for objectType: secret";
  }
  if (!["", "utf-8", "hex", "base64"].includes(encoding)) {
    return `invalid objectEncoding: ${object.objectEncoding}, should be hex, base64 or utf-8`;
  }
  if (encoding !== "" && !isSecret) {
    return "objectEncoding only supported for objectType: secret";
  }
  if (file === "") {
    return "file name must not be empty";
  }
  if (/^(\/|[A-Za-z]:|\\)/.test(file)) {
    return "file name must be a relative path";
  }
  return file.includes("..") ? "file name must not contain '..'" : undefined;
}

/** The objects a class asks for, checked as the provider checks them before it calls anybody. @throws {CsiFailure} */
export function readObjects(objects: string): readonly VaultObjectRequest[] {
  if (objects === "") {
    throw new CsiFailure("objects is not set");
  }
  return readArray(objects).map((text, index) => {
    let object: VaultObjectRequest;
    try {
      object = readEntry(text);
    } catch (error) {
      if (error instanceof CsiFailure) {
        throw new CsiFailure(`unmarshal failed for keyVaultObjects at index ${index}, error: ${error.message}`);
      }
      throw error;
    }
    const problem = entryProblem(object);
    if (problem !== undefined) {
      throw objectFailure(object, problem);
    }
    return object;
  });
}
