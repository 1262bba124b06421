import type { KubeObject } from "./object.ts";
import type { ResourceType } from "./kinds.ts";
import { plainPrinter, printers, type Printer } from "./tableColumns.ts";

/** How `includeObject` asks for the object beside each row. */
export type RowObject = "Metadata" | "Object" | "None";

function printerOf(type: ResourceType): Printer {
  return printers[type.storage] ?? plainPrinter;
}

function columnDefinition(text: string, isCustom: boolean): Readonly<Record<string, unknown>> {
  const name = text.replace(/^\+|[#?]$/g, "");
  const isDate = isCustom && name === "Age";
  const type = isDate ? "date" : text.endsWith("#") ? "integer" : text.endsWith("?") ? "boolean" : "string";
  return { name, type, format: name === "Name" ? "name" : "", description: "", priority: text.startsWith("+") ? 1 : 0 };
}

export function columnDefinitions(type: ResourceType): readonly Readonly<Record<string, unknown>>[] {
  return printerOf(type)
    .columns.split(",")
    .map((text) => columnDefinition(text, type.crd !== undefined));
}

/** One row as JSON; `objectJson` is what stands in its `object`. */
export function rowJson(type: ResourceType, object: KubeObject, now: number, objectJson: string | undefined): string {
  const cells = JSON.stringify(printerOf(type).cells(object, now));
  return objectJson === undefined ? `{"cells":${cells},"object":null}` : `{"cells":${cells},"object":${objectJson}}`;
}

export function tableJson(
  type: ResourceType,
  metadata: Readonly<Record<string, unknown>>,
  rows: readonly string[],
  hasHeaders = true,
): string {
  const head = {
    kind: "Table",
    apiVersion: "meta.k8s.io/v1",
    metadata,
    columnDefinitions: hasHeaders ? columnDefinitions(type) : [],
  };
  return `${JSON.stringify(head).slice(0, -1)},"rows":[${rows.join(",")}]}`;
}
