import assert from "node:assert/strict";

import { afterEach, beforeEach, describe, it } from "mocha";

import { maxFederatedCredentials, type FederatedCredential } from "../../../../src/services/azure/identities.ts";
import type { JsonObject } from "../../../sandbox/state.ts";
import { startVaultBench, type VaultBench } from "./support/vaultBench.ts";

const issuer = "https://eastus2.oic.prod-aks.azure.com/tenant/cluster/";

function credential(name: string, change: Partial<FederatedCredential> = {}): FederatedCredential {
  const subject = `system:serviceaccount:default:${name}`;
  return { name, issuer, subject, audiences: ["api://AzureADTokenExchange"], ...change };
}

describe("User-assigned identities", () => {
  let bench: VaultBench;
  let identityId: string;

  beforeEach(async () => {
    bench = await startVaultBench();
    identityId = `${bench.groupId}/providers/Microsoft.ManagedIdentity/userAssignedIdentities/app-identity`;
  });

  afterEach(async () => {
    assert.deepEqual(bench.sandbox.unknownRequests, []);
    await bench.sandbox.close();
  });

  it("are made once, with client id and principal id, and left as they are then", async () => {
    assert.equal(await bench.identities.find(identityId), undefined);
    const first = await bench.identities.ensure(identityId, "eastus2");
    const again = await bench.identities.ensure(identityId, "westus");

    assert.equal(first.isNew, true);
    assert.equal(again.isNew, false);
    assert.deepEqual(again.identity, first.identity);
    assert.notEqual(first.identity.clientId, first.identity.principalId);
    assert.equal(first.identity.tenantId, bench.owner.tenantId);
    assert.deepEqual(await bench.identities.list(bench.subscriptionId), [first.identity]);

    await bench.identities.delete(identityId);
    await bench.identities.delete(identityId);
    assert.equal(await bench.identities.find(identityId), undefined);
  });

  describe("Federated credentials", () => {
    beforeEach(async () => {
      await bench.identities.ensure(identityId, "eastus2");
    });

    function puts(): number {
      return bench.sandbox.requests({ method: "PUT" }).filter(({ path }) => path.includes("/federated")).length;
    }

    it("keep the issuer byte for byte, and an equal one is not written again", async () => {
      const wanted = credential("sa-one");
      assert.deepEqual(await bench.identities.putFederatedCredential(identityId, wanted), wanted);
      assert.deepEqual(await bench.identities.putFederatedCredential(identityId, { ...wanted, name: "other" }), wanted);

      assert.equal(puts(), 1);
      assert.deepEqual(await bench.identities.listFederatedCredentials(identityId), [wanted]);
    });

    it("are corrected when the issuer of a new cluster or the audience differs", async () => {
      await bench.identities.putFederatedCredential(identityId, credential("sa-one"));
      const moved = credential("sa-one", { issuer: issuer.replace("cluster", "cluster2") });
      await bench.identities.putFederatedCredential(identityId, moved);
      assert.deepEqual(await bench.identities.listFederatedCredentials(identityId), [moved]);

      const elsewhere = { ...moved, name: "other-name", audiences: ["api://Other"] };
      const corrected = await bench.identities.putFederatedCredential(identityId, elsewhere);
      assert.deepEqual(corrected, { ...elsewhere, name: "sa-one" });
      assert.equal((await bench.identities.listFederatedCredentials(identityId)).length, 1);
    });

    it("are written one after another to one identity", async () => {
      const names = ["sa-1", "sa-2", "sa-3", "sa-4"];
      await Promise.all(names.map((name) => bench.identities.putFederatedCredential(identityId, credential(name))));

      assert.equal((await bench.identities.listFederatedCredentials(identityId)).length, 4);
      assert.ok(bench.sandbox.requests({ method: "PUT" }).every(({ status }) => status < 300));
    });

    it("are written again when somebody else was writing", async () => {
      const code = "ConcurrentFederatedIdentityCredentialsWritesForSingleManagedIdentity";
      bench.sandbox.fail({ method: "PUT", path: "/federated", status: 409, code, times: 2 });

      await bench.identities.putFederatedCredential(identityId, credential("sa-one"));

      assert.equal(puts(), 3);
    });

    it("stop at the limit of Microsoft Entra, before a write, and say how many there are", async () => {
      for (let index = 0; index < maxFederatedCredentials; index++) {
        await bench.identities.putFederatedCredential(identityId, credential(`sa-${index}`));
      }
      const before = puts();

      await assert.rejects(bench.identities.putFederatedCredential(identityId, credential("one-more")), {
        code: "conflict",
        message: /20/,
      });
      assert.equal(puts(), before);
      const corrected = credential("sa-3", { issuer: "https://other/" });
      assert.deepEqual(await bench.identities.putFederatedCredential(identityId, corrected), corrected);
    });

    it("are taken back, and a missing one is fine", async () => {
      await bench.identities.putFederatedCredential(identityId, credential("sa-one"));
      await bench.identities.deleteFederatedCredential(identityId, "sa-one");
      await bench.identities.deleteFederatedCredential(identityId, "sa-one");

      assert.deepEqual(await bench.identities.listFederatedCredentials(identityId), []);
    });
  });

  describe("On node scale sets", () => {
    const nodeGroup = "MC_rg_web_eastus2";

    beforeEach(async () => {
      await bench.identities.ensure(identityId, "eastus2");
      bench.sandbox.addCluster({ name: "web", subscriptionId: bench.subscriptionId, resourceGroup: "rg" });
    });

    function identitiesOnNodes(): readonly { type: unknown; ids: readonly string[] }[] {
      return [...bench.sandbox.world.scaleSets.values()].map(({ body }) => {
        const identity = (body["identity"] ?? {}) as JsonObject;
        return {
          type: identity["type"],
          ids: Object.keys((identity["userAssignedIdentities"] ?? {}) as JsonObject).map((id) => id.toLowerCase()),
        };
      });
    }

    it("are added beside what is there, once, and taken off again", async () => {
      const before = identitiesOnNodes();
      assert.ok(before.length > 0);

      const names = await bench.identities.attachToScaleSets(bench.subscriptionId, nodeGroup, identityId);
      await bench.identities.attachToScaleSets(bench.subscriptionId, nodeGroup, identityId.toUpperCase());

      assert.equal(names.length, before.length);
      assert.equal(bench.sandbox.requests({ method: "PATCH" }).length, before.length);
      for (const [index, { ids }] of identitiesOnNodes().entries()) {
        assert.deepEqual(new Set(ids), new Set([...(before[index]?.ids ?? []), identityId.toLowerCase()]));
      }
      await bench.identities.detachFromScaleSets(bench.subscriptionId, nodeGroup, identityId);
      assert.deepEqual(identitiesOnNodes(), before);
    });

    it("leave a system-assigned identity where it is", async () => {
      for (const scaleSet of bench.sandbox.world.scaleSets.values()) {
        scaleSet.body = { ...scaleSet.body, identity: { type: "SystemAssigned", principalId: "p", tenantId: "t" } };
      }
      await bench.identities.attachToScaleSets(bench.subscriptionId, nodeGroup, identityId);
      assert.ok(identitiesOnNodes().every(({ type }) => type === "SystemAssigned, UserAssigned"));

      await bench.identities.detachFromScaleSets(bench.subscriptionId, nodeGroup, identityId);
      assert.ok(identitiesOnNodes().every(({ type, ids }) => type === "SystemAssigned" && ids.length === 0));
    });

    it("are kept off a locked node resource group, and the other way is named", async () => {
      for (const { body } of bench.sandbox.world.clusters.values()) {
        (body["properties"] as JsonObject)["nodeResourceGroupProfile"] = { restrictionLevel: "ReadOnly" };
      }

      await assert.rejects(bench.identities.attachToScaleSets(bench.subscriptionId, nodeGroup, identityId), {
        code: "forbidden",
        message: /workload identity/,
      });
    });
  });
});
