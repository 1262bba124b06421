import assert from "node:assert/strict";

import { afterEach, beforeEach, describe, it } from "mocha";

import { ServiceError, type ServiceErrorCode } from "../../../../src/services/errors.ts";
import type { Sandbox } from "../../../sandbox/sandbox.ts";
import type { Cluster } from "../../../sandbox/state.ts";
import { startAzureBench, type AzureBench } from "./support/azureBench.ts";

type Fault = Parameters<Sandbox["fail"]>[0];

const days: readonly (readonly [string, Omit<Fault, "method" | "path">, ServiceErrorCode])[] = [
  ["401", { status: 401 }, "notSignedIn"],
  ["403", { status: 403, code: "AuthorizationFailed" }, "forbidden"],
  ["404", { status: 404, code: "ResourceNotFound" }, "notFound"],
  ["409", { status: 409, code: "Conflict" }, "conflict"],
  ["412", { status: 412, code: "PreconditionFailed" }, "conflict"],
  ["400", { status: 400, code: "BadRequest", message: "The value is wrong." }, "invalidRequest"],
  ["429 with Retry-After", { status: 429, code: "TooManyRequests", headers: { "retry-after": "1" } }, "throttled"],
  ["500", { status: 500, code: "InternalServerError" }, "unreachable"],
  ["503", { status: 503, code: "ServiceUnavailable" }, "unreachable"],
  ["a dropped connection", { drop: true }, "unreachable"],
  ["a slow answer", { delayMs: 2_000 }, "timedOut"],
  ["a malformed body", { malformedBody: true }, "unexpectedResponse"],
];

describe("On bad days", () => {
  let bench: AzureBench;
  let cluster: Cluster;

  beforeEach(async () => {
    bench = await startAzureBench();
    cluster = bench.sandbox.addCluster({ name: "web" });
  });

  afterEach(() => bench.sandbox.close());

  const gets = () => bench.asked().filter((line) => line === "GET web").length;

  for (const [day, fault, code] of days) {
    it(`${day} is told in one clear sentence, as ${code}`, async () => {
      bench.sandbox.fail({ method: "GET", path: /managedClusters\/web$/, ...fault });
      const { managedClusters } = bench.servicesWith({ answerWithinMs: 100 });

      const error: unknown = await managedClusters.get(cluster.id).catch((thrown: unknown) => thrown);

      assert.ok(error instanceof ServiceError, String(error));
      assert.equal(error.code, code);
      assert.match(error.message, /^[^\n]{15,300}\.$/);
      assert.equal(error.details.target, "web");
    });
  }

  for (const [day, fault] of days.filter(([, { status, drop }]) => drop ?? [429, 500, 503].includes(status ?? 0))) {
    it(`a read goes on after ${day} that passes`, async () => {
      bench.sandbox.fail({ method: "GET", path: /managedClusters\/web$/, ...fault, times: 2 });

      assert.equal((await bench.services.managedClusters.get(cluster.id)).name, "web");
      assert.equal(gets(), 3);
    });
  }

  it("a token that is refused once is replaced by a fresh one", async () => {
    await bench.services.managedClusters.get(cluster.id);
    bench.sandbox.fail({ method: "GET", path: /managedClusters\/web$/, status: 401, times: 1 });

    assert.equal((await bench.services.managedClusters.get(cluster.id)).name, "web");
  });

  it("a sign-out in the middle is told as such", async () => {
    let isSignedOut = false;
    const credential = {
      getToken: (...args: Parameters<typeof bench.credential.getToken>) =>
        isSignedOut ? Promise.resolve(null) : bench.credential.getToken(...args),
    };
    const { managedClusters } = bench.servicesWith({ credential });
    await managedClusters.get(cluster.id);

    isSignedOut = true;

    await assert.rejects(managedClusters.get(cluster.id), { code: "notSignedIn" });
  });

  it("an abort ends a call at once, also while it waits for its repetition", async () => {
    bench.sandbox.fail({ method: "GET", path: /managedClusters\/web$/, delayMs: 3_000 });
    const controller = new AbortController();
    const reading = bench.services.managedClusters.get(cluster.id, { signal: controller.signal });
    setTimeout(() => controller.abort(), 20);

    await assert.rejects(reading, { name: "AbortError" });
    await assert.rejects(bench.services.managedClusters.get(cluster.id, { signal: AbortSignal.abort() }), {
      name: "AbortError",
    });
  });

  it("a POST that changes something is not repeated after a dropped connection", async () => {
    bench.sandbox.fail({ method: "POST", path: /runCommand/, drop: true });

    await assert.rejects(bench.services.managedClusters.runCommand(cluster.id, "kubectl get nodes"), {
      code: "unreachable",
    });

    assert.equal(bench.asked().filter((line) => line === "POST runCommand").length, 1);
  });

  it("an address in an answer that points elsewhere is not followed", async () => {
    bench.sandbox.fail({
      method: "PUT",
      path: /managedClusters\/web$/,
      status: 201,
      headers: { "azure-asyncoperation": "https://evil.example/operations/1", "retry-after": "0" },
      body: {},
    });

    await assert.rejects(
      bench.services.managedClusters.enableKeyVaultCsi(cluster.id, { isEnabled: false, pollInterval: "2m" }),
      { code: "unexpectedResponse", message: /evil\.example/ },
    );
  });

  it("each call leaves one line in the log, with no query and no token", async () => {
    await bench.services.managedClusters.get(cluster.id);

    assert.equal(bench.log.length, 1);
    assert.match(bench.log[0] ?? "", /^GET 127\.0\.0\.1:\d+\/subscriptions\/.+\/managedClusters\/web 200 \d+ ms \S+$/);
  });
});
