import assert from "node:assert/strict";

import { describe, it } from "mocha";
import { stringify } from "yaml";

import { readKubeconfig } from "../../../../src/services/kubernetes/kubeconfig.ts";

const serverId = "6dae42f8-4368-4678-94ff-3960e28e3630";

function kubeconfig(user: object, cluster: object = {}): string {
  return stringify({
    apiVersion: "v1",
    kind: "Config",
    "current-context": "web",
    clusters: [{ name: "web", cluster: { server: "https://web.hcp.eastus2.azmk8s.io:443", ...cluster } }],
    contexts: [{ name: "web", context: { cluster: "web", user: "me" } }],
    users: [{ name: "me", user }],
  });
}

const kubelogin = (command: string, args: readonly string[]) => ({
  exec: { apiVersion: "client.authentication.k8s.io/v1beta1", command, args, env: null },
});

describe("readKubeconfig", () => {
  it("reads the certificate authority, the server and a client certificate out of the text", async () => {
    const read = await readKubeconfig(
      kubeconfig(
        { "client-certificate-data": btoa("cert"), "client-key-data": btoa("key"), token: "" },
        { "certificate-authority-data": btoa("ca"), "tls-server-name": "web.internal" },
      ),
    );

    assert.deepEqual(read, {
      name: "web",
      server: "https://web.hcp.eastus2.azmk8s.io:443",
      serverName: "web.internal",
      certificateAuthority: "ca",
      auth: { kind: "certificate", certificate: "cert", privateKey: "key" },
    });
  });

  it("reads the token of a local account", async () => {
    assert.deepEqual((await readKubeconfig(kubeconfig({ token: "abc" }))).auth, { kind: "token", token: "abc" });
  });

  const forms: readonly { readonly form: string; readonly command: string; readonly args: readonly string[] }[] = [
    { form: "devicecode", command: "kubelogin", args: ["get-token", "--server-id", serverId, "--tenant-id", "t1"] },
    { form: "a path", command: "C:\\bin\\kubelogin.exe", args: ["get-token", `--server-id=${serverId}`, "-t", "t1"] },
  ];
  for (const { form, command, args } of forms) {
    it(`answers kubelogin itself (${form})`, async () => {
      const { auth } = await readKubeconfig(kubeconfig(kubelogin(command, args)));

      assert.deepEqual(auth, { kind: "entra", serverId, tenantId: "t1" });
    });
  }

  it("leaves the tenant to the credential where kubelogin is told none", async () => {
    const user = kubelogin("kubelogin", ["get-token", "--login", "azurecli", "--server-id", serverId]);

    assert.deepEqual((await readKubeconfig(kubeconfig(user))).auth, { kind: "entra", serverId, tenantId: undefined });
  });

  it("answers the built-in azure provider of older kubeconfigs", async () => {
    const user = { "auth-provider": { name: "azure", config: { "apiserver-id": serverId, "tenant-id": "t1" } } };

    assert.deepEqual((await readKubeconfig(kubeconfig(user))).auth, { kind: "entra", serverId, tenantId: "t1" });
  });

  const refused: readonly {
    readonly what: string;
    readonly user: object;
    readonly cluster?: object;
    readonly says: RegExp;
  }[] = [
    {
      what: "another exec plugin",
      user: kubelogin("aws", ["eks", "get-token", "--server-id", "x"]),
      says: /running "aws"/,
    },
    {
      what: "a kubelogin for another identity provider",
      user: kubelogin("kubectl", ["oidc-login", "get-token"]),
      says: /running "kubectl"/,
    },
    {
      what: "another auth provider",
      user: { "auth-provider": { name: "gcp", config: {} } },
      says: /signs in by "gcp"/,
    },
    { what: "a user without any sign-in", user: {}, says: /no sign-in/ },
    {
      what: "certificate checks turned off",
      user: { token: "x" },
      cluster: { "insecure-skip-tls-verify": true },
      says: /certificate checks off/,
    },
    {
      what: "files of this machine",
      user: { token: "x" },
      cluster: { "certificate-authority": "/etc/passwd" },
      says: /points to files/,
    },
    { what: "plain HTTP", user: { token: "x" }, cluster: { server: "http://web" }, says: /not an https address/ },
  ];
  for (const { what, user, cluster, says } of refused) {
    it(`refuses ${what} with one sentence`, async () => {
      await assert.rejects(readKubeconfig(kubeconfig(user, cluster)), { code: "invalidRequest", message: says });
    });
  }

  it("refuses what is not a kubeconfig without quoting it", async () => {
    for (const text of [
      "",
      "[",
      "token: hunter2\n  x",
      kubeconfig({ token: "x" }).replace("current-context: web", "current-context: gone"),
    ]) {
      await assert.rejects(readKubeconfig(text), (error: Error) => {
        assert.equal((error as Error & { code: string }).code, "unexpectedResponse");
        assert.doesNotMatch(error.message, /hunter2/);
        return true;
      });
    }
  });
});
