import assert from "node:assert/strict";

import { describe, it } from "mocha";

import { allows, assignmentName, covers } from "../../../../src/services/azure/roleAssignmentRules.ts";

const scope = "/subscriptions/s/resourceGroups/g/providers/Microsoft.KeyVault/vaults/v";

describe("The name of a role assignment", () => {
  it("is one version 5 UUID for one wish, in whatever letter case", () => {
    const name = assignmentName(scope, "ABC", "role");

    assert.match(name, /^[0-9a-f]{8}-[0-9a-f]{4}-5[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
    assert.equal(assignmentName(scope.toUpperCase(), "abc", "ROLE"), name);
    for (const other of [
      assignmentName(`${scope}/secrets/s`, "abc", "role"),
      assignmentName(scope, "abd", "role"),
      assignmentName(scope, "abc", "role2"),
    ]) {
      assert.notEqual(other, name);
    }
  });
});

describe("A set of permissions", () => {
  const contributor = {
    actions: ["*"],
    notActions: ["Microsoft.Authorization/*/Delete", "Microsoft.Authorization/*/Write"],
  };
  const accessAdministrator = { actions: ["*/read", "Microsoft.Authorization/*"], notActions: [] };

  it("allows what a wildcard covers and no exception takes away, in any letter case", () => {
    assert.ok(allows([contributor], "Microsoft.KeyVault/vaults/write"));
    assert.ok(!allows([contributor], "microsoft.authorization/roleAssignments/write"));
    assert.ok(allows([contributor], "Microsoft.Authorization/roleAssignments/read"));
    assert.ok(!allows([accessAdministrator], "Microsoft.KeyVault/vaults/write"));
    assert.ok(allows([accessAdministrator], "Microsoft.KeyVault/vaults/read"));
    assert.ok(!allows([], "Microsoft.KeyVault/vaults/read"));
  });

  it("lets one role grant what another one only excepts", () => {
    assert.ok(allows([contributor, accessAdministrator], "Microsoft.Authorization/roleAssignments/write"));
  });

  it("takes dots literally and the whole action", () => {
    assert.ok(!allows([{ actions: ["Microsoft.KeyVault/vaults"], notActions: [] }], "Microsoft.KeyVault/vaults/write"));
    assert.ok(!allows([{ actions: ["Microsoft.KeyVault/*"], notActions: [] }], "MicrosoftxKeyVault/vaults/write"));
  });
});

describe("A scope", () => {
  it("covers itself and what lies in it", () => {
    for (const upper of [
      scope,
      "/subscriptions/S",
      "/subscriptions/s/resourcegroups/G",
      "/",
      "/providers/Microsoft.Management/managementGroups/m",
    ]) {
      assert.ok(covers(upper, scope), upper);
    }
    for (const other of [
      `${scope}/secrets/x`,
      `${scope}2`,
      "/subscriptions/s2",
      "/subscriptions/s/resourceGroups/g2",
    ]) {
      assert.ok(!covers(other, scope), other);
    }
  });
});
