import assert from "node:assert/strict";
import { request } from "node:https";

import { afterEach, describe, it } from "mocha";

import {
  createClusterClients,
  kinds,
  type ClusterClient,
  type KubernetesObject,
  type ResourceKind,
  type WatchEvent,
} from "../../../../src/services/kubernetes/clusterClient.ts";
import type { ServiceError } from "../../../../src/services/errors.ts";
import type { JsonObject } from "../../../sandbox/state.ts";
import { configMap, startCluster, type ClusterFixture, type FixtureOptions } from "./clusterFixture.ts";

const configMaps: ResourceKind = { apiVersion: "v1", kind: "ConfigMap", plural: "configmaps", isNamespaced: true };
const widgets: ResourceKind = { apiVersion: "example.com/v1", kind: "Widget", plural: "widgets", isNamespaced: true };

const names = (objects: readonly KubernetesObject[]) => objects.map(({ metadata }) => metadata.name).sort();

describe("the client of a cluster", () => {
  let fixture: ClusterFixture;
  const start = async (options?: FixtureOptions): Promise<ClusterClient> => {
    fixture = await startCluster(options);
    fixture.sandbox.forgetRequests();
    return fixture.client;
  };
  const requests = (method?: string) =>
    fixture.sandbox.requests({ plane: "kubernetes", ...(method ? { method } : {}) });
  afterEach(async () => {
    await fixture.sandbox.close();
  });
  /** What somebody else's tool would send. */
  const applyAs = async (manager: string, object: JsonObject): Promise<void> => {
    const path = "/api/v1/namespaces/default/configmaps/one";
    const token = /token: (.*)/.exec(await fixture.sandbox.kubeconfig(fixture.cluster.id))?.[1] ?? "";
    const headers = { authorization: `Bearer ${token}`, "content-type": "application/apply-patch+yaml" };
    await new Promise((resolve, reject) => {
      const { url } = fixture.kubernetes;
      const where = `${url}${path}?fieldManager=${manager}&force=true`;
      request(where, { method: "PATCH", headers, ca: fixture.sandbox.caPem }, resolve)
        .on("error", reject)
        .end(JSON.stringify(object));
    });
  };

  it("lists page by page until the end", async () => {
    const client = await start();
    fixture.put(...["a", "b", "c", "d", "e"].map((name) => configMap(name)));

    const found = await client.list(configMaps, { namespace: "default", limit: 2 });

    assert.ok(["a", "b", "c", "d", "e"].every((name) => names(found).includes(name)));
    assert.equal(requests("GET").length, Math.ceil(found.length / 2));
    assert.ok(requests("GET").every(({ path }) => path.includes("limit=2")));
  });

  it("asks for metadata only where no more is wanted", async () => {
    const client = await start();

    const nodes = await client.list(kinds.node, { metadataOnly: true });

    assert.equal(nodes.length, 3);
    assert.ok(nodes.every((node) => node.metadata.labels?.["kubernetes.io/os"] === "linux"));
    assert.ok(nodes.every((node) => !("spec" in node) && !("status" in node)));
  });

  it("starts a list again when the API server has forgotten where it was", async () => {
    const client = await start();
    fixture.put(...["a", "b", "c"].map((name) => configMap(name)));
    fixture.sandbox.fail({ path: /continue=/, status: 410, code: "Expired", times: 1 });

    const found = await client.list(configMaps, { namespace: "default", limit: 2 });

    assert.deepEqual(names(found), [...new Set(names(found))]);
    assert.ok(["a", "b", "c"].every((name) => names(found).includes(name)));
  });

  it("tells a missing object, and a kind nobody serves, from a failure", async () => {
    const client = await start();

    assert.equal(await client.find(configMaps, "nothing", "default"), undefined);
    assert.equal(await client.find(widgets, "nothing", "default"), undefined);
    await assert.rejects(client.get(configMaps, "nothing", "default"), (error: ServiceError) => {
      assert.equal(error.code, "notFound");
      assert.match(error.message, /"nothing" not found/);
      assert.equal(error.details.serviceCode, "NotFound");
      assert.equal(error.details.target, "web default/nothing");
      return true;
    });
  });

  it("knows which kinds a group serves", async () => {
    const client = await start();

    assert.ok((await client.listServed("apps/v1")).includes("daemonsets"));
    assert.deepEqual(await client.listServed("example.com/v1"), []);
  });

  it("creates once and says so the second time", async () => {
    const client = await start();

    const made = await client.create(configMaps, configMap("one", { a: "1" }) as unknown as KubernetesObject);

    assert.deepEqual(made["data"], { a: "1" });
    await assert.rejects(client.create(configMaps, configMap("one") as unknown as KubernetesObject), {
      code: "conflict",
      message: /already exists/,
    });
  });

  it("applies as key-vault-csi and keeps what others manage", async () => {
    const client = await start();
    fixture.put({ ...configMap("one", { theirs: "1" }) });

    await client.apply(configMaps, configMap("one", { ours: "2" }) as unknown as KubernetesObject);

    const { data } = (await client.get(configMaps, "one", "default")) as unknown as { data: unknown };
    assert.deepEqual(data, { theirs: "1", ours: "2" });
    assert.ok(requests("PATCH")[0]?.path.includes("fieldManager=key-vault-csi"));
  });

  it("names the other manager and its fields instead of taking them over, unless told to", async () => {
    const client = await start();
    await client.create(configMaps, configMap("one", { a: "before", b: "before" }) as unknown as KubernetesObject);
    await applyAs("helm", configMap("one", { a: "theirs", b: "theirs" }));
    const ours = configMap("one", { a: "ours", b: "ours" }) as unknown as KubernetesObject;

    await assert.rejects(client.apply(configMaps, ours), {
      code: "conflict",
      message: 'Fields of ConfigMap "default/one" on "web" are held by other managers: "helm" (.data.a, .data.b).',
    });
    await client.apply(configMaps, ours, { force: true, dryRun: true });
    assert.deepEqual((await client.get(configMaps, "one", "default"))["data"], { a: "theirs", b: "theirs" });
    await client.apply(configMaps, ours, { force: true });
    assert.deepEqual((await client.get(configMaps, "one", "default"))["data"], { a: "ours", b: "ours" });
  });

  it("deletes, and is content when there is nothing to delete", async () => {
    const client = await start();
    fixture.put(configMap("one"));

    await client.delete(configMaps, "one", "default");
    await client.delete(configMaps, "one", "default");

    assert.equal(await client.find(configMaps, "one", "default"), undefined);
  });

  it("asks the API server what the person may do, and for its version", async () => {
    const client = await start();

    assert.equal(await client.canI("delete", kinds.secretProviderClass, "default"), true);
    assert.match(await client.getServerVersion(), /^v1\.\d+\.\d+/);
  });

  it("watches changes over closed connections until it is aborted", async () => {
    const client = await start();
    fixture.put(configMap("one"));
    const stop = new AbortController();
    const seen: string[] = [];

    for await (const event of client.watch(
      configMaps,
      { namespace: "default", fieldSelector: "metadata.name=one" },
      { signal: stop.signal },
    )) {
      seen.push(event.type);
      changeNext(event);
    }

    assert.deepEqual(seen, ["ADDED", "MODIFIED", "DELETED"]);
    function changeNext({ type }: WatchEvent): void {
      if (type === "ADDED") {
        fixture.put(configMap("one", { changed: "1" }));
      } else if (type === "MODIFIED") {
        fixture.kubernetes.remove("ConfigMap", "one", "default");
      } else {
        stop.abort();
      }
    }
  });

  it("lists anew and tells the difference when the API server has forgotten its position", async () => {
    const client = await start();
    fixture.put(configMap("kept"), configMap("gone"));
    fixture.sandbox.fail({
      path: /watch=true/,
      times: 1,
      body: `${JSON.stringify({ type: "ERROR", object: { kind: "Status", status: "Failure", reason: "Expired", code: 410 } })}\n`,
      status: 200,
    });
    const stop = new AbortController();
    const seen: string[] = [];
    const labelled = { namespace: "default" };

    for await (const { type, object } of client.watch(configMaps, labelled, { signal: stop.signal })) {
      seen.push(`${type} ${object.metadata.name}`);
      if (seen.includes("ADDED gone") && seen.includes("ADDED kept") && !seen.includes("DELETED gone")) {
        fixture.kubernetes.remove("ConfigMap", "gone", "default");
      }
      if (seen.includes("DELETED gone")) {
        stop.abort();
      }
    }

    assert.equal(seen.filter((line) => line === "ADDED kept").length, 1);
  });

  it("names the verb and the resource that are forbidden", async () => {
    const client = await start({
      entra: "kubernetesRbac",
      as: (sandbox) => sandbox.addPrincipal({ type: "User", displayName: "Guest" }),
    });

    await assert.rejects(client.list(kinds.pod, { namespace: "kube-system" }), {
      code: "forbidden",
      message: 'You may not list pods in namespace "kube-system" on "web".',
    });
    await assert.rejects(client.list(kinds.deployment), {
      code: "forbidden",
      message: 'You may not list deployments.apps on "web".',
    });
  });

  it("tries one fresh token, then says that the sign-in was not accepted", async () => {
    const client = await start({ entra: "kubernetesRbac" });
    fixture.sandbox.fail({ plane: "kubernetes", status: 401, code: "Unauthorized", times: 1 });
    assert.match(await client.getServerVersion(), /^v1/);
    fixture.sandbox.fail({ plane: "kubernetes", status: 401, code: "Unauthorized" });
    fixture.sandbox.forgetRequests();

    await assert.rejects(client.getServerVersion(), { code: "notSignedIn" });

    assert.equal(requests().length, 2);
  });

  it("waits as Retry-After says when the API server is busy, a few times", async () => {
    const client = await start();
    fixture.sandbox.fail({ status: 429, code: "TooManyRequests", headers: { "retry-after": "0" }, times: 2 });
    assert.match(await client.getServerVersion(), /^v1/);
    assert.equal(requests().length, 3);
    fixture.sandbox.fail({ status: 503, code: "ServiceUnavailable", headers: { "retry-after": "1" } });

    await assert.rejects(client.getServerVersion(), { code: "unreachable", message: /status 503/ });
  });

  it("repeats a read after a dropped connection, and never a create", async () => {
    const client = await start();
    fixture.sandbox.fail({ method: "GET", drop: true, times: 1 });
    assert.match(await client.getServerVersion(), /^v1/);
    fixture.sandbox.fail({ method: "POST", drop: true, times: 1 });

    await assert.rejects(client.create(configMaps, configMap("one") as unknown as KubernetesObject), {
      code: "unreachable",
      message: /connection to the API server of "web".*broke/,
    });

    assert.equal(requests("POST").length, 1);
  });

  it("says of an answer that makes no sense that it could not be read", async () => {
    const client = await start();
    fixture.sandbox.fail({ malformedBody: true, times: 1 });
    await assert.rejects(client.list(kinds.node), { code: "unexpectedResponse", message: /asked for nodes/ });
    fixture.sandbox.fail({ status: 200, body: { items: [{}], metadata: {} }, times: 1 });
    await assert.rejects(client.list(kinds.node), { code: "unexpectedResponse" });
    fixture.sandbox.fail({ status: 200, body: [], times: 1 });
    await assert.rejects(client.get(kinds.node, "x"), { code: "unexpectedResponse" });
  });

  it("drops the request when the caller aborts", async () => {
    const client = await start();
    fixture.sandbox.fail({ delayMs: 1_000 });
    const stop = new AbortController();
    const call = client.list(kinds.node, {}, { signal: stop.signal });
    stop.abort();

    await assert.rejects(call, { name: "AbortError" });
    await assert.rejects(client.list(kinds.node, {}, { signal: stop.signal }), { name: "AbortError" });
  });

  it("gives up on an API server that takes the connection and says nothing", async () => {
    const client = await start({ answerWithinMs: 50 });
    fixture.sandbox.fail({ delayMs: 1_000 });

    await assert.rejects(client.getServerVersion(), { code: "timedOut", message: /"web" took too long/ });
  });

  const situations = [
    { what: "stopped", situation: { powerState: "Stopped", isPrivate: false }, says: /"web" is stopped/ },
    { what: "private", situation: { powerState: "Running", isPrivate: true }, says: /"web" is a private cluster/ },
    { what: "neither", situation: { powerState: "Running", isPrivate: false }, says: /refuses connections/ },
  ] as const;
  for (const { what, situation, says } of situations) {
    it(`says of a cluster that does not answer what Azure knows of it (${what})`, async () => {
      const client = await start({ isUnreachable: true, situation });

      await assert.rejects(client.getServerVersion(), { code: "unreachable", message: says });
    });
  }

  it("refuses an API server whose certificate is for another name", async () => {
    await start({ situation: { powerState: "Running", isPrivate: false } });
    const clients = createClusterClients({
      ...fixture.input,
      managedClusters: {
        ...fixture.input.managedClusters,
        getUserKubeconfig: async (id) =>
          (await fixture.sandbox.kubeconfig(id)).replace(
            /( +)server: /,
            "$1tls-server-name: elsewhere.test\n$1server: ",
          ),
      },
    });
    const client = await clients.open(fixture.cluster.id);

    await assert.rejects(client.getServerVersion(), {
      code: "unreachable",
      message: /certificate of the API server of "web" is not trusted \(ERR_TLS_CERT_ALTNAME_INVALID\)/,
    });
  });

  it("writes one line per call, without query, token or body", async () => {
    const client = await start();
    fixture.lines.splice(0);

    await client.list(kinds.node, { labelSelector: "a=hunter2" });

    assert.equal(fixture.lines.length, 1);
    assert.match(fixture.lines[0] ?? "", /^GET 127\.0\.0\.1:\d+\/api\/v1\/nodes 200 \d+ ms /);
  });

  it("opens a cluster once for all who ask, whoever aborts meanwhile", async () => {
    await start();
    let asked = 0;
    const clients = createClusterClients({
      ...fixture.input,
      managedClusters: {
        ...fixture.input.managedClusters,
        getUserKubeconfig: (id) => {
          asked += 1;
          return fixture.sandbox.kubeconfig(id, { isAdmin: false });
        },
      },
    });
    const stop = new AbortController();
    const aborted = clients.open(fixture.cluster.id, { signal: stop.signal });
    const other = clients.open(fixture.cluster.id.toUpperCase());
    stop.abort();

    await assert.rejects(aborted, { name: "AbortError" });
    assert.match(await (await other).getServerVersion(), /^v1/);
    assert.equal(asked, 1);
    clients.forget(fixture.cluster.id);
    await clients.open(fixture.cluster.id);
    assert.equal(asked, 2);
  });

  it("asks again after a kubeconfig could not be had", async () => {
    await start();
    let fails = true;
    const clients = createClusterClients({
      ...fixture.input,
      managedClusters: {
        ...fixture.input.managedClusters,
        getUserKubeconfig: (id) => (fails ? Promise.reject(new Error("no")) : fixture.sandbox.kubeconfig(id)),
      },
    });

    await assert.rejects(clients.open(fixture.cluster.id), { message: "no" });
    fails = false;

    assert.ok(await clients.open(fixture.cluster.id));
  });
});
