import assert from "node:assert/strict";
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";

import { afterEach, beforeEach, describe, it } from "mocha";

import { kubeconfigPath, mergeIntoKubeconfigFile } from "../../../../src/services/kubernetes/kubeconfigFile.ts";

function kubeconfig(name: string, server = `https://${name}`): string {
  return [
    "apiVersion: v1",
    "kind: Config",
    "clusters:",
    `- name: ${name}`,
    "  cluster:",
    `    server: ${server}`,
    "users:",
    `- name: ${name}`,
    "  user: {}",
    "contexts:",
    `- name: ${name}`,
    "  context:",
    `    cluster: ${name}`,
    `    user: ${name}`,
    `current-context: ${name}`,
    "",
  ].join("\n");
}

describe("A person's kubeconfig", () => {
  let folder: string;
  let file: string;

  beforeEach(() => {
    folder = mkdtempSync(path.join(tmpdir(), "key-vault-csi-kubeconfig-"));
    file = path.join(folder, "config");
  });

  afterEach(() => rmSync(folder, { recursive: true }));

  const mode = (name: string) => (statSync(name).mode & 0o777).toString(8);
  const merge = (added: string, overwrite = false) => mergeIntoKubeconfigFile(file, added, { overwrite });

  it("is made with its folder, readable by its owner only", async () => {
    file = path.join(folder, ".kube", "config");

    const merged = await merge(kubeconfig("web"));

    assert.deepEqual(merged, { file, backup: undefined, context: "web" });
    assert.equal(mode(file), "600");
    assert.equal(mode(path.dirname(file)), "700");
  });

  it("keeps what is in it, and what it was stays beside it", async () => {
    const before = `# mine\n${kubeconfig("home")}`;
    writeFileSync(file, before, { mode: 0o644 });

    const merged = await merge(kubeconfig("web"));

    const text = readFileSync(file, "utf8");
    assert.ok(text.startsWith("# mine\n"));
    assert.match(text, /server: https:\/\/home/);
    assert.match(text, /server: https:\/\/web/);
    assert.match(text, /current-context: web/);
    assert.equal(readFileSync(merged.backup ?? "", "utf8"), before);
    assert.deepEqual([mode(file), mode(merged.backup ?? "")], ["600", "600"]);
    assert.deepEqual(readdirSync(folder).sort(), ["config", "config.bak"]);
  });

  it("is left alone where the same name stands for another cluster, unless told", async () => {
    writeFileSync(file, kubeconfig("web", "https://old"));

    await assert.rejects(merge(kubeconfig("web")), { code: "conflict", message: /cluster "web"/ });
    assert.match(readFileSync(file, "utf8"), /https:\/\/old/);
    assert.deepEqual(readdirSync(folder), ["config"]);

    await merge(kubeconfig("web"), true);
    assert.match(readFileSync(file, "utf8"), /https:\/\/web/);
  });

  it("is not written when it holds everything already", async () => {
    await merge(kubeconfig("web"));
    const { ino } = statSync(file);

    assert.equal((await merge(kubeconfig("web"))).backup, undefined);
    assert.equal(statSync(file).ino, ino);
  });

  it("stays a link where it is one", async () => {
    const real = path.join(folder, "real");
    writeFileSync(real, kubeconfig("home"));
    symlinkSync(real, file);

    const merged = await merge(kubeconfig("web"));

    assert.equal(merged.file, real);
    assert.match(readFileSync(file, "utf8"), /https:\/\/web/);
  });

  it("loses nothing when several clusters are merged at once", async () => {
    await Promise.all(["one", "two", "three"].map((name) => merge(kubeconfig(name))));

    const text = readFileSync(file, "utf8");
    assert.deepEqual(
      ["one", "two", "three"].filter((name) => text.includes(`https://${name}`)),
      ["one", "two", "three"],
    );
  });

  it("is where kubectl looks first", () => {
    const two = ["/a/config", "/b/config"].join(path.delimiter);

    assert.equal(kubeconfigPath({ KUBECONFIG: two }, "/home/me"), "/a/config");
    assert.equal(kubeconfigPath({}, "/home/me"), path.join("/home/me", ".kube", "config"));
  });
});
