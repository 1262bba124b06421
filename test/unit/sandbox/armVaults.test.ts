import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { KeyVaultManagementClient } from "@azure/arm-keyvault";
import { after, before, describe, it } from "mocha";
import { startSandbox, type Sandbox } from "../../sandbox/sandbox.ts";
import type { JsonObject } from "../../sandbox/state.ts";
import { armCaller, send, vaultCaller, type Call } from "./callers.ts";

describe("the sandbox's vaults on Resource Manager", () => {
  let sandbox: Sandbox;
  let call: Call;
  let group: string;
  let vaults: string;

  before(async () => {
    sandbox = await startSandbox({
      world: (builder) => void builder.addResourceGroup("myResourceGroup", { location: "eastus2" }),
    });
    call = armCaller(sandbox, "2026-02-01");
    group = `/subscriptions/${sandbox.subscriptionId}/resourceGroups/myResourceGroup`;
    vaults = `${group}/providers/Microsoft.KeyVault/vaults`;
  });

  after(() => sandbox.close());

  const vaultBody = (properties: JsonObject = {}): JsonObject => ({
    location: "eastus2",
    properties: { tenantId: sandbox.tenantId, sku: { family: "A", name: "standard" }, ...properties },
  });

  it("creates a vault with RBAC on and soft-delete for 90 days when nothing else is said", async () => {
    const created = await call("PUT", `${vaults}/kv-default`, vaultBody());
    assert.equal(created.status, 200);
    assert.equal(created.body.properties.provisioningState, "RegisteringDns");
    const { body } = await call("GET", `${vaults}/kv-default`);
    assert.equal(body.id, `${vaults}/kv-default`);
    assert.equal(body.properties.provisioningState, "Succeeded");
    assert.equal(body.properties.enableRbacAuthorization, true);
    assert.equal(body.properties.softDeleteRetentionInDays, 90);
    assert.match(body.properties.vaultUri, /^https:\/\/127\.0\.0\.1:\d+\/$/);
    const challenged = await send(`${body.properties.vaultUri}secrets?api-version=7.6`, "GET");
    assert.equal(challenged.status, 401);
  });

  it("keeps access policies as the default of older api-versions", async () => {
    await call("PUT", `${vaults}/kv-older?api-version=2023-07-01`, vaultBody({ accessPolicies: [] }));
    const { body } = await call("GET", `${vaults}/kv-older`);
    assert.equal(body.properties.enableRbacAuthorization, false);
  });

  it("refuses names, regions, SKUs and tenants that can't be", async () => {
    for (const name of ["1ab", "a--b", "ab", "kv_x", "kv-"]) {
      const { status, body } = await call("PUT", `${vaults}/${name}`, vaultBody());
      assert.deepEqual([status, body.error.code], [400, "VaultNameNotValid"], name);
    }
    const nowhere = await call("PUT", `${vaults}/kv-nowhere`, { ...vaultBody(), location: "atlantis" });
    assert.equal(nowhere.body.error.code, "LocationNotAvailableForResourceType");
    const noSku = await call("PUT", `${vaults}/kv-no-sku`, vaultBody({ sku: null }));
    assert.equal(noSku.body.error.message, "The key vault sku is invalid.");
    const otherTenant = await call("PUT", `${vaults}/kv-tenant`, vaultBody({ tenantId: randomUUID() }));
    assert.equal(otherTenant.body.error.message, "An invalid value was provided for 'tenantId'.");
    const noGroup = await call("PUT", vaults.replace("myResourceGroup", "none") + "/kv-x", vaultBody());
    assert.deepEqual([noGroup.status, noGroup.body.error.code], [404, "ResourceGroupNotFound"]);
  });

  it("replaces on PUT what it is sent, and keeps what can't be undone", async () => {
    const policy = { tenantId: sandbox.tenantId, objectId: randomUUID(), permissions: { secrets: ["get"] } };
    await call("PUT", `${vaults}/kv-replace`, {
      ...vaultBody({
        enableRbacAuthorization: false,
        enablePurgeProtection: true,
        softDeleteRetentionInDays: 7,
        accessPolicies: [policy],
      }),
      tags: { a: "1" },
    });
    const { body } = await call("PUT", `${vaults}/kv-replace`, vaultBody());
    assert.deepEqual(body.tags, {});
    assert.deepEqual(body.properties.accessPolicies, []);
    assert.equal(body.properties.enableRbacAuthorization, false);
    assert.equal(body.properties.enablePurgeProtection, true);
    assert.equal(body.properties.softDeleteRetentionInDays, 7);
    const undone = await call("PATCH", `${vaults}/kv-replace`, { properties: { enablePurgeProtection: false } });
    assert.match(undone.body.error.message, /"enablePurgeProtection" cannot be set to false/);
    const retention = await call("PATCH", `${vaults}/kv-replace`, { properties: { softDeleteRetentionInDays: 30 } });
    assert.match(retention.body.error.message, /has been set already and it can't be modified/);
  });

  it("adds, replaces and removes single access policies", async () => {
    const [one, two] = [randomUUID(), randomUUID()];
    const policy = (objectId: string, secrets: string[]): JsonObject => ({
      tenantId: sandbox.tenantId,
      objectId,
      permissions: { secrets },
    });
    const change = (kind: string, ...accessPolicies: JsonObject[]) =>
      call("PUT", `${vaults}/kv-policies/accessPolicies/${kind}`, { properties: { accessPolicies } });
    await call("PUT", `${vaults}/kv-policies`, vaultBody({ enableRbacAuthorization: false }));
    await change("add", policy(one, ["get"]));
    const { body } = await change("add", policy(one, ["list"]), policy(two, ["get"]));
    assert.deepEqual(body.properties.accessPolicies, [policy(one, ["get", "list"]), policy(two, ["get"])]);
    await change("replace", policy(one, ["set"]));
    const removed = await change("remove", policy(two, ["get"]));
    assert.deepEqual(removed.body.properties.accessPolicies, [policy(one, ["set"])]);
    const foreign = await change("add", { ...policy(one, ["get"]), tenantId: randomUUID() });
    assert.equal(foreign.body.error.message, "An invalid value was provided for 'accessPolicies'.");
    const unknown = await change("add", policy(one, ["read"]));
    assert.equal(unknown.status, 400);
  });

  it("soft-deletes, refuses the name, recovers with what was inside, and forgets the vault's role assignments", async () => {
    await call("PUT", `${vaults}/kv-deleted`, vaultBody());
    sandbox.assignRole(sandbox.principal, "Key Vault Secrets Officer", `${vaults}/kv-deleted`);
    const data = await vaultCaller(sandbox, `${vaults}/kv-deleted`);
    assert.equal((await data("PUT", "/secrets/kept", { value: "1" })).status, 200);

    assert.equal((await call("DELETE", `${vaults}/kv-deleted`)).status, 200);
    assert.equal((await call("DELETE", `${vaults}/kv-deleted`)).status, 204);
    await assert.rejects(data("GET", "/secrets/kept"));
    const again = await call("PUT", `${vaults}/kv-deleted`, vaultBody());
    assert.deepEqual([again.status, again.body.error.code], [409, "ConflictError"]);
    const provider = `/subscriptions/${sandbox.subscriptionId}/providers/Microsoft.KeyVault`;
    const check = await call("POST", `${provider}/checkNameAvailability`, {
      name: "KV-deleted",
      type: "Microsoft.KeyVault/vaults",
    });
    assert.deepEqual([check.body.nameAvailable, check.body.reason], [false, "AlreadyExists"]);
    const deleted = await call("GET", `${provider}/locations/eastus2/deletedVaults/kv-deleted`);
    assert.equal(deleted.body.properties.vaultId, `${vaults}/kv-deleted`);

    const recovered = await call("PUT", `${vaults}/kv-deleted`, vaultBody({ createMode: "recover" }));
    assert.equal(recovered.status, 200);
    assert.equal((await data("GET", "/secrets/kept")).body.error.innererror.code, "ForbiddenByRbac");
    sandbox.assignRole(sandbox.principal, "Key Vault Secrets Officer", `${vaults}/kv-deleted`);
    assert.equal((await data("GET", "/secrets/kept")).body.value, "1");
    for (const name of ["kv-never", "kv-deleted"]) {
      const nothing = await call("PUT", `${vaults}/${name}`, vaultBody({ createMode: "recover" }));
      assert.deepEqual([nothing.status, nothing.body.error.code], [400, "SoftDeletedVaultDoesNotExist"]);
    }
  });

  it("purges as a long-running operation, unless purge protection forbids it", async () => {
    await call("PUT", `${vaults}/kv-purged`, vaultBody());
    await call("PUT", `${vaults}/kv-protected`, vaultBody({ enablePurgeProtection: true }));
    await call("DELETE", `${vaults}/kv-purged`);
    await call("DELETE", `${vaults}/kv-protected`);
    const locations = `/subscriptions/${sandbox.subscriptionId}/providers/Microsoft.KeyVault/locations/eastus2/deletedVaults`;
    const refused = await call("POST", `${locations}/kv-protected/purge`);
    assert.equal(refused.body.error.message, "Operation 'DeletedVaultPurge' is not allowed.");
    const accepted = await call("POST", `${locations}/kv-purged/purge`);
    assert.equal(accepted.status, 202);
    const { pathname, search } = new URL(accepted.headers.get("location") ?? "");
    let status = 202;
    for (let look = 0; look < 5 && status === 202; look += 1) {
      status = (await call("GET", pathname + search)).status;
    }
    assert.ok(status === 200 || status === 204, String(status));
    assert.equal((await call("GET", `${locations}/kv-purged`)).body.error.code, "DeletedVaultNotFound");
    assert.equal((await call("PUT", `${vaults}/kv-purged`, vaultBody())).status, 200);
  });

  it("tells a name that another subscription holds from one's own deleted one", async () => {
    const other = sandbox.addSubscription();
    sandbox.addVault({
      name: "kv-elsewhere",
      subscriptionId: other.id,
      resourceGroup: "other",
      location: "eastus2",
      isDeleted: true,
    });
    const { status, body } = await call("PUT", `${vaults}/kv-elsewhere`, vaultBody());
    assert.deepEqual([status, body.error.code], [409, "VaultAlreadyExists"]);
  });

  it("lists what the caller may read, in pages, and the same by the list of resources", async () => {
    const listed = await call(
      "GET",
      `/subscriptions/${sandbox.subscriptionId}/providers/Microsoft.KeyVault/vaults?$top=2`,
    );
    assert.equal(listed.body.value.length, 2);
    const next = new URL(listed.body.nextLink);
    assert.equal((await call("GET", next.pathname + next.search)).body.value.length, 2);
    const resources = await call(
      "GET",
      `/subscriptions/${sandbox.subscriptionId}/resources?api-version=2015-11-01&$filter=resourceType eq 'Microsoft.KeyVault/vaults'`,
    );
    const all = await call("GET", vaults);
    assert.deepEqual(
      resources.body.value.map(({ id }: { id: string }) => id),
      all.body.value.map(({ id }: { id: string }) => id),
    );
    const stranger = armCaller(sandbox, "2026-02-01", sandbox.addPrincipal());
    assert.equal((await stranger("GET", vaults)).body.error.code, "AuthorizationFailed");
    const reader = armCaller(
      sandbox,
      "2026-02-01",
      sandbox.addPrincipal({ roles: ["Reader"], at: `${vaults}/kv-default` }),
    );
    const own = await reader("GET", vaults);
    assert.deepEqual(
      own.body.value.map(({ name }: { name: string }) => name),
      ["kv-default"],
    );
  });

  it("satisfies the SDK's client from creation to purge", async () => {
    const credential = {
      getToken: () =>
        Promise.resolve({ token: sandbox.token(sandbox.principal), expiresOnTimestamp: Date.now() + 3_600_000 }),
    };
    const client = new KeyVaultManagementClient(credential, sandbox.subscriptionId, {
      endpoint: sandbox.resourceManager,
    });
    const options = { updateIntervalInMs: 5 };
    const properties = { tenantId: sandbox.tenantId, sku: { family: "A", name: "standard" } } as const;
    const parameters = { location: "eastus2", properties };
    const made = await client.vaults.createOrUpdate("myResourceGroup", "kv-sdk", parameters, options);
    assert.deepEqual([made.properties.provisioningState, made.properties.enableRbacAuthorization], ["Succeeded", true]);
    const policy = { tenantId: sandbox.tenantId, objectId: randomUUID(), permissions: { secrets: ["get"] } };
    await client.vaults.updateAccessPolicy("myResourceGroup", "kv-sdk", "add", {
      properties: { accessPolicies: [policy] },
    });
    const found = await client.vaults.get("myResourceGroup", "kv-sdk");
    assert.equal(found.properties.accessPolicies?.[0]?.objectId, policy.objectId);
    await client.vaults.update("myResourceGroup", "kv-sdk", { tags: { a: "1" } });
    const names: (string | undefined)[] = [];
    for await (const { name } of client.vaults.listBySubscription()) {
      names.push(name);
    }
    assert.ok(names.includes("kv-sdk"));
    await client.vaults.delete("myResourceGroup", "kv-sdk");
    const deleted = await client.vaults.getDeleted("kv-sdk", "eastus2");
    assert.ok((deleted.properties?.scheduledPurgeDate?.getTime() ?? 0) > Date.now());
    await client.vaults.purgeDeleted("kv-sdk", "eastus2", options);
    const check = await client.vaults.checkNameAvailability({ name: "kv-sdk", type: "Microsoft.KeyVault/vaults" });
    assert.equal(check.nameAvailable, true);
  });

  it("met nothing it does not know", () => {
    assert.deepEqual(sandbox.unknownRequests, []);
  });
});
