import { at, textAt, type KubeObject } from "./object.ts";
import type { ResourceType } from "./kinds.ts";
import { badRequest } from "./status.ts";

type Operator = "in" | "notin" | "exists" | "!" | "gt" | "lt";

export interface Requirement {
  readonly key: string;
  readonly operator: Operator;
  readonly values: readonly string[];
}

export interface Selector {
  readonly labels: readonly Requirement[];
  readonly fields: readonly { readonly path: string; readonly value: string; readonly isEqual: boolean }[];
}

const key = "[A-Za-z0-9]([-A-Za-z0-9_./]*[A-Za-z0-9])?";
const patterns: readonly [RegExp, (key: string, value: string) => Requirement][] = [
  [
    new RegExp(`^(${key})\\s+in\\s+\\(([^()]*)\\)$`),
    (name, value) => ({ key: name, operator: "in", values: values(value) }),
  ],
  [
    new RegExp(`^(${key})\\s+notin\\s+\\(([^()]*)\\)$`),
    (name, value) => ({ key: name, operator: "notin", values: values(value) }),
  ],
  [
    new RegExp(`^(${key})\\s*!=\\s*([-A-Za-z0-9_.]*)$`),
    (name, value) => ({ key: name, operator: "notin", values: [value] }),
  ],
  [
    new RegExp(`^(${key})\\s*==?\\s*([-A-Za-z0-9_.]*)$`),
    (name, value) => ({ key: name, operator: "in", values: [value] }),
  ],
  [new RegExp(`^(${key})\\s*>\\s*(\\d+)$`), (name, value) => ({ key: name, operator: "gt", values: [value] })],
  [new RegExp(`^(${key})\\s*<\\s*(\\d+)$`), (name, value) => ({ key: name, operator: "lt", values: [value] })],
  [new RegExp(`^!\\s*(${key})$`), (name) => ({ key: name, operator: "!", values: [] })],
  [new RegExp(`^(${key})$`), (name) => ({ key: name, operator: "exists", values: [] })],
];

function values(text: string): readonly string[] {
  return text.split(",").map((value) => value.trim());
}

/** Commas outside of parentheses separate requirements. */
function parts(text: string): readonly string[] {
  return text
    .split(/,(?![^(]*\))/)
    .map((part) => part.trim())
    .filter((part) => part !== "");
}

function parseRequirement(text: string): Requirement {
  for (const [pattern, make] of patterns) {
    const match = pattern.exec(text);
    if (match) {
      return make(match[1] ?? "", (match[3] ?? "").trim());
    }
  }
  throw badRequest(`unable to parse requirement: found '${text}', expected: a key, an operator and values`);
}

export function parseLabels(text: string): readonly Requirement[] {
  return parts(text).map(parseRequirement);
}

const commonFields = ["metadata.name", "metadata.namespace"];
const involved = ["kind", "namespace", "name", "uid", "apiVersion", "resourceVersion", "fieldPath"];
const fieldsOf: Readonly<Record<string, readonly string[]>> = {
  pods: [
    "spec.nodeName",
    "spec.restartPolicy",
    "spec.schedulerName",
    "spec.serviceAccountName",
    "spec.hostNetwork",
    "status.phase",
    "status.podIP",
    "status.nominatedNodeName",
  ],
  nodes: ["spec.unschedulable"],
  namespaces: ["status.phase"],
  secrets: ["type"],
  services: ["spec.clusterIP", "spec.type"],
  "replicasets.apps": ["status.replicas"],
  "jobs.batch": ["status.successful"],
  events: [
    ...involved.map((field) => `involvedObject.${field}`),
    ...involved.map((field) => `regarding.${field}`),
    "reason",
    "reportingComponent",
    "reportingController",
    "source",
    "type",
  ],
};

export function parseFields(text: string, type: ResourceType): Selector["fields"] {
  return parts(text).map((part) => {
    const match = /^([^=!]+?)(!=|==?)(.*)$/.exec(part);
    if (match === null) {
      throw badRequest(`invalid selector: '${part}'; can't understand '${part}'`);
    }
    const [, path = "", operator = "", value = ""] = match;
    if (![...commonFields, ...(fieldsOf[type.storage] ?? [])].includes(path)) {
      throw badRequest(
        type.crd !== undefined || type.storage in fieldsOf
          ? `field label not supported: ${path}`
          : `"${path}" is not a known field selector: only "metadata.name", "metadata.namespace"`,
      );
    }
    return { path: path.replace(/^regarding\./, "involvedObject."), value, isEqual: operator !== "!=" };
  });
}

export function parseSelector(query: URLSearchParams, type: ResourceType): Selector {
  return {
    labels: parseLabels(query.get("labelSelector") ?? ""),
    fields: parseFields(query.get("fieldSelector") ?? "", type),
  };
}

function meets(requirement: Requirement, labels: Readonly<Record<string, string>>): boolean {
  const value = labels[requirement.key];
  switch (requirement.operator) {
    case "in":
      return value !== undefined && requirement.values.includes(value);
    case "notin":
      return value === undefined || !requirement.values.includes(value);
    case "exists":
      return value !== undefined;
    case "!":
      return value === undefined;
    case "gt":
      return value !== undefined && Number(value) > Number(requirement.values[0]);
    case "lt":
      return value !== undefined && Number(value) < Number(requirement.values[0]);
  }
}

export function matchesLabels(
  requirements: readonly Requirement[],
  labels: Readonly<Record<string, string>> | undefined,
): boolean {
  return requirements.every((requirement) => meets(requirement, labels ?? {}));
}

function fieldValue(object: KubeObject, path: string): string {
  if (path === "source") {
    return textAt(object, "source.component") || textAt(object, "reportingComponent");
  }
  if (path === "reportingController") {
    return textAt(object, "reportingComponent");
  }
  if (path === "spec.unschedulable" || path === "spec.hostNetwork") {
    return String(at(object, path) === true);
  }
  return textAt(object, path);
}

export function matches(selector: Selector, object: KubeObject): boolean {
  return (
    matchesLabels(selector.labels, object.metadata.labels) &&
    selector.fields.every(({ path, value, isEqual }) => (fieldValue(object, path) === value) === isEqual)
  );
}

/** A `LabelSelector` object, as workloads and network policies have it. */
export function matchesLabelSelector(selector: unknown, labels: Readonly<Record<string, string>> | undefined): boolean {
  const wanted = Object.entries((at(selector, "matchLabels") as Record<string, string> | undefined) ?? {});
  return wanted.every(([name, value]) => labels?.[name] === value);
}
