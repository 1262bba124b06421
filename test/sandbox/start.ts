/** `npm run sandbox -- [--port N] [--world demo|empty|bulk] [--pace instant|demo] [--ca DIR]`: the sandbox cloud as a process of its own, until SIGTERM. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { parseArgs } from "node:util";

import { startSandbox, type Sandbox, type SandboxOptions } from "./sandbox.ts";
import { seedBulk } from "./seedBulk.ts";

const { values } = parseArgs({
  options: {
    port: { type: "string" },
    world: { type: "string", default: "demo" },
    pace: { type: "string", default: "demo" },
    ca: { type: "string" },
  },
});

function worldOf(name: string): NonNullable<SandboxOptions["world"]> {
  switch (name) {
    case "demo":
    case "empty":
      return name;
    case "bulk":
      return seedBulk;
    default:
      throw new Error(`There is no world "${name}": demo, empty or bulk.`);
  }
}

/** Only as many as a person would look at: each one costs a port. */
const describedAtMost = 100;

async function describeClusters(sandbox: Sandbox, folder: string): Promise<{ id: string; kubeconfig: string }[]> {
  const clusters = [...sandbox.world.clusters.values()].slice(0, describedAtMost);
  return Promise.all(
    clusters.map(async ({ id, name }) => {
      const file = path.join(folder, `${name}.kubeconfig`);
      writeFileSync(file, await sandbox.kubeconfig(id), { mode: 0o600 });
      return { id, kubeconfig: file };
    }),
  );
}

async function describeVaults(sandbox: Sandbox): Promise<{ id: string; vaultUri: string }[]> {
  const vaults = [...sandbox.world.vaults.values()].slice(0, describedAtMost);
  return Promise.all(vaults.map(async ({ id }) => ({ id, vaultUri: await sandbox.vaultUri(id) })));
}

async function main(): Promise<void> {
  const folder = mkdtempSync(path.join(tmpdir(), "key-vault-csi-kubeconfigs-"));
  const sandbox = await startSandbox({
    world: worldOf(values.world),
    pace: values.pace === "instant" ? "instant" : "demo",
    ...(values.port !== undefined && { port: Number(values.port) }),
    ...(values.ca !== undefined && { caFolder: values.ca }),
  });
  const ready = {
    resourceManager: sandbox.resourceManager,
    authority: sandbox.authority,
    tenantId: sandbox.tenantId,
    clientId: sandbox.clientId,
    clientSecret: sandbox.clientSecret,
    caFile: sandbox.caFile,
    keyVaultSuffix: sandbox.keyVaultSuffix,
    clusters: await describeClusters(sandbox, folder),
    vaults: await describeVaults(sandbox),
    control: sandbox.control,
  };
  process.stdout.write(`${JSON.stringify(ready)}\n`);
  await new Promise<void>((resolve) => {
    process.once("SIGTERM", resolve);
    process.once("SIGINT", resolve);
  });
  rmSync(folder, { recursive: true, force: true });
  await sandbox.close();
}

void main();
