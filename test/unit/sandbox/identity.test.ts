import assert from "node:assert/strict";

import { ClientSecretCredential } from "@azure/identity";
import { afterEach, beforeEach, describe, it } from "mocha";

import { startSandbox, type Sandbox } from "../../sandbox/sandbox.ts";
import type { Principal } from "../../sandbox/state.ts";
import { readClaims } from "../../sandbox/tokens.ts";
import { send } from "./callers.ts";

const form = async (sandbox: Sandbox, tenant: string, fields: Record<string, string>) => {
  const response = await fetch(`${sandbox.authority}/${tenant}/oauth2/v2.0/token`, {
    method: "POST",
    body: new URLSearchParams(fields),
  });
  return { status: response.status, body: (await response.json()) as Record<string, unknown> };
};

describe("the sandbox's Entra", () => {
  let sandbox: Sandbox;

  beforeEach(async () => {
    sandbox = await startSandbox();
  });

  afterEach(() => sandbox.close());

  const credential = (secret = sandbox.clientSecret): ClientSecretCredential =>
    new ClientSecretCredential(sandbox.tenantId, sandbox.clientId, secret, {
      authorityHost: sandbox.authority,
      disableInstanceDiscovery: true,
      additionallyAllowedTenants: ["*"],
    });
  const subscriptions = (token: string) =>
    send(`${sandbox.resourceManager}/subscriptions?api-version=2022-12-01`, "GET", undefined, {
      authorization: `Bearer ${token}`,
    });

  it("signs a service principal in through the real MSAL", async () => {
    const { token } = await credential().getToken(`${sandbox.resourceManager}/.default`);

    const claims = readClaims(token);
    assert.equal(claims?.["tid"], sandbox.tenantId);
    assert.equal(claims["oid"], sandbox.principal.objectId);
    assert.equal(claims["appid"], sandbox.clientId);
    assert.equal((await subscriptions(token)).status, 200);
  });

  it("signs one application in to each tenant that has it, and to no other", async () => {
    const other = sandbox.addTenant();
    const without = sandbox.addTenant({ displayName: "Without" });
    const guest = sandbox.addPrincipal({
      tenantId: other.id,
      appId: sandbox.clientId,
      clientSecret: sandbox.clientSecret,
    });

    const { token } = await credential().getToken(`${sandbox.resourceManager}/.default`, { tenantId: other.id });
    assert.equal(readClaims(token)?.["oid"], guest.objectId);
    await assert.rejects(
      credential().getToken(`${sandbox.resourceManager}/.default`, { tenantId: without.id }),
      /AADSTS700016: Application with identifier '.*' was not found in the directory 'Without'/,
    );
  });

  it("refuses a wrong secret and an unknown tenant in Entra's words", async () => {
    await assert.rejects(
      credential("wrong").getToken(`${sandbox.resourceManager}/.default`),
      /AADSTS7000215: Invalid client secret provided/,
    );
    const { status, body } = await form(sandbox, "nowhere.test", { grant_type: "client_credentials" });
    assert.equal(status, 400);
    assert.match(String(body["error_description"]), /^AADSTS90002: Tenant 'nowhere.test' not found/);
  });

  it("redeems a person's refresh token in every tenant the person is in", async () => {
    const other = sandbox.addTenant();
    const userPrincipalName = "dana@contoso.test";
    const account = { type: "User", clientSecret: "password", userPrincipalName } as const;
    sandbox.addPrincipal(account);
    const guest = sandbox.addPrincipal({ ...account, tenantId: other.id });
    const scope = `${sandbox.resourceManager}/.default offline_access`;

    const first = await form(sandbox, sandbox.tenantId, {
      ...{ grant_type: "password", client_id: "any", scope },
      ...{ username: userPrincipalName, password: "password" },
    });
    const refresh = { grant_type: "refresh_token", client_id: "any", scope };
    const second = await form(sandbox, other.id, { ...refresh, refresh_token: String(first.body["refresh_token"]) });
    assert.equal(readClaims(String(second.body["access_token"]))?.["oid"], guest.objectId);
    assert.equal(
      (await form(sandbox, other.id, { ...refresh, refresh_token: "made up" })).body["error"],
      "invalid_grant",
    );
  });

  it("takes a federated assertion that matches a credential of the identity, byte for byte", async () => {
    sandbox.addResourceGroup("myResourceGroup");
    const identity = sandbox.addIdentity("app");
    const issuer = "https://eastus2.oic.prod-aks.azure.com/tenant/cluster/";
    const subject = "system:serviceaccount:default:app";
    identity.federatedCredentials.set("kubernetes", {
      ...{ name: "kubernetes", issuer, subject },
      ...{ audiences: ["api://AzureADTokenExchange"], createdAt: 0 },
    });
    const assertion = (iss: string, sub: string): string =>
      `e30.${Buffer.from(JSON.stringify({ iss, sub, aud: "api://AzureADTokenExchange" })).toString("base64url")}.e30`;
    const ask = (iss: string, sub: string) =>
      form(sandbox, sandbox.tenantId, {
        ...{ grant_type: "client_credentials", client_id: identity.clientId },
        ...{ client_assertion: assertion(iss, sub), scope: `${sandbox.keyVaultAudience}/.default` },
      });

    assert.equal((await ask(issuer, subject)).status, 200);
    assert.match(String((await ask(issuer.slice(0, -1), subject)).body["error_description"]), /^AADSTS700211/);
    assert.match(String((await ask(issuer, `${subject}2`)).body["error_description"]), /^AADSTS700213/);
  });

  it("publishes an issuer and keys that fit each other", async () => {
    const base = `${sandbox.authority}/${sandbox.tenantId}`;
    const { body } = await send(`${base}/v2.0/.well-known/openid-configuration`, "GET");
    assert.equal(body.issuer, `${base}/v2.0`);
    assert.equal(body.token_endpoint, `${base}/oauth2/v2.0/token`);
    const keys = await send(body.jwks_uri as string, "GET");
    assert.equal(keys.body.keys[0].kty, "RSA");
  });

  describe("tokens at Resource Manager", () => {
    const challenge = /^Bearer authorization_uri="([^"]+)", error="invalid_token", error_description="[^"]+"$/;
    const get = (token?: string) =>
      send(
        `${sandbox.resourceManager}/subscriptions/${sandbox.subscriptionId}?api-version=2022-12-01`,
        "GET",
        undefined,
        token === undefined ? {} : { authorization: `Bearer ${token}` },
      );
    const refused = async (token: string | undefined, code: string): Promise<void> => {
      const { status, headers, body } = await get(token);
      assert.equal(status, 401);
      assert.equal(body.error.code, code);
      const uri = challenge.exec(headers.get("www-authenticate") ?? "")?.[1];
      assert.equal(uri, `${sandbox.authority}/${sandbox.tenantId}`);
    };

    it("are needed, and the answer names the tenant of the subscription", () =>
      refused(undefined, "AuthenticationFailed"));

    it("expire", async () => {
      const token = sandbox.token(sandbox.principal);
      assert.equal((await get(token)).status, 200);
      sandbox.world.clock.advance(3601_000);
      await refused(token, "ExpiredAuthenticationToken");
    });

    it("must be meant for it", () =>
      refused(sandbox.token(sandbox.principal, sandbox.keyVaultAudience), "InvalidAuthenticationTokenAudience"));

    it("must come from the subscription's tenant", async () => {
      const stranger: Principal = sandbox.addPrincipal({ tenantId: sandbox.addTenant().id });
      await refused(sandbox.token(stranger), "InvalidAuthenticationTokenTenant");
    });

    it("must carry the sandbox's signature", async () => {
      const [header, , signature] = sandbox.token(sandbox.principal).split(".");
      const claims = { ...readClaims(sandbox.token(sandbox.principal)), oid: "somebody else" };
      const forged = Buffer.from(JSON.stringify(claims)).toString("base64url");
      await refused(`${header ?? ""}.${forged}.${signature ?? ""}`, "InvalidAuthenticationToken");
    });
  });
});
