/** Finds the operation that a path names, and the scope that Azure RBAC is asked about. */
import type { ArmRoute } from "./armRoute.ts";

export interface ArmMatch {
  readonly route: ArmRoute;
  readonly params: Readonly<Record<string, string>>;
}

interface CompiledRoute {
  readonly route: ArmRoute;
  readonly pattern: RegExp;
}

export interface ArmRouter {
  find(method: string, path: string): ArmMatch | undefined;
  /** Whether the path is known, with another method perhaps. */
  methodsOf(path: string): string[];
}

function compile(route: ArmRoute): CompiledRoute {
  const source = route.pattern
    .split("/")
    .slice(1)
    .map((segment) => {
      const [, name, star] = /^\{(\w+)(\*)?\}$/.exec(segment) ?? [];
      if (!name) {
        return `/${segment.replace(/[.*+?^$()|[\]\\]/g, "\\$&")}`;
      }
      return star ? `(?<${name}>(?:/[^/]+)*)` : `/(?<${name}>[^/]+)`;
    })
    .join("");
  return { route, pattern: new RegExp(`^${source}/?$`, "i") };
}

function decode(groups: Record<string, string> | undefined): Record<string, string> {
  return Object.fromEntries(
    Object.entries(groups ?? {}).map(([name, value]) => [
      name,
      value.includes("%") ? decodeURIComponent(value) : value,
    ]),
  );
}

export function createArmRouter(routes: readonly ArmRoute[]): ArmRouter {
  const compiled = routes.map(compile);
  return {
    find(method, path) {
      for (const { route, pattern } of compiled) {
        const match = route.method === method ? pattern.exec(path) : null;
        if (match) {
          return { route, params: decode(match.groups) };
        }
      }
      return undefined;
    },
    methodsOf: (path) => compiled.filter(({ pattern }) => pattern.test(path)).map(({ route }) => route.method),
  };
}

/**
 * What an action is authorized over: the resource that the path names, without the name of an action on it; for a collection what the collection is of.
 * A type and its name alternate after the provider's namespace, so an odd count means a trailing action or collection.
 */
export function defaultScope(path: string): string {
  const clean = path.replace(/\/+$/, "");
  const provider = clean.toLowerCase().lastIndexOf("/providers/");
  if (provider < 0) {
    const segments = clean.split("/").slice(1);
    return segments.length % 2 === 0 ? clean : clean.slice(0, clean.lastIndexOf("/"));
  }
  const base = clean.slice(0, provider);
  const segments = clean.slice(provider + "/providers/".length).split("/");
  if (segments.length % 2 === 1) {
    return clean;
  }
  const named = segments.slice(0, -1);
  return named.length === 1 ? base || "/" : `${base}/providers/${named.join("/")}`;
}
