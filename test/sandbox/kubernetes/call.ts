import type { SandboxRequest } from "../http.ts";
import type { ResourceType } from "./kinds.ts";
import type { User } from "./user.ts";

/** One request for a resource, taken apart. */
export interface Call {
  readonly request: SandboxRequest;
  readonly user: User;
  readonly type: ResourceType;
  readonly namespace: string | undefined;
  readonly name: string | undefined;
  readonly subresource: string | undefined;
  /** Sent back as `Warning` headers. */
  readonly warnings: string[];
}

export function isDryRun(call: Call): boolean {
  return call.request.query.getAll("dryRun").includes("All");
}

export function fieldManager(call: Call): string {
  const agent = call.request.headers["user-agent"]?.split("/")[0] ?? "";
  return call.request.query.get("fieldManager") ?? (agent || "unknown");
}
