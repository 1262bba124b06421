import assert from "node:assert/strict";
import { request } from "node:https";
import { after, before, describe, it } from "mocha";
import type { Principal } from "../../sandbox/state.ts";
import { startCluster, tenantId, until, type Answer, type Body, type TestCluster } from "./kubernetesFixture.ts";

const maps = "/api/v1/namespaces/default/configmaps";
const aksServer = "6dae42f8-4368-4678-94ff-3960e28e3630";

function map(name: string, more: object = {}): object {
  return { apiVersion: "v1", kind: "ConfigMap", metadata: { name, ...more }, data: { a: "1" } };
}

describe("The sandbox's Kubernetes API", () => {
  let cluster: TestCluster;

  before(async () => {
    cluster = await startCluster();
  });

  after(async () => {
    await cluster.close();
  });

  async function create(name: string, more?: object): Promise<Body> {
    const answer = await cluster.ask("POST", maps, { body: map(name, more) });
    assert.equal(answer.status, 201, answer.text);
    return answer.body;
  }

  function refused(answer: Answer, code: number, reason: string, message: string): void {
    assert.deepEqual([answer.status, answer.body.reason, answer.body.message], [code, reason, message]);
  }

  /** Lines of a watch until `count` have come or it ends. */
  function watch(path: string, count: number): Promise<readonly Body[]> {
    return new Promise((resolve, reject) => {
      const headers = { authorization: `Bearer ${cluster.token}` };
      const outgoing = request(cluster.server.url + path, { headers, ca: cluster.caPem, agent: false }, (incoming) => {
        let text = "";
        const events = (): readonly Body[] =>
          text
            .split("\n")
            .filter(Boolean)
            .map((line) => JSON.parse(line));
        incoming.on("data", (chunk: Buffer) => {
          text += chunk.toString();
          if (text.split("\n").length > count) {
            outgoing.destroy();
            resolve(events());
          }
        });
        incoming.on("end", () => resolve(events()));
        incoming.on("error", () => resolve(events()));
      });
      outgoing.on("error", reject);
      outgoing.end();
    });
  }

  it("answers 401 without a token, with a wrong one, and with one for another audience", async () => {
    for (const token of ["", "wrong"]) {
      refused(await cluster.ask("GET", "/api/v1/pods", { token }), 401, "Unauthorized", "Unauthorized");
    }
  });

  it("says what exists already, what does not, and whose version is old", async () => {
    const first = await create("one");
    refused(
      await cluster.ask("POST", maps, { body: map("one") }),
      409,
      "AlreadyExists",
      'configmaps "one" already exists',
    );
    refused(await cluster.ask("GET", `${maps}/none`), 404, "NotFound", 'configmaps "none" not found');
    const nowhere = await cluster.ask("POST", "/api/v1/namespaces/nowhere/configmaps", { body: map("x") });
    refused(nowhere, 404, "NotFound", 'namespaces "nowhere" not found');
    const changed = await cluster.ask("PUT", `${maps}/one`, { body: { ...first, data: { a: "2" } } });
    assert.equal(changed.status, 200);
    refused(
      await cluster.ask("PUT", `${maps}/one`, { body: { ...first, data: { a: "3" } } }),
      409,
      "Conflict",
      'Operation cannot be fulfilled on configmaps "one": the object has been modified; please apply your changes to the latest version and try again',
    );
  });

  it("keeps the resourceVersion of an object that an update does not change", async () => {
    const first = await create("same");
    const again = await cluster.ask("PUT", `${maps}/same`, { body: first });
    assert.equal(again.body.metadata.resourceVersion, first.metadata.resourceVersion);
  });

  it("refuses a bad name with the rule, and a wrong type with the field", async () => {
    const bad = await cluster.ask("POST", maps, { body: map("Bad_Name") });
    assert.equal(bad.status, 422);
    assert.match(
      bad.body.message as string,
      /^ConfigMap "Bad_Name" is invalid: metadata\.name: Invalid value: "Bad_Name": a lowercase RFC 1123 subdomain must consist of/,
    );
    const body = { apiVersion: "apps/v1", kind: "Deployment", metadata: { name: "x" }, spec: { replicas: "two" } };
    refused(
      await cluster.ask("POST", "/apis/apps/v1/namespaces/default/deployments", { body }),
      400,
      "BadRequest",
      'Deployment in version "v1" cannot be handled as a Deployment: json: cannot unmarshal string into Go struct field DeploymentSpec.spec.replicas of type int32',
    );
  });

  it("makes names, and stores nothing on a dry run", async () => {
    const body = { apiVersion: "v1", kind: "ConfigMap", metadata: { generateName: "made-" } };
    const made = await cluster.ask("POST", maps, { body });
    assert.match(made.body.metadata.name as string, /^made-[a-z0-9]{5}$/);
    assert.equal((await cluster.ask("POST", `${maps}?dryRun=All`, { body: map("dry") })).status, 201);
    assert.equal((await cluster.ask("GET", `${maps}/dry`)).status, 404);
  });

  it("pages in order, tells how many remain, and lets a continue token expire", async () => {
    const path = "/api/v1/namespaces/kube-public/configmaps";
    for (const name of ["c", "a", "b"]) {
      await cluster.ask("POST", path, { body: map(name) });
    }
    const first = await cluster.ask("GET", `${path}?limit=2`);
    assert.deepEqual(
      first.body.items.map((item: Body) => item.metadata.name),
      ["a", "b"],
    );
    assert.equal(first.body.metadata.remainingItemCount, 2);
    const token = encodeURIComponent(first.body.metadata.continue as string);
    const second = await cluster.ask("GET", `${path}?limit=2&continue=${token}`);
    assert.deepEqual(
      second.body.items.map((item: Body) => item.metadata.name),
      ["c", "kube-root-ca.crt"],
    );
    assert.equal(second.body.metadata.continue, undefined);

    cluster.clock.advance(6 * 60_000);
    const late = await cluster.ask("GET", `${path}?limit=2&continue=${token}`);
    assert.deepEqual([late.status, late.body.reason], [410, "Expired"]);
    const rest = encodeURIComponent(late.body.metadata.continue as string);
    assert.equal((await cluster.ask("GET", `${path}?continue=${rest}`)).body.items.length, 2);
  });

  it("selects by labels and by fields, and refuses fields it has no index for", async () => {
    await create("l1", { labels: { app: "x", tier: "web" } });
    await create("l2", { labels: { app: "y" } });
    const names = async (query: string): Promise<readonly string[]> => {
      const answer = await cluster.ask("GET", `${maps}?${query}`);
      assert.equal(answer.status, 200, answer.text);
      return answer.body.items.map((item: Body) => item.metadata.name as string);
    };
    const label = (text: string): string => `labelSelector=${encodeURIComponent(text)}`;
    assert.deepEqual(await names(label("app in (x, y)")), ["l1", "l2"]);
    assert.deepEqual(await names(label("app in (x,y),tier!=web")), ["l2"]);
    assert.deepEqual(await names(label("app=x,tier")), ["l1"]);
    assert.deepEqual(await names(label("app,!tier")), ["l2"]);
    assert.deepEqual(await names(`fieldSelector=${encodeURIComponent("metadata.name=l2")}`), ["l2"]);
    const wrong = await cluster.ask("GET", "/api/v1/pods?fieldSelector=spec.priority%3D1");
    refused(wrong, 400, "BadRequest", "field label not supported: spec.priority");
  });

  it("gives metadata only, or a table, to who asks for it", async () => {
    const as = (kind: string): { headers: Record<string, string> } => ({
      headers: { accept: `application/json;as=${kind};v=v1;g=meta.k8s.io,application/json` },
    });
    const metadata = await cluster.ask("GET", "/api/v1/nodes", as("PartialObjectMetadataList"));
    assert.equal(metadata.body.kind, "PartialObjectMetadataList");
    assert.deepEqual(Object.keys(metadata.body.items[0] as object), ["kind", "apiVersion", "metadata"]);
    const table = await cluster.ask("GET", "/api/v1/nodes", as("Table"));
    assert.deepEqual(table.body.columnDefinitions.map((column: Body) => [column.name, column.priority]).slice(3, 6), [
      ["Age", 0],
      ["Version", 0],
      ["Internal-IP", 1],
    ]);
    assert.equal(table.body.rows[0].cells[1], "Ready");
    const neither = await cluster.ask("GET", "/api/v1/nodes", { headers: { accept: "application/cbor" } });
    assert.equal(neither.status, 406);
  });

  it("watches from a resourceVersion on, and tells when that is too long ago", async () => {
    const { metadata } = (await cluster.ask("GET", maps)).body;
    await create("seen");
    await cluster.ask("DELETE", `${maps}/seen`);
    const events = await watch(`${maps}?watch=1&resourceVersion=${metadata.resourceVersion}`, 2);
    assert.deepEqual(
      events.map((event) => [event.type, event.object.metadata.name]),
      [
        ["ADDED", "seen"],
        ["DELETED", "seen"],
      ],
    );

    cluster.clock.advance(10 * 60_000);
    const [gone] = await watch(`${maps}?watch=1&resourceVersion=1`, 1);
    assert.deepEqual([gone.type, gone.object.code, gone.object.reason], ["ERROR", 410, "Expired"]);
    assert.match(gone.object.message as string, /^too old resource version: 1 \(\d+\)$/);
  });

  it("ends a watch after its time with a bookmark before", async () => {
    const { metadata } = (await cluster.ask("GET", maps)).body;
    const query = `watch=1&allowWatchBookmarks=true&timeoutSeconds=1&resourceVersion=${metadata.resourceVersion}`;
    const events = await watch(`${maps}?${query}`, 100);
    assert.deepEqual(
      events.map((event) => [event.type, event.object.kind]),
      [["BOOKMARK", "ConfigMap"]],
    );
    assert.equal(events[0].object.metadata.resourceVersion, metadata.resourceVersion);
  });

  it("tells a watcher with a selector of objects that come into it and leave it", async () => {
    const { metadata } = (await cluster.ask("GET", maps)).body;
    await create("moving");
    const patch = (labels: object): Promise<Answer> =>
      cluster.ask("PATCH", `${maps}/moving`, {
        body: { metadata: { labels } },
        headers: { "content-type": "application/merge-patch+json" },
      });
    await patch({ mine: "yes" });
    await patch({ mine: null });
    const events = await watch(`${maps}?watch=1&labelSelector=mine&resourceVersion=${metadata.resourceVersion}`, 2);
    assert.deepEqual(
      events.map((event) => event.type),
      ["ADDED", "DELETED"],
    );
  });

  it("serves the driver's kinds only where their definitions are, and warns of the old version", async () => {
    const other = await startCluster();
    try {
      const path = (version: string): string => `/apis/secrets-store.csi.x-k8s.io/${version}/secretproviderclasses`;
      const missing = await other.ask("GET", path("v1"));
      assert.deepEqual([missing.status, missing.text], [404, "404 page not found\n"]);
      other.server.installKeyVaultCsi({ driver: "1.5.4", provider: "1.7.2" });
      assert.equal((await other.ask("GET", path("v1"))).status, 200);
      const old = await other.ask("GET", path("v1alpha1"));
      assert.equal(
        old.headers["warning"],
        '299 - "secrets-store.csi.x-k8s.io/v1alpha1 is deprecated. Use secrets-store.csi.x-k8s.io/v1 instead."',
      );
      other.server.uninstallKeyVaultCsi();
      await until("pods gone", () => other.server.list("Pod").length === 0);
      assert.equal(other.server.list("CustomResourceDefinition").length, 2);
    } finally {
      await other.close();
    }
  });

  it("keeps a restricted namespace restricted", async () => {
    const labels = { "pod-security.kubernetes.io/enforce": "restricted" };
    await cluster.ask("POST", "/api/v1/namespaces", {
      body: { apiVersion: "v1", kind: "Namespace", metadata: { name: "tight", labels } },
    });
    const pod = {
      apiVersion: "v1",
      kind: "Pod",
      metadata: { name: "p" },
      spec: { containers: [{ name: "main", image: "nginx" }] },
    };
    refused(
      await cluster.ask("POST", "/api/v1/namespaces/tight/pods", { body: pod }),
      403,
      "Forbidden",
      'pods "p" is forbidden: violates PodSecurity "restricted:latest": allowPrivilegeEscalation != false (container "main" must set securityContext.allowPrivilegeEscalation=false), unrestricted capabilities (container "main" must set securityContext.capabilities.drop=["ALL"]), runAsNonRoot != true (pod or container "main" must set securityContext.runAsNonRoot=true), seccompProfile (pod or container "main" must set securityContext.seccompProfile.type to "RuntimeDefault" or "Localhost")',
    );
  });
});

