import assert from "node:assert/strict";

import { after, before, describe, it } from "mocha";

import {
  createClusterClients,
  kinds,
  type ClusterClient,
  type ClusterClientsInput,
  type KubernetesObject,
  type ResourceKind,
} from "../../src/services/kubernetes/clusterClient.ts";
import { createDriverVerification } from "../../src/services/kubernetes/driverPods.ts";
import { createSecretProviderClasses } from "../../src/services/kubernetes/secretProviderClasses.ts";
import { realApiTiming } from "../../src/services/kubernetes/transport.ts";
import { createWorkloads } from "../../src/services/kubernetes/workloads.ts";
import { toKubernetesObject } from "../../src/services/secretProviderClass/write.ts";
import { until } from "../harness/until.ts";
import { addonObjects } from "../sandbox/kubernetes/addon.ts";
import type { KubeObject } from "../sandbox/kubernetes/object.ts";
import type { JsonObject } from "../sandbox/state.ts";
import { configMap } from "../unit/services/kubernetes/clusterFixture.ts";
import {
  driverPod,
  healthyStatus,
  podName,
  waitingStatus,
  type Role,
} from "../unit/services/kubernetes/driverFixture.ts";
import { send, startKubeApiserver, type KubeApiserver } from "./kubeApiserver.ts";
import { ensureKubeApiserver, findEtcd } from "./tools.ts";

const configMaps: ResourceKind = { apiVersion: "v1", kind: "ConfigMap", plural: "configmaps", isNamespaced: true };
const widgets: ResourceKind = { apiVersion: "example.com/v1", kind: "Widget", plural: "widgets", isNamespaced: true };
const verification = createDriverVerification();
const classes = createSecretProviderClasses();
const asObject = (object: JsonObject) => object as unknown as KubernetesObject;
const map = (name: string, data?: Record<string, string>) => asObject(configMap(name, data));
const names = (objects: readonly KubernetesObject[]) => objects.map(({ metadata }) => metadata.name).sort();

