import assert from "node:assert/strict";

import { after, before, describe, it } from "mocha";

import { startCluster, until, type TestCluster } from "../unit/sandbox/kubernetesFixture.ts";
import { cases, type KubectlCase } from "./kubectlCases.ts";
import { findKubectl } from "./tools.ts";

describe("kubectl on the sandbox's Kubernetes API, line by line", function () {
  this.timeout(30_000);
  let cluster: TestCluster;
  let lines = 0;
  let looks = 0;

  before(async function () {
    const kubectl = findKubectl();
    if (kubectl.kind === "absent") {
      console.log(`      Skipped: ${kubectl.why}`);
      this.skip();
    }
    cluster = await startCluster({ pools: [{ name: "nodepool1", count: 2, osType: "Linux", mode: "System" }] });
    cluster.server.installKeyVaultCsi({ driver: "1.5.4", provider: "1.7.2" });
    await until("driver ready", () =>
      cluster.server
        .list("DaemonSet")
        .filter(({ metadata }) => /^aks-secrets-store-(csi-driver|provider-azure)$/.test(nameOf(metadata)))
        .every(({ status }) => (status as Record<string, unknown> | undefined)?.["numberReady"] === 2),
    );
  });

  after(async () => {
    await (cluster as TestCluster | undefined)?.close();
    console.log(`      ${lines} command lines of kubectl, ${looks} comparisons of what they printed.`);
  });

  for (const one of cases) {
    it(titleOf(one), async () => {
      const { code, out, error } = await cluster.kubectl(splitWords(one.line), one.input);

      lines += 1;
      const printed = (one.code ?? 0) === 0 ? out : out + error;
      assert.equal(code, one.code ?? 0, `${out}\n${error}`);
      for (const pattern of [one.prints].flat()) {
        looks += 1;
        assert.match(printed, pattern);
      }
    });
  }

  it("prints as JSON and YAML what the API answers", async () => {
    for (const [resource, url] of [
      ["nodes", "/api/v1/nodes"],
      ["daemonsets.apps", "/apis/apps/v1/namespaces/kube-system/daemonsets"],
      ["csidrivers", "/apis/storage.k8s.io/v1/csidrivers"],
      ["clusterroles", "/apis/rbac.authorization.k8s.io/v1/clusterroles"],
    ] as const) {
      const { out } = await cluster.kubectl(["get", resource, "-n", "kube-system", "-o", "json", "--chunk-size=2"]);
      const { body } = await cluster.ask("GET", url);
      const bare = (items: readonly Record<string, unknown>[]) =>
        items.map((item) => [nameOf(item["metadata"]), item["spec"], item["rules"]]);
      lines += 1;
      looks += body.items.length;
      assert.deepEqual(bare(JSON.parse(out).items), bare(body.items));
    }
  });
});

function titleOf({ line, code = 0 }: KubectlCase): string {
  return code === 0 ? `kubectl ${line}` : `kubectl ${line} (ends with ${code})`;
}

function nameOf(metadata: unknown): string {
  return (metadata as { readonly name: string }).name;
}

/** As a shell would, without expanding anything. */
function splitWords(line: string): string[] {
  return [...line.matchAll(/'([^']*)'|(\S+)/g)].map(([, quoted, bare]) => quoted ?? bare ?? "");
}
