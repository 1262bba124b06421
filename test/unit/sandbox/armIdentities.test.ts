import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { after, before, describe, it } from "mocha";
import { roleNamed } from "../../sandbox/roles.ts";
import { startSandbox, type Sandbox } from "../../sandbox/sandbox.ts";
import { armCaller, type Call } from "./callers.ts";

describe("the sandbox's user-assigned identities", () => {
  let sandbox: Sandbox;
  let call: Call;
  let identities: string;

  before(async () => {
    sandbox = await startSandbox({ world: (builder) => void builder.addResourceGroup("myResourceGroup") });
    call = armCaller(sandbox, "2024-11-30");
    const group = `/subscriptions/${sandbox.subscriptionId}/resourceGroups/myResourceGroup`;
    identities = `${group}/providers/Microsoft.ManagedIdentity/userAssignedIdentities`;
  });

  after(() => sandbox.close());

  const create = (name: string) => call("PUT", `${identities}/${name}`, { location: "eastus2", tags: { a: "1" } });
  const credential = (subject: string, more = {}) => ({
    properties: {
      issuer: "https://eastus2.oic.prod-aks.azure.com/tenant/cluster/",
      subject: `system:serviceaccount:default:${subject}`,
      audiences: ["api://AzureADTokenExchange"],
      ...more,
    },
  });

  it("creates an identity with ids of its own, spelled as the provider spells them", async () => {
    const { status, body } = await create("app");
    assert.equal(status, 201);
    assert.equal(body.id, `${identities}/app`.replace("resourceGroups", "resourcegroups"));
    assert.equal(body.properties.tenantId, sandbox.tenantId);
    assert.notEqual(body.properties.clientId, body.properties.principalId);
    const again = await create("app");
    assert.equal(again.status, 200);
    assert.deepEqual(again.body.properties, body.properties);
    const listed = await call(
      "GET",
      `/subscriptions/${sandbox.subscriptionId}/providers/Microsoft.ManagedIdentity/userAssignedIdentities`,
    );
    assert.deepEqual(listed.body.value, [body]);
    assert.equal((await call("GET", `${identities}/none`)).body.error.code, "ResourceNotFound");
    assert.equal((await create("_x")).status, 400);
  });

  it("shows a new principal to role assignments after a while only", async () => {
    sandbox.world.delays = { principal: 20_000 };
    const { body } = await create("young");
    sandbox.world.delays = {};
    const assign = () =>
      call(
        "PUT",
        `/subscriptions/${sandbox.subscriptionId}/providers/Microsoft.Authorization/roleAssignments/${randomUUID()}?api-version=2022-04-01`,
        { properties: { roleDefinitionId: roleNamed("Reader").guid, principalId: body.properties.principalId } },
      );
    assert.equal((await assign()).body.error.code, "PrincipalNotFound");
    sandbox.world.clock.advance(20_000);
    assert.equal((await assign()).status, 201);
  });

  it("keeps the issuer of a federated credential byte for byte", async () => {
    await create("federated");
    const path = `${identities}/federated/federatedIdentityCredentials/kubernetes`;
    const created = await call("PUT", path, credential("app"));
    assert.equal(created.status, 201);
    assert.deepEqual(created.body.properties, credential("app").properties);
    assert.equal((await call("PUT", path, credential("other"))).status, 200);
    assert.equal((await call("GET", path)).body.properties.subject, "system:serviceaccount:default:other");
    assert.equal((await call("DELETE", path)).status, 200);
    assert.equal((await call("DELETE", path)).status, 204);
  });

  it("refuses a second credential of the same issuer and subject, a bad name, and more than one audience", async () => {
    await create("unique");
    const at = (name: string): string => `${identities}/unique/federatedIdentityCredentials/${name}`;
    await call("PUT", at("one"), credential("app"));
    const double = await call("PUT", at("two"), credential("app"));
    assert.deepEqual(
      [double.status, double.body.error.message],
      [409, "Issuer and subject combination already exists for this Managed Identity."],
    );
    assert.equal((await call("PUT", at("x"), credential("other"))).status, 400);
    assert.equal((await call("PUT", at("two"), credential("other", { audiences: ["a", "b"] }))).status, 400);
    assert.equal((await call("PUT", at("two"), credential("other", { issuer: "http://plain" }))).status, 400);
  });

  it("holds 20 credentials, written one at a time", async () => {
    await create("full");
    const put = (index: number) =>
      call("PUT", `${identities}/full/federatedIdentityCredentials/credential-${index}`, credential(`app-${index}`));
    const together = await Promise.all([put(0), put(1)]);
    assert.deepEqual(together.map(({ status }) => status).sort(), [201, 409]);
    const loser = together.find(({ status }) => status === 409);
    assert.equal(loser?.body.error.code, "ConcurrentFederatedIdentityCredentialsWritesForSingleManagedIdentity");
    for (let index = 0; index < 20; index += 1) {
      assert.ok([200, 201].includes((await put(index)).status));
    }
    const over = await put(20);
    assert.equal(over.status, 400);
    assert.match(over.body.error.message, /^Too many Federated Identity Credentials/);
    assert.equal((await call("GET", `${identities}/full/federatedIdentityCredentials`)).body.value.length, 20);
  });

  it("leaves role assignments behind when an identity goes", async () => {
    const { body } = await create("leaving");
    sandbox.assignRole({ objectId: body.properties.principalId as string, type: "ServicePrincipal" }, "Reader", "/");
    assert.equal((await call("DELETE", `${identities}/leaving`)).status, 200);
    assert.equal((await call("DELETE", `${identities}/leaving`)).status, 204);
    assert.ok(
      [...sandbox.world.roleAssignments.values()].some(
        ({ principalId }) => principalId === body.properties.principalId,
      ),
    );
    assert.deepEqual(sandbox.unknownRequests, []);
  });
});
