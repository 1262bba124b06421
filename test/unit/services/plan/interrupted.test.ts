import assert from "node:assert/strict";

import { afterEach, beforeEach, describe, it } from "mocha";

import { ServiceError, type ServiceErrorCode } from "../../../../src/services/errors.ts";
import type { Fault } from "../../../sandbox/faults.ts";
import type { JournalEntry } from "../../../sandbox/server.ts";
import { startPlanBench, type PlanBench } from "./support/planBench.ts";

/** The one request by which a step changes the world. */
const requests: readonly (readonly [string, Pick<Fault, "method" | "path" | "plane">])[] = [
  ["keyVaultCsiAddon", { method: "PUT", path: /managedClusters\/web$/ }],
  ["vault", { method: "PUT", path: /vaults\/contoso-kv$/ }],
  ["officerAccess", { method: "PUT", path: /roleAssignments\/[0-9a-f-]+$/ }],
  ["vaultSecret", { method: "PUT", path: /^\/secrets\/ExampleSecret/, plane: "vault" }],
];

const faults: readonly (readonly [string, Partial<Fault>, readonly ServiceErrorCode[]])[] = [
  ["409", { status: 409, code: "Conflict", message: "Something else is going on." }, ["conflict"]],
  ["403", { status: 403, code: "AuthorizationFailed", message: "You may not." }, ["forbidden"]],
  ["429 without end", { status: 429, code: "TooManyRequests", headers: { "retry-after": "1" } }, ["throttled"]],
  ["500 without end", { status: 500 }, ["unreachable"]],
  ["dropped connections", { drop: true }, ["unreachable"]],
  ["answers that end in the middle", { status: 299, malformedBody: true }, ["unexpectedResponse"]],
];

describe("A plan that fails in the middle", function () {
  let bench: PlanBench;

  beforeEach(async () => {
    bench = await startPlanBench();
  });

  afterEach(() => bench.sandbox.close());

  for (const [stepId, request] of requests) {
    for (const [name, fault, codes] of faults) {
      it(`stops at ${stepId} on ${name}, says why, keeps what is done and completes when run again`, async () => {
        const steps = bench.plan(bench.intent());
        const takeBack = bench.sandbox.fail({ ...request, ...fault });

        const error: unknown = await bench.apply(steps).catch((thrown: unknown) => thrown);

        assert.ok(error instanceof ServiceError, String(error));
        assert.ok(codes.includes(error.code), `${error.code}: ${error.message}`);
        assert.ok(!JSON.stringify([error.message, error.details, bench.log]).includes(bench.canary));
        const failed = bench.progress.at(-1);
        assert.deepEqual([failed?.stepId, failed?.state, failed?.detail], [stepId, "failed", error.message]);
        assert.deepEqual(bench.changes(), expectedChanges(stepId));

        takeBack();
        await bench.apply(bench.plan(bench.intent()));
        assert.deepEqual(bench.changes(), expectedChanges(undefined));
      });
    }
  }

  it("stops when Azure's operation fails, with Azure's own words, and running it again has Azure finish it", async () => {
    bench.sandbox.operations.failNext(/Updating/, { code: "VMExtensionError", message: "The node is out of disk." });

    await assert.rejects(bench.apply(bench.plan(bench.intent())), {
      code: "operationFailed",
      message: /The node is out of disk\./,
    });
    assert.deepEqual(bench.changes(), ["PUT managedClusters/web"]);
    const states = await bench.kinds(bench.plan(bench.intent()));
    assert.equal(states["keyVaultCsiAddon"], "needed");

    await bench.apply(bench.plan(bench.intent()));

    const { keyVaultCsi, provisioningState } = await bench.services.managedClusters.get(bench.cluster.id);
    assert.ok(keyVaultCsi.identity);
    assert.equal(provisioningState, "Succeeded");
    assert.equal((await bench.kinds(bench.plan(bench.intent())))["driver"], "satisfied");
  });

  /** Each thing is made once, however often the plan ran. */
  function expectedChanges(before: string | undefined): readonly string[] {
    const all = [
      ["keyVaultCsiAddon", "PUT managedClusters/web"],
      ["vault", "PUT vaults/contoso-kv"],
      ["officerAccess", "PUT roleAssignments/*"],
      ["vaultSecret", "PUT secrets/ExampleSecret"],
    ] as const;
    const end = all.findIndex(([id]) => id === before);
    return all.slice(0, end < 0 ? all.length : end).map(([, line]) => line);
  }
});

