import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import path from "node:path";
import { after, before, describe, it } from "mocha";
import { hasKubectl, startCluster, until, type Run, type TestCluster } from "./kubernetesFixture.ts";

const deployment = (image: string, replicas = 2): string => `
apiVersion: apps/v1
kind: Deployment
metadata: {name: web, labels: {app: web}}
spec:
  replicas: ${replicas}
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec:
      containers: [{name: main, image: "${image}", ports: [{containerPort: 80}]}]
`;

const secretClass = (parameters: string, name = "kv"): string => `
apiVersion: secrets-store.csi.x-k8s.io/v1
kind: SecretProviderClass
metadata: {name: ${name}}
spec:
  provider: azure
  parameters: {${parameters}}
`;

describe("The real kubectl on the sandbox's Kubernetes API", function () {
  this.timeout(20_000);
  let cluster: TestCluster;

  before(async function () {
    if (!hasKubectl()) {
      console.warn(
        "kubectl is not installed: the suite “The real kubectl on the sandbox's Kubernetes API” is skipped.",
      );
      this.skip();
    }
    cluster = await startCluster({
      pools: [
        { name: "nodepool1", count: 2, osType: "Linux", mode: "System" },
        { name: "npwin", count: 1, osType: "Windows", mode: "User" },
      ],
      properties: { addonProfiles: { aciConnectorLinux: { enabled: true } } },
    });
    cluster.server.installKeyVaultCsi({ driver: "1.5.4", provider: "1.7.2" });
    await until("driver ready", async () =>
      (await lines(["get", "pods", "-n", "kube-system"])).every((l) => !/0\/|Pending/.test(l)),
    );
  });

  after(async () => {
    await (cluster as TestCluster | undefined)?.close();
  });

  async function ok(args: readonly string[], input?: string): Promise<string> {
    const run = await cluster.kubectl(args, input);
    assert.equal(run.code, 0, `kubectl ${args.join(" ")}: ${run.error}`);
    return run.out;
  }

  async function fails(args: readonly string[], input?: string): Promise<Run> {
    const run = await cluster.kubectl(args, input);
    assert.notEqual(run.code, 0, `kubectl ${args.join(" ")}: ${run.out}`);
    return run;
  }

  async function lines(args: readonly string[], input?: string): Promise<readonly string[]> {
    return (await ok([...args, "--no-headers"], input)).trim().split("\n");
  }

  it("sees the driver on every node, Windows too, and none on the virtual node", async () => {
    const nodes = await lines(["get", "nodes", "-o", "wide"]);
    assert.equal(nodes.length, 4);
    const selector = "app in (secrets-store-csi-driver, secrets-store-provider-azure)";
    const pods = await lines(["get", "pods", "-n", "kube-system", "-l", selector, "-o", "wide"]);
    assert.equal(pods.length, 6);
    assert.ok(
      pods.every((pod) => /\s(3\/3|1\/1)\s+Running\s/.test(pod)),
      pods.join("\n"),
    );
    assert.ok(pods.every((pod) => !pod.includes("virtual-node")));
    const sets = await lines(["get", "ds", "-n", "kube-system"]);
    assert.deepEqual(
      sets.map((set) => set.split(/\s+/).slice(0, 4).join(" ")),
      [
        "aks-secrets-store-csi-driver 2 2 2",
        "aks-secrets-store-csi-driver-windows 1 1 1",
        "aks-secrets-store-provider-azure 2 2 2",
        "aks-secrets-store-provider-azure-windows 1 1 1",
      ],
    );
  });

  it("pages by --chunk-size without losing or doubling a row", async () => {
    // Without the age: a second may pass between the two.
    const pods = async (...more: string[]) =>
      (await lines(["get", "pods", "-A", ...more])).map((line) => line.replace(/\s+\S+$/, ""));
    assert.deepEqual(await pods("--chunk-size=2"), await pods());
  });

  it("describes pods, nodes and classes", async () => {
    const pod = await ok(["describe", "pod", "-n", "kube-system", "-l", "app=secrets-store-provider-azure"]);
    assert.match(pod, /Successfully assigned kube-system\/aks-secrets-store-provider-azure-\w+ to aks/);
    assert.match(await ok(["describe", "nodes"]), /Non-terminated Pods:/);
    assert.match(
      await ok(["describe", "csidriver", "secrets-store.csi.k8s.io"]),
      /Audience:\s+api:\/\/AzureADTokenExchange/,
    );
  });

  it("applies, diffs and rolls out a Deployment from the client's side", async () => {
    assert.match(await ok(["apply", "-f", "-"], deployment("nginx:1.27")), /created/);
    assert.match(await ok(["apply", "-f", "-"], deployment("nginx:1.27")), /unchanged/);
    const diff = await cluster.kubectl(["diff", "-f", "-"], deployment("nginx:1.28", 3));
    assert.equal(diff.code, 1, diff.error);
    assert.match(diff.out, /-\s+- image: nginx:1\.27\n\+\s+- image: nginx:1\.28/);
    assert.match(await ok(["apply", "-f", "-"], deployment("nginx:1.28", 3)), /configured/);
    await ok(["rollout", "status", "deployment/web", "--timeout=10s"]);
    await until("old pods gone", async () => (await lines(["get", "pods", "-l", "app=web"])).length === 3);
    await ok(["scale", "deployment/web", "--replicas=1"]);
    await until("scaled", async () => (await lines(["get", "pods", "-l", "app=web"])).length === 1);
  });

  it("names the other manager and the field when two apply on the server", async () => {
    const mine = secretClass("keyvaultName: mine, tenantID: t");
    await ok(["apply", "--server-side", "-f", "-"], mine);
    const other = secretClass("keyvaultName: other");
    const { error } = await fails(["apply", "--server-side", "--field-manager=second", "-f", "-"], other);
    assert.match(error, /Apply failed with 1 conflict: conflict with "kubectl": \.spec\.parameters\.keyvaultName/);
    await ok(["apply", "--server-side", "--field-manager=second", "--force-conflicts", "-f", "-"], other);
    const fields = await ok(["get", "secretproviderclass", "kv", "-o", "jsonpath={.spec.parameters}"]);
    assert.deepEqual(JSON.parse(fields), { keyvaultName: "other", tenantID: "t" });
  });

  it("takes a field away that its only manager applies no more", async () => {
    await ok(["apply", "--server-side", "-f", "-"], secretClass("keyvaultName: a, tenantID: t, cloudName: c", "gone"));
    await ok(["apply", "--server-side", "-f", "-"], secretClass("keyvaultName: a, tenantID: t", "gone"));
    const fields = await ok(["get", "secretproviderclass", "gone", "-o", "jsonpath={.spec.parameters}"]);
    assert.deepEqual(JSON.parse(fields), { keyvaultName: "a", tenantID: "t" });
  });

  it("refuses a boolean parameter and an unknown field as a cluster does", async () => {
    const boolean = await fails(
      ["apply", "-f", "-"],
      secretClass("keyvaultName: a, useVMManagedIdentity: true", "bad"),
    );
    assert.match(
      boolean.error,
      /The SecretProviderClass "bad" is invalid: spec\.parameters\.useVMManagedIdentity: Invalid value: "boolean": spec\.parameters\.useVMManagedIdentity in body must be of type string: "boolean"/,
    );
    const unknown = await fails(
      ["apply", "-f", "-"],
      secretClass("keyvaultName: a", "bad").replace("provider:", "providr:"),
    );
    assert.match(
      unknown.error,
      /SecretProviderClass in version "v1" cannot be handled as a SecretProviderClass: strict decoding error: unknown field "spec\.providr"/,
    );
  });

  it("patches in all three forms", async () => {
    await ok(["create", "configmap", "map", "--from-literal=a=1"]);
    await ok(["patch", "configmap", "map", "--type=merge", "-p", '{"data":{"b":"2"}}']);
    await ok(["patch", "configmap", "map", "--type=json", "-p", '[{"op":"remove","path":"/data/a"}]']);
    await ok(["label", "configmap", "map", "x=y"]);
    const map: unknown = JSON.parse(await ok(["get", "configmap", "map", "-o", "json"]));
    const { data, metadata } = map as { data: unknown; metadata: { labels: unknown } };
    assert.deepEqual([data, metadata.labels], [{ b: "2" }, { x: "y" }]);
  });

  it("watches what is there and what comes", async () => {
    const watching = cluster.kubectl([
      "get",
      "configmaps",
      "-w",
      "--request-timeout=3s",
      "--field-selector=metadata.name=seen",
    ]);
    await new Promise((resolve) => setTimeout(resolve, 500));
    await ok(["create", "configmap", "seen"]);
    await ok(["delete", "configmap", "seen"]);
    const { out } = await watching;
    assert.match(out, /seen\s+0/);
  });

  it("deletes with dependents, or leaves them as orphans", async () => {
    await ok(["create", "deployment", "gone", "--image=nginx"]);
    await until("running", async () => (await ok(["get", "pods", "-l", "app=gone"])).includes("Running"));
    await ok(["delete", "deployment", "gone", "--cascade=orphan"]);
    assert.match(await ok(["get", "rs", "-l", "app=gone"]), /gone-/);
    await ok(["delete", "rs", "-l", "app=gone"]);
    await until("pods gone", async () => !(await ok(["get", "pods", "-l", "app=gone"])).includes("gone-"));
    await ok(["create", "namespace", "short"]);
    await ok(["create", "secret", "generic", "s", "-n", "short", "--from-literal=a=b"]);
    await ok(["delete", "namespace", "short"]);
    await fails(["get", "secret", "s", "-n", "short"]);
  });

  it("runs a Job to its end and shows events and logs", async () => {
    await ok(["create", "job", "once", "--image=busybox", "--", "true"]);
    await ok(["wait", "--for=condition=complete", "job/once", "--timeout=10s"]);
    assert.match(await ok(["events", "--for", "job/once"]), /SuccessfulCreate/);
    assert.match(await ok(["get", "events", "--field-selector", "involvedObject.kind=Job"]), /Created pod: once-/);
    assert.match(
      await ok(["logs", "-n", "kube-system", "ds/aks-secrets-store-provider-azure"]),
      /Listening for connections/,
    );
  });

  it("answers auth, explain, api-resources, version and tokens", async () => {
    assert.match(await ok(["auth", "can-i", "delete", "pods"]), /yes/);
    assert.match(await ok(["auth", "whoami"]), /masterclient/);
    assert.match(await ok(["explain", "secretproviderclass.spec.parameters"]), /Configuration for specific provider/);
    assert.match(await ok(["explain", "pod.spec.volumes.csi.volumeAttributes"]), /map\[string\]string/);
    assert.match(
      await ok(["api-resources", "--api-group=secrets-store.csi.x-k8s.io", "-o", "name"]),
      /secretproviderclasspodstatuses/,
    );
    assert.match(await ok(["version"]), /Server Version: v1\.35\.1/);
    assert.match(await ok(["create", "token", "default"]), /^eyJ/);
  });

  it("lets a person in by a role binding, and refuses in the API server's words", async () => {
    await ok(["create", "serviceaccount", "app"]);
    await ok(["create", "rolebinding", "app-view", "--clusterrole=view", "--serviceaccount=default:app"]);
    const token = (await ok(["create", "token", "app"])).trim();
    const file = path.join(cluster.folder, "app");
    const config = cluster.server.kubeconfig({ isAdmin: true }).replace(/token: .*/, `token: ${token}`);
    writeFileSync(file, config, { mode: 0o600 });
    const asApp = ["--kubeconfig", file];
    await ok([...asApp, "get", "pods", "-n", "default"]);
    const { error } = await fails([...asApp, "get", "pods", "-A"]);
    assert.match(
      error,
      /pods is forbidden: User "system:serviceaccount:default:app" cannot list resource "pods" in API group "" at the cluster scope/,
    );
    assert.match((await cluster.kubectl([...asApp, "auth", "can-i", "get", "secrets"])).out, /no/);
  });

  it("shows why a pod does not run, by node", async () => {
    const [node = ""] = (await ok(["get", "nodes", "-l", "kubernetes.io/os=linux,!type", "-o", "name"]))
      .trim()
      .split("\n");
    const name = node.replace("node/", "");
    cluster.server.breakNode(name, { kind: "crashLoop", component: "provider", message: "panic: no token" });
    cluster.server.breakNode(name, {
      kind: "pending",
      component: "driver",
      message: "0/4 nodes are available: 1 Insufficient memory.",
    });
    await until("defects seen", async () => {
      const pods = await ok(["get", "pods", "-n", "kube-system"]);
      return pods.includes("CrashLoopBackOff") && pods.includes("Pending");
    });
    assert.match(await ok(["get", "events", "-n", "kube-system"]), /FailedScheduling.*1 Insufficient memory/);
    cluster.server.mendNode(name);
    await until("mended", async () => !/CrashLoop|Pending|0\//.test(await ok(["get", "pods", "-n", "kube-system"])));
  });
});
