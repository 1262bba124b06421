import assert from "node:assert/strict";
import { KeyObject, webcrypto } from "node:crypto";

import "reflect-metadata";
import { X509CertificateGenerator } from "@peculiar/x509";
import { afterEach, beforeEach, describe, it } from "mocha";

import type { KeyVault } from "../../../../src/services/azure/keyVaults.ts";
import { importBody } from "../../../../src/services/azure/vaultCertificates.ts";
import { startVaultBench, type VaultBench } from "./support/vaultBench.ts";

describe("Keys and certificates", () => {
  let bench: VaultBench;
  let vault: KeyVault;

  beforeEach(async () => {
    bench = await startVaultBench();
    vault = await bench.newVault("my-vault");
  });

  afterEach(async () => {
    assert.deepEqual(bench.sandbox.unknownRequests, []);
    await bench.sandbox.close();
  });

  it("are created, listed, disabled, deleted and recovered", async () => {
    const { vaultObjects } = bench;
    bench.sandbox.world.delays = { vaultObject: 30 };
    await vaultObjects.createKey(vault, "rsa", "RSA");
    await vaultObjects.createKey(vault, "ec", "EC");
    await vaultObjects.createCertificate(vault, "tls", "CN=example.test");

    assert.deepEqual(
      (await vaultObjects.list(vault, "key")).filter(({ isManaged }) => !isManaged).map(({ name }) => name),
      ["ec", "rsa"],
    );
    assert.equal((await vaultObjects.find(vault, "cert", "tls"))?.isEnabled, true);
    assert.match((await vaultObjects.find(vault, "key", "rsa"))?.version ?? "", /^[0-9a-f]{32}$/);
    assert.equal((await vaultObjects.list(vault, "secret")).find(({ name }) => name === "tls")?.isManaged, true);

    await vaultObjects.update(vault, { type: "key", name: "rsa" }, { isEnabled: false });
    assert.equal((await vaultObjects.find(vault, "key", "rsa"))?.isEnabled, false);
    for (const [type, name] of [
      ["key", "ec"],
      ["cert", "tls"],
    ] as const) {
      await vaultObjects.delete(vault, type, name);
      assert.equal(await vaultObjects.find(vault, type, name), undefined);
      await vaultObjects.recover(vault, type, name);
      assert.equal((await vaultObjects.find(vault, type, name))?.name, name);
    }
  });

  it("are imported from PEM with their private key, whatever form the key has", async () => {
    const { vaultObjects } = bench;
    const { pem, sec1, encrypted } = await makeCertificateFiles();

    await vaultObjects.importCertificate(vault, "pem", Buffer.from(pem), undefined);
    await vaultObjects.importCertificate(vault, "sec1", Buffer.from(sec1), undefined);
    await vaultObjects.importCertificate(vault, "encrypted", Buffer.from(encrypted), "pass-word");

    assert.deepEqual(
      (await vaultObjects.list(vault, "cert")).map(({ name }) => name),
      ["encrypted", "pem", "sec1"],
    );
    for (const name of ["pem", "sec1", "encrypted"]) {
      assert.match(await vaultObjects.revealSecret(vault, name), /BEGIN PRIVATE KEY[^]*BEGIN CERTIFICATE/);
    }
  });

  it("go to the vault as they are when they are PFX, with the password that opens them", () => {
    const pfx = Buffer.from([0x30, 0x82, 0xff, 0x00]);

    assert.deepEqual(importBody(pfx, "pass-word"), {
      value: pfx.toString("base64"),
      pwd: "pass-word",
      policy: { secret_props: { contentType: "application/x-pkcs12" } },
    });
  });

  it("are not imported without key, without certificate or with a wrong password, and nothing is sent then", async () => {
    const { key, certificate, encrypted } = await makeCertificateFiles();
    for (const [content, password] of [
      [certificate, undefined],
      [key, undefined],
      [encrypted, "wrong-one"],
      [encrypted, undefined],
    ] as const) {
      const attempt = bench.vaultObjects.importCertificate(vault, "bad", Buffer.from(content), password);
      await assert.rejects(attempt, { code: "invalidRequest" });
    }
    assert.deepEqual(bench.asked("vault"), []);
  });
});

/** A self-signed certificate with its key in the forms people have: PKCS #8, SEC 1, encrypted. */
async function makeCertificateFiles() {
  const keys = await webcrypto.subtle.generateKey({ name: "ECDSA", namedCurve: "P-256" }, true, ["sign", "verify"]);
  const certificate = await X509CertificateGenerator.createSelfSigned({
    keys,
    name: "CN=example.test",
    signingAlgorithm: { name: "ECDSA", hash: "SHA-256" },
  });
  const key = KeyObject.from(keys.privateKey);
  const certificatePem = `${certificate.toString("pem")}\n`;
  const pkcs8 = key.export({ type: "pkcs8", format: "pem" }).toString();
  const encryption = { type: "pkcs8", format: "pem", cipher: "aes-256-cbc", passphrase: "pass-word" } as const;
  return {
    key: pkcs8,
    certificate: certificatePem,
    pem: pkcs8 + certificatePem,
    sec1: certificatePem + key.export({ type: "sec1", format: "pem" }).toString(),
    encrypted: key.export(encryption).toString() + certificatePem,
  };
}
