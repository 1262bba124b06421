import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { after, before, describe, it } from "mocha";
import { startSandbox, type Sandbox } from "../../sandbox/sandbox.ts";
import type { Principal, Vault } from "../../sandbox/state.ts";
import { armCaller, send, vaultCaller } from "./callers.ts";

describe("who may use a vault of the sandbox", () => {
  let sandbox: Sandbox;
  let vault: Vault;
  let base: string;

  before(async () => {
    sandbox = await startSandbox();
    vault = sandbox.addVault({ name: "kv-access", rbac: true, location: "eastus2", secrets: { greeting: "hello" } });
    base = (await sandbox.vaultUri(vault.id)).replace(/\/$/, "");
    // The first token of a process makes its signing key, which takes a while.
    sandbox.token(sandbox.principal);
  });

  after(() => sandbox.close());

  const get = (token?: string) =>
    send(
      `${base}/secrets/greeting?api-version=7.6`,
      "GET",
      undefined,
      token === undefined ? {} : { authorization: `Bearer ${token}` },
    );

  it("challenges a request without a token, naming authority and resource", async () => {
    const { status, headers, body } = await get();
    assert.equal(status, 401);
    assert.equal(
      headers.get("www-authenticate"),
      `Bearer authorization="${sandbox.authority}/${sandbox.tenantId}", resource="https://vault.sandbox.test"`,
    );
    assert.equal(body.error.message, "AKV10000: Request is missing a Bearer or PoP token.");
  });

  it("refuses tokens that are expired, for somebody else, of another tenant, or not Entra's, each with its code", async () => {
    const foreigner = sandbox.addPrincipal({ tenantId: sandbox.addTenant().id });
    const texts: [string, RegExp][] = [
      [
        sandbox.token(sandbox.principal, sandbox.keyVaultAudience, -60),
        /^\[TokenExpired\] Error validating token: 'S2S12086'\.$/,
      ],
      [
        sandbox.token(sandbox.principal),
        /^AKV10022: Invalid audience\. Expected https:\/\/vault\.sandbox\.test, found: https:\/\/127/,
      ],
      [
        sandbox.token(foreigner, sandbox.keyVaultAudience),
        /^AKV10032: Invalid issuer\. Expected one of \S+, found \S+\.$/,
      ],
      ["not.a.token", /^AKV10001: /],
    ];
    for (const [token, text] of texts) {
      const { status, headers, body } = await get(token);
      assert.equal(status, 401);
      assert.match(body.error.message, text);
      assert.ok(headers.get("www-authenticate"));
    }
  });

  it("says who was denied what where by Azure RBAC, line by line", async () => {
    const { objectId, appId = "" } = sandbox.principal;
    const { status, body } = await get(sandbox.token(sandbox.principal, sandbox.keyVaultAudience));
    assert.equal(status, 403);
    assert.deepEqual(body.error.innererror, { code: "ForbiddenByRbac" });
    assert.deepEqual(body.error.message.split("\r\n"), [
      "Caller is not authorized to perform action on resource.",
      "If role assignments, deny assignments or role definitions were changed recently, please observe propagation time.",
      `Caller: appid=${appId};oid=${objectId};iss=${sandbox.authority}/${sandbox.tenantId}/`,
      "Action: 'Microsoft.KeyVault/vaults/secrets/getSecret/action'",
      `Resource: '${vault.id.toLowerCase()}/secrets/greeting'`,
      "Assignment: (not found)",
      "DenyAssignmentId: null",
      "DecisionReason: 'DeniedWithNoValidRBAC' ",
      "Vault: kv-access;location=eastus2",
      "",
    ]);
  });

  it("honours a role assignment when it has spread, not before", async () => {
    sandbox.world.delays = { roleAssignment: 30_000 };
    const principal = sandbox.addPrincipal();
    const call = armCaller(sandbox, "2022-04-01");
    const role = `/subscriptions/${sandbox.subscriptionId}/providers/Microsoft.Authorization/roleDefinitions/4633458b-17de-408a-b874-0445c86b69e6`;
    const assigned = await call(
      "PUT",
      `${vault.id}/providers/Microsoft.Authorization/roleAssignments/${randomUUID()}`,
      {
        properties: { roleDefinitionId: role, principalId: principal.objectId, principalType: "ServicePrincipal" },
      },
    );
    assert.equal(assigned.status, 201);
    const token = (): string => sandbox.token(principal, sandbox.keyVaultAudience);
    assert.equal((await get(token())).status, 403);
    sandbox.world.clock.advance(30_000);
    assert.equal((await get(token())).body.value, "hello");
    sandbox.world.delays = {};
  });

  it("lets a role at one secret read that secret and list nothing", async () => {
    const principal = sandbox.addPrincipal();
    sandbox.assignRole(principal, "Key Vault Secrets User", `${vault.id}/secrets/greeting`);
    const call = await vaultCaller(sandbox, vault.id, principal);
    assert.equal((await call("GET", "/secrets/greeting")).status, 200);
    const list = await call("GET", "/secrets");
    assert.equal(list.status, 403);
    assert.match(list.body.error.message, /readMetadata\/action'\r\nResource: '\S+\/vaults\/kv-access'\r\n/);
  });

  it("goes by access policies where RBAC is off, and says which permission is missing", async () => {
    const policies = (principal: Principal, secrets: string[], more = {}) => ({
      tenantId: principal.tenantId,
      objectId: principal.objectId,
      permissions: { secrets },
      ...more,
    });
    const [reader, lister, onBehalf, owner] = [1, 2, 3, 4].map(() => sandbox.addPrincipal()) as [
      Principal,
      Principal,
      Principal,
      Principal,
    ];
    sandbox.assignRole(owner, "Key Vault Administrator", "/");
    const old = sandbox.addVault({
      name: "kv-policies",
      rbac: null,
      location: "eastus2",
      secrets: { greeting: "hello" },
      accessPolicies: [
        policies(reader, ["Get"]),
        policies(lister, ["list"]),
        policies(onBehalf, ["get"], { applicationId: randomUUID() }),
      ],
    });
    const read = async (principal: Principal) =>
      (await vaultCaller(sandbox, old.id, principal))("GET", "/secrets/greeting");
    assert.equal((await read(reader)).body.value, "hello");
    const denied = await read(owner);
    assert.equal(denied.body.error.innererror.code, "AccessDenied");
    assert.equal(
      denied.body.error.message,
      `The user, group or application 'appid=${owner.appId ?? ""};oid=${owner.objectId};iss=${sandbox.authority}/${sandbox.tenantId}/' does not have secrets get permission on key vault 'kv-policies;location=eastus2'. For help resolving this issue, please see https://go.microsoft.com/fwlink/?linkid=2125287`,
    );
    assert.equal((await read(lister)).body.error.innererror.code, "ForbiddenByPolicy");
    assert.equal((await read(onBehalf)).body.error.innererror.code, "ForbiddenByPolicy");
  });

  it("sees a firewall from the client's public address", async () => {
    const networkAcls = {
      bypass: "AzureServices",
      defaultAction: "Deny",
      ipRules: [] as object[],
      virtualNetworkRules: [],
    };
    const walled = sandbox.addVault({
      name: "kv-walled",
      rbac: true,
      properties: { networkAcls } as never,
      secrets: { s: "1" },
    });
    sandbox.assignRole(sandbox.principal, "Key Vault Administrator", walled.id);
    const call = await vaultCaller(sandbox, walled.id);
    const { status, body } = await call("GET", "/secrets/s");
    assert.equal(status, 403);
    assert.equal(body.error.innererror.code, "ForbiddenByFirewall");
    assert.match(
      body.error.message,
      /^Client address is not authorized and caller is not a trusted service\.\r\nClient address: 203\.0\.113\.10\r\nCaller: appid=\S+\r\nVault: kv-walled;location=\S+$/,
    );
    const arm = armCaller(sandbox, "2026-02-01");
    await arm("PATCH", walled.id, {
      properties: { networkAcls: { ...networkAcls, ipRules: [{ value: "203.0.113.0/24" }] } },
    });
    assert.equal((await call("GET", "/secrets/s")).status, 200);
    sandbox.world.clientAddress = "198.51.100.7";
    assert.match((await call("GET", "/secrets/s")).body.error.message, /198\.51\.100\.7/);
    delete sandbox.world.clientAddress;
    await arm("PATCH", walled.id, { properties: { publicNetworkAccess: "Disabled" } });
    assert.equal((await call("GET", "/secrets/s")).body.error.innererror.code, "ForbiddenByConnection");
  });

  it("asks for an api-version that the service has", async () => {
    const authorization = `Bearer ${sandbox.token(sandbox.principal, sandbox.keyVaultAudience)}`;
    const missing = await send(`${base}/secrets`, "GET", undefined, { authorization });
    assert.deepEqual([missing.status, missing.body.error.code], [400, "BadParameter"]);
    const unknown = await send(`${base}/secrets?api-version=9.9`, "GET", undefined, { authorization });
    assert.equal(
      unknown.body.error.message,
      "The specified version (9.9) is not recognized. Consider using the latest supported version (2026-04-01).",
    );
    assert.deepEqual(sandbox.unknownRequests, ["vault GET /secrets: api-version 9.9"]);
  });

  it("answers by Host name too, for clients that build the vault's name", async () => {
    const { request } = await import("node:https");
    const authorization = `Bearer ${sandbox.token(sandbox.principal, sandbox.keyVaultAudience)}`;
    const status = await new Promise<number | undefined>((resolve, reject) => {
      const url = `${sandbox.resourceManager}/secrets/greeting?api-version=7.6`;
      const headers = { host: "kv-access.vault.sandbox.test", authorization };
      const outgoing = request(url, { headers, servername: "kv-access.vault.sandbox.test" }, (answer) => {
        answer.resume();
        resolve(answer.statusCode);
      });
      outgoing.on("error", reject).end();
    });
    assert.equal(status, 403);
  });
});
