import assert from "node:assert/strict";

import { describe, it } from "mocha";

import { simulateRbac } from "../../../../src/services/azure/keyVaultMigration.ts";
import type { AccessPolicy } from "../../../../src/services/azure/keyVaults.ts";
import { keyVaultRoles } from "../../../../src/services/azure/roleAssignments.ts";

function policy(permissions: Partial<AccessPolicy["permissions"]>, applicationId?: string): AccessPolicy {
  return {
    tenantId: "t",
    objectId: "OID",
    applicationId,
    permissions: { secrets: [], keys: [], certificates: [], ...permissions },
  };
}

function outcome(of: AccessPolicy, ...roles: readonly { readonly id: string }[]) {
  const [only] = simulateRbac([of], new Map([["oid", roles.map(({ id }) => ({ roleId: id }))]]));
  assert.ok(only);
  return { ...only, rolesToGive: only.rolesToGive.map(({ name }) => name) };
}

describe("Switching a vault from access policies to Azure RBAC", () => {
  it("is answered with the least roles that keep what each entry allows", () => {
    const cases: readonly [Partial<AccessPolicy["permissions"]>, readonly string[]][] = [
      [{ secrets: ["get"] }, ["Key Vault Secrets User"]],
      [{ secrets: ["Get", "List"] }, ["Key Vault Secrets User"]],
      [{ secrets: ["list", "set"] }, ["Key Vault Secrets Officer"]],
      [{ keys: ["get"] }, ["Key Vault Reader"]],
      [{ keys: ["get", "sign"] }, ["Key Vault Crypto User"]],
      [{ keys: ["get", "getrotationpolicy", "rotate"] }, ["Key Vault Crypto Officer"]],
      [{ certificates: ["get", "list"] }, ["Key Vault Reader"]],
      [{ certificates: ["all"] }, ["Key Vault Certificates Officer"]],
      [{ secrets: ["get"], certificates: ["get"] }, ["Key Vault Secrets User", "Key Vault Reader"]],
      [{}, []],
    ];
    for (const [permissions, roles] of cases) {
      const found = outcome(policy(permissions));
      assert.deepEqual(found.rolesToGive, roles, JSON.stringify(permissions));
      assert.deepEqual(found.lostForGood, []);
      assert.deepEqual(found.lostWithoutRoles, found.allowed);
    }
  });

  it("takes nothing from who holds a role already", () => {
    const found = outcome(policy({ secrets: ["get"], keys: ["get"] }), keyVaultRoles.certificateUser);

    assert.deepEqual(found.lostWithoutRoles, []);
    assert.deepEqual(found.rolesToGive, []);
    assert.deepEqual(outcome(policy({ keys: ["all"] }), keyVaultRoles.administrator).rolesToGive, []);
  });

  it("names what a role opens beyond the entry", () => {
    const found = outcome(policy({ secrets: ["set"] }));

    assert.ok(found.gained.includes("secrets get") && found.gained.includes("secrets purge"));
    assert.ok(!found.gained.includes("secrets set"));
    assert.deepEqual(outcome(policy({ secrets: ["get", "list"] })).gained, []);
  });

  it("cannot keep an application acting for a person", () => {
    const found = outcome(policy({ secrets: ["get"] }, "app"));

    assert.deepEqual(found.lostForGood, ["secrets get"]);
    assert.deepEqual(found.rolesToGive, []);
  });
});
