import assert from "node:assert/strict";

import { afterEach, beforeEach, describe, it } from "mocha";

import type { JsonObject } from "../../../sandbox/state.ts";
import { startVaultBench, type VaultBench } from "./support/vaultBench.ts";

const permissions = { secrets: ["get", "set"], keys: [], certificates: [] };

describe("Key vaults", () => {
  let bench: VaultBench;

  beforeEach(async () => {
    bench = await startVaultBench();
  });

  afterEach(async () => {
    assert.deepEqual(bench.sandbox.unknownRequests, []);
    await bench.sandbox.close();
  });

  function properties(name: string): JsonObject {
    return bench.sandbox.world.vaults.get(bench.vaultId(name).toLowerCase())?.body["properties"] as JsonObject;
  }

  it("are created with the authorization model stated, and read back", async () => {
    const vault = await bench.newVault("new-vault");

    assert.equal(vault.usesRbac, true);
    assert.match(vault.vaultUri, /^https:\/\/.+\/$/);
    assert.equal(vault.provisioningState, "Succeeded");
    assert.equal(vault.softDeleteRetentionInDays, 90);
    assert.equal(vault.isPurgeProtected, false);
    const put = bench.sandbox.requests({ method: "PUT" }).find(({ path }) => path.includes("new-vault"));
    assert.match(put?.path ?? "", /api-version=2026-02-01/);
    assert.equal((put?.body as { properties: JsonObject }).properties["enableRbacAuthorization"], true);
    assert.equal((await bench.newVault("old-model", { usesRbac: false })).usesRbac, false);
  });

  it("take their purge protection, retention and network from what is wanted", async () => {
    const vault = await bench.keyVaults.create({
      id: bench.vaultId("guarded"),
      location: "eastus2",
      tenantId: bench.owner.tenantId,
      usesRbac: true,
      isPurgeProtected: true,
      softDeleteRetentionInDays: 7,
      network: { ipRules: ["203.0.113.0/24"], virtualNetworkRules: [] },
      skuName: "premium",
    });

    assert.equal(vault.isPurgeProtected, true);
    assert.equal(vault.softDeleteRetentionInDays, 7);
    assert.equal(vault.networkDefaultAction, "Deny");
    assert.deepEqual(vault.ipRules, ["203.0.113.0/24"]);
  });

  it("are refused before any call when the name breaks a rule", async () => {
    const before = bench.sandbox.requests().length;

    await assert.rejects(bench.newVault("bad_name"), { code: "invalidRequest" });
    assert.equal((await bench.keyVaults.checkName(bench.vaultId("1abc"))).kind, "invalid");
    assert.equal(bench.sandbox.requests().length, before);
  });

  it("are never replaced by a creation", async () => {
    await bench.newVault("mine");
    await bench.keyVaults.addAccessPolicy(bench.vaultId("mine"), {
      tenantId: bench.owner.tenantId,
      objectId: bench.owner.objectId,
      applicationId: undefined,
      permissions,
    });

    await assert.rejects(bench.newVault("mine"), { code: "conflict" });
    assert.equal((await bench.keyVaults.get(bench.vaultId("mine"))).accessPolicies.length, 1);
  });

  it("are found or not, and a missing one is an error for get only", async () => {
    assert.equal(await bench.keyVaults.find(bench.vaultId("nowhere")), undefined);
    await assert.rejects(bench.keyVaults.get(bench.vaultId("nowhere")), { code: "notFound" });
  });

  it("tell whether a name is free, live here, deleted here, in another group, or taken elsewhere", async () => {
    const { keyVaults, sandbox, vaultId } = bench;
    await bench.newVault("live-one");
    await bench.newVault("dead-one");
    await keyVaults.delete(vaultId("dead-one"));
    const elsewhere = sandbox.addSubscription({ tenantId: sandbox.addTenant().id });
    sandbox.addVault({ name: "their-vault", subscriptionId: elsewhere.id });
    sandbox.addVault({ name: "their-dead", subscriptionId: elsewhere.id, isDeleted: true });
    sandbox.addVault({ name: "other-group", subscriptionId: bench.subscriptionId, resourceGroup: "rg2" });

    assert.equal((await keyVaults.checkName(vaultId("free-one"))).kind, "available");
    assert.equal((await keyVaults.checkName(vaultId("live-one"))).kind, "exists");
    assert.equal((await keyVaults.checkName(vaultId("Dead-One"))).kind, "softDeleted");
    assert.equal((await keyVaults.checkName(vaultId("their-vault"))).kind, "taken");
    assert.equal((await keyVaults.checkName(vaultId("their-dead"))).kind, "taken");
    const other = await keyVaults.checkName(vaultId("other-group"));
    assert.ok(other.kind === "taken" && other.message.includes('"rg2"'));
  });

  it("can be made by who has rights in one resource group only, where the creation tells what the check cannot", async () => {
    await bench.newVault("dead-one");
    await bench.keyVaults.delete(bench.vaultId("dead-one"));
    const local = bench.as(bench.sandbox.addPrincipal({ roles: ["Contributor"], at: bench.groupId }));
    const wanted = { location: "eastus2", tenantId: bench.owner.tenantId, usesRbac: true, isPurgeProtected: false };

    assert.equal((await local.keyVaults.checkName(bench.vaultId("dead-one"))).kind, "available");
    await assert.rejects(local.keyVaults.create({ ...wanted, id: bench.vaultId("dead-one") }), { code: "conflict" });
    assert.equal((await local.keyVaults.create({ ...wanted, id: bench.vaultId("free-one") })).name, "free-one");
  });

  it("say on creation that a deleted namesake is in the way, or that the name is taken", async () => {
    await bench.newVault("dead-one");
    await bench.keyVaults.delete(bench.vaultId("dead-one"));
    await assert.rejects(bench.newVault("dead-one"), { code: "conflict", message: /recover it, purge it/ });

    const elsewhere = bench.sandbox.addSubscription({ tenantId: bench.sandbox.addTenant().id });
    bench.sandbox.addVault({ name: "their-vault", subscriptionId: elsewhere.id });
    await assert.rejects(bench.newVault("their-vault"), { code: "conflict", message: /unique/ });
  });

  it("come back from deletion with their secrets, or are purged so that the name is free", async () => {
    const { keyVaults, vaultObjects, vaultId } = bench;
    await vaultObjects.setSecret(await bench.newVault("dead-one"), "kept", "value");
    await keyVaults.delete(vaultId("dead-one"));
    await keyVaults.delete(vaultId("dead-one"));
    const [deleted] = await keyVaults.listDeleted(bench.subscriptionId);
    assert.ok(deleted);
    assert.equal(deleted.location, "eastus2");
    assert.equal(deleted.id, vaultId("dead-one"));

    const recovered = await keyVaults.recover(deleted);
    bench.sandbox.assignRole(bench.owner, "Key Vault Secrets User", recovered.id);
    assert.equal((await vaultObjects.find(recovered, "secret", "kept"))?.name, "kept");

    await keyVaults.delete(vaultId("dead-one"));
    await keyVaults.purge(deleted);
    assert.equal((await keyVaults.checkName(vaultId("dead-one"))).kind, "available");
    await keyVaults.purge(deleted);
  });

  it("are not purged while purge protection holds", async () => {
    await bench.newVault("guarded", { isPurgeProtected: true });
    await bench.keyVaults.delete(bench.vaultId("guarded"));
    const [deleted] = await bench.keyVaults.listDeleted(bench.subscriptionId);
    assert.ok(deleted?.isPurgeProtected);

    const before = bench.sandbox.requests().length;
    await assert.rejects(bench.keyVaults.purge(deleted), { code: "conflict" });
    assert.equal(bench.sandbox.requests().length, before);
  });

  it("change their authorization model and lose nothing else", async () => {
    await bench.newVault("vault1");
    const before = properties("vault1");
    before["aFieldNobodyKnows"] = { deep: [1, null] };
    before["accessPolicies"] = [
      { tenantId: bench.owner.tenantId, objectId: bench.owner.objectId, permissions: { storage: ["get"] } },
    ];

    const vault = await bench.keyVaults.setRbac(bench.vaultId("vault1"), false);

    assert.equal(vault.usesRbac, false);
    const after = properties("vault1");
    assert.deepEqual(after, { ...before, enableRbacAuthorization: false });
    assert.deepEqual(
      bench.sandbox.requests({ method: "PATCH" }).map(({ body }) => body),
      [{ properties: { enableRbacAuthorization: false } }],
    );
  });

  it("gain and lose one access policy at a time", async () => {
    const { keyVaults, vaultId, owner } = bench;
    await bench.newVault("vault1", { usesRbac: false });
    const mine = { tenantId: owner.tenantId, objectId: owner.objectId, applicationId: undefined };
    const other = { ...mine, objectId: "11111111-2222-3333-4444-555555555555" };
    await keyVaults.addAccessPolicy(vaultId("vault1"), { ...other, permissions });
    await keyVaults.addAccessPolicy(vaultId("vault1"), { ...mine, permissions });
    await keyVaults.addAccessPolicy(vaultId("vault1"), { ...mine, permissions: { ...permissions, keys: ["get"] } });
    const raw = properties("vault1")["accessPolicies"] as JsonObject[];
    (raw[0]?.["permissions"] as JsonObject)["storage"] = ["list"];

    const left = await keyVaults.removeAccessPolicy(vaultId("vault1"), { ...mine, permissions });
    assert.deepEqual(
      left.accessPolicies.map(({ objectId, permissions: { keys, secrets } }) => [objectId, keys, secrets]),
      [
        [other.objectId, [], ["get", "set"]],
        [owner.objectId, ["get"], []],
      ],
    );

    await keyVaults.removeAccessPolicy(vaultId("vault1"), { ...mine, permissions: { ...permissions, keys: ["Get"] } });
    const after = properties("vault1")["accessPolicies"] as JsonObject[];
    assert.equal(after.length, 1);
    assert.deepEqual((after[0]?.["permissions"] as JsonObject)["storage"], ["list"]);
  });

  it("are changed by nobody without the right, who is told which one", async () => {
    await bench.newVault("vault1");
    const reader = bench.sandbox.addPrincipal({ roles: ["Reader"], at: bench.groupId });

    await assert.rejects(bench.as(reader).keyVaults.setRbac(bench.vaultId("vault1"), false), {
      code: "forbidden",
      message: /Microsoft\.KeyVault\/vaults\/write/,
    });
  });

  describe("asked whether they let this machine in", () => {
    it("say yes to somebody without any right in them", async () => {
      const vault = await bench.newVault("vault1");
      const stranger = bench.sandbox.addPrincipal();

      assert.deepEqual(await bench.as(stranger).keyVaults.checkReach(vault), { kind: "open" });
      assert.deepEqual(await bench.keyVaults.checkReach(vault), { kind: "open" });
    });

    it("say which address their firewall sees", async () => {
      const vault = await bench.newVault("vault1");
      bench.sandbox.world.clientAddress = "198.51.100.7";
      const before = properties("vault1");
      before["networkAcls"] = {
        defaultAction: "Deny",
        bypass: "AzureServices",
        ipRules: [],
        virtualNetworkRules: [],
      };

      const reach = await bench.keyVaults.checkReach(vault);

      assert.ok(reach.kind === "closed");
      assert.equal(reach.clientAddress, "198.51.100.7");
      assert.match(reach.message, /198\.51\.100\.7/);
    });

    it("say that only private endpoints get in", async () => {
      const vault = await bench.newVault("vault1");
      properties("vault1")["publicNetworkAccess"] = "Disabled";

      const reach = await bench.keyVaults.checkReach(vault);

      assert.ok(reach.kind === "closed");
      assert.match(reach.message, /private endpoint/);
    });

    it("count as closed where their name leads nowhere or nobody answers", async () => {
      const { tenantId } = await bench.newVault("vault1");
      for (const vaultUri of ["https://no-such-vault.invalid/", "https://127.0.0.1:9/"]) {
        const reach = await bench.keyVaults.checkReach({ vaultUri, tenantId });
        assert.equal(reach.kind, "closed", vaultUri);
      }
    });
  });
});
