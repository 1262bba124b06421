import assert from "node:assert/strict";

import { afterEach, beforeEach, describe, it } from "mocha";

import { defaultMount } from "../../../../src/services/plan/defaults.ts";
import type { Intent, IntendedMount } from "../../../../src/services/plan/intent.ts";
import { readPreflight, type PreflightRow } from "../../../../src/services/plan/preflight.ts";
import type { Services } from "../../../../src/services/services.ts";
import type { ClusterOptions } from "../../../sandbox/clusterBody.ts";
import type { JsonObject } from "../../../sandbox/state.ts";
import { daemonSet } from "../kubernetes/driverFixture.ts";
import { startPlanBench, type PlanBench } from "./support/planBench.ts";

describe("The preflight of a plan", () => {
  let bench: PlanBench;

  beforeEach(async () => {
    await start();
  });

  afterEach(() => bench.sandbox.close());

  async function start(options: ClusterOptions = {}): Promise<void> {
    bench = await startPlanBench({ addon: "enabled", ...options });
    await bench.sandbox.kubeconfig(bench.cluster.id);
  }

  async function restart(options: ClusterOptions): Promise<void> {
    await bench.sandbox.close();
    await start(options);
  }

  const intentWith = (change: Partial<IntendedMount> = {}): Intent => ({
    ...bench.intent({ vault: { kind: "existing", id: bench.vaultId() } }),
    mount: {
      ...defaultMount({
        ...{ clusterId: bench.cluster.id, vaultId: bench.vaultId(), location: "eastus2" },
        objects: [{ objectName: "ExampleSecret", objectType: "secret" }],
      }),
      ...change,
    },
  });

  async function rows(
    intent = intentWith(),
    services: Services = bench.services,
  ): Promise<Readonly<Record<string, PreflightRow>>> {
    const found = await readPreflight(services, intent);
    return Object.fromEntries(found.map((row) => [row.id, row]));
  }

  const addVault = (properties: JsonObject = {}) =>
    bench.sandbox.addVault({ name: "contoso-kv", subscriptionId: bench.subscription.id, properties });
  const put = (...objects: readonly JsonObject[]) => objects.forEach((object) => bench.cluster.kubernetes?.put(object));

  it("finds nothing against a healthy cluster and an open vault, and changes nothing", async () => {
    addVault();

    const found = await rows();

    assert.deepEqual(
      Object.values(found).map(({ id, state }) => `${id}: ${state}`),
      [
        "kubernetesVersion: ok",
        "vaultReach: ok",
        "vaultNodes: ok",
        "kubernetesRights: ok",
        "openSourceDriver: ok",
        "networkPolicies: ok",
      ],
    );
    assert.deepEqual(bench.changes(), []);
    assert.deepEqual(bench.sandbox.unknownRequests, []);
  });

  it("warns of a Kubernetes version that is out of support, and says which is not", async () => {
    await restart({ kubernetesVersion: "1.31.9" });

    const { kubernetesVersion } = await rows();

    assert.equal(kubernetesVersion?.state, "warning");
    assert.match(kubernetesVersion.remedy ?? "", /^The add-on is supported from 1\.\d+ on: upgrade the cluster\.$/);
  });

  it("tells a vault that keeps this machine out, with the address it sees, and one that lets in listed networks only", async () => {
    bench.sandbox.world.clientAddress = "192.0.2.10";
    addVault({
      networkAcls: {
        bypass: "AzureServices",
        defaultAction: "Deny",
        ipRules: [{ value: "198.51.100.0/24" }],
        virtualNetworkRules: [],
      },
    });

    const { vaultReach, vaultNodes } = await rows();

    assert.equal(vaultReach?.state, "blocked");
    assert.match(vaultReach.remedy ?? "", /192\.0\.2\.10/);
    assert.equal(vaultNodes?.state, "warning");
    assert.match(vaultNodes.text, /198\.51\.100\.0\/24/);
  });

  it("tells a vault that no node can reach", async () => {
    addVault({ publicNetworkAccess: "Disabled" });

    const { vaultNodes } = await rows();

    assert.equal(vaultNodes?.state, "blocked");
  });

  it("tells which access mode a locked node resource group bears", async () => {
    await restart({ isNodeResourceGroupLocked: true });

    const workload = await rows();
    const nodes = await rows(intentWith({ access: { kind: "nodeIdentity", identityId: "", location: "eastus2" } }));

    assert.equal(workload["nodeLockdown"]?.state, "ok");
    assert.equal(nodes["nodeLockdown"]?.state, "blocked");
  });

  it("tells when there is no Windows pool to prove the mount on", async () => {
    const { windowsPools } = await rows(intentWith({ proof: "windows" }));
    assert.equal(windowsPools?.state, "blocked");

    await restart({
      pools: [
        { name: "system", count: 1 },
        { name: "win", count: 1, osType: "Windows" },
      ],
    });
    const withPool = await rows(intentWith({ proof: "windows" }));
    assert.match(withPool["windowsPools"]?.text ?? "", /^win: the driver runs there too/);
  });

  it("finds an open-source driver where the add-on is to go, and beside it", async () => {
    const helm = daemonSet({
      role: "driver",
      name: "csi-secrets-store",
      namespace: "csi",
      app: "secrets-store-csi-driver",
    });
    put({ apiVersion: "v1", kind: "Namespace", metadata: { name: "csi" } }, helm);

    const { openSourceDriver } = await rows();

    assert.equal(openSourceDriver?.state, "blocked");
    assert.match(openSourceDriver.text, /installed twice/);
  });

  it("names network policies that close the driver's ports, and not those that leave them open", async () => {
    put(policy("deny-all", {}, []), policy("other", { matchLabels: { app: "other" } }, []));

    const closed = await rows();
    put(
      policy("driver", { matchLabels: { app: "secrets-store-csi-driver" } }, [
        { ports: [{ port: 9808 }, { port: 8000, endPort: 8100 }] },
      ]),
    );
    const opened = await rows();

    assert.equal(closed["networkPolicies"]?.text, "They may close the driver's ports 9808 and 8095: deny-all.");
    assert.equal(opened["networkPolicies"]?.state, "ok");
  });

  it("names the Kubernetes verbs that are missing", async () => {
    await restart({ entra: "azureRbac" });
    const reader = bench.sandbox.addPrincipal({
      roles: ["Reader", "Azure Kubernetes Service Cluster User Role", "Azure Kubernetes Service RBAC Reader"],
    });

    const { kubernetesRights } = await rows(intentWith(), bench.as(reader));

    assert.equal(kubernetesRights?.state, "blocked");
    assert.match(kubernetesRights.text, /create secretproviderclasses in default/);
    assert.match(kubernetesRights.text, /create pods in default/);
  });

  it("says of a cluster that does not answer why it does not know", async () => {
    await restart({ isUnreachable: true, isPrivate: true });

    const { kubernetesRights, kubernetesVersion } = await rows();

    assert.equal(kubernetesRights?.state, "unknown");
    assert.equal(kubernetesVersion?.state, "ok");
  });
});

function policy(name: string, podSelector: JsonObject, ingress: JsonObject[]): JsonObject {
  return {
    apiVersion: "networking.k8s.io/v1",
    kind: "NetworkPolicy",
    metadata: { name, namespace: "kube-system" },
    spec: { podSelector, policyTypes: ["Ingress"], ingress },
  };
}
