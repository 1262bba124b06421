import assert from "node:assert/strict";

import { afterEach, beforeEach, describe, it } from "mocha";

import { secretNamed, startPlanBench, type PlanBench } from "./support/planBench.ts";

describe("A plan from a cluster without the add-on to a secret and a healthy driver", () => {
  let bench: PlanBench;

  beforeEach(async () => {
    bench = await startPlanBench();
  });

  afterEach(() => bench.sandbox.close());

  it("says beforehand what will change, also where a step waits for an earlier one", async () => {
    const states = await bench.check(bench.plan(bench.intent()));

    assert.deepEqual(
      Object.entries(states).map(([id, state]) => `${id}: ${state.kind}`),
      [
        "keyVaultCsiAddon: needed",
        "provider Microsoft.KeyVault: satisfied",
        "resourceGroup myResourceGroup: satisfied",
        "vault: needed",
        "officerAccess: needed",
        "vaultSecret: needed",
        "driver: needed",
      ],
    );
    const { officerAccess } = states;
    assert.ok(officerAccess?.kind === "needed");
    assert.equal(officerAccess.before, "The vault does not exist yet.");
    assert.deepEqual(bench.changes(), []);
  });

  it("changes each thing once, in order, and applied again nothing", async () => {
    await bench.apply(bench.plan(bench.intent()));

    assert.deepEqual(bench.changes(), [
      "PUT managedClusters/web",
      "PUT vaults/contoso-kv",
      "PUT roleAssignments/*",
      "PUT secrets/ExampleSecret",
    ]);
    assert.equal(bench.vault()?.secrets.get("examplesecret")?.versions.at(-1)?.value, bench.canary);

    bench.sandbox.forgetRequests();
    // The value is dropped after a run.
    const again = bench.plan(bench.intent(), { value: "" });
    assert.deepEqual(new Set(Object.values(await bench.kinds(again))), new Set(["satisfied"]));
    assert.deepEqual(await bench.apply(again), []);
    assert.deepEqual(bench.changes(), []);
    assert.deepEqual(bench.sandbox.unknownRequests, []);
  });

  it("enables with one look, one read, one write and a read at the end", async () => {
    const [step] = bench.plan(bench.intent());
    assert.ok(step);

    await bench.apply([step]);

    const asked = bench.asked().filter((line) => line.endsWith(" web"));
    assert.deepEqual(asked, ["GET web", "GET web", "PUT web", "GET web"]);
  });

  it("tells each step's course and never the secret's value", async () => {
    await bench.apply(bench.plan(bench.intent()));

    const course = (id: string) => bench.progress.filter(({ stepId }) => stepId === id).map(({ state }) => state);
    assert.deepEqual([...new Set(course("vaultSecret"))], ["waiting", "running", "done"]);
    assert.deepEqual([...new Set(course("resourceGroup myResourceGroup"))], ["waiting", "running", "skipped"]);
    assert.ok(!JSON.stringify([bench.progress, bench.log, bench.sandbox.requests()]).includes(bench.canary));
  });

  it("sets rotation on a cluster that has the add-on without turning it off", async () => {
    const rotation = { isEnabled: true, pollInterval: "5m" };
    await bench.apply(bench.plan(bench.intent({ vault: undefined, secret: undefined })));
    bench.sandbox.forgetRequests();

    const steps = bench.plan(bench.intent({ vault: undefined, secret: undefined, rotation }));
    const states = await bench.check(steps);
    await bench.apply(steps);

    assert.deepEqual(states["keyVaultCsiAddon"], {
      kind: "needed",
      before: "On, rotation off",
      after: "On, rotation every 5m",
      warnings: [],
    });
    assert.deepEqual(bench.changes(), ["PUT managedClusters/web"]);
    const cluster = await bench.services.managedClusters.get(bench.cluster.id);
    assert.deepEqual(cluster.keyVaultCsi.rotation, rotation);
  });

  it("waits for an operation somebody else has started, then goes on", async () => {
    await bench.sandbox.close();
    bench = await startPlanBench({ isUpdating: true, provisioningState: "Updating" });
    const operation = bench.cluster.operation as { end(): Promise<void> } | undefined;
    assert.ok(operation);
    const applying = bench.apply(bench.plan(bench.intent({ vault: undefined, secret: undefined })));
    const isWaiting = () => bench.progress.some(({ detail }) => detail?.startsWith("Waiting for the operation"));
    while (!isWaiting()) {
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
    delete bench.cluster.operation;
    (bench.cluster.body["properties"] as Record<string, unknown>)["provisioningState"] = "Succeeded";

    await applying;

    assert.equal((await bench.services.managedClusters.get(bench.cluster.id)).keyVaultCsi.isEnabled, true);
  });

  it("blocks on a stopped cluster, with the way out", async () => {
    await bench.sandbox.close();
    bench = await startPlanBench({ powerState: "Stopped" });

    const states = await bench.check(bench.plan(bench.intent()));

    assert.deepEqual(states["keyVaultCsiAddon"], {
      kind: "blocked",
      reason: 'The cluster is stopped: "web".',
      remedy: "Start it, then check again.",
    });
  });

  it("names the right that is missing before anything is changed", async () => {
    const reader = bench.sandbox.addPrincipal({ roles: ["Reader"], at: `/subscriptions/${bench.subscription.id}` });
    const services = bench.as(reader);

    const states = await bench.check(bench.plan(bench.intent(), { services }), services);

    assert.ok(states["keyVaultCsiAddon"]?.kind === "blocked");
    assert.match(states["keyVaultCsiAddon"].reason, /Microsoft\.ContainerService\/managedClusters\/write/);
    assert.ok(states["officerAccess"]?.kind === "blocked");
    assert.match(states["officerAccess"].reason, /Microsoft\.Authorization\/roleAssignments\/write/);
    assert.deepEqual(bench.changes(), []);
  });

  it("makes a resource group that is not there, though nobody can have rights in it yet", async () => {
    const id = bench.vaultId().replace(bench.group, "new-group");
    const intent = bench.intent({
      vault: {
        kind: "new",
        vault: { id, location: "westeurope", tenantId: bench.owner.tenantId, usesRbac: true, isPurgeProtected: false },
        ifDeleted: undefined,
      },
    });
    const steps = bench.plan(intent);

    const kinds = await bench.kinds(steps);
    await bench.apply(steps);

    assert.equal(kinds["resourceGroup new-group"], "needed");
    assert.equal(kinds["vault"], "needed");
    assert.ok(bench.sandbox.world.vaults.has(id.toLowerCase()));
  });

  it("needs a value for a secret that is not there", async () => {
    const states = await bench.check(bench.plan(bench.intent(), { value: "" }));

    assert.deepEqual(states["vaultSecret"], {
      kind: "blocked",
      reason: "The secret has no value yet.",
      remedy: "Type its value; it is never stored here.",
    });
    assert.match(
      String((await bench.check(bench.plan(bench.intent({ secret: secretNamed("no_good") }))))["vaultSecret"]?.kind),
      /blocked/,
    );
  });
});
