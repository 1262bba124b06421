import assert from "node:assert/strict";

import { after, before, describe, it } from "mocha";

import { createAzureClients } from "../../src/services/azure/clients.ts";
import { createVaultObjects, type VaultAddress, type VaultObjects } from "../../src/services/azure/vaultObjects.ts";

/**
 * Lowkey Vault is an emulator of the Key Vault data plane that others wrote. Its application is not to be had from Maven Central, so nothing is fetched here: a
 * vault that runs already is named by its address, its certificate by NODE_EXTRA_CA_CERTS, and a token where it looks at one.
 */
const vaultUri = process.env["KEY_VAULT_CSI_PEER_VAULT"];
const token = process.env["KEY_VAULT_CSI_PEER_TOKEN"] ?? "any";

describe("our vault services on a Key Vault that others wrote", function () {
  this.timeout(60_000);
  const vault: VaultAddress = { name: "peer", vaultUri: vaultUri ?? "", tenantId: "common" };
  const name = `peer-${Date.now()}`;
  let objects: VaultObjects;
  let requests = 0;

  before(function () {
    if (vaultUri === undefined) {
      console.log(
        "      Skipped: Lowkey Vault is not in Maven Central; KEY_VAULT_CSI_PEER_VAULT names no running one.",
      );
      this.skip();
    }
    const count = (): void => void (requests += 1);
    objects = createVaultObjects(
      createAzureClients({
        cloud: {
          name: "custom",
          resourceManager: vaultUri,
          resourceManagerAudience: vaultUri,
          authority: vaultUri,
          keyVaultAudience: "https://vault.azure.net",
          keyVaultSuffix: "vault.azure.net",
          portal: undefined,
          secretProviderClassCloudName: undefined,
        },
        credential: { getToken: () => Promise.resolve({ token, expiresOnTimestamp: Date.now() + 3_600_000 }) },
        log: { trace: count, debug: count, info: count, warn: count, error: count },
        timing: { retryDelayMs: 10, maxPauseMs: 500, pollEveryMs: 100, answerWithinMs: 10_000 },
      }),
    );
  });
  after(() => console.log(`      ${requests} requests answered by the peer's vault.`));

  it("sets a secret, finds it and its versions, and reveals it", async () => {
    const first = await objects.setSecret(vault, name, "one", { contentType: "text/plain", tags: { env: "peer" } });
    const second = await objects.setSecret(vault, name, 'two "äöü" 漢字');

    assert.equal(await objects.revealSecret(vault, name), 'two "äöü" 漢字');
    assert.equal(await objects.revealSecret(vault, name, first.version), "one");
    const versions = await objects.listVersions(vault, "secret", name);
    assert.deepEqual(versions.map(({ version }) => version).sort(), [first.version, second.version].sort());
    assert.ok((await objects.list(vault, "secret")).some((one) => one.name === name));
  });

  it("knows no secret that was never set", async () => {
    assert.equal(await objects.find(vault, "secret", `${name}-none`), undefined);
    await assert.rejects(objects.revealSecret(vault, `${name}-none`), { code: "notFound" });
  });

  it("disables a secret and changes its tags", async () => {
    await objects.update(vault, { type: "secret", name }, { isEnabled: false, tags: { changed: "1" } });

    const versions = await objects.listVersions(vault, "secret", name);
    assert.ok(versions.some(({ isEnabled, tags }) => !isEnabled && tags["changed"] === "1"));
  });

  it("deletes a secret, refuses its name, recovers it", async () => {
    await objects.delete(vault, "secret", name);
    assert.equal((await objects.findDeleted(vault, "secret", name))?.name, name);
    await assert.rejects(objects.setSecret(vault, name, "three"), { code: "conflict" });
    await objects.recover(vault, "secret", name);
    assert.equal((await objects.listVersions(vault, "secret", name)).length, 2);
  });

  it("creates keys and a certificate, whose secret and key are managed", async () => {
    await objects.createKey(vault, `${name}-rsa`, "RSA");
    await objects.createKey(vault, `${name}-ec`, "EC");
    await objects.createCertificate(vault, `${name}-tls`, "CN=peer.test");

    assert.ok(await objects.find(vault, "key", `${name}-rsa`));
    assert.ok(await objects.find(vault, "key", `${name}-ec`));
    assert.ok(await objects.find(vault, "cert", `${name}-tls`));
    assert.equal((await objects.find(vault, "secret", `${name}-tls`))?.isManaged, true);
  });

  it("deletes and purges what it made", async () => {
    for (const [type, own] of [
      ["secret", name],
      ["key", `${name}-rsa`],
      ["key", `${name}-ec`],
      ["cert", `${name}-tls`],
    ] as const) {
      await objects.delete(vault, type, own);
      await objects.purge(vault, type, own);
      assert.equal(await objects.findDeleted(vault, type, own), undefined);
    }
  });
});
