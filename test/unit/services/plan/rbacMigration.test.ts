import assert from "node:assert/strict";

import { afterEach, beforeEach, describe, it } from "mocha";

import { rbacMigrationSteps } from "../../../../src/services/plan/steps/rbacMigration.ts";
import type { Principal } from "../../../sandbox/state.ts";
import { startPlanBench, times, type PlanBench } from "./support/planBench.ts";

describe("Taking a vault from access policies to Azure RBAC", () => {
  let bench: PlanBench;
  let app: Principal;
  let steps: ReturnType<typeof rbacMigrationSteps>;

  beforeEach(async () => {
    bench = await startPlanBench();
    app = bench.sandbox.addPrincipal({ displayName: "App" });
    const entry = (objectId: string, permissions: Record<string, readonly string[]>) => ({
      tenantId: bench.owner.tenantId,
      objectId,
      permissions: { secrets: [], keys: [], certificates: [], storage: [], ...permissions },
    });
    bench.sandbox.addVault({
      name: "contoso-kv",
      subscriptionId: bench.subscription.id,
      rbac: false,
      accessPolicies: [
        entry(bench.owner.objectId, { secrets: ["get", "list", "set"] }),
        entry(app.objectId, { secrets: ["get"], keys: ["sign"] }),
      ],
      secrets: { ExampleSecret: "sample" },
    });
    steps = rbacMigrationSteps(bench.services, { vaultId: bench.vaultId(), times });
  });

  afterEach(() => bench.sandbox.close());

  const rolesAtVault = () =>
    [...bench.sandbox.world.roleAssignments.values()].filter(({ scope }) => scope.endsWith("/vaults/contoso-kv"));

  it("says first who needs which role and what that opens besides", async () => {
    const { policyRoles, rbacSwitch } = await bench.check(steps);

    assert.ok(policyRoles?.kind === "needed" && rbacSwitch?.kind === "needed");
    assert.equal(policyRoles.before, "2 principals would lose rights.");
    assert.match(policyRoles.after, new RegExp(`${app.objectId}: Key Vault Secrets User, Key Vault Crypto User`));
    assert.match(
      policyRoles.warnings.join("\n"),
      new RegExp(`${bench.owner.objectId} will also be allowed: .*secrets purge`),
    );
    assert.deepEqual(bench.changes(), []);
  });

  it("gives the roles, switches, and asks the vault whether the rights have survived", async () => {
    bench.sandbox.world.delays = { roleAssignment: 200 };

    await bench.apply(steps);

    assert.equal((await bench.services.keyVaults.get(bench.vaultId())).usesRbac, true);
    assert.equal(rolesAtVault().length, 3);
    const vault = await bench.services.keyVaults.get(bench.vaultId());
    assert.equal((await bench.services.vaultObjects.probeSecretsOfficer(vault)).kind, "allowed");
    assert.deepEqual(await bench.kinds(steps), { policyRoles: "satisfied", rbacSwitch: "satisfied" });
  });

  it("is not switched while somebody would lose rights", async () => {
    const [, rbacSwitch] = steps;
    assert.ok(rbacSwitch);

    await assert.rejects(bench.apply([rbacSwitch]), { code: "conflict", message: new RegExp(app.objectId) });

    assert.equal((await bench.services.keyVaults.get(bench.vaultId())).usesRbac, false);
  });

  it("is switched back, and the roles taken back, with the policies as they were", async () => {
    const before = bench.snapshot();

    await bench.undo(steps, await bench.apply(steps));

    assert.deepEqual(bench.snapshot(), before);
    assert.equal((await bench.services.keyVaults.get(bench.vaultId())).usesRbac, false);
  });

  it("needs the right to give roles", async () => {
    const contributor = bench.sandbox.addPrincipal({
      roles: ["Contributor"],
      at: `/subscriptions/${bench.subscription.id}`,
    });
    const services = bench.as(contributor);

    const states = await bench.check(rbacMigrationSteps(services, { vaultId: bench.vaultId() }), services);

    assert.ok(states["policyRoles"]?.kind === "blocked");
    assert.match(states["policyRoles"].reason, /Microsoft\.Authorization\/roleAssignments\/write/);
  });
});
