import assert from "node:assert/strict";
import { createHash, createPrivateKey, createPublicKey, generateKeyPairSync, X509Certificate } from "node:crypto";
import { CertificateClient } from "@azure/keyvault-certificates";
import { KeyClient } from "@azure/keyvault-keys";
import { after, before, describe, it } from "mocha";
import { readPkcs12, writePkcs12 } from "../../sandbox/pkcs12.ts";
import { startSandbox, type Sandbox } from "../../sandbox/sandbox.ts";
import type { Vault } from "../../sandbox/state.ts";
import { vaultCaller, type Call } from "./callers.ts";

describe("keys and certificates in a vault of the sandbox", () => {
  let sandbox: Sandbox;
  let vault: Vault;
  let call: Call;

  before(async () => {
    sandbox = await startSandbox();
    vault = sandbox.addVault({ name: "kv-certificates", rbac: true });
    sandbox.assignRole(sandbox.principal, "Key Vault Administrator", vault.id);
    call = await vaultCaller(sandbox, vault.id);
  });

  after(() => sandbox.close());

  const credential = () => ({
    getToken: () =>
      Promise.resolve({
        token: sandbox.token(sandbox.principal, sandbox.keyVaultAudience),
        expiresOnTimestamp: Date.now() + 3_600_000,
      }),
  });
  const policy = (contentType: string, more: object = {}) => ({
    issuer: { name: "Self" },
    secret_props: { contentType },
    key_props: { kty: "EC", crv: "P-256", exportable: true, reuse_key: false },
    x509_props: { subject: "CN=web.contoso.test", sans: { dns_names: ["web.contoso.test"] }, validity_months: 6 },
    ...more,
  });

  it("creates RSA and EC keys whose public halves are real", async () => {
    const rsa = await call("POST", "/keys/rsa/create", { kty: "RSA" });
    assert.match(rsa.body.key.kid, /\/keys\/rsa\/[0-9a-f]{32}$/);
    assert.equal(
      createPublicKey({ key: { kty: "RSA", n: rsa.body.key.n, e: rsa.body.key.e }, format: "jwk" }).asymmetricKeyDetails
        ?.modulusLength,
      2048,
    );
    const ec = await call("POST", "/keys/ec/create", { kty: "EC", crv: "P-384" });
    assert.deepEqual([ec.body.key.crv, ec.body.key.key_ops], ["P-384", ["sign", "verify"]]);
    assert.equal((await call("POST", "/keys/hsm/create", { kty: "RSA-HSM" })).status, 400);
    assert.equal(
      (await call("POST", "/keys/odd/create", { kty: "RSA", key_size: 1024 })).body.error.message,
      "Property key_size has invalid value\r\n",
    );
    assert.equal((await call("GET", "/keys/none")).body.error.code, "KeyNotFound");
  });

  it("makes a self-signed certificate in two looks, with a key and a secret of the same version behind it", async () => {
    const started = await call("POST", "/certificates/web/create", {
      policy: policy("application/x-pem-file"),
      tags: { a: "1" },
    });
    assert.equal(started.status, 202);
    assert.equal(started.body.status, "inProgress");
    assert.ok(started.headers.get("location")?.includes("/certificates/web/pending"));
    const pending = await call("GET", "/certificates/web/pending");
    assert.equal(pending.body.status, "completed");
    const { body } = await call("GET", "/certificates/web");
    const version = body.id.split("/").at(-1) as string;
    assert.ok(body.kid.endsWith(`/keys/web/${version}`) && body.sid.endsWith(`/secrets/web/${version}`));
    const certificate = new X509Certificate(Buffer.from(body.cer as string, "base64"));
    assert.equal(certificate.subject, "CN=web.contoso.test");
    assert.match(certificate.subjectAltName ?? "", /DNS:web\.contoso\.test/);
    assert.equal(body.x5t, createHash("sha1").update(certificate.raw).digest("base64url"));
    assert.equal(body.attributes.exp, Date.parse(certificate.validTo) / 1000);
    const secret = await call("GET", "/secrets/web");
    assert.deepEqual(
      [secret.body.managed, secret.body.contentType, secret.body.kid],
      [true, "application/x-pem-file", body.kid],
    );
    assert.ok(certificate.checkPrivateKey(createPrivateKey(secret.body.value as string)));
    const key = await call("GET", "/keys/web");
    assert.equal(key.body.managed, true);
    assert.equal(key.body.key.x, certificate.publicKey.export({ format: "jwk" }).x);
  });

  it("keeps a certificate pending for as long as the world says", async () => {
    sandbox.world.delays = { vaultObject: 10_000 };
    await call("POST", "/certificates/slow/create", { policy: policy("application/x-pkcs12") });
    sandbox.world.delays = {};
    assert.equal((await call("GET", "/certificates/slow/pending")).body.status, "inProgress");
    assert.equal((await call("GET", "/certificates/slow")).status, 404);
    sandbox.world.clock.advance(10_000);
    assert.equal((await call("GET", "/certificates/slow/pending")).body.status, "completed");
    const { key, certificates } = readPkcs12(
      Buffer.from((await call("GET", "/secrets/slow")).body.value as string, "base64"),
      "",
    );
    assert.ok(key && new X509Certificate(certificates[0] ?? Buffer.alloc(0)).checkPrivateKey(key));
  });

  it("keeps the private key of a certificate that may not be exported out of its secret", async () => {
    await call("POST", "/certificates/kept/create", {
      policy: policy("application/x-pem-file", { key_props: { kty: "EC", crv: "P-256", exportable: false } }),
    });
    const { body } = await call("GET", "/secrets/kept");
    assert.doesNotMatch(body.value, /PRIVATE KEY/);
    assert.match(body.value, /BEGIN CERTIFICATE/);
  });

  it("imports .pem and .pfx, with the leaf first, and says what is wrong with what it can't read", async () => {
    const source = (await call("GET", "/secrets/web")).body.value as string;
    const pem = await call("POST", "/certificates/from-pem/import", { value: source });
    assert.equal(pem.status, 200);
    assert.equal(pem.body.policy.secret_props.contentType, "application/x-pem-file");
    assert.equal(pem.body.policy.x509_props.subject, "CN=web.contoso.test");
    const key = createPrivateKey(source);
    const leaf = new X509Certificate(source.slice(source.indexOf("-----BEGIN CERT"))).raw;
    const other = Buffer.from((await call("GET", "/certificates/slow")).body.cer as string, "base64");
    const pfx = writePkcs12({ key, certificates: [other, leaf] }).toString("base64");
    const imported = await call("POST", "/certificates/from-pfx/import", { value: pfx });
    assert.equal(imported.body.cer, leaf.toString("base64"));
    const texts: [object, RegExp][] = [
      [{ value: pfx, pwd: "wrong" }, /^The specified PKCS#12 X\.509 certificate content can not be read/],
      [{ value: source.slice(source.indexOf("-----BEGIN CERT")) }, /^Private key is not specified/],
      [
        { value: source.replace(/-----BEGIN CERTIFICATE[\s\S]*/, "") },
        /^The specified PEM X\.509 certificate content is in an unexpected format/,
      ],
    ];
    for (const [body, text] of texts) {
      assert.match((await call("POST", "/certificates/bad/import", body)).body.error.message, text);
    }
  });

  it("lets nobody change the key and the secret behind a certificate but through it", async () => {
    for (const path of ["/secrets/web", "/keys/web"]) {
      const { status, body } = await call("DELETE", path);
      assert.equal(status, 403);
      assert.match(
        body.error.message,
        /^Operation "delete" is not allowed as this object's lifetime is managed by Key Vault\.$/,
      );
    }
    const { body } = await call("PUT", "/secrets/web", { value: "mine" });
    assert.equal(body.error.innererror.code, "SecretManagedByKeyVault");
    await call("PATCH", "/certificates/web", { attributes: { enabled: false } });
    assert.equal((await call("GET", "/secrets/web")).body.error.innererror.code, "SecretDisabled");
    await call("PATCH", "/certificates/web", { attributes: { enabled: true } });
    assert.equal((await call("GET", "/secrets/web")).status, 200);
  });

  it("deletes, recovers and purges a certificate with what is behind it", async () => {
    await call("DELETE", "/certificates/from-pem");
    assert.equal((await call("GET", "/secrets/from-pem")).status, 404);
    assert.equal(
      (await call("POST", "/certificates/from-pem/create", { policy: policy("application/x-pem-file") })).body.error
        .innererror.code,
      "ObjectIsDeletedButRecoverable",
    );
    await call("POST", "/deletedcertificates/from-pem/recover");
    assert.equal((await call("GET", "/secrets/from-pem")).status, 200);
    await call("DELETE", "/certificates/from-pem");
    assert.equal((await call("DELETE", "/deletedcertificates/from-pem")).status, 204);
    assert.equal((await call("PUT", "/secrets/from-pem", { value: "free again" })).status, 200);
  });

  it("satisfies the SDK's client of keys", async () => {
    const url = await sandbox.vaultUri(vault.id);
    const keys = new KeyClient(url, credential(), { disableChallengeResourceVerification: true });
    const made = await keys.createRsaKey("sdk", { keySize: 2048, tags: { by: "sdk" } });
    assert.equal(made.key?.n?.length, 256);
    const { privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
    const imported = await keys.importKey("sdk-imported", jwkOf(privateKey.export({ format: "jwk" })));
    assert.equal(imported.keyType, "EC");
    await keys.updateKeyProperties("sdk", { enabled: false });
    assert.equal((await keys.getKey("sdk")).properties.enabled, false);
    await (await keys.beginDeleteKey("sdk", { intervalInMs: 5 })).pollUntilDone();
    await (await keys.beginRecoverDeletedKey("sdk", { intervalInMs: 5 })).pollUntilDone();
    await (await keys.beginDeleteKey("sdk", { intervalInMs: 5 })).pollUntilDone();
    await keys.purgeDeletedKey("sdk");
  });

  it("satisfies the SDK's client of certificates", async () => {
    const url = await sandbox.vaultUri(vault.id);
    const client = new CertificateClient(url, credential(), { disableChallengeResourceVerification: true });
    const poller = await client.beginCreateCertificate(
      "sdk-cert",
      { issuerName: "Self", subject: "CN=sdk", contentType: "application/x-pkcs12", keyType: "EC" },
      { intervalInMs: 5 },
    );
    const certificate = await poller.pollUntilDone();
    assert.equal(certificate.policy?.subject, "CN=sdk");
    const versions: string[] = [];
    for await (const { version } of client.listPropertiesOfCertificateVersions("sdk-cert")) {
      versions.push(version ?? "");
    }
    assert.deepEqual(versions, [certificate.properties.version]);
    await client.updateCertificatePolicy("sdk-cert", {
      issuerName: "Self",
      subject: "CN=renamed",
      contentType: "application/x-pkcs12",
    });
    assert.equal((await client.getCertificatePolicy("sdk-cert")).subject, "CN=renamed");
    await (await client.beginDeleteCertificate("sdk-cert", { intervalInMs: 5 })).pollUntilDone();
    await client.purgeDeletedCertificate("sdk-cert");
    assert.deepEqual(sandbox.unknownRequests, []);
  });
});

/** The SDK wants the numbers of a key as bytes. */
function jwkOf(jwk: object): Record<string, unknown> & { kty: "EC" } {
  const bytes = Object.entries(jwk).map(([name, value]) => [
    name,
    ["x", "y", "d"].includes(name) ? Buffer.from(String(value), "base64url") : value,
  ]);
  return { ...Object.fromEntries(bytes), kty: "EC" } as Record<string, unknown> & { kty: "EC" };
}
