import assert from "node:assert/strict";

import { afterEach, beforeEach, describe, it } from "mocha";
import { parseAllDocuments } from "yaml";

import { kinds } from "../../../../src/services/kubernetes/clusterClient.ts";
import { disableKeyVaultCsiStep, readAddonUse } from "../../../../src/services/plan/steps/disableKeyVaultCsi.ts";
import { formatClasses } from "../../../../src/services/secretProviderClass/save.ts";
import type { JsonObject } from "../../../sandbox/state.ts";
import { startPlanBench, type PlanBench } from "./support/planBench.ts";

describe("Turning the add-on off", () => {
  let bench: PlanBench;

  beforeEach(async () => {
    bench = await startPlanBench({ addon: { enableSecretRotation: "true", rotationPollInterval: "7m" } });
    await bench.sandbox.kubeconfig(bench.cluster.id);
    put(...["shop", "web"].map((name) => ({ apiVersion: "v1", kind: "Namespace", metadata: { name } })));
  });

  afterEach(() => bench.sandbox.close());

  const step = () => disableKeyVaultCsiStep(bench.services, { clusterId: bench.cluster.id });
  const put = (...objects: readonly JsonObject[]) => objects.forEach((object) => bench.cluster.kubernetes?.put(object));

  it("names every class, what mounts it and what owns it, and changes nothing while one is left", async () => {
    put(
      secretClass("shop", "orders"),
      secretClass("web", "keyvault-front", [{ kind: "Ingress", name: "front", uid: "u" }]),
      pod("shop", "cart", "orders"),
    );

    const { disableKeyVaultCsi } = await bench.check([step()]);

    assert.deepEqual(disableKeyVaultCsi, {
      kind: "blocked",
      reason:
        "Azure refuses while SecretProviderClasses are left: shop/orders, web/keyvault-front. Mounted by shop/cart (Pod).",
      remedy: "Turn off what owns some of them (webAppRouting), save and delete the others, then check again.",
    });
    await assert.rejects(bench.apply([step()]), { code: "conflict" });
    assert.deepEqual(bench.changes(), []);
  });

  it("passes on Azure's own refusal when a class appears in between", async () => {
    put(secretClass("shop", "late"));

    await assert.rejects(step().apply(), {
      code: "invalidRequest",
      message: /AzureKeyvaultSecretsProvider addon cannot be disabled due to more than 0 Secret Provider Classes/,
    });
  });

  it("saves the classes as YAML that brings them back", async () => {
    put(secretClass("shop", "orders"), secretClass("web", "front"));
    const { classes } = await readAddonUse(bench.services, bench.cluster.id);
    const client = await bench.services.clusterClients.open(bench.cluster.id);
    const specs = classes.map(({ object }) => object["spec"]);

    const saved = parseAllDocuments(formatClasses(classes.map(({ object }) => object))).map(
      (one) => one.toJSON() as { metadata: { name: string; namespace: string } },
    );
    for (const { name, namespace } of classes) {
      await client.delete(kinds.secretProviderClass, name, namespace);
    }
    for (const object of saved) {
      await client.create(kinds.secretProviderClass, object);
    }

    assert.deepEqual(Object.keys(saved[0]?.metadata ?? {}), ["name", "namespace"]);
    const { classes: restored } = await readAddonUse(bench.services, bench.cluster.id);
    assert.deepEqual(
      restored.map(({ object }) => object["spec"]),
      specs,
    );
  });

  it("takes it off when nothing uses it, and puts it back with its rotation", async () => {
    const steps = [step()];

    const made = await bench.apply(steps);
    assert.equal((await bench.services.managedClusters.get(bench.cluster.id)).keyVaultCsi.isEnabled, false);
    assert.deepEqual(await bench.kinds(steps), { disableKeyVaultCsi: "satisfied" });

    await bench.undo(steps, made);
    const { keyVaultCsi } = await bench.services.managedClusters.get(bench.cluster.id);
    assert.deepEqual([keyVaultCsi.isEnabled, keyVaultCsi.rotation], [true, { isEnabled: true, pollInterval: "7m" }]);
  });
});

function secretClass(namespace: string, name: string, ownerReferences: JsonObject[] = []): JsonObject {
  return {
    apiVersion: "secrets-store.csi.x-k8s.io/v1",
    kind: "SecretProviderClass",
    metadata: { name, namespace, ...(ownerReferences.length > 0 ? { ownerReferences } : {}) },
    spec: { provider: "azure", parameters: { keyvaultName: "contoso-kv", objects: "array: []\n" } },
  };
}

function pod(namespace: string, name: string, className: string): JsonObject {
  return {
    apiVersion: "v1",
    kind: "Pod",
    metadata: { name, namespace },
    spec: {
      containers: [{ name: "app", image: "app" }],
      volumes: [
        {
          name: "kv",
          csi: {
            driver: "secrets-store.csi.k8s.io",
            readOnly: true,
            volumeAttributes: { secretProviderClass: className },
          },
        },
      ],
    },
  };
}