describe("A plan that is stopped", () => {
  let bench: PlanBench;

  beforeEach(async () => {
    bench = await startPlanBench();
  });

  afterEach(() => bench.sandbox.close());

  const kills: readonly (readonly [string, Pick<Fault, "method" | "path" | "plane">])[] = [
    ["at the start of a step, while the cluster is read", { method: "GET", path: /managedClusters\/web$/ }],
    ["in the middle, after Azure has accepted the add-on", { method: "GET", path: /operations\// }],
    ["before the vault is there", { method: "PUT", path: /vaults\/contoso-kv$/ }],
    ["while the right is given", { method: "PUT", path: /roleAssignments/ }],
    ["while the vault is asked whether it lets us in", { method: "PATCH", path: /key-vault-csi-probe/ }],
    ["while the secret is set", { method: "PUT", path: /^\/secrets\//, plane: "vault" }],
    ["while the driver is looked at", { method: "GET", path: /csinodes/i, plane: "kubernetes" }],
  ];

  for (const [name, request] of kills) {
    it(`${name} says stopped at once, and a new plan completes with nothing made twice`, async () => {
      const controller = new AbortController();
      const takeBack = bench.sandbox.fail({ ...request, delayMs: 800 });
      const applying = bench.apply(bench.plan(bench.intent()), { signal: controller.signal });
      const entry = await until(() => bench.sandbox.requests().find((one) => matches(one, request)));
      const stoppedAt = performance.now();
      controller.abort();

      await assert.rejects(applying, { name: "AbortError" });
      assert.ok(performance.now() - stoppedAt < 600);
      assert.equal(bench.progress.at(-1)?.state, "stopped");

      // What was on its way is served after the delay, as Azure would go on.
      takeBack();
      await until(() => entry.status !== 0 || undefined);
      const fresh = bench.plan(bench.intent());
      await bench.apply(fresh);
      const settled = bench.plan(bench.intent(), { value: "" });
      assert.deepEqual(new Set(Object.values(await bench.kinds(settled))), new Set(["satisfied"]));
      assertNothingTwice(bench);
    });
  }
});

describe("A plan whose answers get lost after the service has accepted", () => {
  let bench: PlanBench;

  beforeEach(async () => {
    bench = await startPlanBench();
  });

  afterEach(() => bench.sandbox.close());

  for (const [stepId, request] of requests) {
    it(`makes nothing twice at ${stepId}, and completes`, async () => {
      bench.sandbox.fail({ ...request, dropAnswer: true, times: 1 });

      await bench.apply(bench.plan(bench.intent()));

      assert.deepEqual(
        bench.changes().filter((line) => !line.startsWith("PUT roleAssignments") && !line.startsWith("PUT vaults")),
        ["PUT managedClusters/web", "PUT secrets/ExampleSecret"],
      );
      assert.equal(bench.vault()?.secrets.get("examplesecret")?.versions.length, 1);
      assert.equal(officerAssignments(bench), 1);
    });

    it(`can be killed at ${stepId} before the answer comes, and a new plan makes nothing twice`, async () => {
      const takeBack = bench.sandbox.fail({ ...request, dropAnswer: true, delayMs: 300 });
      const controller = new AbortController();
      const applying = bench.apply(bench.plan(bench.intent()), { signal: controller.signal });
      await until(() => bench.sandbox.requests().find((one) => one.status !== 0 && matches(one, request)));
      controller.abort();
      await applying.catch(() => undefined);
      takeBack();

      // The value is dropped when the editor goes; it is needed again only where the secret is not there.
      const isSet = bench.vault()?.secrets.has("examplesecret") ?? false;
      await bench.apply(bench.plan(bench.intent(), { value: isSet ? "" : bench.canary }));

      assert.equal(bench.changes().filter((line) => line === "PUT managedClusters/web").length, 1);
      assert.equal(bench.vault()?.secrets.get("examplesecret")?.versions.length, 1);
      assert.equal(officerAssignments(bench), 1);
    });
  }

  const officerAssignments = ({ sandbox }: PlanBench) =>
    [...sandbox.world.roleAssignments.values()].filter(({ scope }) => scope.endsWith("/vaults/contoso-kv")).length;
});

/** A secret is set anew where its value is known still; everything else is made once. */
function assertNothingTwice(bench: PlanBench): void {
  const made = bench.changes().filter((line) => !line.includes("secrets/"));
  assert.deepEqual([...made].sort(), [...new Set(made)].sort());
}

function matches({ method, plane, path }: JournalEntry, request: Pick<Fault, "method" | "path" | "plane">): boolean {
  const isPlane = plane === (request.plane ?? plane);
  return isPlane && method === request.method && (request.path as RegExp).test(path.split("?")[0] ?? "");
}

async function until<T>(look: () => T | undefined): Promise<T> {
  for (;;) {
    const found = look();
    if (found !== undefined) {
      return found;
    }
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}
