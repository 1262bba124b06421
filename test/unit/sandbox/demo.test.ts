import assert from "node:assert/strict";

import { after, before, describe, it } from "mocha";

import { startSandbox, type Sandbox } from "../../sandbox/sandbox.ts";
import type { Cluster, JsonObject } from "../../sandbox/state.ts";
import { armCaller, vaultCaller } from "./callers.ts";

describe("the demo world", () => {
  let sandbox: Sandbox;

  before(async () => {
    sandbox = await startSandbox({ world: "demo" });
  });

  after(() => sandbox.close());

  const cluster = (name: string): Cluster => {
    const found = [...sandbox.world.clusters.values()].find((one) => one.name === name);
    assert.ok(found, name);
    return found;
  };
  const read = async (name: string) => (await armCaller(sandbox, "2026-06-01")("GET", cluster(name).id)).body;
  const started = async (name: string) => {
    const found = cluster(name);
    await sandbox.kubeconfig(found.id);
    assert.ok(found.kubernetes);
    return found.kubernetes;
  };
  const until = async <T>(look: () => T | undefined): Promise<T> => {
    for (let turn = 0; turn < 200; turn += 1) {
      const found = look();
      if (found !== undefined) {
        return found;
      }
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
    throw new Error("It did not come.");
  };

  it("has three subscriptions in two tenants, which one application reaches", async () => {
    const { body } = await armCaller(sandbox, "2022-12-01")("GET", "/tenants");
    assert.equal(body.value.length, 2);
    const counts = [...sandbox.world.principals.values()]
      .filter(({ appId }) => appId === sandbox.clientId)
      .map(async (principal) => {
        const answer = await armCaller(sandbox, "2022-12-01", principal)("GET", "/subscriptions");
        return (answer.body.value as unknown[]).length;
      });
    assert.deepEqual(await Promise.all(counts), [2, 1]);
  });

  it("has the documentation's own cluster, with the add-on off", async () => {
    const { id, location, properties } = await read("myAKSCluster");
    assert.match(id as string, /\/resourceGroups\/myResourceGroup\//);
    assert.equal(location, "eastus2");
    assert.deepEqual(properties.addonProfiles, {});
  });

  it("has a healthy cluster with Linux and Windows nodes, whose class forbids disabling the add-on", async () => {
    const server = await started("store-prod");
    const systems = server.list("Node").map(({ metadata }) => {
      const labels = (metadata as JsonObject)["labels"] as JsonObject;
      return labels["kubernetes.io/os"];
    });
    assert.deepEqual([...new Set(systems)].sort(), ["linux", "windows"]);
    const body = await read("store-prod");
    body.properties.addonProfiles.azureKeyvaultSecretsProvider.enabled = false;
    const { status } = await armCaller(sandbox, "2026-06-01")("PUT", cluster("store-prod").id, body);
    assert.equal(status, 400);
  });

  it("has a node without a provider pod, and an event that says why", async () => {
    const server = await started("orders-prod");
    const event = await until(() => server.list("Event").find(({ reason }) => reason === "FailedScheduling"));
    assert.match(event["message"] as string, /^0\/3 nodes are available: 1 Too many pods/);
  });

  it("has a stopped cluster, an update under way, a private cluster and an old Kubernetes version", async () => {
    assert.equal((await read("batch-dev")).properties.powerState.code, "Stopped");
    const billing = await read("billing-prod");
    assert.equal(billing.properties.provisioningState, "Updating");
    const refused = await armCaller(sandbox, "2026-06-01")("PUT", cluster("billing-prod").id, billing);
    assert.equal(refused.body.code, "OperationNotAllowed");
    const inFabrikam = (name: string): JsonObject => cluster(name).body["properties"] as JsonObject;
    assert.ok(inFabrikam("payments-private")["privateFQDN"]);
    assert.equal(inFabrikam("legacy-pos")["currentKubernetesVersion"], "1.31.9");
  });

  it("finishes the update after a while", async () => {
    sandbox.world.clock.advance(10 * 60_000);
    assert.equal((await read("billing-prod")).properties.provisioningState, "Succeeded");
  });

  it("has five vaults, and no data right at the one on RBAC beside the documentation's cluster", async () => {
    assert.deepEqual(
      [...sandbox.world.vaults.values(), ...sandbox.world.deletedVaults.values()].map(({ name }) => name).sort(),
      ["contoso-dev-kv", "contoso-legacy-kv", "contoso-old-kv", "contoso-prod-kv", "contoso-shared-kv"],
    );
    const list = async (name: string): Promise<number> => {
      const vault = [...sandbox.world.vaults.values()].find((one) => one.name === name);
      return (await (await vaultCaller(sandbox, vault?.id ?? ""))("GET", "/secrets")).status;
    };
    assert.equal(await list("contoso-dev-kv"), 403);
    assert.equal(await list("contoso-prod-kv"), 403);
    assert.equal(await list("contoso-legacy-kv"), 200);
    assert.equal(await list("contoso-shared-kv"), 200);
  });
});
