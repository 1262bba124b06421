import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { after, before, describe, it } from "mocha";
import { roleNamed } from "../../sandbox/roles.ts";
import { startSandbox, type Sandbox } from "../../sandbox/sandbox.ts";
import type { Principal, Vault } from "../../sandbox/state.ts";
import { armCaller, type Call } from "./callers.ts";

describe("the sandbox's role assignments", () => {
  let sandbox: Sandbox;
  let vault: Vault;
  let call: Call;

  before(async () => {
    sandbox = await startSandbox();
    vault = sandbox.addVault({ name: "kv-roles", rbac: true });
    call = armCaller(sandbox, "2022-04-01");
  });

  after(() => sandbox.close());

  const definition = (roleName: string): string =>
    `/subscriptions/${sandbox.subscriptionId}/providers/Microsoft.Authorization/roleDefinitions/${roleNamed(roleName).guid}`;
  const at = (scope: string, name: string = randomUUID()): string =>
    `${scope}/providers/Microsoft.Authorization/roleAssignments/${name}`;
  const properties = (principalId: string, roleName = "Key Vault Secrets User", more = {}) => ({
    properties: { roleDefinitionId: definition(roleName), principalId, ...more },
  });

  it("creates, reads and deletes an assignment at a vault and at an object of it", async () => {
    const { objectId } = sandbox.addPrincipal();
    for (const scope of [vault.id, `${vault.id}/secrets/one`]) {
      const id = at(scope);
      const created = await call("PUT", id, properties(objectId));
      assert.equal(created.status, 201);
      assert.equal(created.body.id, id);
      assert.equal(created.body.properties.scope, scope);
      assert.equal(created.body.properties.principalType, "ServicePrincipal");
      assert.equal((await call("GET", id)).status, 200);
      assert.equal((await call("PUT", id, properties(objectId))).status, 200);
      assert.equal((await call("DELETE", id)).status, 200);
      assert.equal((await call("DELETE", id)).status, 204);
      assert.equal((await call("GET", id)).body.error.code, "RoleAssignmentNotFound");
    }
  });

  it("finds no principal that Entra has not shown it yet, unless its type is given", async () => {
    const young = sandbox.addPrincipal({ visibleFrom: sandbox.world.clock.now() + 60_000 });
    const refused = await call("PUT", at(vault.id), properties(young.objectId));
    assert.equal(refused.status, 400);
    assert.equal(refused.body.error.code, "PrincipalNotFound");
    assert.ok(
      refused.body.error.message.startsWith(
        `Principal ${young.objectId.replaceAll("-", "")} does not exist in the directory ${sandbox.tenantId}. Check that you have the correct principal ID.`,
      ),
    );
    const typed = properties(young.objectId, "Key Vault Secrets User", { principalType: "ServicePrincipal" });
    assert.equal((await call("PUT", at(vault.id), typed)).status, 201);
    sandbox.world.clock.advance(60_000);
    assert.equal((await call("PUT", at(vault.id), properties(young.objectId, "Key Vault Reader"))).status, 201);
  });

  it("takes an equal assignment for existing, and a used guid for an update that is not allowed", async () => {
    const { objectId } = sandbox.addPrincipal();
    const name = randomUUID();
    await call("PUT", at(vault.id, name), properties(objectId));
    const equal = await call("PUT", at(vault.id), properties(objectId));
    assert.deepEqual([equal.status, equal.body.error.code], [409, "RoleAssignmentExists"]);
    assert.match(equal.body.error.message, /^The role assignment already exists\./);
    const reused = await call("PUT", at(vault.id, name), properties(sandbox.addPrincipal().objectId));
    assert.deepEqual(reused.body.error, {
      code: "RoleAssignmentUpdateNotPermitted",
      message: "Tenant ID, application ID, principal ID, and scope are not allowed to be updated.",
    });
  });

  it("refuses what is no guid, no role, no scope or of another type", async () => {
    const { objectId } = sandbox.addPrincipal();
    const code = async (id: string, body: object): Promise<string> =>
      (await call("PUT", id, body)).body.error.code as string;
    assert.equal(await code(at(vault.id, "mine"), properties(objectId)), "InvalidRoleAssignmentId");
    const noRole = {
      properties: { roleDefinitionId: definition("Owner").slice(0, -4) + "0000", principalId: objectId },
    };
    assert.equal(await code(at(vault.id), noRole), "RoleDefinitionDoesNotExist");
    assert.equal(await code(at(vault.id), { properties: {} }), "BadRequestFormat");
    assert.equal(await code(at(`${vault.id}-none`), properties(objectId)), "ResourceNotFound");
    const asUser = properties(objectId, "Key Vault Reader", { principalType: "User" });
    assert.equal(await code(at(vault.id), asUser), "UnmatchedPrincipalType");
  });

  it("lets an access administrator for vaults assign eight roles, and Certificate User is none of them", async () => {
    const admin = sandbox.addPrincipal({ roles: ["Key Vault Data Access Administrator"], at: vault.id });
    const asAdmin = armCaller(sandbox, "2022-04-01", admin);
    const { objectId } = sandbox.addPrincipal();
    assert.equal((await asAdmin("PUT", at(vault.id), properties(objectId, "Key Vault Secrets Officer"))).status, 201);
    const refused = await asAdmin("PUT", at(vault.id), properties(objectId, "Key Vault Certificate User"));
    assert.equal(refused.status, 403);
    assert.match(refused.body.error.message, /has an authorization with ABAC condition that is not fulfilled/);
  });

  it("refuses a contributor in Resource Manager's own words", async () => {
    const contributor = sandbox.addPrincipal({ roles: ["Contributor"] });
    const id = at(vault.id);
    const { status, body } = await armCaller(sandbox, "2022-04-01", contributor)(
      "PUT",
      id,
      properties(contributor.objectId),
    );
    assert.equal(status, 403);
    assert.equal(body.error.code, "AuthorizationFailed");
    assert.equal(
      body.error.message,
      `The client '${contributor.appId ?? ""}' with object id '${contributor.objectId}' does not have authorization to perform action 'Microsoft.Authorization/roleAssignments/write' over scope '${id}' or the scope is invalid. If access was recently granted, please refresh your credentials.`,
    );
  });

  it("lists by principal what applies above and below a scope, and by atScope() nothing below", async () => {
    const { objectId } = sandbox.addPrincipal();
    const principal: Pick<Principal, "objectId" | "type"> = { objectId, type: "ServicePrincipal" };
    const subscription = `/subscriptions/${sandbox.subscriptionId}`;
    sandbox.assignRole(principal, "Reader", subscription);
    sandbox.assignRole(principal, "Key Vault Reader", vault.id);
    sandbox.assignRole(principal, "Key Vault Secrets User", `${vault.id}/secrets/one`);
    const list = async (filter: string, scope = vault.id): Promise<string[]> => {
      const path = `${scope}/providers/Microsoft.Authorization/roleAssignments?$filter=${encodeURIComponent(filter)}`;
      const { body } = await call("GET", path);
      return (body.value as { properties: { scope: string } }[]).map((item) => item.properties.scope);
    };
    assert.deepEqual(await list(`principalId eq '${objectId}'`), [subscription, vault.id, `${vault.id}/secrets/one`]);
    assert.deepEqual(await list(`atScope() and assignedTo('${objectId}')`), [subscription, vault.id]);
    assert.deepEqual(await list(`assignedTo('${objectId}')`, subscription), [
      subscription,
      vault.id,
      `${vault.id}/secrets/one`,
    ]);
  });

  it("finds role definitions by name and shows a caller its own permissions", async () => {
    const definitions = await call(
      "GET",
      `${vault.id}/providers/Microsoft.Authorization/roleDefinitions?$filter=${encodeURIComponent("roleName eq 'Key Vault Secrets Officer'")}`,
    );
    assert.deepEqual(
      definitions.body.value.map(({ id }: { id: string }) => id),
      [definition("Key Vault Secrets Officer")],
    );
    const reader = sandbox.addPrincipal({ roles: ["Key Vault Reader"], at: vault.id });
    const permissions = await armCaller(
      sandbox,
      "2022-04-01",
      reader,
    )("GET", `${vault.id}/providers/Microsoft.Authorization/permissions`);
    assert.deepEqual(permissions.body.value[0].dataActions, roleNamed("Key Vault Reader").dataActions);
  });

  it("met nothing it does not know", () => {
    assert.deepEqual(sandbox.unknownRequests, []);
  });
});
