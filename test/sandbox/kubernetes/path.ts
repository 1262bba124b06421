import type { Kinds, ResourceType } from "./kinds.ts";

export interface ResourcePath {
  readonly type: ResourceType;
  readonly namespace: string | undefined;
  readonly name: string | undefined;
  readonly subresource: string | undefined;
}

interface Split {
  readonly group: string;
  readonly version: string;
  readonly tail: readonly string[];
}

function split(path: string): Split | undefined {
  const [root, ...rest] = path
    .split("/")
    .filter((step) => step !== "")
    .map(decodeURIComponent);
  const [group = "", version = "", ...tail] = root === "api" ? ["", ...rest] : root === "apis" ? rest : [];
  return version === "" ? undefined : { group, version, tail };
}

/** Takes `/apis/apps/v1/namespaces/a/deployments/b/status` apart; undefined where no such resource is served. */
export function parsePath(kinds: Kinds, path: string): ResourcePath | undefined {
  const parts = split(path);
  if (parts === undefined) {
    return undefined;
  }
  const { group, version, tail } = parts;
  const [first = "", second] = tail;
  const inNamespace = first === "namespaces" ? kinds.find(group, version, String(tail[2])) : undefined;
  const type = inNamespace ?? kinds.find(group, version, first);
  if (type === undefined || inNamespace?.isNamespaced === false) {
    return undefined;
  }
  const [, name, subresource, more] = inNamespace ? tail.slice(2) : tail;
  return more === undefined && hasSubresource(type, subresource)
    ? { type, namespace: inNamespace ? second : undefined, name, subresource }
    : undefined;
}

function hasSubresource(type: ResourceType, subresource: string | undefined): boolean {
  return subresource === undefined || type.subresources.includes(subresource);
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
