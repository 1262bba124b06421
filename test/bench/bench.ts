/** `npm run bench [-- --only editor,sizes,inventory,verify,enable] [--small] [--update]`: measures, prints a table, and with `--update` writes it into CONTRIBUTING.md. */
import { readFileSync, writeFileSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { parseArgs } from "node:util";

import { format } from "prettier";

import { buildPackage } from "../harness/package.ts";
import { paths } from "../harness/paths.ts";
import { measureEditor } from "./editor.ts";
import { measureEnable } from "./enable.ts";
import { measureInventory } from "./inventory.ts";
import { formatTable, type Result } from "./result.ts";
import { measureSizes } from "./sizes.ts";
import { measureVerify } from "./verify.ts";

const { values } = parseArgs({
  options: {
    only: { type: "string" },
    small: { type: "boolean", default: false },
    update: { type: "boolean", default: false },
  },
});

const divisor = values.small ? 20 : 1;
const rounds = values.small ? 3 : 7;

const parts: Readonly<Record<string, () => Promise<Result[]>>> = {
  enable: measureEnable,
  sizes: () => Promise.resolve(measureSizes()),
  inventory: () =>
    measureInventory({ subscriptions: 1_000 / divisor, clusters: 10_000 / divisor, vaults: 10_000 / divisor }, rounds),
  verify: () => measureVerify({ nodes: 5_000 / divisor, pods: 100_000 / divisor }, rounds),
  editor: () => measureEditor(rounds),
};

async function writeTable(table: string): Promise<void> {
  const file = path.join(paths.root, "CONTRIBUTING.md");
  const text = readFileSync(file, "utf8");
  const marked = /<!-- bench -->[\s\S]*<!-- \/bench -->/;
  if (!marked.test(text)) {
    throw new Error("CONTRIBUTING.md has no place for the table.");
  }
  const written = text.replace(marked, () => `<!-- bench -->\n\n${table}\n\n<!-- /bench -->`);
  writeFileSync(file, await format(written, { parser: "markdown", printWidth: 120 }));
}

/** A part that cannot be measured fails the run and leaves the others their lines. */
async function measure(name: string): Promise<Result[]> {
  try {
    return (await parts[name]?.()) ?? [];
  } catch (error) {
    process.stderr.write(`${String(error)}\n`);
    return [{ what: name, measured: "could not be measured", goal: "", isMet: false, isHard: true }];
  }
}

async function main(): Promise<void> {
  const chosen = values.only?.split(",") ?? Object.keys(parts);
  if (chosen.includes("sizes") || chosen.includes("editor")) {
    await buildPackage();
  }
  const results: Result[] = [];
  for (const name of chosen) {
    process.stderr.write(`Measuring ${name} …\n`);
    results.push(...(await measure(name)));
  }
  const load = `Node ${process.versions.node}, ${os.cpus().length} processors, load ${os.loadavg()[0]?.toFixed(1)} at the end`;
  const table = `${formatTable(results)}\n\n${load}.`;
  process.stdout.write(`${table}\n`);
  if (values.update) {
    await writeTable(table);
  }
  const broken = results.filter(({ isHard, isMet }) => isHard && !isMet);
  process.exitCode = broken.length > 0 ? 1 : 0;
}

void main();
