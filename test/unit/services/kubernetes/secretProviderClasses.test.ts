import assert from "node:assert/strict";

import { afterEach, describe, it } from "mocha";

import { createSecretProviderClasses } from "../../../../src/services/kubernetes/secretProviderClasses.ts";
import type { JsonObject } from "../../../sandbox/state.ts";
import { namespace, startCluster, type ClusterFixture } from "./clusterFixture.ts";

const classes = createSecretProviderClasses();
const apiVersion = "secrets-store.csi.x-k8s.io/v1";

const secretProviderClass = (name: string, metadata: JsonObject = {}, within = "shop"): JsonObject => ({
  apiVersion,
  kind: "SecretProviderClass",
  metadata: { name, namespace: within, ...metadata },
  spec: { provider: "azure", parameters: { keyvaultName: "kv-shop", tenantID: "t", objects: "array: []" } },
});

const ownedBy = (kind: string, name: string): JsonObject => ({
  ownerReferences: [{ apiVersion: "networking.k8s.io/v1", kind, name, uid: name }],
});

describe("the SecretProviderClasses of a cluster", () => {
  let fixture: ClusterFixture;
  afterEach(async () => {
    await fixture.sandbox.close();
  });

  it("are none where the CRDs are not installed", async () => {
    fixture = await startCluster({ addon: "absent" });

    assert.deepEqual(await classes.list(fixture.client), []);
    assert.deepEqual(await classes.listMounted(fixture.client), []);
  });

  it("are listed with their vault, in one namespace or in all", async () => {
    fixture = await startCluster({ addon: "enabled" });
    fixture.put(namespace("shop"), secretProviderClass("web"), secretProviderClass("other", {}, "default"));

    const [web] = await classes.list(fixture.client, "shop");

    assert.equal(web?.name, "web");
    assert.equal(web.namespace, "shop");
    assert.equal(web.provider, "azure");
    assert.equal(web.keyvaultName, "kv-shop");
    assert.equal(web.ownedBy, undefined);
    assert.equal(web.object.kind, "SecretProviderClass");
    assert.equal((await classes.list(fixture.client)).length, 2);
  });

  const owners: readonly { readonly what: string; readonly object: JsonObject; readonly owner: string | undefined }[] =
    [
      { what: "a listener of a Gateway", object: secretProviderClass("kv-gw-cert-web-https"), owner: "webAppRouting" },
      {
        what: "an Ingress",
        object: secretProviderClass("keyvault-web", ownedBy("Ingress", "web")),
        owner: "webAppRouting",
      },
      {
        what: "the application routing operator",
        object: secretProviderClass("x", { labels: { "app.kubernetes.io/managed-by": "aks-app-routing-operator" } }),
        owner: "webAppRouting",
      },
      {
        what: "another controller",
        object: secretProviderClass("x", ownedBy("AzureSecret", "web")),
        owner: "AzureSecret/web",
      },
      {
        what: "a person with Helm",
        object: secretProviderClass("x", { labels: { "app.kubernetes.io/managed-by": "Helm" } }),
        owner: undefined,
      },
      { what: "a person who likes the name", object: secretProviderClass("keyvault-web"), owner: undefined },
    ];
  for (const { what, object, owner } of owners) {
    it(`know that they belong to ${what}`, async () => {
      fixture = await startCluster({ addon: "enabled" });
      fixture.put(namespace("shop"), object);

      assert.equal((await classes.list(fixture.client, "shop"))[0]?.ownedBy, owner);
    });
  }

  it("are told with what pods have mounted of them", async () => {
    fixture = await startCluster({ addon: "enabled" });
    fixture.put(namespace("shop"), {
      apiVersion,
      kind: "SecretProviderClassPodStatus",
      metadata: { name: "web-1-shop-web", namespace: "shop" },
      status: {
        podName: "web-1",
        secretProviderClassName: "web",
        mounted: true,
        targetPath: "/var/lib/kubelet/pods/x/volumes/kubernetes.io~csi/kv/mount",
        objects: [{ id: "secret/db-password", version: "v1" }],
      },
    });

    assert.deepEqual(await classes.listMounted(fixture.client, "shop"), [
      {
        podName: "web-1",
        namespace: "shop",
        className: "web",
        isMounted: true,
        objects: [{ id: "secret/db-password", version: "v1" }],
      },
    ]);
  });
});
