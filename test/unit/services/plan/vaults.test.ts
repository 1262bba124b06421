import assert from "node:assert/strict";

import { afterEach, beforeEach, describe, it } from "mocha";

import type { IfDeleted } from "../../../../src/services/plan/intent.ts";
import { newVault, secretNamed, startPlanBench, type PlanBench } from "./support/planBench.ts";

describe("A plan's vault and secret", () => {
  let bench: PlanBench;

  beforeEach(async () => {
    bench = await startPlanBench({ addon: "enabled" });
  });

  afterEach(() => bench.sandbox.close());

  const newOver = (ifDeleted: IfDeleted) =>
    bench.intent({ vault: { kind: "new", vault: newVault(bench.vaultId(), bench.owner.tenantId), ifDeleted } });
  const existing = (secret = secretNamed("ExampleSecret")) =>
    bench.intent({ vault: { kind: "existing", id: bench.vaultId() }, secret });
  const place = () => ({ name: "contoso-kv", subscriptionId: bench.subscription.id });
  const officerRole = () =>
    [...bench.sandbox.world.roleAssignments.values()].filter(({ scope }) => scope.endsWith("/vaults/contoso-kv"));

  it("ask what to do about a deleted namesake before anything is changed", async () => {
    bench.sandbox.addVault({ ...place(), isDeleted: true });

    const { vault } = await bench.check(bench.plan(newOver(undefined)));

    assert.deepEqual(vault, {
      kind: "blocked",
      reason: "A vault of this name is deleted, but can be recovered.",
      remedy: "Recover it, purge it, or choose another name.",
    });
  });

  it("recover a deleted vault with its secrets, or purge it for good", async () => {
    bench.sandbox.addVault({ ...place(), isDeleted: true, secrets: { Old: "old" } });

    await bench.apply(bench.plan(newOver("recover")));
    assert.deepEqual([...(bench.vault()?.secrets.keys() ?? [])], ["old", "examplesecret"]);

    await bench.services.keyVaults.delete(bench.vaultId());
    const steps = bench.plan(newOver("purge"));
    const { vault } = await bench.check(steps);
    assert.ok(vault?.kind === "needed" && vault.irreversible === "What is purged cannot be brought back.");
    await bench.apply(steps);
    assert.deepEqual([...(bench.vault()?.secrets.keys() ?? [])], ["examplesecret"]);
  });

  it("recover or purge a deleted secret as decided", async () => {
    bench.sandbox.addVault({ ...place(), secrets: { ExampleSecret: "old" } });
    const vault = await bench.services.keyVaults.get(bench.vaultId());
    await bench.apply(bench.plan(existing(secretNamed("Other"))));
    await bench.services.vaultObjects.delete(vault, "secret", "ExampleSecret");

    const { vaultSecret } = await bench.check(bench.plan(existing()));
    assert.equal(vaultSecret?.kind, "blocked");
    await bench.apply(bench.plan(existing(secretNamed("ExampleSecret", "recover"))));
    assert.equal(bench.vault()?.secrets.get("examplesecret")?.versions.length, 2);

    await bench.services.vaultObjects.delete(vault, "secret", "ExampleSecret");
    await bench.apply(bench.plan(existing(secretNamed("ExampleSecret", "purge"))));
    assert.equal(bench.vault()?.secrets.get("examplesecret")?.versions.length, 1);
  });

  it("take an access policy where the vault uses them, and give back only what was added", async () => {
    const own = { tenantId: bench.owner.tenantId, objectId: bench.owner.objectId };
    const before = { ...own, permissions: { secrets: ["get"], keys: ["sign"], certificates: [], storage: [] } };
    bench.sandbox.addVault({ ...place(), rbac: false, accessPolicies: [before] });
    const steps = bench.plan(existing());

    const { officerAccess } = await bench.check(steps);
    const made = await bench.apply(steps);

    assert.ok(officerAccess?.kind === "needed");
    assert.equal(officerAccess.after, "An access policy for you, for secrets.");
    assert.equal(bench.vault()?.secrets.get("examplesecret")?.versions[0]?.value, bench.canary);
    await bench.undo(steps, made);
    const { accessPolicies } = await bench.services.keyVaults.get(bench.vaultId());
    assert.deepEqual(
      accessPolicies.map(({ permissions }) => permissions),
      [{ secrets: ["get"], keys: ["sign"], certificates: [] }],
    );
  });

  it("leave a role alone that was there before", async () => {
    bench.sandbox.addVault(place());
    bench.sandbox.assignRole(bench.owner, "Key Vault Secrets Officer", bench.vaultId());
    const steps = bench.plan(existing());

    const made = await bench.apply(steps);
    await bench.undo(steps, made);

    assert.deepEqual(
      made.map(({ stepId }) => stepId),
      ["vaultSecret"],
    );
    assert.equal(officerRole().length, 1);
  });

  it("say beforehand that a new version stays, and undo the rest", async () => {
    bench.sandbox.addVault({ ...place(), secrets: { ExampleSecret: "old" } });
    await bench.apply(bench.plan(existing(secretNamed("Other"))));
    const steps = bench.plan(existing());

    const { vaultSecret } = await bench.check(steps);
    await bench.undo(steps, await bench.apply(steps));

    assert.ok(vaultSecret?.kind === "needed");
    assert.match(vaultSecret.irreversible ?? "", /^Undo keeps the new version/);
    assert.equal(bench.vault()?.secrets.get("examplesecret")?.versions.length, 2);
  });

  it("are blocked with the reason when the firewall keeps this machine out", async () => {
    bench.sandbox.world.clientAddress = "192.0.2.10";
    bench.sandbox.addVault({
      ...place(),
      properties: {
        networkAcls: {
          bypass: "AzureServices",
          defaultAction: "Deny",
          ipRules: [{ value: "198.51.100.0/24" }],
          virtualNetworkRules: [],
        },
      },
    });

    const { officerAccess } = await bench.check(bench.plan(existing()));

    assert.ok(officerAccess?.kind === "blocked");
    assert.match(officerAccess.reason, /192\.0\.2\.10/);
    assert.match(officerAccess.remedy ?? "", /firewall/);
    await assert.rejects(bench.apply(bench.plan(existing())), { code: "conflict" });
    assert.deepEqual(bench.changes(), []);
  });

  it("wait until a role that was just given works", async () => {
    bench.sandbox.world.delays = { ...bench.sandbox.world.delays, roleAssignment: 300 };
    bench.sandbox.addVault(place());

    await bench.apply(bench.plan(existing()));

    assert.equal(bench.vault()?.secrets.get("examplesecret")?.versions[0]?.value, bench.canary);
    assert.equal(officerRole().length, 1);
  });

  it("are set by an application that signs in as well, as what it is", async () => {
    bench.sandbox.addVault(place());

    await bench.apply(bench.plan(existing()));

    assert.deepEqual(
      officerRole().map(({ principalId, principalType }) => [principalId, principalType]),
      [[bench.owner.objectId, "ServicePrincipal"]],
    );
  });
});
