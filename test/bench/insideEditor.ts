/** Runs in VS Code's extension host: times the activation of the packaged extension and opens its view. */
import { setTimeout as delay } from "node:timers/promises";
import v8 from "node:v8";
import vm from "node:vm";

import * as vscode from "vscode";

const id = "key-vault-csi.key-vault-csi";

/** A window that opens keeps its extension host busy with its own: that is not what we measure. At most ten seconds. */
async function quiet(): Promise<void> {
  for (let calm = 0, looks = 0; calm < 20 && looks < 200; looks += 1) {
    const usedBefore = process.threadCpuUsage();
    await delay(50);
    const { user, system } = process.threadCpuUsage(usedBefore);
    calm = user + system < 5_000 ? calm + 1 : 0;
  }
}

export async function run(): Promise<void> {
  v8.setFlagsFromString("--expose_gc");
  const collect = vm.runInNewContext("gc") as () => void;
  const extension = vscode.extensions.getExtension(id);
  if (!extension || extension.isActive) {
    throw new Error(extension ? "The extension is active before it was used." : `There is no extension ${id}.`);
  }
  const memory = (): NodeJS.MemoryUsage => {
    collect();
    return process.memoryUsage();
  };
  await quiet();
  const before = memory();
  const processorAt = process.threadCpuUsage();
  const startedAt = performance.now();
  await extension.activate();
  const activateMs = performance.now() - startedAt;
  const { user, system } = process.threadCpuUsage(processorAt);
  const after = memory();
  const measured = {
    activateMs,
    processorMs: (user + system) / 1000,
    heapBytes: after.heapUsed - before.heapUsed,
    rssBytes: after.rss - before.rss,
  };
  console.log(`BENCH|${JSON.stringify(measured)}`);
  await vscode.commands.executeCommand("keyVaultCsi.tree.focus");
  // The page outside sees the first row and closes the window.
  await new Promise(() => undefined);
}
