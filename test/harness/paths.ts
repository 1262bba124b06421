import path from "node:path";

const root = path.resolve(import.meta.dirname, "../..");
const cache = path.join(root, ".vscode-test");
const codeServer = path.join(cache, "code-server/node_modules");

/** Where the harness keeps its things; everything but `root` is git-ignored. */
export const paths = {
  root,
  cache,
  node: path.join(codeServer, "node/bin/node"),
  server: path.join(codeServer, "code-server/lib/vscode/out/server-main.js"),
  vsix: path.join(cache, "key-vault-csi.vsix"),
  unpacked: path.join(cache, "vsix"),
  /** The unpacked .vsix: what the integration and ui suites run. */
  extension: path.join(cache, "vsix/extension"),
  integrationTests: path.join(cache, "integration-tests"),
} as const;
