import assert from "node:assert/strict";

import { afterEach, beforeEach, describe, it } from "mocha";

import { keyVaultRoles } from "../../../../src/services/azure/roleAssignments.ts";
import { startVaultBench, type VaultBench } from "./support/vaultBench.ts";

const { secretsOfficer, secretsUser } = keyVaultRoles;

describe("Role assignments", () => {
  let bench: VaultBench;
  let scope: string;
  let reader: { readonly objectId: string; readonly type: "ServicePrincipal" };

  beforeEach(async () => {
    bench = await startVaultBench();
    bench.sandbox.addVault({ name: "my-vault", subscriptionId: bench.subscriptionId, resourceGroup: "rg" });
    scope = bench.vaultId("my-vault");
    reader = { objectId: bench.sandbox.addPrincipal().objectId, type: "ServicePrincipal" };
  });

  afterEach(async () => {
    assert.deepEqual(bench.sandbox.unknownRequests, []);
    await bench.sandbox.close();
  });

  function puts() {
    return bench.sandbox.requests({ method: "PUT" }).filter(({ path }) => path.includes("/roleAssignments/"));
  }

  it("are made once, with the principal's type, and asking again is success without a change", async () => {
    const first = await bench.roleAssignments.ensure(scope, reader, secretsUser);
    const again = await bench.roleAssignments.ensure(scope.toUpperCase(), reader, secretsUser);

    assert.equal(first.isNew, true);
    assert.equal(again.isNew, false);
    assert.equal(again.assignment.id.toLowerCase(), first.assignment.id.toLowerCase());
    assert.equal(first.assignment.roleId, secretsUser.id);
    assert.equal(puts().length, 1);
    assert.deepEqual(puts()[0]?.body, {
      properties: {
        roleDefinitionId: `/subscriptions/${bench.subscriptionId}/providers/Microsoft.Authorization/roleDefinitions/${secretsUser.id}`,
        principalId: reader.objectId,
        principalType: "ServicePrincipal",
      },
    });
  });

  it("count as made when an equal one of another name is in the way", async () => {
    const equal = bench.sandbox.assignRole(reader, secretsUser.name, scope);
    bench.sandbox.fail({ method: "GET", path: "/roleAssignments", status: 200, body: { value: [] }, times: 1 });

    const { assignment, isNew } = await bench.roleAssignments.ensure(scope, reader, secretsUser);

    assert.equal(isNew, false);
    assert.equal(assignment.id, equal.id);
    assert.equal(puts()[0]?.status, 409);
  });

  it("are made by who may write but not read them", async () => {
    bench.sandbox.fail({ method: "GET", path: "/roleAssignments", status: 403, code: "AuthorizationFailed" });

    assert.equal((await bench.roleAssignments.ensure(scope, reader, secretsUser)).isNew, true);
  });

  it("wait for a principal that Microsoft Entra has only just made", async () => {
    const missing = { status: 400, code: "PrincipalNotFound", message: "Principal does not exist in the directory." };
    bench.sandbox.fail({ method: "PUT", path: "/roleAssignments/", ...missing, times: 3 });

    assert.equal((await bench.roleAssignments.ensure(scope, reader, secretsUser)).isNew, true);
    assert.equal(puts().length, 4);
    assert.equal(new Set(puts().map(({ path }) => path)).size, 1);
  });

  it("are made for a principal of whom only the object id is known, as an access policy has it", async () => {
    const { assignment } = await bench.roleAssignments.ensure(scope, { ...reader, type: undefined }, secretsUser);

    assert.equal(
      bench.sandbox.world.roleAssignments.get(assignment.id.toLowerCase())?.principalType,
      "ServicePrincipal",
    );
  });

  it("are refused to who may not make them, with what it takes", async () => {
    const contributor = bench.as(bench.sandbox.addPrincipal({ roles: ["Contributor"], at: bench.groupId }));

    await assert.rejects(contributor.roleAssignments.ensure(scope, reader, secretsUser), {
      code: "forbidden",
      message: /Key Vault Secrets User.*roleAssignments\/write.*User Access Administrator/,
    });
  });

  it("are listed with those that come from above, and without those below or of others", async () => {
    const { sandbox, roleAssignments, groupId } = bench;
    sandbox.assignRole(reader, "Reader", groupId);
    sandbox.assignRole(reader, secretsUser.name, scope);
    sandbox.assignRole(reader, secretsOfficer.name, `${scope}/secrets/one`);
    sandbox.assignRole(bench.owner, secretsOfficer.name, scope);

    const found = await roleAssignments.listEffective(scope, reader.objectId);

    assert.deepEqual(
      found.map((assignment) => assignment.scope),
      [groupId, scope],
    );
    assert.equal(found[1]?.roleId, secretsUser.id);
  });

  it("are taken back, and a missing one is fine", async () => {
    const { assignment } = await bench.roleAssignments.ensure(scope, reader, secretsUser);
    await bench.roleAssignments.delete(assignment.id);
    await bench.roleAssignments.delete(assignment.id);

    assert.deepEqual(await bench.roleAssignments.listEffective(scope, reader.objectId), []);
  });

  it("tell which actions somebody lacks at a scope, wildcards and exceptions counted", async () => {
    const actions = [
      "Microsoft.KeyVault/vaults/write",
      "Microsoft.Authorization/roleAssignments/write",
      "Microsoft.Resources/subscriptions/resourceGroups/read",
    ];
    const { sandbox, groupId } = bench;
    const missing = async (...roles: readonly string[]) => {
      const principal = sandbox.addPrincipal({ roles, at: groupId });
      return bench.as(principal).roleAssignments.findMissingActions(groupId, actions);
    };

    assert.deepEqual(await missing("Owner"), []);
    assert.deepEqual(await missing("Contributor"), [actions[1]]);
    assert.deepEqual(await missing("Reader"), [actions[0], actions[1]]);
    assert.deepEqual(await missing("Contributor", "User Access Administrator"), []);
    assert.deepEqual(await missing(), actions);
  });

  it("know who is signed in by the token of the tenant asked for", async () => {
    const principal = await bench.roleAssignments.getSignedInPrincipal(bench.owner.tenantId);

    assert.deepEqual(principal, { objectId: bench.owner.objectId, type: "ServicePrincipal" });
  });
});
