import assert from "node:assert/strict";

import { afterEach, beforeEach, describe, it } from "mocha";

import type { Cluster, JsonObject } from "../../../sandbox/state.ts";
import { startAzureBench, type AzureBench } from "./support/azureBench.ts";

const rotation = { isEnabled: true, pollInterval: "5m" };

describe("Managed clusters", () => {
  let bench: AzureBench;
  let cluster: Cluster;

  beforeEach(async () => {
    bench = await startAzureBench();
    cluster = bench.sandbox.addCluster({ name: "web" });
  });

  afterEach(async () => {
    assert.deepEqual(bench.sandbox.unknownRequests, []);
    await bench.sandbox.close();
  });

  const clusters = () => bench.services.managedClusters;
  const enable = () => clusters().enableKeyVaultCsi(cluster.id, rotation);
  const puts = () => bench.sandbox.requests({ method: "PUT" }).filter(({ path }) => path.includes("/managedClusters/"));
  const addonOf = (body: JsonObject) =>
    ((body["properties"] as JsonObject)["addonProfiles"] as JsonObject)["azureKeyvaultSecretsProvider"] as JsonObject;

  describe("turning the add-on on", () => {
    it("reads once, writes once, looks at the operation and reads back once", async () => {
      const updated = await enable();

      assert.deepEqual(updated.keyVaultCsi.rotation, rotation);
      assert.match(updated.keyVaultCsi.identity?.resourceId ?? "", /azurekeyvaultsecretsprovider-web$/i);
      assert.equal(updated.provisioningState, "Succeeded");
      const asked = bench.asked();
      assert.deepEqual(asked.slice(0, 2), ["GET web", "PUT web"]);
      assert.equal(asked.at(-1), "GET web");
      const polls = bench.sandbox.requests({ method: "GET" }).filter(({ path }) => path.includes("/operations/"));
      assert.equal(asked.length, 3 + polls.length);
      assert.ok(polls.length > 0);
    });

    it("writes under the eTag that was read", async () => {
      const eTag = bench.stored(cluster)["eTag"];

      await enable();

      assert.equal(puts()[0]?.headers["if-match"], eTag);
    });

    it("sends the booleans of the config as strings", async () => {
      await enable();

      assert.deepEqual(addonOf(puts()[0]?.body as JsonObject)["config"], {
        enableSecretRotation: "true",
        rotationPollInterval: "5m",
      });
    });

    it("keeps every field, also those that nobody knows yet", async () => {
      const body = bench.stored(cluster);
      const properties = body["properties"] as JsonObject;
      properties["brandNewFeature"] = { mode: "Fast", knobs: [1, 2, { deep: null }] };
      properties["securityProfile"] = { futureThing: { enabled: true } };
      (properties["agentPoolProfiles"] as JsonObject[])[0]!["newPoolKnob"] = "kept";
      body["tags"] = { Team: "Blue" };
      const before = structuredClone(body);

      await enable();

      const sent = puts()[0]?.body as JsonObject;
      const expected = structuredClone(before["properties"] as JsonObject);
      delete expected["servicePrincipalProfile"];
      const addons = sent["properties"] as JsonObject;
      assert.deepEqual({ ...addons, addonProfiles: undefined }, { ...expected, addonProfiles: undefined });
      assert.deepEqual(sent["tags"], before["tags"]);
      const after = bench.stored(cluster)["properties"] as JsonObject;
      assert.deepEqual(after["brandNewFeature"], (before["properties"] as JsonObject)["brandNewFeature"]);
      assert.deepEqual(after["securityProfile"], { futureThing: { enabled: true } });
      assert.equal((after["agentPoolProfiles"] as JsonObject[])[0]?.["newPoolKnob"], "kept");
    });

    it("leaves out servicePrincipalProfile, whose echo the service refuses", async () => {
      (bench.stored(cluster)["properties"] as JsonObject)["servicePrincipalProfile"] = { clientId: "msi" };

      await enable();

      assert.ok(!("servicePrincipalProfile" in ((puts()[0]?.body as JsonObject)["properties"] as JsonObject)));
    });

    it("works where addonProfiles is null, and where the add-on was on before", async () => {
      const never = bench.sandbox.addCluster({ name: "never", addon: "null" });
      const once = bench.sandbox.addCluster({ name: "once", addon: "disabled" });

      assert.equal((await clusters().enableKeyVaultCsi(never.id, rotation)).keyVaultCsi.isEnabled, true);
      assert.equal((await clusters().enableKeyVaultCsi(once.id, rotation)).keyVaultCsi.isEnabled, true);
    });

    it("keeps config keys of others, and the spelling of the add-on's name", async () => {
      const properties = bench.stored(cluster)["properties"] as JsonObject;
      properties["addonProfiles"] = {
        azureKeyVaultSecretsProvider: { enabled: true, config: { "syncSecret.enabled": "true" } },
        azurepolicy: { enabled: true, config: null },
      };

      const updated = await enable();

      assert.deepEqual(updated.keyVaultCsi.rotation, rotation);
      const sent = ((puts()[0]?.body as JsonObject)["properties"] as JsonObject)["addonProfiles"] as JsonObject;
      assert.deepEqual(Object.keys(sent), ["azureKeyVaultSecretsProvider", "azurepolicy"]);
      assert.deepEqual((sent["azureKeyVaultSecretsProvider"] as JsonObject)["config"], {
        "syncSecret.enabled": "true",
        enableSecretRotation: "true",
        rotationPollInterval: "5m",
      });
    });

    it("writes nothing where all is as wished", async () => {
      await enable();
      const before = puts().length;

      await enable();

      assert.equal(puts().length, before);
    });
  });

  describe("when something else changes the cluster meanwhile", () => {
    for (const [status, code] of [
      [412, "PreconditionFailed"],
      [409, "EtagMismatch"],
      [409, "OriginalEtagNotExpect"],
    ] as const) {
      it(`an update reads and writes again after ${status} ${code}`, async () => {
        bench.sandbox.fail({ method: "PUT", path: /managedClusters\/web$/, status, code, times: 2 });

        const updated = await enable();

        assert.equal(updated.keyVaultCsi.isEnabled, true);
        assert.equal(puts().length, 3);
      });
    }

    it("an update gives up after the third repetition", async () => {
      bench.sandbox.fail({ method: "PUT", path: /managedClusters\/web$/, status: 412, code: "PreconditionFailed" });

      await assert.rejects(enable(), { code: "conflict" });

      assert.equal(puts().length, 4);
    });

    it("an update is not repeated while another operation runs, and says so", async () => {
      const message =
        "Operation is not allowed: Another operation (Updating) is in progress, please wait for it to finish before starting a new operation. See https://aka.ms/aks-pending-operation for more details";
      bench.sandbox.fail({
        method: "PUT",
        path: /managedClusters\/web$/,
        status: 409,
        code: "OperationNotAllowed",
        message,
      });

      await assert.rejects(enable(), {
        code: "conflict",
        message: 'Another operation (Updating) is running on "web"; wait for it to end, then try again.',
      });

      assert.equal(puts().length, 1);
    });

    it("a wait follows somebody else's operation to its end", async () => {
      const started = enable();
      await until(() => puts().length === 1);

      const settled = await clusters().waitUntilSettled(cluster.id);

      assert.equal(settled.provisioningState, "Succeeded");
      await started;
    });
  });

  describe("on bad days", () => {
    it("an update whose answer is lost is not made twice", async () => {
      bench.sandbox.fail({ method: "PUT", path: /managedClusters\/web$/, drop: true, times: 1 });

      const updated = await enable();

      assert.equal(updated.keyVaultCsi.isEnabled, true);
      assert.equal(updated.provisioningState, "Succeeded");
    });

    it("an operation that ends Failed is told in its own words", async () => {
      bench.sandbox.operations.failNext(/./, { code: "VMExtensionProvisioningError", message: "Out of addresses." });

      await assert.rejects(enable(), {
        code: "operationFailed",
        message: 'The operation on "web" failed: Out of addresses.',
      });
    });

    it("an abort ends the waiting at once, and Azure goes on", async () => {
      bench.sandbox.fail({ method: "GET", path: /\/operations\//, delayMs: 3_000, times: 1 });
      const controller = new AbortController();
      const enabling = clusters().enableKeyVaultCsi(cluster.id, rotation, { signal: controller.signal });
      await until(() => bench.sandbox.requests({ method: "GET" }).some(({ path }) => path.includes("/operations/")));
      const abortedAt = performance.now();

      controller.abort();

      await assert.rejects(enabling, { name: "AbortError" });
      assert.ok(performance.now() - abortedAt < 500);
      assert.equal((await clusters().waitUntilSettled(cluster.id)).keyVaultCsi.isEnabled, true);
    });

    it("somebody without the right is told which one is missing", async () => {
      const reader = bench.sandbox.addPrincipal({ roles: ["Reader"] });

      await assert.rejects(bench.as(reader).managedClusters.enableKeyVaultCsi(cluster.id, rotation), {
        code: "forbidden",
        message: /lack the right "Microsoft\.ContainerService\/managedClusters\/write" on/,
      });
    });

    it("a cluster that is not there is an error for get only", async () => {
      const id = cluster.id.replace(/web$/, "gone");

      await assert.rejects(clusters().get(id), { code: "notFound" });
      assert.equal(await clusters().find(id), undefined);
    });
  });

  describe("besides the add-on", () => {
    it("turn the add-on off, and do nothing where it is off", async () => {
      await enable();

      const off = await clusters().disableKeyVaultCsi(cluster.id);

      assert.equal(off.keyVaultCsi.isEnabled, false);
      const before = puts().length;
      await clusters().disableKeyVaultCsi(cluster.id);
      assert.equal(puts().length, before);
    });

    it("cannot turn the add-on off while a SecretProviderClass is left, and say so in Azure's words", async () => {
      await enable();
      await bench.sandbox.kubeconfig(cluster.id);
      bench.sandbox.world.clusters.get(cluster.id.toLowerCase())?.kubernetes?.put({
        apiVersion: "secrets-store.csi.x-k8s.io/v1",
        kind: "SecretProviderClass",
        metadata: { name: "left", namespace: "default" },
        spec: { provider: "azure", parameters: {} },
      });

      await assert.rejects(clusters().disableKeyVaultCsi(cluster.id), {
        code: "invalidRequest",
        message: /cannot be disabled due to more than 0 Secret Provider Classes/,
      });
    });

    for (const entra of ["none", "azureRbac"] as const) {
      it(`run a command inside, with Entra ${entra}`, async () => {
        const guarded = bench.sandbox.addCluster({ name: "guarded", entra });

        const { exitCode, logs } = await clusters().runCommand(guarded.id, "kubectl get nodes");

        assert.equal(exitCode, 0);
        assert.match(logs, /aks-nodepool1-/);
      });
    }

    it("turn the OIDC issuer and workload identity on", async () => {
      const updated = await clusters().enableOidcIssuer(cluster.id, { workloadIdentity: true });

      assert.equal(updated.oidcIssuer.isEnabled, true);
      assert.match(updated.oidcIssuer.url ?? "", /^https:\/\/.+\/$/);
      assert.equal(updated.isWorkloadIdentityEnabled, true);
    });

    it("are created with the add-on, a Windows pool and workload identity", async () => {
      const id = cluster.id.replace(/web$/, "fresh");

      const created = await clusters().create({
        id,
        location: "eastus2",
        vmSize: "Standard_D4ds_v5",
        nodeCount: 2,
        windows: { vmSize: "Standard_D4ds_v5", nodeCount: 1 },
        keyVaultCsi: { rotation },
        oidcIssuer: true,
        workloadIdentity: true,
      });

      assert.equal(created.provisioningState, "Succeeded");
      assert.equal(created.keyVaultCsi.isEnabled, true);
      assert.deepEqual(
        created.agentPools.map(({ osType, count }) => [osType, count]),
        [
          ["Linux", 2],
          ["Windows", 1],
        ],
      );
      assert.equal(created.isWorkloadIdentityEnabled, true);
      await assert.rejects(
        clusters().create({
          id,
          location: "eastus2",
          vmSize: "Standard_D4ds_v5",
          nodeCount: 1,
          keyVaultCsi: { rotation },
          oidcIssuer: false,
          workloadIdentity: false,
        }),
        { code: "conflict", message: /of this name already/ },
      );
    });

    it("are deleted, and a missing one is no error", async () => {
      await clusters().delete(cluster.id);

      assert.equal(await clusters().find(cluster.id), undefined);
      await clusters().delete(cluster.id);
    });

    it("know the versions of a region, newest first", async () => {
      const versions = await clusters().listKubernetesVersions(bench.subscription.id, "eastus2");

      assert.ok(versions.length > 1);
      assert.equal(versions.filter(({ isDefault }) => isDefault).length, 1);
      const minors = versions.map(({ version }) => Number(version.split(".")[1]));
      assert.deepEqual(
        minors,
        minors.toSorted((a, b) => b - a),
      );
    });

    it("give the user's kubeconfig", async () => {
      assert.match(await clusters().getUserKubeconfig(cluster.id), /^apiVersion: v1/m);
    });

    it("tell which identities are on the node scale sets", async () => {
      const { nodeResourceGroup, keyVaultCsi } = await enable();

      const found = await clusters().listNodeIdentities({ subscriptionId: bench.subscription.id, nodeResourceGroup });

      const ids = [...found.values()].map((identities) => identities.map((id) => id.toLowerCase()));
      assert.ok(ids.length > 0);
      assert.ok(ids.every((identities) => identities.includes(keyVaultCsi.identity?.resourceId.toLowerCase() ?? "")));
    });
  });
});

async function until(condition: () => boolean): Promise<void> {
  while (!condition()) {
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
}
