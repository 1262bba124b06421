import assert from "node:assert/strict";

import { afterEach, beforeEach, describe, it } from "mocha";

import { startSandbox, type Sandbox } from "../../sandbox/sandbox.ts";
import { armCaller, send, type Call } from "./callers.ts";

describe("the sandbox's Resource Manager", () => {
  let sandbox: Sandbox;
  let call: Call;
  let subscription: string;

  beforeEach(async () => {
    sandbox = await startSandbox();
    call = armCaller(sandbox, "2021-04-01");
    subscription = `/subscriptions/${sandbox.subscriptionId}`;
  });

  afterEach(() => sandbox.close());

  it("publishes its endpoints to anybody", async () => {
    const { status, body } = await send(`${sandbox.resourceManager}/metadata/endpoints?api-version=2022-09-01`, "GET");
    assert.equal(status, 200);
    assert.equal(body.authentication.loginEndpoint, sandbox.authority);
    assert.equal(body.suffixes.keyVaultDns, sandbox.keyVaultSuffix);
    assert.ok(body.authentication.audiences.includes(sandbox.resourceManager));
  });

  it("shows an application the tenants that know it, and of each only the subscriptions where it has a role", async () => {
    const other = sandbox.addTenant({ displayName: "Other" });
    const theirs = sandbox.addSubscription({ tenantId: other.id, displayName: "Theirs" });
    sandbox.addSubscription({ tenantId: other.id, displayName: "Not for us" });
    const guest = sandbox.addPrincipal({
      tenantId: other.id,
      appId: sandbox.clientId,
      roles: ["Reader"],
      at: `/subscriptions/${theirs.id}/resourceGroups/one`,
    });

    const tenants = await call("GET", "/tenants");
    assert.deepEqual(
      tenants.body.value.map((tenant: { tenantId: string }) => tenant.tenantId),
      [sandbox.tenantId, other.id],
    );
    const { body } = await armCaller(sandbox, "2022-12-01", guest)("GET", "/subscriptions");
    assert.deepEqual(
      body.value.map((one: { displayName: string }) => one.displayName),
      ["Theirs"],
    );
  });

  it("does not know a subscription that is not there", async () => {
    const missing = await call("GET", "/subscriptions/00000000-0000-0000-0000-000000000000/resourceGroups");
    assert.equal(missing.status, 404);
    assert.equal(missing.body.error.code, "SubscriptionNotFound");
    assert.equal(
      (await call("GET", "/subscriptions/nonsense/resourceGroups")).body.error.code,
      "InvalidSubscriptionId",
    );
  });

  it("remembers what it was asked and does not know", async () => {
    const { status, body } = await call("GET", `${subscription}/providers/Microsoft.Web/sites`);
    assert.equal(status, 404);
    assert.equal(body.error.code, "InvalidResourceType");
    assert.match(sandbox.unknownRequests[0] ?? "", /^arm GET .*Microsoft\.Web\/sites: no such operation$/);
  });

  it("makes, shows and deletes resource groups with what is in them", async () => {
    const group = `${subscription}/resourceGroups/rg-1`;
    assert.equal((await call("HEAD", group)).status, 404);
    assert.equal((await call("PUT", group, { location: "East US 2", tags: { a: "b" } })).status, 201);
    assert.equal((await call("PUT", group, { location: "eastus2" })).status, 200);
    assert.equal((await call("PUT", group, { location: "westus" })).body.error.code, "InvalidResourceGroupLocation");
    assert.equal((await call("PUT", `${group}$`, { location: "eastus2" })).body.error.code, "InvalidResourceGroup");
    assert.equal(
      (await call("PUT", group, { location: "nowhere" })).body.error.code,
      "LocationNotAvailableForResourceGroup",
    );
    sandbox.addCluster({ name: "c1", resourceGroup: "rg-1" });
    sandbox.addVault({ name: "kv-in-rg-1", resourceGroup: "rg-1" });
    const listed = await call("GET", `${subscription}/resourceGroups`);
    assert.deepEqual(
      listed.body.value.map(({ name }: { name: string }) => name),
      ["rg-1", "MC_rg-1_c1_eastus2"],
    );

    const deletion = await call("DELETE", group);
    assert.equal(deletion.status, 202);
    const location = new URL(deletion.headers.get("location") ?? "");
    assert.equal((await call("GET", location.pathname + location.search)).status, 202);
    assert.equal((await call("GET", location.pathname + location.search)).status, 200);
    assert.equal((await call("GET", group)).body.error.code, "ResourceGroupNotFound");
    assert.equal(sandbox.world.clusters.size, 0);
    assert.equal(sandbox.world.resourceGroups.size, 0);
    assert.ok(sandbox.world.deletedVaults.has("kv-in-rg-1"));
  });

  it("registers a provider, and refuses what needs one that is not registered", async () => {
    const { id } = sandbox.addSubscription({ providers: new Map([["Microsoft.ContainerService", "NotRegistered"]]) });
    const bare = `/subscriptions/${id}`;
    sandbox.addResourceGroup("rg", { subscriptionId: id });
    const cluster = `${bare}/resourceGroups/rg/providers/Microsoft.ContainerService/managedClusters/c1?api-version=2026-06-01`;
    const refused = await call("PUT", cluster, { location: "eastus2" });
    assert.equal(refused.status, 409);
    assert.equal(refused.body.error.code, "MissingSubscriptionRegistration");

    const provider = `${bare}/providers/microsoft.containerservice`;
    assert.equal((await call("GET", provider)).body.registrationState, "NotRegistered");
    assert.equal((await call("POST", `${provider}/register`)).status, 200);
    for (let state = ""; state !== "Registered";) {
      state = (await call("GET", provider)).body.registrationState as string;
    }
    const reader = sandbox.addPrincipal({ roles: ["Reader"] });
    const denied = await armCaller(sandbox, "2021-04-01", reader)("POST", `${provider}/register`);
    assert.match(denied.body.error.message as string, /'Microsoft\.ContainerService\/register\/action'/);
  });

  it("passes the client's request id back, and gives each answer one of its own", async () => {
    const { headers } = await send(`${sandbox.resourceManager}/tenants?api-version=2022-12-01`, "GET", undefined, {
      authorization: `Bearer ${sandbox.token(sandbox.principal)}`,
      "x-ms-client-request-id": "mine",
    });
    assert.equal(headers.get("x-ms-client-request-id"), "mine");
    assert.match(headers.get("x-ms-request-id") ?? "", /^[0-9a-f-]{36}$/);
  });
});
