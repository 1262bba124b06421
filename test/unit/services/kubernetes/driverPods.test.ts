import assert from "node:assert/strict";

import { afterEach, describe, it } from "mocha";

import { createDriverVerification, type DriverReport } from "../../../../src/services/kubernetes/driverPods.ts";
import { namespace, startCluster, type ClusterFixture, type FixtureOptions } from "./clusterFixture.ts";

import { daemonSet } from "./driverFixture.ts";

const verification = createDriverVerification();
const settle = { withinMs: 15_000, everyMs: 10 };
const once = { withinMs: 0, everyMs: 0 };

describe("the verification of the driver", () => {
  let fixture: ClusterFixture;
  const start = async (options: FixtureOptions = { addon: "enabled" }): Promise<void> => {
    fixture = await startCluster(options);
  };
  afterEach(async () => {
    await fixture.sandbox.close();
  });
  const look = (times = settle): Promise<DriverReport> => verification.verify(fixture.client, times);
  const names = (): readonly string[] =>
    fixture.kubernetes.list("Node").map(({ metadata }) => (metadata as { name: string }).name);
  const paths = () => fixture.sandbox.requests({ plane: "kubernetes" }).map(({ path }) => path);

  it("finds a healthy add-on on Linux and Windows nodes by labels and metadata only", async () => {
    await start({
      addon: "enabled",
      pools: [
        { name: "system", count: 2 },
        { name: "win", count: 1, osType: "Windows" },
      ],
    });
    const report = await look();
    fixture.sandbox.forgetRequests();

    assert.deepEqual(await look(once), report);

    assert.equal(report.verdict, "healthy");
    assert.equal(report.summary, "Driver and provider run on all 3 nodes.");
    assert.deepEqual(report.nodes.map(({ os }) => os).sort(), ["linux", "linux", "windows"]);
    assert.ok(report.nodes.every(({ isReady, isRegistered }) => isReady && isRegistered));
    assert.equal(report.installation, "addon");
    assert.equal(report.hasCrds, true);
    assert.equal(report.csiDriver?.podInfoOnMount, true);
    assert.match(report.driverVersion ?? "", /^v\d+\.\d+\.\d+/);
    assert.match(report.providerVersion ?? "", /^v\d+\.\d+\.\d+/);
    assert.equal(paths().length, 6);
    assert.deepEqual(
      paths()
        .filter((path) => path.includes("pods?"))
        .map((path) => decodeURIComponent(path)),
      [
        "/api/v1/namespaces/kube-system/pods?labelSelector=app+in+(secrets-store-csi-driver,secrets-store-provider-azure,csi-secrets-store,csi-secrets-store-provider-azure)&limit=500",
      ],
    );
  });

  it("tells each look until the verdict is settled", async () => {
    await start();
    const seen: string[] = [];

    await verification.verify(fixture.client, settle, ({ verdict }) => void seen.push(verdict));

    assert.equal(seen.at(-1), "healthy");
    assert.ok(seen.slice(0, -1).every((verdict) => verdict === "pending"));
  });

  it("says that nothing is installed where the add-on is off", async () => {
    await start({ addon: "absent" });

    const report = await look();

    assert.equal(report.verdict, "notInstalled");
    assert.equal(report.installation, "none");
    assert.equal(report.csiDriver, undefined);
    assert.equal(report.hasCrds, false);
  });

  it("leaves the virtual node out", async () => {
    await start({
      addon: "enabled",
      properties: {
        addonProfiles: {
          azureKeyvaultSecretsProvider: { enabled: true, config: null },
          aciConnectorLinux: { enabled: true, config: {} },
        },
      },
    });

    const report = await look();

    assert.deepEqual(report.excludedNodes, ["virtual-node-aci-linux"]);
    assert.equal(report.verdict, "healthy");
  });

  const defects = [
    {
      what: "a pod without a place on its node",
      defect: { kind: "pending", component: "provider", message: "0/3 nodes are available: 1 Too many pods." },
      verdict: "pending",
      says: /the provider is starting\. The pod is not scheduled: 0\/3 nodes are available: 1 Too many pods\./,
    },
    {
      what: "a crash loop, with what it last said",
      defect: { kind: "crashLoop", component: "driver", message: "panic: no socket" },
      verdict: "broken",
      says: /the driver fails\. Container "secrets-store" keeps crashing: panic: no socket/,
    },
    {
      what: "an image that cannot be pulled",
      defect: { kind: "imagePull", component: "provider", message: "403 Forbidden" },
      verdict: "broken",
      says: /the provider fails\. The image of container "provider-azure-installer" cannot be pulled: .*403 Forbidden/,
    },
    {
      what: "a missing pod",
      defect: { kind: "missing", component: "provider" },
      verdict: "pending",
      says: /the provider is missing\. /,
    },
    {
      what: "a driver that the kubelet does not know",
      defect: { kind: "unregistered" },
      verdict: "pending",
      says: /the driver has not registered with the kubelet/,
    },
    {
      what: "a node that is not ready",
      defect: { kind: "notReady" },
      verdict: "pending",
      says: /the node is not ready/,
    },
  ] as const;
  for (const { what, defect, verdict, says } of defects) {
    it(`finds ${what}`, async () => {
      await start();
      await look();
      const [node = ""] = names();

      fixture.kubernetes.breakNode(node, defect);

      const report = await settled(says);
      assert.equal(report.verdict, verdict);
      assert.ok(report.summary.startsWith(`Healthy on 2 of 3 nodes; on "${node}": `));
      fixture.kubernetes.mendNode(node);
      assert.equal((await look()).verdict, "healthy");
    });
  }

  /** The pods of the node start anew after it was broken: looks until the report says what it must. */
  async function settled(says: RegExp): Promise<DriverReport> {
    for (;;) {
      const report = await look(once);
      if (says.test(report.summary)) {
        return report;
      }
    }
  }

  it("answers pending when the time is up, and stops when aborted", async () => {
    await start();
    await look();
    fixture.kubernetes.breakNode(names()[0] ?? "", { kind: "pending", component: "provider", message: "full" });
    const stop = new AbortController();
    const abort = () => {
      stop.abort();
    };

    assert.equal((await look({ withinMs: 50, everyMs: 10 })).verdict, "pending");
    await assert.rejects(
      verification.verify(fixture.client, { withinMs: 60_000, everyMs: 60_000 }, abort, { signal: stop.signal }),
      { name: "AbortError" },
    );
  });

  it("bears an API server that restarts meanwhile", async () => {
    await start();
    fixture.sandbox.fail({ path: "/api/v1/nodes", status: 500, times: 1 });

    assert.equal((await look()).verdict, "healthy");
    fixture.sandbox.fail({ path: "/api/v1/nodes", status: 500, times: 1 });
    await assert.rejects(look(once), { code: "unreachable" });
  });

  const lasting = [
    { what: "is stopped", situation: { powerState: "Stopped", isPrivate: false } },
    { what: "this machine has no line to", situation: { powerState: "Running", isPrivate: true } },
  ] as const;
  for (const { what, situation } of lasting) {
    it(`does not wait for a cluster that ${what}`, async () => {
      await start({ isUnreachable: true, situation });

      await assert.rejects(look({ withinMs: 60_000, everyMs: 60_000 }), { code: "unreachable" });
    });
  }

  it("finds an open-source installation in a namespace of its own, beside the add-on", async () => {
    await start();
    await look();
    fixture.put(
      namespace("csi"),
      daemonSet({ role: "driver", namespace: "csi", name: "csi-secrets-store-csi-driver" }),
    );
    fixture.sandbox.forgetRequests();

    const report = await look();

    assert.equal(report.installation, "both");
    assert.equal(report.verdict, "broken");
    assert.ok(paths().some((path) => path.startsWith("/api/v1/namespaces/csi/pods?labelSelector=app")));
  });

  it("names what may not be listed", async () => {
    await start({
      entra: "kubernetesRbac",
      as: (sandbox) => sandbox.addPrincipal({ type: "User", displayName: "Guest" }),
    });

    await assert.rejects(look(once), { code: "forbidden", message: /You may not list \S+ .*on "web"\./ });
  });

  it("asks many broken nodes in pages instead of one by one", async () => {
    await start({ addon: "enabled", pools: [{ name: "system", count: 12 }] });
    await look();
    names().forEach((name) => {
      fixture.kubernetes.breakNode(name, { kind: "missing", component: "provider" });
    });
    fixture.sandbox.forgetRequests();

    const report = await look(once);

    assert.equal(report.nodes.filter(({ provider }) => provider.kind === "missing").length, 12);
    assert.equal(paths().filter((path) => path.startsWith("/api/v1/nodes?")).length, 2);
    assert.equal(paths().filter((path) => path.startsWith("/api/v1/nodes/")).length, 0);
  });
});
