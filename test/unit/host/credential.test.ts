import assert from "node:assert/strict";
import { chmod, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";

import { afterEach, beforeEach, describe, it } from "mocha";

import { accountOf, cacheTokens, expiryOf } from "../../../src/host/credentialCache.ts";
import { identityVscodeMethod, type VscodePlugin } from "../../../src/host/credentialIdentityVscode.ts";
import { azureCliMethod, environmentMethod } from "../../../src/host/credentialMethods.ts";
import type { Cloud } from "../../../src/services/azure/cloud.ts";
import { startSandbox, type Sandbox } from "../../sandbox/sandbox.ts";

describe("Signing in", () => {
  let sandbox: Sandbox;
  let cloud: Cloud;
  let scope: string;

  beforeEach(async () => {
    sandbox = await startSandbox();
    const { resourceManager, authority, keyVaultAudience, keyVaultSuffix } = sandbox;
    cloud = {
      ...{ name: "custom", resourceManager, resourceManagerAudience: resourceManager, authority, keyVaultAudience },
      ...{ keyVaultSuffix, portal: undefined, secretProviderClassCloudName: undefined },
    };
    scope = `${resourceManager}/.default`;
  });

  afterEach(() => sandbox.close());

  const tokenRequests = () => sandbox.requests({ plane: "entra", method: "POST" }).length;

  describe("by the environment", () => {
    const environment = () => ({
      AZURE_TENANT_ID: sandbox.tenantId,
      AZURE_CLIENT_ID: sandbox.clientId,
      AZURE_CLIENT_SECRET: sandbox.clientSecret,
    });

    it("gives a token of the service principal, and says who it is", async () => {
      const credential = cacheTokens(environmentMethod(cloud, environment()));
      assert.equal(credential.describe(), "environment variables");

      const { token, expiresOnTimestamp } = await credential.getToken(scope);

      assert.equal(sandbox.identity.verify(token)?.oid, sandbox.principal.objectId);
      assert.ok(expiresOnTimestamp > Date.now() + 60_000);
      assert.equal(credential.describe(), `${sandbox.clientId} (environment variables)`);
    });

    it("asks once for many calls, and anew after it was told to forget", async () => {
      const credential = cacheTokens(environmentMethod(cloud, environment()));

      const [first, second] = await Promise.all([credential.getToken(scope), credential.getToken(scope)]);
      await credential.getToken(scope);
      assert.equal(first.token, second.token);
      assert.equal(tokenRequests(), 1);

      credential.forgetTokens();
      assert.notEqual((await credential.getToken(scope)).token, first.token);
      assert.equal(tokenRequests(), 2);
    });

    it("names the variables that are not set", async () => {
      const credential = cacheTokens(environmentMethod(cloud, { AZURE_TENANT_ID: sandbox.tenantId }));

      await assert.rejects(credential.getToken(scope), {
        code: "notSignedIn",
        message: /environment variables failed: AZURE_CLIENT_ID, AZURE_CLIENT_SECRET not set/,
      });
    });

    it("says what was tried, why it failed and what to do, and not the secret", async () => {
      const credential = cacheTokens(
        environmentMethod(cloud, { ...environment(), AZURE_CLIENT_SECRET: "canary-value" }),
      );

      const error = await credential.getToken(scope).then(
        () => undefined,
        (thrown: unknown) => thrown as Error & { code: string },
      );

      assert.equal(error?.code, "notSignedIn");
      assert.match(
        error.message,
        /^Signing in by environment variables failed \(.*AADSTS7000215.*\); check AZURE_TENANT_ID/,
      );
      assert.ok(!JSON.stringify([error, error.message, error.stack, error.cause]).includes("canary-value"));
    });

    it("tells an authority that cannot be reached apart from a refusal", async () => {
      const away = { ...cloud, authority: "https://127.0.0.1:1" };

      await assert.rejects(cacheTokens(environmentMethod(away, environment())).getToken(scope), {
        code: "unreachable",
      });
    });
  });

  describe("by the Azure CLI", () => {
    let folder: string;
    const searchPath = process.env["PATH"];

    beforeEach(async () => {
      folder = await mkdtemp(path.join(tmpdir(), "key-vault-csi-az-"));
    });

    afterEach(async () => {
      process.env["PATH"] = searchPath;
      await rm(folder, { recursive: true, force: true });
    });

    async function installAz(script: string): Promise<void> {
      const file = path.join(folder, "az");
      await writeFile(file, `#!/bin/sh\n${script}\n`);
      await chmod(file, 0o755);
      process.env["PATH"] = `${folder}:${searchPath ?? ""}`;
    }

    it("takes the token that az gives for the tenant and audience", async () => {
      const token = sandbox.token(sandbox.principal);
      await installAz(
        `echo "$@" > '${folder}/args'\necho '{"accessToken": "${token}", "expires_on": ${Math.floor(Date.now() / 1000) + 3600}}'`,
      );
      const credential = cacheTokens(azureCliMethod());

      assert.equal((await credential.getToken(scope, { tenantId: sandbox.tenantId })).token, token);
      const { readFile } = await import("node:fs/promises");
      assert.match(
        await readFile(path.join(folder, "args"), "utf8"),
        new RegExp(`get-access-token .*--resource ${sandbox.resourceManager} --tenant ${sandbox.tenantId}`),
      );
    });

    it("says what to do when az is not signed in, or not there", async () => {
      await installAz(`echo "ERROR: Please run 'az login' to setup account." >&2; exit 1`);
      await assert.rejects(cacheTokens(azureCliMethod()).getToken(scope), {
        code: "notSignedIn",
        message: /^Signing in by Azure CLI failed \(.+\); run "az login" in a terminal\.$/,
      });

      process.env["PATH"] = folder;
      await rm(path.join(folder, "az"));
      await assert.rejects(cacheTokens(azureCliMethod()).getToken(scope), {
        code: "notSignedIn",
        message: /Azure CLI/,
      });
    });
  });

  describe("by @azure/identity-vscode", () => {
    it("redeems the session that the plugin finds in the keychain", async () => {
      const person = sandbox.addPrincipal({ type: "User", displayName: "Ada", clientSecret: "any", roles: ["Reader"] });
      const refreshToken = await refreshTokenOf(person.userPrincipalName ?? "");
      const plugin: VscodePlugin = (context) => {
        const { vsCodeCredentialControl } = context as {
          vsCodeCredentialControl: { setVsCodeCredentialFinder: (find: () => Promise<unknown>) => void };
        };
        vsCodeCredentialControl.setVsCodeCredentialFinder(() =>
          Promise.resolve([{ account: "AzureCloud", password: refreshToken }]),
        );
      };
      const credential = cacheTokens(identityVscodeMethod(cloud, () => Promise.resolve(plugin)));

      const { token } = await credential.getToken(scope, { tenantId: sandbox.tenantId });

      assert.equal(sandbox.identity.verify(token)?.oid, person.objectId);
      assert.match(credential.describe(), /^ada@.+ \(@azure\/identity-vscode\)$/);
    });

    it("says which way was tried and what to do where the installed plugin finds no keychain", async () => {
      await assert.rejects(cacheTokens(identityVscodeMethod(cloud)).getToken(scope), {
        code: "notSignedIn",
        message:
          /^Signing in by @azure\/identity-vscode failed \(.+\); .*choose another method in the setting "keyVaultCsi\.authentication\.method"\.$/,
      });
    });

    async function refreshTokenOf(userName: string): Promise<string> {
      const answer = await fetch(`${cloud.authority}/${sandbox.tenantId}/oauth2/v2.0/token`, {
        method: "POST",
        body: new URLSearchParams({
          ...{ grant_type: "password", username: userName, password: "any", client_id: sandbox.clientId },
          scope: `${scope} offline_access`,
        }),
      });
      return ((await answer.json()) as { refresh_token: string }).refresh_token;
    }
  });

  it("reads expiry and account from the token itself", () => {
    const token = sandbox.token(sandbox.addPrincipal({ type: "User", displayName: "Ada" }), undefined, 600);

    assert.ok(Math.abs(expiryOf(token) - Date.now() - 600_000) < 5_000);
    assert.match(accountOf(token) ?? "", /^ada@/);
    assert.equal(accountOf("opaque"), undefined);
    assert.ok(expiryOf("opaque") > Date.now());
  });
});
