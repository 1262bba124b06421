/** The control address: the world as JSON, the journal, faults and the clock, for tests in other processes. */
import type { Fault } from "./faults.ts";
import type { Handler, SandboxRequest, SandboxResponse } from "./http.ts";
import type { Sandbox } from "./sandbox.ts";

type Controlled = Pick<Sandbox, "world" | "requests" | "fail" | "unknownRequests" | "operations">;

const routes: Readonly<Record<string, (sandbox: Controlled, body: Record<string, unknown>) => unknown>> = {
  "GET /state": ({ world }) => world,
  "GET /requests": (sandbox) => sandbox.requests(),
  "GET /unknown": (sandbox) => sandbox.unknownRequests,
  "POST /fail": (sandbox, body) => {
    sandbox.fail(toFault(body));
    return {};
  },
  "POST /clock": ({ world }, body) => {
    world.clock.advance(Number(body["advanceMs"] ?? 0));
    return { now: world.clock.now() };
  },
};

export function createControlHandler(sandbox: Controlled): Handler {
  return (request) => {
    const route = routes[`${request.method} ${request.path}`];
    return route ? answer(route(sandbox, readBody(request))) : { status: 404, body: { known: Object.keys(routes) } };
  };
}

function readBody(request: SandboxRequest): Record<string, unknown> {
  return request.body.length > 0 ? (JSON.parse(request.body.toString("utf8")) as Record<string, unknown>) : {};
}

/** In JSON a path is a string: a regular expression where it is written between slashes. */
function toFault(body: Fault): Fault {
  const expression = typeof body.path === "string" ? /^\/(.*)\/([a-z]*)$/.exec(body.path) : null;
  const isExpression = expression && /[\\^$.*+?()[\]{}|]/.test(expression[1] ?? "");
  return isExpression ? { ...body, path: new RegExp(expression[1] ?? "", expression[2]) } : body;
}

const secret = new Set(["clientSecret", "value"]);

/** Maps become objects, servers are left out, and so are secrets: this is for looking, not for taking. */
function answer(value: unknown): SandboxResponse {
  const text = JSON.stringify(value, (key, inner: unknown) => {
    if (inner instanceof Map) {
      return Object.fromEntries(inner as Map<string, unknown>);
    }
    return key === "kubernetes" || key === "clock" || (secret.has(key) && typeof inner === "string")
      ? undefined
      : inner;
  });
  return { status: 200, headers: { "content-type": "application/json; charset=utf-8" }, body: text };
}