describe("The sandbox's Kubernetes API of an Entra cluster", () => {
  const user: Principal = {
    objectId: "11111111-0000-4000-8000-000000000001",
    tenantId,
    type: "User",
    displayName: "Ada",
    userPrincipalName: "ada@contoso.test",
    visibleFrom: 0,
  };

  async function start(enableAzureRBAC: boolean, admins: readonly string[] = []): Promise<TestCluster> {
    const aadProfile = { managed: true, enableAzureRBAC, tenantID: tenantId, adminGroupObjectIDs: [...admins] };
    return startCluster({ properties: { aadProfile }, fill: (world) => world.principals.set(user.objectId, user) });
  }

  it("gives a kubeconfig that asks kubelogin for a token of the AKS server application", async () => {
    const cluster = await start(true);
    try {
      const config = cluster.server.kubeconfig({ isAdmin: false });
      assert.match(config, /command: kubelogin/);
      assert.match(config, new RegExp(`- --server-id\\n\\s+- ${aksServer}`));
      assert.match(config, /- --login\n\s+- devicecode/);
      assert.doesNotMatch(config, /token: /);
    } finally {
      await cluster.close();
    }
  });

  it("asks Azure RBAC where the cluster's own roles say no", async () => {
    const cluster = await start(true);
    try {
      const token = cluster.identity.issue(user, aksServer);
      const elsewhere = cluster.identity.issue(user, "https://management.azure.com");
      assert.equal((await cluster.ask("GET", "/api/v1/pods", { token: elsewhere })).status, 401);
      const path = "/api/v1/namespaces/default/pods";
      assert.equal(
        (await cluster.ask("GET", path, { token })).body.message,
        'pods is forbidden: User "ada@contoso.test" cannot list resource "pods" in API group "" in the namespace "default": User does not have access to the resource in Azure. Update role assignment to allow access.',
      );
      const scope = `${cluster.cluster.id}/namespaces/default`;
      const id = `${scope}/providers/Microsoft.Authorization/roleAssignments/1`;
      const reader = "7f6c6a51-bcf8-42ba-9220-52d62157d7db";
      cluster.world.roleAssignments.set(id.toLowerCase(), {
        id,
        scope,
        roleDefinitionId: `/providers/Microsoft.Authorization/roleDefinitions/${reader}`,
        principalId: user.objectId,
        principalType: "User",
        createdAt: 0,
        effectiveFrom: 0,
      });
      assert.equal((await cluster.ask("GET", path, { token })).status, 200);
      assert.equal((await cluster.ask("GET", "/api/v1/pods", { token })).status, 403);
      assert.equal((await cluster.ask("DELETE", `${path}/x`, { token })).status, 403);
    } finally {
      await cluster.close();
    }
  });

  it("lets a person in whom a binding names, and keeps everybody else out", async () => {
    const cluster = await start(false);
    try {
      const token = cluster.identity.issue(user, aksServer);
      assert.equal((await cluster.ask("GET", "/api/v1/nodes", { token })).status, 403);
      const body = {
        apiVersion: "rbac.authorization.k8s.io/v1",
        kind: "ClusterRoleBinding",
        metadata: { name: "ada" },
        roleRef: { apiGroup: "rbac.authorization.k8s.io", kind: "ClusterRole", name: "cluster-admin" },
        subjects: [{ apiGroup: "rbac.authorization.k8s.io", kind: "User", name: "ada@contoso.test" }],
      };
      await cluster.ask("POST", "/apis/rbac.authorization.k8s.io/v1/clusterrolebindings", { body });
      assert.equal((await cluster.ask("GET", "/api/v1/nodes", { token })).status, 200);
    } finally {
      await cluster.close();
    }
  });
});
