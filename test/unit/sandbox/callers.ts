/** Plain HTTPS to the sandbox, as somebody. */
import type { Sandbox } from "../../sandbox/sandbox.ts";
import type { Principal } from "../../sandbox/state.ts";

export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  /** Undefined when there is none. Tests look into it as they please. */
  // eslint-disable-next-line @typescript-eslint/no-explicit-any
  readonly body: any;
}

export type Call = (method: string, path: string, body?: unknown) => Promise<Answer>;

export async function send(
  url: string,
  method: string,
  body?: unknown,
  headers: Record<string, string> = {},
): Promise<Answer> {
  const response = await fetch(url, {
    method,
    headers: { ...headers, ...(body === undefined ? {} : { "content-type": "application/json" }) },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  const text = await response.text();
  return {
    status: response.status,
    headers: response.headers,
    body: text === "" ? undefined : (JSON.parse(text) as unknown),
  };
}

/** Calls Resource Manager; the path's `api-version` is added when it names none. */
export function armCaller(sandbox: Sandbox, apiVersion: string, principal: Principal = sandbox.principal): Call {
  const authorization = `Bearer ${sandbox.token(principal)}`;
  return (method, path, body) => {
    const url = new URL(`${sandbox.resourceManager}${path}`);
    url.searchParams.set("api-version", url.searchParams.get("api-version") ?? apiVersion);
    return send(url.href, method, body, { authorization });
  };
}

/** Calls a vault's data plane. */
export async function vaultCaller(
  sandbox: Sandbox,
  vaultId: string,
  principal: Principal = sandbox.principal,
): Promise<Call> {
  const base = (await sandbox.vaultUri(vaultId)).replace(/\/$/, "");
  const authorization = `Bearer ${sandbox.token(principal, sandbox.keyVaultAudience)}`;
  return (method, path, body) => {
    const url = new URL(path.startsWith("https:") ? path : `${base}${path}`);
    url.searchParams.set("api-version", url.searchParams.get("api-version") ?? "7.6");
    return send(url.href, method, body, { authorization });
  };
}
