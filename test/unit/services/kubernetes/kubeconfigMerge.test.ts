import assert from "node:assert/strict";

import { describe, it } from "mocha";
import { parse } from "yaml";

import { mergeKubeconfig } from "../../../../src/services/kubernetes/kubeconfigMerge.ts";

const certificate = "A".repeat(300);

const mine = `# mine
apiVersion: v1
kind: Config
clusters:
- cluster:
    server: https://home:6443 # the rack in the cellar
    certificate-authority-data: ${certificate}
  name: home
# made in March
- cluster:
    server: https://old.azmk8s.io:443
  name: web
contexts:
- context: {cluster: home, user: me, namespace: dev}
  name: home
current-context: home
preferences: {}
users:
- name: me
  user: {token: abc}
extensions: {kept: true}
`;

const web = `apiVersion: v1
clusters:
- cluster:
    certificate-authority-data: ${certificate}
    server: https://web.azmk8s.io:443
  name: web
contexts:
- context:
    cluster: web
    user: clusterUser_rg_web
  name: web
current-context: web
kind: Config
preferences: {}
users:
- name: clusterUser_rg_web
  user:
    token: def
`;

describe("mergeKubeconfig", () => {
  it("is the added kubeconfig where there was none", () => {
    for (const nothing of ["", "\n", "# only a comment\n"]) {
      assert.deepEqual(parse(mergeKubeconfig(nothing, web, { overwrite: false }).text), parse(web));
    }
  });

  it("replaces what it was told to, makes its context the current one, and keeps everything else", () => {
    const { text, context } = mergeKubeconfig(mine, web, { overwrite: true });

    assert.equal(context, "web");
    const merged = parse(text) as Record<string, { name: string }[]>;
    assert.deepEqual(merged["clusters"], [
      { cluster: { server: "https://home:6443", "certificate-authority-data": certificate }, name: "home" },
      { cluster: { "certificate-authority-data": certificate, server: "https://web.azmk8s.io:443" }, name: "web" },
    ]);
    assert.deepEqual(
      merged["users"]?.map(({ name }) => name),
      ["me", "clusterUser_rg_web"],
    );
    assert.deepEqual(
      merged["contexts"]?.map(({ name }) => name),
      ["home", "web"],
    );
    assert.equal(merged["current-context"], "web");
    assert.deepEqual(merged["extensions"], { kept: true });
    for (const line of mine.split("\n").filter((line) => !/old\.azmk8s|current-context/.test(line))) {
      assert.ok(text.includes(line), line);
    }
  });

  it("asks before it replaces something else of the same name", () => {
    assert.throws(() => mergeKubeconfig(mine, web, { overwrite: false }), {
      code: "conflict",
      message: 'Your kubeconfig already has something else under the same name: cluster "web".',
    });
  });

  it("changes nothing the second time", () => {
    const once = mergeKubeconfig(mine, web, { overwrite: true }).text;

    assert.equal(mergeKubeconfig(once, web, { overwrite: false }).text, once);
  });

  it("fills the empty lists of a fresh kubeconfig", () => {
    const fresh = "apiVersion: v1\nkind: Config\nclusters: null\ncontexts: null\nusers: null\ncurrent-context: ''\n";

    const { clusters } = parse(mergeKubeconfig(fresh, web, { overwrite: false }).text) as { clusters: unknown[] };

    assert.equal(clusters.length, 1);
  });

  it("refuses to touch what is not a kubeconfig, without quoting it", () => {
    for (const broken of ["users: [token: hunter2", "- hunter2", "hunter2"]) {
      assert.throws(
        () => mergeKubeconfig(broken, web, { overwrite: true }),
        (error: Error) => !error.message.includes("hunter2") && error.message.startsWith("Your kubeconfig"),
      );
    }
  });
});
