import assert from "node:assert/strict";

import { afterEach, beforeEach, describe, it } from "mocha";

import { createWorkloads } from "../../../../src/services/kubernetes/workloads.ts";
import type { JsonObject } from "../../../sandbox/state.ts";
import { namespace, startCluster, type ClusterFixture } from "./clusterFixture.ts";

const workloads = createWorkloads();

const volume = (className: string): JsonObject => ({
  name: "kv",
  csi: {
    driver: "secrets-store.csi.k8s.io",
    readOnly: true,
    volumeAttributes: { secretProviderClass: className },
    nodePublishSecretRef: { name: "secrets-store-creds" },
  },
});

const podSpec = (className: string): JsonObject => ({
  serviceAccountName: "web-sa",
  containers: [
    {
      name: "app",
      image: "app:1",
      env: [{ name: "PASSWORD", valueFrom: { secretKeyRef: { name: "web-db", key: "password" } } }],
      envFrom: [{ secretRef: { name: "web-db" } }],
      volumeMounts: [{ name: "kv", mountPath: "/mnt/db", subPath: "db" }],
    },
  ],
  volumes: [{ name: "cache", emptyDir: {} }, volume(className)],
});

const pod = (name: string, owner?: { kind: string; name: string }, labels: JsonObject = {}): JsonObject => ({
  apiVersion: "v1",
  kind: "Pod",
  metadata: {
    name,
    namespace: "shop",
    labels,
    ...(owner && { ownerReferences: [{ apiVersion: "apps/v1", uid: owner.name, controller: true, ...owner }] }),
  },
  spec: podSpec("web"),
  status: { phase: "Running", conditions: [{ type: "Ready", status: "True" }] },
});

describe("the workloads of a cluster", () => {
  let fixture: ClusterFixture;
  beforeEach(async () => {
    fixture = await startCluster();
    fixture.put(namespace("shop"));
  });
  afterEach(async () => {
    await fixture.sandbox.close();
  });

  it("lists namespaces and service accounts with the client id they are annotated with", async () => {
    fixture.put({
      apiVersion: "v1",
      kind: "ServiceAccount",
      metadata: { name: "web-sa", namespace: "shop", annotations: { "azure.workload.identity/client-id": "abc" } },
    });

    const namespaces = await workloads.listNamespaces(fixture.client);
    const accounts = await workloads.listServiceAccounts(fixture.client, "shop");

    assert.ok(namespaces.includes("shop") && namespaces.includes("kube-system"));
    assert.deepEqual(namespaces, [...namespaces].sort());
    assert.deepEqual(
      accounts.find(({ name }) => name === "web-sa"),
      { name: "web-sa", namespace: "shop", clientId: "abc" },
    );
  });

  it("lists what mounts a class, once, with what keeps it from seeing a new value", async () => {
    fixture.put(pod("alone"), pod("of-rollout", { kind: "ReplicaSet", name: "rollout-abc" }));
    fixture.put(pod("web-abc-1", { kind: "ReplicaSet", name: "web-abc" }, { "pod-template-hash": "abc" }));
    fixture.put({
      apiVersion: "apps/v1",
      kind: "Deployment",
      metadata: { name: "web", namespace: "shop" },
      spec: {
        replicas: 0,
        selector: { matchLabels: { app: "web" } },
        template: { metadata: { labels: { app: "web" } }, spec: podSpec("web") },
      },
    });
    fixture.put({
      apiVersion: "batch/v1",
      kind: "CronJob",
      metadata: { name: "nightly", namespace: "shop" },
      spec: { schedule: "0 0 * * *", jobTemplate: { spec: { template: { spec: podSpec("batch") } } } },
    });
    fixture.put(pod("nightly-28000000-x", { kind: "Job", name: "nightly-28000000" }));

    const found = await workloads.listMounting(fixture.client, "shop");

    assert.deepEqual(found.map(({ kind, name }) => `${kind} ${name}`).sort(), [
      "CronJob nightly",
      "Deployment web",
      "Pod alone",
      "Pod of-rollout",
    ]);
    assert.deepEqual(
      found.find(({ name }) => name === "web"),
      {
        kind: "Deployment",
        name: "web",
        namespace: "shop",
        serviceAccountName: "web-sa",
        volumes: [{ volume: "kv", className: "web", secretRef: "secrets-store-creds", usesSubPath: true }],
        environmentSecrets: ["web-db"],
      },
    );
  });

  it("shows the pods of what may not be listed", async () => {
    fixture.put(pod("web-abc-1", { kind: "ReplicaSet", name: "web-abc" }, { "pod-template-hash": "abc" }));
    fixture.sandbox.fail({ path: "/deployments", status: 403, code: "Forbidden" });

    const found = await workloads.listMounting(fixture.client);

    assert.deepEqual(
      found.map(({ kind, name }) => `${kind} ${name}`),
      ["Pod web-abc-1"],
    );
  });
});
