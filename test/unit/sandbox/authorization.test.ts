import assert from "node:assert/strict";
import { describe, it } from "mocha";
import { isAllowed, isWithin } from "../../sandbox/authorization.ts";
import { createBuilder } from "../../sandbox/builders.ts";
import { createClock } from "../../sandbox/clock.ts";
import { emptyWorld } from "../../sandbox/ids.ts";

const group = "/subscriptions/s/resourceGroups/g";
const vault = `${group}/providers/Microsoft.KeyVault/vaults/v`;

function worldWith(roleName: string, scope: string) {
  const world = emptyWorld(createClock("instant"));
  const builder = createBuilder(world);
  builder.addTenant();
  const { objectId } = builder.addPrincipal({ roles: [roleName], at: scope });
  return {
    world,
    may: (action: string, at: string) => isAllowed(world, objectId, at, action, "action"),
    mayData: (action: string, at: string) => isAllowed(world, objectId, at, action, "dataAction"),
  };
}

describe("the sandbox's Azure RBAC", () => {
  it("inherits an assignment downwards and never upwards or sideways", () => {
    const { may } = worldWith("Contributor", group);
    assert.equal(may("Microsoft.KeyVault/vaults/write", vault), true);
    assert.equal(may("Microsoft.KeyVault/vaults/write", vault.toUpperCase()), true);
    assert.equal(may("Microsoft.KeyVault/vaults/write", "/subscriptions/s"), false);
    assert.equal(may("Microsoft.KeyVault/vaults/write", "/subscriptions/s/resourceGroups/g2"), false);
  });

  it("takes what a role excludes out of what it grants", () => {
    const { may } = worldWith("Contributor", "/subscriptions/s");
    assert.equal(may("Microsoft.Authorization/roleAssignments/write", vault), false);
    assert.equal(may("Microsoft.Authorization/roleAssignments/read", vault), true);
  });

  it("gives an owner no right on data", () => {
    const { may, mayData } = worldWith("Owner", "/");
    assert.equal(may("Microsoft.Authorization/roleAssignments/write", vault), true);
    assert.equal(mayData("Microsoft.KeyVault/vaults/secrets/getSecret/action", vault), false);
  });

  it("lets Key Vault Reader see metadata and no value", () => {
    const { mayData } = worldWith("Key Vault Reader", vault);
    assert.equal(mayData("Microsoft.KeyVault/vaults/secrets/readMetadata/action", vault), true);
    assert.equal(mayData("Microsoft.KeyVault/vaults/keys/read", `${vault}/keys/k`), true);
    assert.equal(mayData("Microsoft.KeyVault/vaults/secrets/getSecret/action", vault), false);
  });

  it("lets Key Vault Certificate User read every secret too", () => {
    const { mayData } = worldWith("Key Vault Certificate User", vault);
    assert.equal(mayData("Microsoft.KeyVault/vaults/secrets/getSecret/action", `${vault}/secrets/any`), true);
    assert.equal(mayData("Microsoft.KeyVault/vaults/secrets/setSecret/action", vault), false);
  });

  it("keeps namespaces and quotas from an AKS RBAC Admin", () => {
    const { mayData } = worldWith("Azure Kubernetes Service RBAC Admin", "/");
    const cluster = `${group}/providers/Microsoft.ContainerService/managedClusters/c`;
    assert.equal(mayData("Microsoft.ContainerService/managedClusters/secrets/read", `${cluster}/namespaces/n`), true);
    assert.equal(mayData("Microsoft.ContainerService/managedClusters/namespaces/write", cluster), false);
  });

  it("honours a fresh assignment on ARM at once and on a data plane when it has spread", () => {
    const { world, may, mayData } = worldWith("Key Vault Administrator", vault);
    const [[id, assignment]] = [...world.roleAssignments] as [
      [string, typeof world.roleAssignments extends Map<string, infer A> ? A : never],
    ];
    world.roleAssignments.set(id, { ...assignment, effectiveFrom: world.clock.now() + 60_000 });
    assert.equal(may("Microsoft.KeyVault/vaults/secrets/read", vault), true);
    assert.equal(mayData("Microsoft.KeyVault/vaults/secrets/getSecret/action", vault), false);
    world.clock.advance(60_000);
    assert.equal(mayData("Microsoft.KeyVault/vaults/secrets/getSecret/action", vault), true);
    world.clock.stop();
  });

  it("takes a name that another begins with for another scope", () => {
    assert.equal(isWithin(`${vault}2`, vault), false);
    assert.equal(isWithin(`${vault}/secrets/s`, vault), true);
    assert.equal(isWithin(vault, "/"), true);
  });
});
