/** Node reads NODE_EXTRA_CA_CERTS once, at start: the sandbox's authority is made before the process that is to trust it. */
import { mkdtempSync, rmSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { cache, run } from "./setup.mjs";

/** Makes an authority in a folder. @returns {Promise<Record<string, string>>} the environment of a process that trusts it */
export async function trustedEnvironment(folder) {
  if ((await run(process.execPath, ["--import", "tsx", "test/sandbox/makeCa.ts", folder])) !== 0) {
    throw new Error("The sandbox's certificate authority could not be made.");
  }
  return {
    ...process.env,
    NODE_EXTRA_CA_CERTS: path.join(folder, "bundle.pem"),
    KEY_VAULT_CSI_SANDBOX_CA: folder,
    KEY_VAULT_CSI_CACHE: cache,
    // Of dependencies only: our own code uses nothing deprecated.
    NODE_OPTIONS: `${process.env.NODE_OPTIONS ?? ""} --no-deprecation`.trim(),
  };
}

/** Runs a TypeScript file in a process that trusts a sandbox. @returns {Promise<number>} its exit code */
export async function runTrusting(script, args) {
  const folder = mkdtempSync(path.join(os.tmpdir(), "key-vault-csi-ca-"));
  try {
    return await run(process.execPath, ["--import", "tsx", script, ...args], { env: await trustedEnvironment(folder) });
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
