import assert from "node:assert/strict";

import { describe, it } from "mocha";

import type { NodeDriverState } from "../../../../src/services/kubernetes/driverPods.ts";
import { makeReport } from "../../../../src/services/kubernetes/driverReport.ts";
import type { JsonObject } from "../../../sandbox/state.ts";
import {
  bothPods,
  csiDriver,
  daemonSet,
  driverPod,
  evidenceOf,
  healthyStatus,
  node,
  podName,
  waitingStatus,
  type Found,
} from "./driverFixture.ts";

const look = (found: Found) => makeReport(evidenceOf(found));

function lookAt(name: string, found: Found): NodeDriverState {
  const state = look(found).nodes.find((one) => one.node === name);
  assert.ok(state, `the report has no node ${name}`);
  return state;
}

const crash = (last: JsonObject): JsonObject => ({
  state: { waiting: { reason: "CrashLoopBackOff", message: "back-off 5m0s restarting failed container" } },
  lastState: { terminated: { exitCode: 1, reason: "Error", ...last } },
});

describe("the report on the driver", () => {
  it("says on how many nodes driver and provider run", () => {
    assert.equal(look({}).summary, "Driver and provider run on the only node.");
    assert.equal(look({ nodes: [node("n1"), node("n2")] }).summary, "Driver and provider run on all 2 nodes.");
    assert.equal(look({ nodes: [] }).verdict, "pending");
  });

  it("leaves virtual nodes out, by label or by taint", () => {
    const taints = [{ key: "virtual-kubelet.io/provider", value: "azure", effect: "NoSchedule" }];
    const nodes = [node("n1"), node("aci", { labels: { type: "virtual-kubelet" } }), node("other", { taints })];

    const report = look({ nodes, pods: bothPods("n1") });

    assert.equal(report.verdict, "healthy");
    assert.deepEqual(report.excludedNodes, ["aci", "other"]);
  });

  it("counts a tainted node that lacks the pods as broken: the add-on tolerates every taint", () => {
    const gpu = node("gpu", { taints: [{ key: "sku", value: "gpu", effect: "NoSchedule" }] });

    const report = look({ nodes: [node("n1"), gpu], pods: bothPods("n1") });

    assert.equal(report.verdict, "broken");
    assert.equal(
      report.summary,
      'Healthy on 1 of 2 nodes; on "gpu": the driver is missing. DaemonSet "aks-secrets-store-csi-driver" has no pod on this node.',
    );
  });

  it("says which taint or label keeps an open-source DaemonSet off a node", () => {
    const gpu = node("gpu", { taints: [{ key: "sku", value: "gpu", effect: "NoSchedule" }] });
    const strict = { tolerations: [], nodeSelector: { pool: "apps" } };
    const driver = daemonSet({ role: "driver", name: "csi-secrets-store", app: "csi-secrets-store", tolerations: [] });
    const provider = daemonSet({
      role: "provider",
      name: "csi-provider",
      app: "csi-secrets-store-provider-azure",
      ...strict,
    });

    const state = lookAt("gpu", { nodes: [gpu], pods: [], daemonSets: [driver, provider], registered: [] });

    assert.deepEqual(state.driver, {
      kind: "missing",
      reason: 'DaemonSet "csi-secrets-store" does not tolerate the taint sku=gpu:NoSchedule of this node.',
    });
    assert.deepEqual(state.provider, {
      kind: "missing",
      reason: 'DaemonSet "csi-provider" selects nodes labelled pool=apps, which this node is not.',
    });
  });

  it("says when no DaemonSet is for a node's operating system", () => {
    const state = lookAt("win", { nodes: [node("win", { os: "windows" })], pods: [] });

    assert.deepEqual(state.driver, { kind: "missing", reason: "No DaemonSet runs the driver on Windows nodes." });
  });

  it("says why a missing pod could not be made", () => {
    const says = "Error creating: exceeded quota";

    const { provider } = lookAt("n1", {
      pods: [driverPod({ role: "driver", node: "n1" })],
      events: { "aks-secrets-store-provider-azure": says },
    });

    assert.deepEqual(provider, { kind: "missing", reason: says });
  });

  it("places an unscheduled pod on the node it is meant for, and gives up on it after a minute", () => {
    const condition = (lastTransitionTime: string) => ({
      phase: "Pending",
      conditions: [
        {
          type: "PodScheduled",
          status: "False",
          reason: "Unschedulable",
          message: "Too many pods.",
          lastTransitionTime,
        },
      ],
    });
    const at = (time: string) =>
      lookAt("n1", { pods: bothPods("n1", { role: "provider", isUnscheduled: true, status: condition(time) }) });
    const reason = "The pod is not scheduled: Too many pods.";
    const pod = podName("provider", "n1");

    const fresh = at(new Date().toISOString());
    const old = at("2026-01-01T00:00:00Z");

    assert.deepEqual([fresh.verdict, fresh.provider], ["pending", { kind: "starting", pod, reason }]);
    assert.deepEqual([old.verdict, old.provider], ["broken", { kind: "failing", pod, reason }]);
  });

  it("takes the scheduler's words from its event where the condition has none", () => {
    const pods = bothPods("n1", { role: "provider", isUnscheduled: true, status: { phase: "Pending" } });

    const { provider } = lookAt("n1", { pods, events: { [podName("provider", "n1")]: "0/1 nodes are available." } });

    assert.match(provider.kind === "ready" ? "" : provider.reason, /0\/1 nodes are available/);
  });

  const failures: readonly { readonly what: string; readonly state: JsonObject; readonly reason: string }[] = [
    {
      what: "a crash loop, with the last line of its message",
      state: crash({ message: "starting\npanic: cannot listen\n" }),
      reason: 'Container "secrets-store" keeps crashing: panic: cannot listen',
    },
    {
      what: "a container that runs out of memory",
      state: crash({ reason: "OOMKilled", exitCode: 137 }),
      reason: 'Container "secrets-store" keeps running out of memory.',
    },
    {
      what: "an image that cannot be pulled",
      state: { state: { waiting: { reason: "ImagePullBackOff", message: "Back-off pulling image" } } },
      reason: 'The image of container "secrets-store" cannot be pulled: Back-off pulling image',
    },
    {
      what: "a container that cannot be made",
      state: { state: { waiting: { reason: "CreateContainerConfigError", message: 'secret "x" not found' } } },
      reason: 'Container "secrets-store" cannot be started: secret "x" not found',
    },
  ];
  for (const { what, state, reason } of failures) {
    it(`reports ${what}`, () => {
      const pods = bothPods("n1", { role: "driver", status: waitingStatus("driver", "secrets-store", state) });

      const found = lookAt("n1", { pods });

      assert.equal(found.verdict, "broken");
      assert.deepEqual(found.driver, { kind: "failing", pod: podName("driver", "n1"), reason });
    });
  }

  it("quotes the last line of the log where a crash has no message, else its exit code", () => {
    const pods = bothPods("n1", {
      role: "driver",
      status: waitingStatus("driver", "secrets-store", crash({ exitCode: 2 })),
    });
    const reason = (found: Found) => {
      const { driver } = lookAt("n1", { pods, ...found });
      return driver.kind === "failing" ? driver.reason : driver.kind;
    };

    assert.match(reason({ lastLines: { [podName("driver", "n1")]: "F1124 bind: in use" } }), /: F1124 bind: in use$/);
    assert.match(reason({}), /exit code 2/);
  });

  it("reports an evicted pod, and forgets it once its successor runs", () => {
    const status = { phase: "Failed", reason: "Evicted", message: "The node was low on resource: memory." };
    const pods = bothPods("n1", { role: "provider", status });

    assert.deepEqual(lookAt("n1", { pods }).provider, {
      kind: "failing",
      pod: podName("provider", "n1"),
      reason: "Evicted: The node was low on resource: memory.",
    });
    const successor = driverPod({ role: "provider", node: "n1", name: "successor" });
    assert.deepEqual(lookAt("n1", { pods: [...pods, successor] }).provider, { kind: "ready", pod: "successor" });
  });

  it("gives a Windows node's registrar its first five restarts", () => {
    const at = (restartCount: number) => {
      const status = waitingStatus("driver", "node-driver-registrar", { ...crash({}), restartCount });
      const daemonSets = [daemonSet({ role: "driver", os: "windows" }), daemonSet({ role: "provider", os: "windows" })];
      const pods = bothPods("win", { role: "driver", status });
      return lookAt("win", { nodes: [node("win", { os: "windows" })], pods, daemonSets, registered: [] }).verdict;
    };

    assert.equal(at(5), "pending");
    assert.equal(at(6), "broken");
  });

  it("waits for a node that is not ready, in the kubelet's words", () => {
    const report = look({ nodes: [node("n1", { isReady: false })], pods: [], registered: [] });

    assert.equal(report.verdict, "pending");
    assert.deepEqual(report.nodes[0]?.driver, {
      kind: "missing",
      reason: "The node is not ready: Kubelet stopped posting node status.",
    });
    assert.equal(report.summary, 'Healthy on 0 of 1 nodes; on "n1": the node is not ready.');
  });

  it("does not believe containers that call themselves ready on a lost node", () => {
    const status = { ...healthyStatus("driver"), conditions: [{ type: "Ready", status: "False" }] };

    const state = lookAt("n1", {
      nodes: [node("n1", { isReady: false })],
      pods: bothPods("n1", { role: "driver", status }),
    });

    assert.equal(state.driver.kind, "starting");
    assert.equal(state.verdict, "pending");
  });

  it("waits for a node that has just joined, a pod that has just started and an add-on that was just installed", () => {
    const now = { creationTimestamp: new Date().toISOString() };
    const young = [daemonSet({ role: "driver", ...now }), daemonSet({ role: "provider", ...now })];

    assert.equal(look({ nodes: [node("n1", now)], pods: [], registered: [] }).verdict, "pending");
    assert.equal(look({ pods: bothPods("n1", { role: "driver", ...now }), registered: [] }).verdict, "pending");
    assert.equal(look({ pods: [], daemonSets: young, registered: [] }).verdict, "pending");
    assert.equal(look({ pods: [], daemonSets: young, hasCrds: false }).verdict, "pending");
    assert.equal(look({ pods: [], registered: [] }).verdict, "broken");
  });

  it("says when the kubelet does not know a driver that runs", () => {
    const report = look({ registered: [] });

    assert.equal(report.verdict, "broken");
    assert.match(report.summary, /the driver has not registered with the kubelet\.$/);
  });

  it("tells an open-source installation from the add-on by its DaemonSets, also in kube-system", () => {
    const helm = { name: "secrets-store-csi-driver", daemonSet: "secrets-store-csi-driver" };
    const driver = daemonSet({ role: "driver", name: helm.name });
    const provider = daemonSet({ role: "provider", name: "csi-provider", app: "csi-secrets-store-provider-azure" });

    const alone = look({
      daemonSets: [driver, provider],
      pods: [
        driverPod({ role: "driver", node: "n1", daemonSet: helm.daemonSet }),
        driverPod({ role: "provider", node: "n1", daemonSet: "csi-provider", app: "csi-secrets-store-provider-azure" }),
      ],
    });
    const beside = look({ daemonSets: [driver, daemonSet({ role: "driver" })] });

    assert.deepEqual([alone.installation, alone.verdict], ["openSource", "healthy"]);
    assert.deepEqual([beside.installation, beside.verdict], ["both", "broken"]);
    assert.match(beside.summary, /fight over one socket/);
  });

  it("calls a cluster broken whose CRDs, CSIDriver or podInfoOnMount are missing", () => {
    const flaws: readonly [Found, RegExp][] = [
      [{ hasCrds: false }, /CRDs are missing/],
      [{ csiDriver: "missing" }, /CSIDriver object .* is missing/],
      [{ csiDriver: { ...csiDriver, podInfoOnMount: false } }, /podInfoOnMount off/],
    ];
    for (const [found, says] of flaws) {
      const report = look(found);
      assert.equal(report.verdict, "broken");
      assert.match(report.summary, says);
    }
  });

  it("reads versions from image tags", () => {
    const report = look({});

    assert.equal(report.driverVersion, "v1.5.4");
    assert.equal(report.providerVersion, "v1.7.2");
  });
});
