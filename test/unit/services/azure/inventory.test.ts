import assert from "node:assert/strict";

import { afterEach, beforeEach, describe, it } from "mocha";

import type { Estate } from "../../../../src/services/azure/inventory.ts";
import type { Subscription } from "../../../sandbox/state.ts";
import { startAzureBench, type AzureBench } from "./support/azureBench.ts";

describe("The inventory", () => {
  let bench: AzureBench;

  beforeEach(async () => {
    bench = await startAzureBench();
  });

  afterEach(async () => {
    assert.deepEqual(bench.sandbox.unknownRequests, []);
    await bench.sandbox.close();
  });

  const inventory = () => bench.services.inventory;
  const queries = () => bench.asked().filter((line) => line === "POST resources").length;

  /** A second tenant in which the same application has rights. */
  function addSecondTenant(): Subscription {
    const { sandbox, owner } = bench;
    const tenant = sandbox.addTenant({ displayName: "Fabrikam" });
    const subscription = sandbox.addSubscription({ tenantId: tenant.id, displayName: "Another" });
    const { appId, clientSecret } = owner;
    sandbox.addPrincipal({
      tenantId: tenant.id,
      ...(appId ? { appId } : {}),
      ...(clientSecret ? { clientSecret } : {}),
      roles: ["Owner"],
      at: `/subscriptions/${subscription.id}`,
    });
    return subscription;
  }

  it("finds subscriptions, clusters and vaults with one query", async () => {
    bench.sandbox.addCluster({ name: "on", addon: { enableSecretRotation: "true", rotationPollInterval: "10m" } });
    bench.sandbox.addCluster({ name: "off", addon: "null", powerState: "Stopped", isPrivate: true });
    bench.sandbox.addVault({ name: "roles", rbac: true });
    bench.sandbox.addVault({ name: "policies", rbac: null });

    const estate = await inventory().readEstate();

    assert.deepEqual(
      estate.subscriptions.map(({ id, tenantId }) => [id, tenantId]),
      [[bench.subscription.id, bench.owner.tenantId]],
    );
    const [off, on] = [...estate.clusters].sort((a, b) => a.name.localeCompare(b.name));
    assert.deepEqual(off && [off.name, off.powerState, off.isPrivate, off.keyVaultCsi.isEnabled], [
      "off",
      "Stopped",
      true,
      false,
    ]);
    assert.deepEqual(on?.keyVaultCsi.rotation, { isEnabled: true, pollInterval: "10m" });
    assert.ok(on?.keyVaultCsi.identity?.clientId);
    const [policies, roles] = [...estate.vaults].sort((a, b) => a.name.localeCompare(b.name));
    assert.deepEqual([policies?.usesRbac, roles?.usesRbac], [false, true]);
    assert.match(roles?.vaultUri ?? "", /^https:\/\/.+\/$/);
    assert.deepEqual(estate.missing, []);
    assert.equal(queries(), 1);
  });

  it("says the same of a cluster and a vault as reading them one by one", async () => {
    const cluster = bench.sandbox.addCluster({ name: "web", addon: "enabled", entra: "azureRbac" });
    const vault = bench.sandbox.addVault({ name: "web-secrets" });

    const { clusters, vaults } = await inventory().readEstate();

    const whole: object = await bench.services.managedClusters.get(cluster.id);
    assert.deepEqual({ ...whole, ...clusters[0] }, whole);
    const wholeVault: object = await bench.services.keyVaults.get(vault.id);
    assert.deepEqual({ ...wholeVault, ...vaults[0] }, wholeVault);
  });

  it("reads a page of a thousand rows a query, and shows each page at once", async () => {
    const { sandbox } = bench;
    for (let number = 0; number < 1_250; number += 1) {
      sandbox.addVault({ name: `vault-${number}` });
    }
    const pages: Estate[] = [];

    const estate = await inventory().readEstate(undefined, (sofar) => pages.push(sofar));

    assert.equal(estate.vaults.length, 1_250);
    assert.equal(new Set(estate.vaults.map(({ id }) => id)).size, 1_250);
    assert.deepEqual(
      pages.map(({ vaults }) => vaults.length),
      [0, 1_000, 1_250],
    );
    assert.equal(queries(), 2);
  });

  it("asks each tenant with its own token", async () => {
    const second = addSecondTenant();
    bench.sandbox.addCluster({ name: "home" });
    const away = bench.sandbox.addCluster({ name: "away", subscriptionId: second.id });

    const { clusters, tenants, missing } = await inventory().readEstate();

    assert.deepEqual(clusters.map(({ name }) => name).sort(), ["away", "home"]);
    assert.equal(tenants.length, 2);
    assert.deepEqual(missing, []);
    assert.equal(queries(), 2);
    assert.equal((await bench.services.managedClusters.get(away.id)).name, "away");
  });

  it("reads a cluster of another tenant also where no inventory was read before", async () => {
    const second = addSecondTenant();
    const away = bench.sandbox.addCluster({ name: "away", subscriptionId: second.id });

    assert.equal((await bench.services.managedClusters.get(away.id)).name, "away");
    const asked = bench.asked().length;
    assert.equal((await bench.services.managedClusters.get(away.id)).name, "away");
    assert.equal(bench.asked().length, asked + 1);
  });

  it("reads lists of each subscription where Resource Graph is denied", async () => {
    bench.sandbox.addCluster({ name: "web" });
    bench.sandbox.addVault({ name: "web-secrets" });
    bench.sandbox.fail({ method: "POST", path: /ResourceGraph/, status: 403, code: "AuthorizationFailed" });

    const { clusters, vaults, missing } = await inventory().readEstate();

    assert.deepEqual([clusters.length, vaults.length, missing.length], [1, 1, 0]);
    assert.equal(clusters[0]?.name, "web");
  });

  it("keeps what it found where a part fails, and names the part", async () => {
    const second = addSecondTenant();
    bench.sandbox.addCluster({ name: "home" });
    bench.sandbox.addCluster({ name: "away", subscriptionId: second.id });
    const other = bench.servicesWith({
      credential: {
        getToken: (scopes, options) => {
          if (options?.tenantId === second.tenantId) {
            return Promise.resolve(null);
          }
          return bench.credential.getToken(scopes, options);
        },
      },
    });

    const { clusters, missing } = await other.inventory.readEstate();

    assert.deepEqual(
      clusters.map(({ name }) => name),
      ["home"],
    );
    assert.deepEqual(
      missing.map(({ what, tenantId }) => [what, tenantId]),
      [['Tenant "Fabrikam"', second.tenantId]],
    );
  });

  it("keeps the first pages where a later one fails", async () => {
    for (let number = 0; number < 1_100; number += 1) {
      bench.sandbox.addVault({ name: `vault-${number}` });
    }
    let pages = 0;

    const { vaults, missing } = await inventory().readEstate(undefined, () => {
      pages += 1;
      if (pages === 2) {
        bench.sandbox.fail({ method: "POST", path: /ResourceGraph/, status: 500 });
      }
    });

    assert.equal(vaults.length, 1_000);
    assert.equal(missing.length, 1);
  });

  it("keeps a subscription's vaults where its clusters cannot be listed", async () => {
    bench.sandbox.addVault({ name: "web-secrets" });
    bench.sandbox.fail({ method: "POST", path: /ResourceGraph/, status: 403 });
    bench.sandbox.fail({ method: "GET", path: /managedClusters/, status: 403 });

    const { vaults, missing } = await inventory().readEstate();

    assert.equal(vaults.length, 1);
    assert.deepEqual(
      missing.map(({ subscriptionId }) => subscriptionId),
      [bench.subscription.id],
    );
  });

  it("keeps to the subscriptions it is told", async () => {
    const other = bench.sandbox.addSubscription({ displayName: "Other" });
    bench.sandbox.assignRole(bench.owner, "Reader", `/subscriptions/${other.id}`);
    bench.sandbox.addCluster({ name: "mine" });
    bench.sandbox.addCluster({ name: "other", subscriptionId: other.id });

    const { clusters, subscriptions } = await inventory().readEstate({ subscriptionIds: [other.id.toUpperCase()] });

    assert.deepEqual(
      clusters.map(({ name }) => name),
      ["other"],
    );
    assert.equal(subscriptions.length, 1);
  });

  it("waits as long as Resource Graph asks when it throttles", async () => {
    bench.sandbox.addCluster({ name: "web" });
    const headers = { "x-ms-user-quota-remaining": "0", "x-ms-user-quota-resets-after": "00:00:05" };
    bench.sandbox.fail({ method: "POST", path: /ResourceGraph/, status: 429, code: "RateLimiting", headers, times: 1 });

    assert.equal((await inventory().readEstate()).clusters.length, 1);
    assert.equal(queries(), 2);
  });

  it("says when nobody is signed in", async () => {
    const services = bench.servicesWith({ credential: { getToken: () => Promise.resolve(null) } });

    await assert.rejects(services.inventory.listSubscriptions(), { code: "notSignedIn" });
  });
});