describe("our services on a real kube-apiserver", function () {
  this.timeout(300_000);
  let real: KubeApiserver;
  let client: ClusterClient;
  let guest: ClusterClient;
  let calls = 0;

  before(async function () {
    const tools = [findEtcd(), ensureKubeApiserver()];
    const absent = tools.find((tool) => tool.kind === "absent");
    if (absent?.kind === "absent") {
      console.log(`      Skipped: ${absent.why}`);
      this.skip();
    }
    const [etcd = "", kubeApiserver = ""] = tools.map((tool) => (tool.kind === "ready" ? tool.path : ""));
    real = await startKubeApiserver({ etcd, kubeApiserver }, ["guest"]);
    client = await open(real.kubeconfig);
    guest = await open(real.kubeconfig.replace(real.token, real.tokens["guest"] ?? ""));
    await create("/api/v1/namespaces/kube-system/serviceaccounts", { metadata: { name: "default" } });
  });
  after(async () => {
    await real?.close();
    console.log(`      ${calls} requests of our services answered by the real kube-apiserver.`);
  });

  function open(kubeconfig: string): Promise<ClusterClient> {
    const count = (): void => void (calls += 1);
    const input: ClusterClientsInput = {
      managedClusters: {
        getUserKubeconfig: () => Promise.resolve(kubeconfig),
        get: () => Promise.reject(new Error("There is no Azure here.")),
      },
      credential: { getToken: () => Promise.reject(new Error("There is no Entra here.")) },
      log: { trace: count, debug: count, info: count, warn: count, error: count },
      timing: { ...realApiTiming, maxPauseMs: 50 },
    };
    return createClusterClients(input).open(
      "/subscriptions/s/resourceGroups/g/providers/Microsoft.ContainerService/managedClusters/web",
    );
  }

  async function create(path: string, body: unknown): Promise<void> {
    const { status, text } = await send(real, "POST", path, { body });
    assert.equal(status, 201, text);
  }

  async function setStatus(path: string, status: unknown): Promise<void> {
    const headers = { "content-type": "application/merge-patch+json" };
    const answer = await send(real, "PATCH", `${path}/status`, { body: { status }, headers });
    assert.equal(answer.status, 200, answer.text);
  }

  describe("the client", () => {
    it("lists page by page, and metadata only", async () => {
      for (const name of ["a", "b", "c", "d", "e"]) {
        await client.create(configMaps, map(name, { a: "1" }));
      }
      assert.deepEqual(names(await client.list(configMaps, { namespace: "default", limit: 2 })), [
        ...["a", "b", "c", "d", "e"],
      ]);
      const metadata = await client.list(configMaps, { namespace: "default", limit: 2, metadataOnly: true });
      assert.equal(metadata.length, 5);
      assert.ok(metadata.every((one) => !("data" in one)));
    });

    it("selects by labels and fields", async () => {
      const found = await client.list(configMaps, { namespace: "default", fieldSelector: "metadata.name=b" });
      assert.deepEqual(names(found), ["b"]);
      assert.deepEqual(await client.list(configMaps, { namespace: "default", labelSelector: "app in (x,y)" }), []);
    });

    it("tells a missing object, and a kind nobody serves, from a failure", async () => {
      assert.equal(await client.find(configMaps, "nothing", "default"), undefined);
      assert.equal(await client.find(widgets, "nothing", "default"), undefined);
      await assert.rejects(client.get(configMaps, "nothing", "default"), {
        code: "notFound",
        message: /"nothing" not found/,
      });
      assert.ok((await client.listServed("apps/v1")).includes("daemonsets"));
      assert.deepEqual(await client.listServed("example.com/v1"), []);
    });

    it("creates once, deletes once, and is content with what is there or gone already", async () => {
      await assert.rejects(client.create(configMaps, map("a")), { code: "conflict", message: /already exists/ });
      await client.delete(configMaps, "e", "default");
      await client.delete(configMaps, "e", "default");
      assert.equal(await client.find(configMaps, "e", "default"), undefined);
    });

    it("applies as key-vault-csi, names who manages a field, and takes it over only when told to", async () => {
      const path = "/api/v1/namespaces/default/configmaps?fieldManager=helm";
      await create(path, configMap("applied", { a: "theirs", kept: "1" }));
      await assert.rejects(client.apply(configMaps, map("applied", { a: "ours" })), {
        code: "conflict",
        message: /ConfigMap "default\/applied" on "web".*"helm" \(\.data\.a\)/,
      });
      await client.apply(configMaps, map("applied", { a: "ours" }), { force: true, dryRun: true });
      assert.deepEqual((await client.get(configMaps, "applied", "default"))["data"], { a: "theirs", kept: "1" });
      await client.apply(configMaps, map("applied", { a: "ours" }), { force: true });
      assert.deepEqual((await client.get(configMaps, "applied", "default"))["data"], { a: "ours", kept: "1" });
    });

    it("watches changes until it is aborted", async () => {
      await client.create(configMaps, map("watched"));
      const stop = new AbortController();
      const seen: string[] = [];
      const query = { namespace: "default", fieldSelector: "metadata.name=watched" };
      for await (const { type } of client.watch(configMaps, query, { signal: stop.signal })) {
        seen.push(type);
        if (type === "ADDED") {
          await client.apply(configMaps, map("watched", { changed: "1" }));
        } else if (type === "MODIFIED") {
          await client.delete(configMaps, "watched", "default");
        } else {
          stop.abort();
        }
      }
      assert.deepEqual(seen, ["ADDED", "MODIFIED", "DELETED"]);
    });

    it("lists anew where a resource version is too old to watch from", async () => {
      const stop = new AbortController();
      const seen: string[] = [];
      const query = { namespace: "default", resourceVersion: "1" };
      for await (const { type, object } of client.watch(configMaps, query, { signal: stop.signal })) {
        seen.push(`${type} ${object.metadata.name}`);
        if (seen.includes("ADDED a") && seen.includes("ADDED d")) {
          stop.abort();
        }
      }
      assert.equal(seen.filter((line) => line === "ADDED a").length, 1);
    });

    it("names the verb and the resource that are forbidden, and knows before it asks", async () => {
      await assert.rejects(guest.list(kinds.pod, { namespace: "kube-system" }), {
        code: "forbidden",
        message: 'You may not list pods in namespace "kube-system" on "web".',
      });
      await assert.rejects(guest.list(kinds.deployment), {
        code: "forbidden",
        message: 'You may not list deployments.apps on "web".',
      });
      assert.equal(await guest.canI("delete", kinds.secretProviderClass, "default"), false);
      assert.equal(await client.canI("delete", kinds.secretProviderClass, "default"), true);
    });

    it("does not get in with a token that is none", async () => {
      const nobody = await open(real.kubeconfig.replace(real.token, "none"));
      await assert.rejects(nobody.list(kinds.node), { code: "notSignedIn" });
    });

    it("reads the version and no log of a pod that is not there", async () => {
      assert.match(await client.getServerVersion(), /^v\d/);
      const pod = { name: "none", namespace: "default", container: "main", tailLines: 5 };
      await assert.rejects(client.readLog(pod), { code: "notFound", message: /pods "none" not found/ });
    });
  });

  describe("the driver", () => {
    const once = { withinMs: 0, everyMs: 0 };
    const look = () => verification.verify(client, once);
    const nodes = ["node-1", "node-2"];
    const podPath = (role: Role, node: string) => `/api/v1/namespaces/kube-system/pods/${podName(role, node)}`;

    it("is not installed before it is", async () => {
      assert.deepEqual(await classes.list(client), []);
      assert.deepEqual(await classes.listMounted(client), []);
      assert.equal((await look()).verdict, "notInstalled");
    });

    it("is installed by the objects the add-on has", async () => {
      for (const object of addonObjects({ driver: "1.6.0", provider: "1.8.2" })) {
        await create(pathOf(object), object);
      }
      await until("the driver's kinds", async () =>
        (await client.find(kinds.customResourceDefinition, "secretproviderclasses.secrets-store.csi.x-k8s.io")) &&
        (await send(real, "GET", "/apis/secrets-store.csi.x-k8s.io/v1/secretproviderclasses")).status === 200
          ? true
          : undefined,
      );
      assert.deepEqual(
        [...(await client.listServed("secrets-store.csi.x-k8s.io/v1"))].filter((one) => !one.includes("/")).sort(),
        ["secretproviderclasses", "secretproviderclasspodstatuses"],
      );
    });

    it("waits for its pods on nodes that have just come", async () => {
      for (const name of nodes) {
        await create("/api/v1/nodes", { metadata: { name, labels: { "kubernetes.io/os": "linux" } } });
        await setStatus(`/api/v1/nodes/${name}`, {
          conditions: [
            { type: "Ready", status: "True", reason: "KubeletReady", message: "kubelet is posting ready status" },
          ],
        });
      }
      const report = await look();
      assert.equal(report.installation, "addon");
      assert.equal(report.verdict, "pending");
      assert.equal(report.csiDriver?.podInfoOnMount, true);
      assert.deepEqual(report.csiDriver?.tokenAudiences, ["api://AzureADTokenExchange"]);
    });

    it("is healthy once every node has both pods and has registered it", async () => {
      for (const node of nodes) {
        for (const role of ["driver", "provider"] as const) {
          await create("/api/v1/namespaces/kube-system/pods", withoutTime(driverPod({ role, node })));
          await setStatus(podPath(role, node), healthyStatus(role));
        }
        await create("/apis/storage.k8s.io/v1/csinodes", {
          metadata: { name: node },
          spec: { drivers: [{ name: "secrets-store.csi.k8s.io", nodeID: node, topologyKeys: null }] },
        });
      }
      const report = await look();
      assert.equal(report.summary, "Driver and provider run on all 2 nodes.");
      assert.equal(report.verdict, "healthy");
    });

    it("is broken where a container keeps crashing, with the reason", async () => {
      const state = {
        state: { waiting: { reason: "CrashLoopBackOff", message: "back-off 5m0s restarting failed container" } },
        lastState: { terminated: { exitCode: 2, reason: "Error", message: "panic: no socket" } },
      };
      await setStatus(podPath("driver", "node-1"), waitingStatus("driver", "secrets-store", state));
      const report = await look();
      assert.equal(report.verdict, "broken");
      assert.match(JSON.stringify(report.nodes), /panic: no socket/);
    });
  });

  describe("classes and workloads", () => {
    it("lists the class we write, with what is mounted of it", async () => {
      const object = toKubernetesObject({
        ...{ name: "web", namespace: "default", keyvaultName: "kv-shop", tenantId: "t" },
        access: { kind: "workloadIdentity", clientId: "c" },
        objects: [{ objectName: "password", objectType: "secret" }],
        syncedSecrets: [{ secretName: "web", type: "Opaque", data: [{ objectName: "password", key: "password" }] }],
      });
      await client.apply(kinds.secretProviderClass, object);
      await create("/apis/secrets-store.csi.x-k8s.io/v1/namespaces/default/secretproviderclasspodstatuses", {
        apiVersion: "secrets-store.csi.x-k8s.io/v1",
        kind: "SecretProviderClassPodStatus",
        metadata: { name: "web-1-default-web" },
        status: {
          mounted: true,
          podName: "web-1",
          secretProviderClassName: "web",
          objects: [{ id: "secret/password", version: "v" }],
        },
      });

      const [found] = await classes.list(client, "default");
      assert.equal(found?.keyvaultName, "kv-shop");
      assert.deepEqual(found?.object["spec"], object["spec"]);
      assert.equal((await client.apply(kinds.secretProviderClass, object))["spec"] !== undefined, true);
      const [mounted] = await classes.listMounted(client);
      assert.deepEqual(mounted?.objects, [{ id: "secret/password", version: "v" }]);
    });

    it("finds who mounts it", async () => {
      const volume = {
        name: "kv",
        csi: { driver: "secrets-store.csi.k8s.io", readOnly: true, volumeAttributes: { secretProviderClass: "web" } },
      };
      await create("/apis/apps/v1/namespaces/default/deployments", {
        metadata: { name: "shop" },
        spec: {
          selector: { matchLabels: { app: "shop" } },
          template: {
            metadata: { labels: { app: "shop" } },
            spec: { containers: [{ name: "main", image: "nginx" }], volumes: [volume] },
          },
        },
      });
      const found = await createWorkloads().listMounting(client, "default");
      assert.deepEqual(
        found
          .filter(({ name }) => name === "shop")
          .map(({ kind, volumes }) => [kind, volumes.map((one) => one.className)]),
        [["Deployment", ["web"]]],
      );
    });
  });
});

/** The API server sets the time itself. */
function withoutTime(pod: JsonObject): JsonObject {
  const { creationTimestamp, ...metadata } = pod["metadata"] as JsonObject;
  void creationTimestamp;
  return { ...pod, metadata };
}

const clusterWide = ["CSIDriver", "CustomResourceDefinition", "ClusterRole", "ClusterRoleBinding"];

function pathOf({ apiVersion, kind, metadata }: KubeObject): string {
  const root = apiVersion === "v1" ? "/api/v1" : `/apis/${apiVersion}`;
  const place = clusterWide.includes(kind) ? "" : `/namespaces/${metadata.namespace ?? "default"}`;
  return `${root}${place}/${kind.toLowerCase()}s`;
}
