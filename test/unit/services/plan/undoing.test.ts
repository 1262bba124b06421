import assert from "node:assert/strict";

import { afterEach, beforeEach, describe, it } from "mocha";

import { defaultMount } from "../../../../src/services/plan/defaults.ts";
import type { MadeThing } from "../../../../src/services/plan/plan.ts";
import { newVault, startPlanBench, type PlanBench } from "./support/planBench.ts";

describe("Undoing a plan", () => {
  let bench: PlanBench;

  beforeEach(async () => {
    bench = await startPlanBench();
  });

  afterEach(() => bench.sandbox.close());

  const planWith = (location = "app", value = bench.canary) => {
    const mount = defaultMount({
      ...{ clusterId: bench.cluster.id, vaultId: bench.vaultId(), location: "eastus2", namespace: location },
      objects: [{ objectName: "ExampleSecret", objectType: "secret" }],
    });
    return bench.plan(bench.intent({ mount }), { value });
  };

  it("takes back what was made before the plan failed, told as it was made", async () => {
    const before = bench.snapshot();
    const told: MadeThing[] = [];
    bench.sandbox.fail({ method: "PUT", path: /^\/secrets\//, plane: "vault", status: 403 });
    const steps = planWith();

    await assert.rejects(bench.apply(steps, { onMade: (thing) => void told.push(thing) }));
    await bench.undo(steps, told);

    assert.deepEqual(
      new Set(told.map(({ stepId }) => stepId)),
      new Set(["keyVaultCsiAddon", "identity", "federatedCredential", "vault", "readerAccess", "officerAccess"]),
    );
    assert.deepEqual(lasting(bench.snapshot()), lasting(before));
  });

  it("goes in reverse order", async () => {
    const steps = planWith();
    const made = await bench.apply(steps);
    bench.progress.splice(0);

    await bench.undo(steps, made);

    const order = bench.progress.filter(({ state }) => state === "done").map(({ stepId }) => stepId);
    assert.deepEqual(order, [
      "secretProviderClass",
      "serviceAccount",
      "vaultSecret",
      "officerAccess",
      "readerAccess",
      "vault",
      "federatedCredential",
      "identity",
      "keyVaultCsiAddon",
    ]);
  });

  it("leaves alone what was there before, though the plan uses it", async () => {
    await bench.apply(planWith());
    const before = bench.snapshot();
    const again = planWith("app", "");

    const made = await bench.apply(again);
    await bench.undo(again, made);

    assert.deepEqual(made, []);
    assert.deepEqual(bench.snapshot(), before);
  });

  it("keeps a resource group in which somebody has put something, says so, and goes on", async () => {
    const id = bench.vaultId().replace(bench.group, "new-group");
    const vault = { kind: "new" as const, vault: newVault(id, bench.owner.tenantId), ifDeleted: undefined };
    const steps = bench.plan(bench.intent({ vault }));
    const made = await bench.apply(steps);
    bench.sandbox.addVault({ name: "somebodys-kv", subscriptionId: bench.subscription.id, resourceGroup: "new-group" });

    await bench.undo(steps, made);

    const group = bench.progress.filter(({ stepId }) => stepId === "resourceGroup new-group").at(-1);
    assert.deepEqual(
      [group?.state, group?.detail],
      ["skipped", 'The resource group is kept, because it is not empty: "new-group".'],
    );
    assert.equal((await bench.services.managedClusters.get(bench.cluster.id)).keyVaultCsi.isEnabled, false);
  });

  it("gives a class that was changed its content back", async () => {
    await bench.apply(planWith());
    const specs = () => bench.cluster.kubernetes?.list("SecretProviderClass").map(({ spec }) => spec);
    const before = specs();
    const mount = {
      ...defaultMount({
        clusterId: bench.cluster.id,
        vaultId: bench.vaultId(),
        location: "eastus2",
        namespace: "app",
        objects: [{ objectName: "ExampleSecret", objectType: "secret", objectAlias: "other" }],
      }),
    };
    const steps = bench.plan(bench.intent({ mount }), { value: "" });

    const made = await bench.apply(steps);
    assert.notDeepEqual(specs(), before);
    await bench.undo(steps, made);

    assert.deepEqual(specs(), before);
  });

  it("sets rotation back to what it was", async () => {
    const only = { vault: undefined, secret: undefined };
    await bench.apply(bench.plan(bench.intent({ ...only, rotation: { isEnabled: true, pollInterval: "9m" } })));
    const steps = bench.plan(bench.intent({ ...only, rotation: { isEnabled: true, pollInterval: "1h" } }));

    await bench.undo(steps, await bench.apply(steps));

    const { keyVaultCsi } = await bench.services.managedClusters.get(bench.cluster.id);
    assert.deepEqual([keyVaultCsi.isEnabled, keyVaultCsi.rotation], [true, { isEnabled: true, pollInterval: "9m" }]);
  });

  it("goes on where it stopped when it is undone again", async () => {
    const before = bench.snapshot();
    const steps = planWith();
    const made = await bench.apply(steps);
    bench.sandbox.fail({ method: "DELETE", path: /vaults\/contoso-kv$/, status: 409, code: "Conflict", times: 1 });

    bench.progress.splice(0);
    await assert.rejects(bench.undo(steps, made), { code: "conflict" });
    const undone = bench.progress.filter(({ state }) => state === "done").map((told) => told.stepId);
    await bench.undo(
      steps,
      made.filter(({ stepId }) => !undone.includes(stepId)),
    );

    assert.deepEqual(lasting(bench.snapshot()), lasting(before));
  });

  /** What was said to stay: the issuer, and an add-on that was once on leaves its name. */
  function lasting(snapshot: unknown): unknown {
    return JSON.parse(
      JSON.stringify(snapshot, (key, value: unknown) =>
        ["oidcIssuerProfile", "securityProfile", "addonProfiles"].includes(key) ? undefined : value,
      ),
    ) as unknown;
  }
});
