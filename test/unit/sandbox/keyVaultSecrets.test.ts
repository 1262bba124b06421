import assert from "node:assert/strict";
import { SecretClient } from "@azure/keyvault-secrets";
import { after, afterEach, before, describe, it } from "mocha";
import { startSandbox, type Sandbox } from "../../sandbox/sandbox.ts";
import type { Vault } from "../../sandbox/state.ts";
import { vaultCaller, type Call } from "./callers.ts";

describe("secrets in a vault of the sandbox", () => {
  let sandbox: Sandbox;
  let vault: Vault;
  let call: Call;

  before(async () => {
    sandbox = await startSandbox();
    vault = sandbox.addVault({ name: "kv-secrets", rbac: true });
    sandbox.assignRole(sandbox.principal, "Key Vault Administrator", vault.id);
    call = await vaultCaller(sandbox, vault.id);
  });

  afterEach(() => {
    sandbox.world.delays = {};
  });

  after(() => sandbox.close());

  const set = (name: string, body: object = { value: "v" }) => call("PUT", `/secrets/${name}`, body);

  it("sets, gets and versions a secret whatever the letter case of its name", async () => {
    const first = await set("Case", {
      value: "one",
      contentType: "text/plain",
      tags: { a: "1" },
      attributes: { exp: 2_000_000_000 },
    });
    assert.match(first.body.id, /^https:\/\/127\.0\.0\.1:\d+\/secrets\/Case\/[0-9a-f]{32}$/);
    assert.deepEqual(first.body.tags, { a: "1" });
    const { created, updated, ...rest } = first.body.attributes;
    assert.equal(created, updated);
    assert.deepEqual(rest, {
      enabled: true,
      exp: 2_000_000_000,
      recoveryLevel: "Recoverable+Purgeable",
      recoverableDays: 90,
    });
    await set("case", { value: "two" });
    assert.equal((await call("GET", "/secrets/CASE")).body.value, "two");
    const old = first.body.id.split("/").at(-1) as string;
    assert.equal((await call("GET", `/secrets/case/${old}`)).body.value, "one");
    const versions = await call("GET", "/secrets/case/versions");
    assert.equal(versions.body.value.length, 2);
    assert.ok(versions.body.value.every((item: object) => !("value" in item)));
  });

  it("gives an expired secret and not a disabled one", async () => {
    await set("expired", { value: "v", attributes: { exp: 1_000_000_000 } });
    assert.equal((await call("GET", "/secrets/expired")).status, 200);
    await set("off", { value: "v", attributes: { enabled: false } });
    const { status, body } = await call("GET", "/secrets/off");
    assert.equal(status, 403);
    assert.deepEqual(body.error, {
      code: "Forbidden",
      message: "Operation get is not allowed on a disabled secret.",
      innererror: { code: "SecretDisabled" },
    });
    await call("PATCH", "/secrets/off", { attributes: { enabled: true } });
    assert.equal((await call("GET", "/secrets/off")).status, 200);
  });

  it("refuses names, sizes, tags and bodies beyond the service's limits, in its words", async () => {
    const texts: [string, object, string][] = [
      ["bad_name", { value: "v" }, "The request URI contains an invalid name: bad_name"],
      ["x".repeat(128), { value: "v" }, `The request URI contains an invalid name: ${"x".repeat(128)}`],
      ["big", { value: "é".repeat(12_801) }, "Secret is beyond the maximum permitted length of 25600 characters."],
      [
        "tags",
        { value: "v", tags: Object.fromEntries(Array.from({ length: 16 }, (_, n) => [`t${n}`, ""])) },
        "Property has invalid value\r\n",
      ],
      ["nothing", {}, "Property value has invalid value\r\n"],
      ["list", ["v"], "Property has invalid value\r\n"],
    ];
    for (const [name, body, text] of texts) {
      const answer = await set(name, body);
      assert.deepEqual([answer.status, answer.body.error.code, answer.body.error.message], [400, "BadParameter", text]);
    }
    for (const value of ["", "x".repeat(25_600)]) {
      assert.equal((await set("fits", { value })).status, 200);
    }
  });

  it("says that a secret is not there, and that a deleted one may be recovered or purged only", async () => {
    const missing = await call("GET", "/secrets/missing");
    assert.deepEqual([missing.status, missing.body.error.code], [404, "SecretNotFound"]);
    assert.match(missing.body.error.message, /^A secret with \(name\/id\) missing was not found in this key vault\. /);
    await set("gone");
    const deleted = await call("DELETE", "/secrets/gone");
    assert.match(deleted.body.recoveryId, /\/deletedsecrets\/gone$/);
    assert.equal(deleted.body.scheduledPurgeDate - deleted.body.deletedDate, 90 * 86_400);
    assert.equal((await call("GET", "/secrets/gone")).status, 404);
    const again = await set("gone");
    assert.equal(again.status, 409);
    assert.deepEqual(again.body.error, {
      code: "Conflict",
      message:
        "Secret gone is currently in a deleted but recoverable state, and its name cannot be reused; in this state, the secret can only be recovered or purged.",
      innererror: { code: "ObjectIsDeletedButRecoverable" },
    });
    assert.equal((await call("POST", "/deletedsecrets/gone/recover")).status, 200);
    assert.equal((await call("GET", "/secrets/gone")).body.value, "v");
    await call("DELETE", "/secrets/gone");
    assert.equal((await call("DELETE", "/deletedsecrets/gone")).status, 204);
    const purged = await call("GET", "/deletedsecrets/gone");
    assert.equal(purged.body.error.message, "Deleted Secret not found: gone");
    assert.equal((await set("gone")).status, 200);
  });

  it("keeps a name busy while its secret is on its way out or back", async () => {
    sandbox.world.delays = { vaultObject: 5_000 };
    await set("slow");
    await call("DELETE", "/secrets/slow");
    assert.equal((await call("GET", "/deletedsecrets/slow")).status, 404);
    assert.equal((await set("slow")).body.error.innererror.code, "ObjectIsBeingDeleted");
    sandbox.world.clock.advance(5_000);
    assert.equal((await call("GET", "/deletedsecrets/slow")).status, 200);
    await call("POST", "/deletedsecrets/slow/recover");
    const busy = await set("slow");
    assert.equal(
      busy.body.error.message,
      "Secret slow is currently being recovered and cannot be re-created; retry later.",
    );
    assert.equal(busy.body.error.innererror.code, "ObjectIsBeingRecovered");
    assert.equal((await call("GET", "/secrets/slow")).status, 404);
    sandbox.world.clock.advance(5_000);
    assert.equal((await call("GET", "/secrets/slow")).status, 200);
  });

  it("purges nothing from a vault with purge protection", async () => {
    const kept = sandbox.addVault({
      name: "kv-kept",
      rbac: true,
      properties: { enablePurgeProtection: true, softDeleteRetentionInDays: 7 },
      secrets: { s: "1" },
    });
    sandbox.assignRole(sandbox.principal, "Key Vault Administrator", kept.id);
    const inKept = await vaultCaller(sandbox, kept.id);
    const { body } = await inKept("PUT", "/secrets/t", { value: "2" });
    assert.equal(body.attributes.recoveryLevel, "CustomizedRecoverable");
    await inKept("DELETE", "/secrets/s");
    const refused = await inKept("DELETE", "/deletedsecrets/s");
    assert.equal(refused.status, 403);
    assert.match(refused.body.error.message, /^Operation "purge" is not allowed because purge protection is enabled/);
    sandbox.world.clock.advance(8 * 86_400_000);
    assert.equal((await (await vaultCaller(sandbox, kept.id))("GET", "/deletedsecrets/s")).status, 404);
  });

  it("lists 25 a page at most, by links that stay on the vault", async () => {
    const many = sandbox.addVault({
      name: "kv-many",
      rbac: true,
      secrets: Object.fromEntries(
        Array.from({ length: 60 }, (_, index) => [`s${String(index).padStart(2, "0")}`, "v"]),
      ),
    });
    sandbox.assignRole(sandbox.principal, "Key Vault Reader", many.id);
    const list = await vaultCaller(sandbox, many.id);
    const sizes: number[] = [];
    const names = new Set<string>();
    for (let next: string | null = "/secrets"; next;) {
      const { body } = await list("GET", next);
      sizes.push(body.value.length);
      body.value.forEach(({ id }: { id: string }) => names.add(id));
      next = body.nextLink;
      assert.ok(!next || next.startsWith((await sandbox.vaultUri(many.id)).slice(0, -1)));
    }
    assert.deepEqual(sizes, [25, 25, 10]);
    assert.equal(names.size, 60);
    assert.equal((await list("GET", "/secrets?maxresults=26")).status, 400);
  });

  it("throttles when a test wants it to", async () => {
    const takeBack = sandbox.fail({ plane: "vault", status: 429, headers: { "retry-after": "1" }, times: 1 });
    const { status, headers } = await call("GET", "/secrets/case");
    takeBack();
    assert.equal(status, 429);
    assert.equal(headers.get("retry-after"), "1");
  });

  it("satisfies the SDK's client from challenge to purge", async () => {
    const credential = {
      getToken: () =>
        Promise.resolve({
          token: sandbox.token(sandbox.principal, sandbox.keyVaultAudience),
          expiresOnTimestamp: Date.now() + 3_600_000,
        }),
    };
    const client = new SecretClient(await sandbox.vaultUri(vault.id), credential, {
      disableChallengeResourceVerification: true,
    });
    const secret = await client.setSecret("sdk", "value", { contentType: "text/plain", tags: { by: "sdk" } });
    assert.equal(secret.properties.vaultUrl, (await sandbox.vaultUri(vault.id)).replace(/\/$/, ""));
    assert.equal((await client.getSecret("sdk")).value, "value");
    await client.updateSecretProperties("sdk", secret.properties.version ?? "", { enabled: false });
    await assert.rejects(client.getSecret("sdk"), { statusCode: 403 });
    const deletion = await client.beginDeleteSecret("sdk", { intervalInMs: 5 });
    const deleted = await deletion.pollUntilDone();
    assert.ok(deleted.properties.scheduledPurgeDate);
    await (await client.beginRecoverDeletedSecret("sdk", { intervalInMs: 5 })).pollUntilDone();
    await (await client.beginDeleteSecret("sdk", { intervalInMs: 5 })).pollUntilDone();
    await client.purgeDeletedSecret("sdk");
    const names: string[] = [];
    for await (const { name } of client.listPropertiesOfSecrets()) {
      names.push(name);
    }
    assert.ok(names.includes("Case") && !names.includes("sdk"));
    assert.deepEqual(sandbox.unknownRequests, []);
  });
});
