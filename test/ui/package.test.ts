import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { readdirSync, statSync } from "node:fs";
import path from "node:path";

import { describe, it } from "mocha";

import { paths } from "../harness/paths.ts";

describe("the packaged extension", () => {
  it("holds what it runs on and nothing else", () => {
    const files = readdirSync(paths.extension, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => path.relative(paths.extension, path.join(entry.parentPath, entry.name)));
    const allowed =
      /^(dist\/[\w./-]+\.(js|css|json)|media\/[\w/-]+\.(svg|png)|README\.md|readme\.md|CHANGELOG\.md|changelog\.md|LICENSE(\.txt)?|package\.json|package\.nls\.json)$/;

    assert.deepEqual(
      files.filter((file) => !allowed.test(file)),
      [],
    );
    assert.ok(!files.some((file) => /\.map$|screenshots|test/.test(file)), files.join("\n"));
    for (const needed of [
      "dist/extension.js",
      "dist/services.js",
      "dist/wizard.js",
      "package.json",
      "package.nls.json",
    ]) {
      assert.ok(files.includes(needed), needed);
    }
  });

  it("is small", () => {
    assert.ok(statSync(paths.vsix).size < 1.4 * 1024 * 1024, `${statSync(paths.vsix).size} bytes`);
    assert.ok(statSync(path.join(paths.extension, "dist/extension.js")).size <= 20 * 1024);
    const page = ["wizard.js", "wizard.css"].map((file) => statSync(path.join(paths.extension, "dist", file)).size);
    assert.ok(page.reduce((sum, size) => sum + size, 0) < 150 * 1024);
  });

  it("exports activate", () => {
    const code = [
      'const Module = require("node:module");',
      "const vscode = new Proxy({}, { get: () => class {} });",
      "const load = Module._load;",
      'Module._load = (id, ...rest) => (id === "vscode" ? vscode : load(id, ...rest));',
      `process.stdout.write(typeof require(${JSON.stringify(path.join(paths.extension, "dist/extension.js"))}).activate);`,
    ].join("\n");

    assert.equal(execFileSync(process.execPath, ["-e", code], { encoding: "utf8" }), "function");
  });
});
