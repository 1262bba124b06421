/** `npm run sandbox -- [--port N] [--world demo|empty|bulk|FILE.json] [--pace instant|demo] [--ca DIR|FILE]`: the sandbox cloud as a process of its own, until SIGTERM. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { parseArgs } from "node:util";

import { startSandbox, type Sandbox, type SandboxOptions } from "./sandbox.ts";
import { seedBulk } from "./seedBulk.ts";
import { seedFile } from "./seedFile.ts";

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
      return (builder) => seedFile(builder, readFileSync(name, "utf8"));
  }
}

/** Each one costs a port: of a large estate none is opened before it is asked for. */
const describedAtMost = 100;

const few = <V>(map: ReadonlyMap<string, V>): V[] => (map.size > describedAtMost ? [] : [...map.values()]);

/** A folder of makeCa.ts, or the `ca.pem` in it. */
const caFolderOf = (given: string): string => (given.endsWith(".pem") ? path.dirname(given) : given);

async function describeClusters(sandbox: Sandbox, folder: string): Promise<{ id: string; kubeconfig: string }[]> {
  const clusters = few(sandbox.world.clusters);
  return Promise.all(
    clusters.map(async ({ id, name }) => {
      const file = path.join(folder, `${name}.kubeconfig`);
      writeFileSync(file, await sandbox.kubeconfig(id), { mode: 0o600 });
      return { id, kubeconfig: file };
    }),
  );
}

async function describeVaults(sandbox: Sandbox): Promise<{ id: string; vaultUri: string }[]> {
  const vaults = few(sandbox.world.vaults);
  return Promise.all(vaults.map(async ({ id }) => ({ id, vaultUri: await sandbox.vaultUri(id) })));
}

async function main(): Promise<void> {
  const folder = mkdtempSync(path.join(tmpdir(), "key-vault-csi-kubeconfigs-"));
  const sandbox = await startSandbox({
    world: worldOf(values.world),
    pace: values.pace === "instant" ? "instant" : "demo",
    ...(values.port !== undefined && { port: Number(values.port) }),
    ...(values.ca !== undefined && { caFolder: caFolderOf(values.ca) }),
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
    process.on("SIGTERM", resolve);
    process.on("SIGINT", resolve);
  });
  rmSync(folder, { recursive: true, force: true });
  await sandbox.close();
}

void main();
