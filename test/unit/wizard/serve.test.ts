import assert from "node:assert/strict";

import { describe, it } from "mocha";

import { ServiceError } from "../../../src/services/errors.ts";
import type { Handlers, HostMessage } from "../../../src/wizard/protocol.ts";
import { serve } from "../../../src/wizard/serve.ts";
import { until } from "../../harness/until.ts";

interface Requests {
  double: (params: { readonly n: number }) => number;
  wait: (params: object) => string;
  fail: (params: { readonly how: "known" | "bug" }) => never;
}

function start(replaced: Partial<Handlers<Requests>> = {}) {
  const posted: HostMessage[] = [];
  const logged: string[] = [];
  const aborted: string[] = [];
  const handlers: Handlers<Requests> = {
    double: ({ n }) => 2 * n,
    wait: (_, signal) =>
      new Promise((resolve) => {
        signal.addEventListener("abort", () => {
          aborted.push("wait");
          resolve("too late");
        });
      }),
    fail({ how }) {
      throw how === "known" ? new ServiceError("conflict", "Somebody else is at it.") : new TypeError("x is not y");
    },
    ...replaced,
  };
  const server = serve(
    () => Promise.resolve(handlers),
    (message) => posted.push(message),
    { error: (line) => logged.push(line) },
  );
  const ask = (id: string, name: string, params: unknown) => {
    server.receive({ kind: "request", id, name, params });
  };
  const answer = () => until("an answer", () => posted.at(-1), 2_000);
  return { server, posted, logged, aborted, ask, answer };
}

describe("The extension's end of the wire", () => {
  it("answers a request with what its handler gives, under the request's id", async () => {
    const { ask, answer } = start();
    ask("a", "double", { n: 21 });
    assert.deepEqual(await answer(), { kind: "reply", id: "a", value: 42 });
  });

  it("reports a failure with its code and message, and logs nothing of it", async () => {
    const { ask, answer, logged } = start();
    ask("a", "fail", { how: "known" });
    const error = { code: "conflict", message: "Somebody else is at it." };
    assert.deepEqual(await answer(), { kind: "failure", id: "a", error });
    assert.deepEqual(logged, []);
  });

  it("calls what nobody foresaw a bug, with its stack in the log and not in the page", async () => {
    const { ask, answer, logged } = start();
    ask("a", "fail", { how: "bug" });
    const message = await answer();
    assert.equal(message.kind === "failure" && message.error.code, "bug");
    assert.doesNotMatch(JSON.stringify(message), /x is not y/);
    assert.match(logged[0] ?? "", /x is not y[\s\S]*serve\.test\.ts/);
  });

  it("refuses a name that is no handler, also one that every object has", async () => {
    const { ask, answer } = start();
    ask("a", "toString", {});
    const message = await answer();
    assert.equal(message.kind === "failure" && message.error.code, "invalidRequest");
  });

  it("aborts a handler whose request is given up, and answers nothing", async () => {
    const { server, ask, aborted, posted, answer } = start();
    ask("a", "wait", {});
    await until("the handler to run", () => true, 100);
    server.receive({ kind: "cancel", id: "a" });
    ask("b", "double", { n: 1 });
    await answer();

    assert.deepEqual(aborted, ["wait"]);
    assert.deepEqual(
      posted.map((message) => message.kind !== "event" && message.id),
      ["b"],
    );
  });

  it("aborts everything under way when the page goes", async () => {
    const { server, ask, aborted } = start();
    ask("a", "wait", {});
    ask("b", "wait", {});
    await Promise.resolve();
    server.dispose();
    await until("both to be aborted", () => (aborted.length === 2 ? true : undefined), 1_000);
  });

  it("tells a page whose handlers cannot be loaded, and loads them anew for the next request", async () => {
    const posted: HostMessage[] = [];
    let attempts = 0;
    const getHandlers = () => {
      attempts += 1;
      return attempts === 1
        ? Promise.reject(new ServiceError("notSignedIn", "Sign in first."))
        : Promise.resolve({ double: ({ n }: { readonly n: number }) => 2 * n });
    };
    const server = serve<Pick<Requests, "double">>(getHandlers, (message) => posted.push(message), {
      error: () => undefined,
    });
    server.receive({ kind: "request", id: "a", name: "double", params: { n: 1 } });
    await until("the failure", () => posted[0], 1_000);
    server.receive({ kind: "request", id: "b", name: "double", params: { n: 1 } });
    await until("the reply", () => posted[1], 1_000);

    assert.deepEqual(
      posted.map(({ kind }) => kind),
      ["failure", "reply"],
    );
  });

  it("ignores what is no message", () => {
    const { server, posted } = start();
    for (const message of [
      undefined,
      null,
      7,
      "request",
      {},
      { kind: "request" },
      { kind: "request", id: 1, name: "double" },
    ]) {
      server.receive(message);
    }
    assert.deepEqual(posted, []);
  });
});
