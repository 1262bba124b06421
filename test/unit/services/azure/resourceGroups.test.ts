import assert from "node:assert/strict";

import { afterEach, beforeEach, describe, it } from "mocha";

import { startAzureBench, type AzureBench } from "./support/azureBench.ts";

describe("Resource groups", () => {
  let bench: AzureBench;

  beforeEach(async () => {
    bench = await startAzureBench();
  });

  afterEach(async () => {
    assert.deepEqual(bench.sandbox.unknownRequests, []);
    await bench.sandbox.close();
  });

  const groups = () => bench.services.resourceGroups;

  it("are made once and found again", async () => {
    const { id } = bench.subscription;

    const made = await groups().ensure(id, "fresh", "eastus2");

    assert.deepEqual([made.isNew, made.group.name, made.group.location], [true, "fresh", "eastus2"]);
    assert.equal((await groups().ensure(id, "FRESH", "westeurope")).isNew, false);
    assert.equal((await groups().find(id, "fresh"))?.location, "eastus2");
    assert.equal(await groups().find(id, "nowhere"), undefined);
    assert.ok((await groups().list(id)).some(({ name }) => name === "fresh"));
  });

  it("tell whether they are empty, and go with everything in them", async () => {
    const { id } = bench.subscription;
    bench.sandbox.addVault({ name: "full-of-it", resourceGroup: "full" });
    await groups().ensure(id, "empty", "eastus2");

    assert.equal(await groups().isEmpty(id, "empty"), true);
    assert.equal(await groups().isEmpty(id, "full"), false);

    await groups().delete(id, "empty");
    await groups().delete(id, "empty");
    assert.equal(await groups().find(id, "empty"), undefined);
  });

  it("lie in regions that hold resources", async () => {
    const locations = await groups().listLocations(bench.subscription.id);

    assert.ok(locations.some(({ name, displayName }) => name === "eastus2" && displayName === "East US 2"));
    assert.ok(!locations.some(({ name }) => name === "europe"));
  });

  it("need provider namespaces, which are registered where they are not", async () => {
    const { id } = bench.subscription;
    bench.sandbox.world.subscriptions.get(id)?.providers.set("Microsoft.KeyVault", "NotRegistered");
    assert.equal(await groups().getProviderState(id, "Microsoft.KeyVault"), "NotRegistered");

    await groups().registerProvider(id, "Microsoft.KeyVault");

    assert.equal(await groups().getProviderState(id, "Microsoft.KeyVault"), "Registered");
  });
});
