import assert from "node:assert/strict";

import { after, before, describe, it } from "mocha";

import { until } from "../harness/until.ts";
import { driverCrds } from "../sandbox/kubernetes/crds.ts";
import { startCluster, type TestCluster } from "../unit/sandbox/kubernetesFixture.ts";
import { send, startKubeApiserver, type ApiServer, type KubeApiserver } from "./kubeApiserver.ts";
import { cases } from "./kubeApiserverCases.ts";
import { compare, explain, type Difference } from "./kubeApiserverCompare.ts";
import { knownDifferences } from "./kubeApiserverDifferences.ts";
import { namespace } from "./kubeApiserverRequests.ts";
import { ensureKubeApiserver, findEtcd } from "./tools.ts";

describe("the sandbox's Kubernetes API beside a real kube-apiserver", function () {
  this.timeout(900_000);
  let real: KubeApiserver;
  let cluster: TestCluster;
  let sandbox: ApiServer;
  let requests = 0;
  const excused = new Set<object>();

  before(async function () {
    const tools = [findEtcd(), ensureKubeApiserver()] as const;
    for (const tool of tools) {
      if (tool.kind === "absent") {
        console.log(`      Skipped: ${tool.why}`);
        this.skip();
      }
    }
    const [etcd, kubeApiserver] = tools.map((tool) => (tool.kind === "ready" ? tool.path : ""));
    real = await startKubeApiserver({ etcd: etcd ?? "", kubeApiserver: kubeApiserver ?? "" });
    cluster = await startCluster({ pools: [] });
    sandbox = { url: cluster.server.url, ca: cluster.caPem, token: cluster.token };
    await Promise.all([real, sandbox].map(prepare));
  });
  after(async () => {
    await Promise.all([real?.close(), cluster?.close()]);
    console.log(`      ${requests} answers compared in ${cases.length} cases, ${excused.size} known differences.`);
  });

  for (const one of cases) {
    it(`answers alike: ${one.title}`, async () => {
      const compared = await compare(one, real, sandbox);
      requests += compared.requests;
      const unknown = compared.differences.filter((difference) => !isKnown(difference));
      assert.ok(unknown.length === 0, `\n${unknown.map(explain).join("\n")}`);
    });
  }

  it("has no known difference that is none any more", () => {
    const stale = knownDifferences.filter((difference) => !excused.has(difference));

    assert.deepEqual(stale, []);
  });

  function isKnown({ title, path }: Difference): boolean {
    const known = knownDifferences.filter((one) => title.startsWith(one.title) && path.startsWith(one.path));
    known.forEach((one) => excused.add(one));
    return known.length > 0;
  }
});

/** What controllers would make, and the driver's kinds. */
async function prepare(server: ApiServer): Promise<void> {
  await send(server, "POST", "/api/v1/namespaces", { body: { metadata: { name: namespace } } });
  await send(server, "POST", `/api/v1/namespaces/${namespace}/serviceaccounts`, {
    body: { metadata: { name: "default" } },
  });
  for (const crd of driverCrds) {
    const { status, text } = await send(server, "POST", "/apis/apiextensions.k8s.io/v1/customresourcedefinitions", {
      body: crd,
    });
    assert.equal(status, 201, text);
  }
  await until("the driver's kinds", async () => {
    const urls = ["v1/secretproviderclasses", "v1alpha1/secretproviderclasses", "v1/secretproviderclasspodstatuses"];
    const answers = await Promise.all(
      urls.map((url) => send(server, "GET", `/apis/secrets-store.csi.x-k8s.io/${url}`)),
    );
    return answers.every(({ status }) => status === 200) ? true : undefined;
  });
}
