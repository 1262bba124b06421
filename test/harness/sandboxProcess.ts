/** The sandbox cloud as a process of its own, as `npm run sandbox` starts it. */
import { spawn } from "node:child_process";
import path from "node:path";
import { createInterface } from "node:readline";

import type { SandboxAddress } from "./cloud.ts";
import { paths } from "./paths.ts";

/** The line of JSON the sandbox prints when it is ready. */
export interface SandboxReady extends SandboxAddress {
  readonly authority: string;
  readonly caFile: string;
  readonly keyVaultSuffix: string;
  readonly clusters: readonly { readonly id: string; readonly kubeconfig: string }[];
  readonly vaults: readonly { readonly id: string; readonly vaultUri: string }[];
  readonly control: string;
}

export interface SandboxProcess {
  readonly ready: SandboxReady;
  close(): Promise<void>;
}

export async function startSandboxProcess(caFolder: string, args: readonly string[]): Promise<SandboxProcess> {
  const child = spawn(process.execPath, ["--import", "tsx", "test/sandbox/start.ts", ...args], {
    cwd: paths.root,
    stdio: ["ignore", "pipe", "inherit"],
    env: { ...process.env, NODE_EXTRA_CA_CERTS: path.join(caFolder, "bundle.pem"), KEY_VAULT_CSI_SANDBOX_CA: caFolder },
  });
  const ended = new Promise<void>((resolve) => child.once("exit", () => resolve()));
  const line = await Promise.race([
    createInterface({ input: child.stdout })[Symbol.asyncIterator]().next(),
    ended.then(() => undefined),
  ]);
  if (!line || line.done) {
    throw new Error("The sandbox ended before it was ready.");
  }
  return {
    ready: JSON.parse(line.value) as SandboxReady,
    async close() {
      child.kill("SIGTERM");
      await ended;
    },
  };
}
