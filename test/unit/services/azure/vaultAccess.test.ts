import assert from "node:assert/strict";

import { afterEach, beforeEach, describe, it } from "mocha";

import type { KeyVault } from "../../../../src/services/azure/keyVaults.ts";
import { keyVaultRoles } from "../../../../src/services/azure/roleAssignments.ts";
import type { JsonObject, Principal } from "../../../sandbox/state.ts";
import { startVaultBench, type VaultBench } from "./support/vaultBench.ts";

const soon = { withinMs: 2_000, everyMs: 5 };

describe("The right to set secrets", () => {
  let bench: VaultBench;
  let vault: KeyVault;
  let officer: Principal;

  beforeEach(async () => {
    bench = await startVaultBench();
    vault = await bench.newVault("my-vault");
    officer = bench.sandbox.addPrincipal();
  });

  afterEach(async () => {
    assert.deepEqual(bench.sandbox.unknownRequests, []);
    await bench.sandbox.close();
  });

  function properties(): JsonObject {
    return bench.sandbox.world.vaults.get(vault.id.toLowerCase())?.body["properties"] as JsonObject;
  }

  it("is found by asking, and asking changes nothing", async () => {
    const { vaultObjects } = bench.as(officer);
    const before = JSON.stringify(
      [...bench.sandbox.world.vaults.values()].map(({ body, secrets }) => [body, [...secrets]]),
    );

    const denied = await vaultObjects.probeSecretsOfficer(vault);
    assert.ok(denied.kind === "denied" && denied.by === "rbac");
    bench.sandbox.assignRole(officer, "Key Vault Secrets User", vault.id);
    assert.equal((await vaultObjects.probeSecretsOfficer(vault)).kind, "denied");
    bench.sandbox.assignRole(officer, "Key Vault Secrets Officer", vault.id);
    assert.deepEqual(await vaultObjects.probeSecretsOfficer(vault), { kind: "allowed" });

    const after = JSON.stringify(
      [...bench.sandbox.world.vaults.values()].map(({ body, secrets }) => [body, [...secrets]]),
    );
    assert.equal(after, before);
  });

  it("comes from list and set on a vault with access policies", async () => {
    const { vaultObjects } = bench.as(officer);
    properties()["enableRbacAuthorization"] = false;
    const policy = (secrets: string[]): JsonObject => ({
      tenantId: officer.tenantId,
      objectId: officer.objectId,
      permissions: { secrets },
    });

    for (const [secrets, kind] of [
      [[], "denied"],
      [["list"], "denied"],
      [["set"], "denied"],
      [["list", "set"], "allowed"],
    ] as const) {
      properties()["accessPolicies"] = [policy([...secrets])];
      const access = await vaultObjects.probeSecretsOfficer(vault);
      assert.equal(access.kind, kind, secrets.join());
      assert.ok(access.kind === "allowed" || access.by === "accessPolicy");
    }
  });

  it("is waited for until the vault says yes", async () => {
    const { vaultObjects } = bench.as(officer);
    bench.sandbox.world.delays = { roleAssignment: 60 };
    const principal = { objectId: officer.objectId, type: "ServicePrincipal" } as const;
    await bench.roleAssignments.ensure(vault.id, principal, keyVaultRoles.secretsOfficer);
    assert.equal((await vaultObjects.probeSecretsOfficer(vault)).kind, "denied");

    await vaultObjects.waitForAccess(vault, soon);

    assert.deepEqual(await vaultObjects.probeSecretsOfficer(vault), { kind: "allowed" });
  });

  it("is not waited for beyond the limit, nor at all behind a firewall", async () => {
    const { vaultObjects } = bench.as(officer);
    await assert.rejects(vaultObjects.waitForAccess(vault, { withinMs: 30, everyMs: 5 }), { code: "timedOut" });

    properties()["publicNetworkAccess"] = "Disabled";
    await assert.rejects(vaultObjects.waitForAccess(vault, { withinMs: 60_000, everyMs: 5 }), {
      code: "unreachable",
    });
  });

  it("is proved by the set itself, which is repeated while the right is on its way", async () => {
    const { vaultObjects } = bench.as(officer);
    bench.sandbox.world.delays = { roleAssignment: 60 };
    const principal = { objectId: officer.objectId, type: "ServicePrincipal" } as const;
    await bench.roleAssignments.ensure(vault.id, principal, keyVaultRoles.secretsOfficer);

    await vaultObjects.setSecretWhenAllowed(vault, { name: "s", value: "v" }, soon);
    assert.equal(bench.sandbox.world.vaults.get(vault.id.toLowerCase())?.secrets.get("s")?.versions.length, 1);

    await assert.rejects(vaultObjects.setSecretWhenAllowed(vault, { name: "no_name", value: "v" }, soon), {
      code: "invalidRequest",
    });
  });
});
