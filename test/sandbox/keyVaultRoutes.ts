/** The route table of the data plane and how a path finds its row. */
import type { SandboxResponse } from "./http.ts";
import type { Permission } from "./keyVaultAccess.ts";
import type { VaultCall } from "./keyVaultObjects.ts";

export interface VaultRoute {
  readonly method: string;
  /** `{name}` takes one segment; `{version?}` may be missing. */
  readonly path: string;
  readonly permission: Permission;
  readonly handle: (call: VaultCall) => SandboxResponse | Promise<SandboxResponse>;
}

export interface VaultMatch {
  readonly route: VaultRoute;
  /** Empty when the route is a list. */
  readonly name: string;
  readonly version: string;
}

/** Earlier rows win: literal paths stand before those that end in a version. */
export function matchRoute(routes: readonly VaultRoute[], method: string, path: string): VaultMatch | undefined {
  const segments = path.split("/").filter(Boolean).map(decodeURIComponent);
  for (const route of routes) {
    const found = route.method === method ? matchPath(route.path, segments) : undefined;
    if (found) {
      return { route, name: found.get("name") ?? "", version: found.get("version") ?? "" };
    }
  }
  return undefined;
}

function matchPath(pattern: string, segments: readonly string[]): Map<string, string> | undefined {
  const parts = pattern.split("/").filter(Boolean);
  const required = parts.filter((part) => !part.endsWith("?}")).length;
  if (segments.length < required || segments.length > parts.length) {
    return undefined;
  }
  const values = new Map<string, string>();
  for (const [index, segment] of segments.entries()) {
    const part = parts[index] ?? "";
    const name = /^\{(\w+)\??\}$/.exec(part)?.[1];
    if (name !== undefined) {
      values.set(name, segment);
    } else if (part.toLowerCase() !== segment.toLowerCase()) {
      return undefined;
    }
  }
  return values;
}
