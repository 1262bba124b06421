import type { Kinds, ResourceType } from "./kinds.ts";

export interface ResourcePath {
  readonly type: ResourceType;
  readonly namespace: string | undefined;
  readonly name: string | undefined;
  readonly subresource: string | undefined;
}

/** Takes `/apis/apps/v1/namespaces/a/deployments/b/status` apart; undefined where no such resource is served. */
export function parsePath(kinds: Kinds, path: string): ResourcePath | undefined {
  const steps = path
    .split("/")
    .filter((step) => step !== "")
    .map(decodeURIComponent);
  const [root, ...rest] = steps;
  const [group, version, ...tail] = root === "api" ? ["", ...rest] : rest;
  if ((root !== "api" && root !== "apis") || group === undefined || version === undefined) {
    return undefined;
  }
  const [first, second, third] = tail;
  const isInNamespace =
    first === "namespaces" && third !== undefined && kinds.find(group, version, third) !== undefined;
  const [plural, name, subresource, more] = isInNamespace ? tail.slice(2) : tail;
  const type = plural === undefined ? undefined : kinds.find(group, version, plural);
  if (type === undefined || more !== undefined || (isInNamespace && !type.isNamespaced)) {
    return undefined;
  }
  if (subresource !== undefined && !type.subresources.includes(subresource)) {
    return undefined;
  }
  return { type, namespace: isInNamespace ? second : undefined, name, subresource };
}

const verbs: Readonly<Record<string, readonly [collection: string | undefined, named: string | undefined]>> = {
  GET: ["list", "get"],
  POST: ["create", undefined],
  PUT: [undefined, "update"],
  PATCH: [undefined, "patch"],
  DELETE: ["deletecollection", "delete"],
};

/** The verb of a request; undefined where the method does not fit. */
export function verbOf(method: string, path: ResourcePath, query: URLSearchParams): string | undefined {
  if (path.subresource && method === "POST") {
    return "create";
  }
  const isWatch = ["true", "1"].includes(query.get("watch") ?? "");
  const [collection, named] = verbs[method === "HEAD" ? "GET" : method] ?? [];
  if (path.name === undefined) {
    return collection === "list" && isWatch ? "watch" : collection;
  }
  return named;
}
