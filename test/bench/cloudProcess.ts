/** A sandbox cloud in a process of its own: `estate SUBSCRIPTIONS CLUSTERS VAULTS`, `cluster NODES PODS` or `plain`. */
import { createBuilder } from "../sandbox/builders.ts";
import { seedBulk } from "../sandbox/seedBulk.ts";
import { startSandbox, type Sandbox } from "../sandbox/sandbox.ts";
import type { KubernetesServer } from "../sandbox/state.ts";
import { serveParent } from "./childProcess.ts";

/** What a client needs to know of it. */
export interface CloudReady {
  readonly resourceManager: string;
  readonly keyVaultAudience: string;
  readonly keyVaultSuffix: string;
  readonly tenantId: string;
  readonly clientId: string;
  readonly clientSecret: string;
  /** Of the measured cluster; empty where there is none. */
  readonly kubeconfig: string;
}

const [kind = "plain", ...numbers] = process.argv.slice(2);
const [first = 0, second = 0, third = 0] = numbers.map(Number);

/** Application pods: they share the API server with the driver's and must cost nothing. */
function addOtherPods(server: KubernetesServer, count: number): void {
  const nodes = server.list("Node").map((node) => (node["metadata"] as { name: string }).name);
  server.put({ apiVersion: "v1", kind: "Namespace", metadata: { name: "shop" } });
  for (let index = 0; index < count; index += 1) {
    const name = `web-${String(index).padStart(6, "0")}`;
    const spec = {
      containers: [{ name: "web", image: "registry.example/web:1" }],
      nodeName: nodes[index % nodes.length],
    };
    const status = {
      phase: "Running",
      conditions: [{ type: "Ready", status: "True" }],
      containerStatuses: [{ name: "web", ready: true, restartCount: 0, state: { running: {} } }],
    };
    // Half of them beside the driver, in its namespace.
    const namespace = index % 2 === 0 ? "kube-system" : "shop";
    server.put({ apiVersion: "v1", kind: "Pod", metadata: { name, namespace, labels: { app: "web" } }, spec, status });
  }
}

async function startLargeCluster(sandbox: Sandbox): Promise<string> {
  const pools = [{ name: "nodepool1", count: first, mode: "System" as const }];
  const cluster = createBuilder(sandbox.world).addCluster({ name: "large", addon: "enabled", pools });
  const kubeconfig = await sandbox.kubeconfig(cluster.id);
  if (cluster.kubernetes) {
    addOtherPods(cluster.kubernetes, second - 2 * first);
  }
  return kubeconfig;
}

async function main(): Promise<void> {
  const seed = { subscriptions: first, clusters: second, vaults: third };
  const sandbox = await startSandbox({ world: kind === "estate" ? (builder) => seedBulk(builder, seed) : "empty" });
  const { world, principal } = sandbox;
  for (const { id } of world.subscriptions.values()) {
    sandbox.assignRole(principal, "Reader", `/subscriptions/${id}`);
  }
  const ready: CloudReady = {
    resourceManager: sandbox.resourceManager,
    keyVaultAudience: sandbox.keyVaultAudience,
    keyVaultSuffix: sandbox.keyVaultSuffix,
    tenantId: sandbox.tenantId,
    clientId: sandbox.clientId,
    clientSecret: sandbox.clientSecret,
    kubeconfig: kind === "cluster" ? await startLargeCluster(sandbox) : "",
  };
  serveParent(ready, () => sandbox.unknownRequests);
}

void main();
