import assert from "node:assert/strict";
import { inspect } from "node:util";

import { afterEach, beforeEach, describe, it } from "mocha";

import type { KeyVault } from "../../../../src/services/azure/keyVaults.ts";
import type { JsonObject } from "../../../sandbox/state.ts";
import type { ServiceError } from "../../../../src/services/errors.ts";
import { startVaultBench, type VaultBench } from "./support/vaultBench.ts";

const canary = "canary-9f3c";

describe("Objects of a vault", () => {
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

  function properties(): JsonObject {
    return bench.sandbox.world.vaults.get(vault.id.toLowerCase())?.body["properties"] as JsonObject;
  }

  function stored(name: string) {
    return bench.sandbox.world.vaults.get(vault.id.toLowerCase())?.secrets.get(name.toLowerCase());
  }

  /** What the vault was asked since the last call. */
  function asked(): readonly string[] {
    const all = bench.asked("vault");
    const since = all.slice(seen);
    seen = all.length;
    return since;
  }
  let seen = 0;

  beforeEach(() => {
    seen = 0;
  });

  describe("Setting a secret", () => {
    it("is one request, and gives what a SecretProviderClass needs", async () => {
      const { version, ...reference } = await bench.vaultObjects.setSecret(
        vault,
        "ExampleSecret",
        "MyAKSExampleSecret",
      );

      assert.deepEqual(reference, {
        objectName: "ExampleSecret",
        objectType: "secret",
        vaultName: "my-vault",
        tenantId: bench.owner.tenantId,
      });
      assert.equal(stored("ExampleSecret")?.versions[0]?.version, version);
      assert.equal(stored("ExampleSecret")?.versions[0]?.value, "MyAKSExampleSecret");
      assert.deepEqual(asked(), ["PUT /secrets/ExampleSecret"]);
    });

    it("carries content type, dates, tags and whether it is enabled", async () => {
      const expiresOn = new Date("2031-01-01T00:00:00Z");
      const notBefore = new Date("2030-01-01T00:00:00Z");
      const tags = { env: "prod" };
      await bench.vaultObjects.setSecret(vault, "full", "v", {
        contentType: "text/plain",
        expiresOn,
        notBefore,
        isEnabled: false,
        tags,
      });

      const found = await bench.vaultObjects.find(vault, "secret", "full");
      assert.deepEqual(
        [found?.contentType, found?.expiresOn, found?.notBefore, found?.isEnabled, found?.tags],
        ["text/plain", expiresOn, notBefore, false, tags],
      );
    });

    it("keeps line breaks, quotes and characters of every script", async () => {
      const value = 'a "b"\r\n\t\\ ${C} äöü 漢字 🔑 \u2028';
      await bench.vaultObjects.setSecret(vault, "odd", value);

      assert.equal(await bench.vaultObjects.revealSecret(vault, "odd"), value);
    });

    it("breaks no rule of name, size or properties, because nothing is sent then", async () => {
      const { vaultObjects } = bench;
      const tooMany = Object.fromEntries(Array.from({ length: 16 }, (_, index) => [`t${index}`, ""]));
      for (const attempt of [
        () => vaultObjects.setSecret(vault, "DB_PASS", "v"),
        () => vaultObjects.setSecret(vault, "", "v"),
        () => vaultObjects.setSecret(vault, "../keys/x", "v"),
        () => vaultObjects.setSecret(vault, "empty", ""),
        () => vaultObjects.setSecret(vault, "big", "x".repeat(25_601)),
        () => vaultObjects.setSecret(vault, "tags", "v", { tags: tooMany }),
      ]) {
        await assert.rejects(attempt, { code: "invalidRequest" });
      }
      assert.deepEqual(asked(), []);
    });

    it("says that a deleted namesake is in the way, and works after a recovery or a purge", async () => {
      const { vaultObjects } = bench;
      await vaultObjects.setSecret(vault, "old", "one");
      await vaultObjects.delete(vault, "secret", "old");

      await assert.rejects(vaultObjects.setSecret(vault, "old", "two"), (error: ServiceError) => {
        assert.equal(error.code, "conflict");
        assert.equal(error.details.serviceCode, "ObjectIsDeletedButRecoverable");
        return true;
      });
      await vaultObjects.recover(vault, "secret", "old");
      await vaultObjects.setSecret(vault, "old", "two");
      assert.equal(stored("old")?.versions.length, 2);

      await vaultObjects.delete(vault, "secret", "old");
      await vaultObjects.purge(vault, "secret", "old");
      await vaultObjects.setSecret(vault, "old", "three");
      assert.equal(stored("old")?.versions.length, 1);
    });

    it("tells who lacks the right which role carries it", async () => {
      const stranger = bench.as(bench.sandbox.addPrincipal());

      await assert.rejects(stranger.vaultObjects.setSecret(vault, "s", "v"), {
        code: "forbidden",
        message: /Key Vault Secrets Officer/,
      });
      await assert.rejects(stranger.vaultObjects.revealSecret(vault, "s"), { message: /Key Vault Secrets User/ });
      await assert.rejects(stranger.vaultObjects.list(vault, "secret"), { message: /Key Vault Reader/ });
      properties()["enableRbacAuthorization"] = false;
      await assert.rejects(stranger.vaultObjects.setSecret(vault, "s", "v"), {
        code: "forbidden",
        message: /access policies.*"secrets set"/,
      });
    });

    it("is unreachable behind a firewall, with the address the firewall sees", async () => {
      bench.sandbox.world.clientAddress = "198.51.100.7";
      properties()["networkAcls"] = { defaultAction: "Deny", bypass: "AzureServices", ipRules: [] };
      await assert.rejects(bench.vaultObjects.setSecret(vault, "s", "v"), {
        code: "unreachable",
        message: /198\.51\.100\.7/,
      });
      properties()["publicNetworkAccess"] = "Disabled";
      await assert.rejects(bench.vaultObjects.setSecret(vault, "s", "v"), {
        code: "unreachable",
        message: /private endpoint/,
      });
    });

    it("is repeated while the vault is throttled, then given up with the time to wait", async () => {
      bench.sandbox.fail({ plane: "vault", method: "PUT", status: 429, headers: { "retry-after": "0" }, times: 2 });
      await bench.vaultObjects.setSecret(vault, "s", "v");

      bench.sandbox.fail({ plane: "vault", method: "PUT", status: 429, headers: { "retry-after": "300" } });
      await assert.rejects(bench.vaultObjects.setSecret(vault, "s", "v"), { code: "throttled", message: /300 s/ });
    });

    it("stops at once when the caller aborts", async () => {
      bench.sandbox.fail({ plane: "vault", method: "PUT", delayMs: 1_000 });
      const controller = new AbortController();
      const attempt = bench.vaultObjects.setSecret(vault, "s", "v", {}, { signal: controller.signal });
      controller.abort();
      await assert.rejects(attempt, { name: "AbortError" });
    });
  });

  it("never let a secret's value into an error, its cause or the log, whatever goes wrong", async () => {
    const { vaultObjects, sandbox } = bench;
    const messages = [canary, JSON.stringify({ value: canary }), `The value '${canary}' is bad`];
    const days: readonly Parameters<typeof sandbox.fail>[0][] = [
      ...[400, 401, 403, 404, 409, 412, 500, 503].map((status) => ({ status, message: messages.join() })),
      { status: 429, headers: { "retry-after": "300" }, message: canary },
      { drop: true },
      { malformedBody: true },
      { status: 200, body: { value: canary } },
      { status: 200, body: canary },
      ...["ForbiddenByRbac", "ForbiddenByFirewall", "ObjectIsBeingDeleted", "Unheard"].map((code) => ({
        status: 403,
        body: { error: { code: "Forbidden", message: `x ${canary}`, innererror: { code } } },
      })),
    ];
    for (const day of days) {
      const fault = { ...day, plane: "vault" as const, method: "PUT" };
      const mend = sandbox.fail(fault);
      const error: unknown = await vaultObjects.setSecret(vault, "s", canary).then(
        () => undefined,
        (thrown: unknown) => thrown,
      );
      mend();
      assert.ok(error instanceof Error, JSON.stringify(day));
      assert.doesNotMatch(inspect(error, { depth: 20, showHidden: true }), new RegExp(canary), JSON.stringify(day));
    }
    await vaultObjects.setSecret(vault, "s", canary);
    await vaultObjects.revealSecret(vault, "s");
    assert.ok(bench.log.length > days.length);
    assert.doesNotMatch(bench.log.join("\n"), new RegExp(`${canary}|Bearer|eyJ`));
    assert.doesNotMatch(JSON.stringify(sandbox.requests({ plane: "vault" })), new RegExp(canary));
  });

  describe("Reading", () => {
    it("lists every page of names with their attributes and no value, in one request a page", async () => {
      for (let index = 0; index < 30; index++) {
        await bench.vaultObjects.setSecret(vault, `s${index}`, canary);
      }
      asked();

      const secrets = await bench.vaultObjects.list(vault, "secret");

      assert.equal(secrets.length, 30);
      assert.ok(secrets.every(({ type, isEnabled, isManaged }) => type === "secret" && isEnabled && !isManaged));
      assert.doesNotMatch(JSON.stringify(secrets), new RegExp(canary));
      assert.deepEqual(asked(), ["GET /secrets", "GET /secrets"]);
    });

    it("finds the newest version without asking for its value, disabled or not", async () => {
      const { vaultObjects } = bench;
      await vaultObjects.setSecret(vault, "s", "one");
      bench.sandbox.world.clock.advance(2_000);
      const { version } = await vaultObjects.setSecret(vault, "s", "two", { isEnabled: false });
      asked();

      const found = await vaultObjects.find(vault, "secret", "S");

      assert.equal(found?.version, version);
      assert.equal(found.isEnabled, false);
      assert.deepEqual(asked(), ["GET /secrets/S/versions"]);
      assert.equal((await vaultObjects.listVersions(vault, "secret", "s")).length, 2);
      assert.equal(await vaultObjects.find(vault, "secret", "none"), undefined);
    });

    it("reveals the newest value or that of a version, and says when it is disabled or missing", async () => {
      const { vaultObjects } = bench;
      const { version } = await vaultObjects.setSecret(vault, "s", "one");
      await vaultObjects.setSecret(vault, "s", "two");
      assert.equal(await vaultObjects.revealSecret(vault, "s"), "two");
      assert.equal(await vaultObjects.revealSecret(vault, "s", version), "one");

      await vaultObjects.update(vault, { type: "secret", name: "s" }, { isEnabled: false });
      await assert.rejects(vaultObjects.revealSecret(vault, "s"), { code: "forbidden", message: /disabled/ });
      await assert.rejects(vaultObjects.revealSecret(vault, "none"), { code: "notFound" });
    });
  });

  it("change attributes of the newest version or of one, and leave the others", async () => {
    const { vaultObjects } = bench;
    const { version } = await vaultObjects.setSecret(vault, "s", "one", { contentType: "a", tags: { k: "v" } });
    await vaultObjects.setSecret(vault, "s", "two");

    await vaultObjects.update(vault, { type: "secret", name: "s", version }, { isEnabled: false });
    await vaultObjects.update(vault, { type: "secret", name: "s" }, { contentType: "b" });

    const [old, newest] = stored("s")?.versions ?? [];
    assert.deepEqual([old?.attributes.enabled, old?.contentType, old?.tags], [false, "a", { k: "v" }]);
    assert.deepEqual([newest?.attributes.enabled, newest?.contentType], [true, "b"]);
    await assert.rejects(vaultObjects.update(vault, { type: "secret", name: "none" }, { isEnabled: true }), {
      code: "notFound",
    });
  });

  it("wait for a deletion, a recovery and a purge that take their time", async () => {
    const { vaultObjects, sandbox } = bench;
    sandbox.world.delays = { vaultObject: 40 };
    await vaultObjects.setSecret(vault, "s", "v");

    await vaultObjects.delete(vault, "secret", "s");
    const deleted = await vaultObjects.findDeleted(vault, "secret", "s");
    assert.equal(deleted?.name, "s");
    assert.ok(deleted.scheduledPurgeDate && deleted.deletedOn && deleted.scheduledPurgeDate > deleted.deletedOn);
    assert.deepEqual(
      (await vaultObjects.listDeleted(vault, "secret")).map(({ name }) => name),
      ["s"],
    );
    await vaultObjects.recover(vault, "secret", "s");
    assert.equal(await vaultObjects.revealSecret(vault, "s"), "v");

    await vaultObjects.delete(vault, "secret", "s");
    await vaultObjects.purge(vault, "secret", "s");
    await vaultObjects.setSecret(vault, "s", "new");
    assert.equal(stored("s")?.versions.length, 1);
    assert.equal(await vaultObjects.findDeleted(vault, "secret", "s"), undefined);
  });

  it("never read a value in order to delete, recover or purge", async () => {
    const { vaultObjects } = bench;
    await vaultObjects.setSecret(vault, "s", "v");
    await vaultObjects.delete(vault, "secret", "s");
    await vaultObjects.recover(vault, "secret", "s");
    await vaultObjects.recover(vault, "secret", "s");
    await vaultObjects.delete(vault, "secret", "s");
    await vaultObjects.delete(vault, "secret", "s");
    await vaultObjects.purge(vault, "secret", "s");
    await vaultObjects.purge(vault, "secret", "s");

    assert.ok(!asked().includes("GET /secrets/s"));
    await assert.rejects(vaultObjects.recover(vault, "secret", "s"), { code: "notFound" });
  });

  it("are kept by purge protection, and the reason is told", async () => {
    const guarded = await bench.newVault("guarded", { isPurgeProtected: true });
    await bench.vaultObjects.setSecret(guarded, "s", "v");
    await bench.vaultObjects.delete(guarded, "secret", "s");

    await assert.rejects(bench.vaultObjects.purge(guarded, "secret", "s"), {
      code: "conflict",
      message: /[Pp]urge protection/,
    });
  });

  it("are reached with a token of the vault's own tenant only", async () => {
    const other = bench.sandbox.addTenant();
    const wrong = { ...vault, tenantId: other.id };
    const stranger = bench.sandbox.addPrincipal({ tenantId: other.id });

    await assert.rejects(bench.as(stranger).vaultObjects.list(wrong, "secret"), { code: "notSignedIn" });
  });
});
