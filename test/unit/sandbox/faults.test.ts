import assert from "node:assert/strict";

import { afterEach, beforeEach, describe, it } from "mocha";

import { startSandbox, type Sandbox } from "../../sandbox/sandbox.ts";
import { armCaller, send, type Call } from "./callers.ts";

describe("the sandbox's faults and journal", () => {
  let sandbox: Sandbox;
  let call: Call;

  beforeEach(async () => {
    sandbox = await startSandbox();
    call = armCaller(sandbox, "2022-12-01");
  });

  afterEach(() => sandbox.close());

  const statuses = async (times: number): Promise<number[]> => {
    const found: number[] = [];
    for (let turn = 0; turn < times; turn += 1) {
      found.push((await call("GET", "/subscriptions")).status);
    }
    return found;
  };

  it("answer with a status as often as asked, then stop", async () => {
    sandbox.fail({ path: /\/subscriptions$/, status: 503, headers: { "retry-after": "7" }, times: 2 });
    assert.equal((await call("GET", "/tenants")).status, 200);
    const first = await call("GET", "/subscriptions");
    assert.equal(first.headers.get("retry-after"), "7");
    assert.equal(first.body.error.code, "ServiceUnavailable");
    assert.deepEqual(await statuses(2), [503, 200]);
  });

  it("go on until they are taken back", async () => {
    const takeBack = sandbox.fail({ method: "GET", path: "/SUBSCRIPTIONS", status: 429, code: "TooManyRequests" });
    assert.deepEqual(await statuses(3), [429, 429, 429]);
    takeBack();
    assert.deepEqual(await statuses(1), [200]);
  });

  it("drop a connection, cut a body short, and delay an answer that is otherwise right", async () => {
    sandbox.fail({ path: /subscriptions/, drop: true, times: 1 });
    await assert.rejects(call("GET", "/subscriptions"), TypeError);
    sandbox.fail({ path: /subscriptions/, malformedBody: true, times: 1 });
    await assert.rejects(call("GET", "/subscriptions"), SyntaxError);
    sandbox.fail({ path: /subscriptions/, delayMs: 60, times: 1 });
    const started = performance.now();
    assert.equal((await call("GET", "/subscriptions")).status, 200);
    assert.ok(performance.now() - started >= 55);
  });

  it("hit one plane only where one is named", async () => {
    sandbox.fail({ plane: "entra", status: 500, code: "temporarily_unavailable" });
    assert.deepEqual(await statuses(1), [200]);
    const keys = await send(`${sandbox.authority}/${sandbox.tenantId}/discovery/v2.0/keys`, "GET");
    assert.equal(keys.status, 500);
    assert.equal(keys.body.error, "temporarily_unavailable");
  });

  it("keep what was asked without credentials and without a secret's value", async () => {
    sandbox.addResourceGroup("myResourceGroup");
    const vault = sandbox.addVault({ name: "kv-journal" });
    sandbox.assignRole(sandbox.principal, "Key Vault Secrets Officer", vault.id);
    const uri = await sandbox.vaultUri(vault.id);
    const token = sandbox.token(sandbox.principal, sandbox.keyVaultAudience);
    const put = await send(
      `${uri}secrets/one?api-version=7.6`,
      "PUT",
      { value: "canary-4711" },
      { authorization: `Bearer ${token}` },
    );
    assert.equal(put.status, 200);
    await call("PUT", `/subscriptions/${sandbox.subscriptionId}/resourceGroups/two?api-version=2021-04-01`, {
      location: "eastus2",
    });

    const journal = sandbox.requests();
    assert.deepEqual(
      journal.map(({ plane, method, status }) => `${plane} ${method} ${status}`),
      ["vault PUT 200", "arm PUT 201"],
    );
    assert.deepEqual(journal[1]?.body, { location: "eastus2" });
    const text = JSON.stringify(journal);
    assert.ok(!text.includes("canary-4711") && !text.includes(token));
    assert.equal(sandbox.requests({ plane: "vault", path: /\/secrets\/one\?/ }).length, 1);
  });

  it("are there for other processes, at the control address", async () => {
    const control = (method: string, path: string, body?: unknown) => send(`${sandbox.control}${path}`, method, body);
    await control("POST", "/fail", { method: "GET", path: "/\\/subscriptions\\?/", status: 418, times: 1 });
    assert.deepEqual(await statuses(2), [418, 200]);
    const journal = await control("GET", "/requests");
    assert.equal(journal.body.length, 2);
    const before = sandbox.world.clock.now();
    await control("POST", "/clock", { advanceMs: 60_000 });
    assert.ok(sandbox.world.clock.now() - before >= 60_000);
    const state = await control("GET", "/state");
    assert.ok(state.body.subscriptions[sandbox.subscriptionId]);
    assert.ok(!JSON.stringify(state.body).includes(sandbox.clientSecret));
  });
});
