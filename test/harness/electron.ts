/** `npm run test:electron`: the integration suite in a desktop VS Code, where one can be downloaded. */
import { mkdtempSync, rmSync } from "node:fs";
import os from "node:os";
import path from "node:path";

import { downloadAndUnzipVSCode, runTests } from "@vscode/test-electron";

import { startSandbox } from "../sandbox/sandbox.ts";
import { sandboxEnvironment, sandboxSettings } from "./cloud.ts";
import { bundleIntegrationTests } from "./integration.ts";
import { buildPackage } from "./package.ts";
import { paths } from "./paths.ts";
import { writeSettings } from "./editor.ts";

async function runSuite(): Promise<number> {
  const vscodeExecutablePath = await downloadAndUnzipVSCode({ cachePath: paths.cache }).catch((error: unknown) => {
    process.stderr.write(`VS Code could not be downloaded here, so the suite did not run: ${String(error)}\n`);
    return undefined;
  });
  if (vscodeExecutablePath === undefined) {
    return 1;
  }
  await buildPackage();
  const extensionTestsPath = await bundleIntegrationTests();
  const sandbox = await startSandbox({ world: "demo", pace: "instant" });
  const userData = mkdtempSync(path.join(os.tmpdir(), "key-vault-csi-electron-"));
  try {
    writeSettings(userData, sandboxSettings(sandbox));
    return await runTests({
      vscodeExecutablePath,
      extensionDevelopmentPath: paths.extension,
      extensionTestsPath,
      extensionTestsEnv: { ...sandboxEnvironment(sandbox), KEY_VAULT_CSI_CONTROL: sandbox.control },
      launchArgs: [`--user-data-dir=${userData}`, "--disable-workspace-trust"],
    });
  } finally {
    await sandbox.close();
    rmSync(userData, { recursive: true, force: true });
  }
}

async function main(): Promise<void> {
  process.exitCode = await runSuite();
}

void main();
