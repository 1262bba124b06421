/** Runs the integration suite inside the extension host of the real workbench, on the unpacked .vsix, against a sandbox of its own. */
import { writeFileSync } from "node:fs";
import path from "node:path";

import { build } from "esbuild";
import { chromium } from "playwright-core";
import type { Page } from "playwright-core";

import { startSandbox } from "../sandbox/sandbox.ts";
import { sandboxEnvironment, sandboxSettings } from "./cloud.ts";
import { chromiumOptions } from "./browser.ts";
import { startEditor } from "./editor.ts";
import { paths } from "./paths.ts";

interface Counts {
  readonly passed: number;
  readonly failed: number;
  readonly skipped: number;
}

export async function bundleIntegrationTests(): Promise<string> {
  const outfile = path.join(paths.integrationTests, "index.cjs");
  await build({
    entryPoints: [path.join(paths.root, "test/integration/index.ts")],
    outfile,
    bundle: true,
    platform: "node",
    format: "cjs",
    target: "node20",
    external: ["vscode", "mocha"],
    logLevel: "warning",
  });
  return outfile;
}

async function runSuite(): Promise<number> {
  const tests = await bundleIntegrationTests();
  const sandbox = await startSandbox({ world: "demo", pace: "instant" });
  const editor = await startEditor({
    runsTests: true,
    settings: sandboxSettings(sandbox),
    env: { ...sandboxEnvironment(sandbox), KEY_VAULT_CSI_CONTROL: sandbox.control },
  });
  const browser = await chromium.launch(chromiumOptions());
  try {
    const code = await runInside(await browser.newPage(), editor.url, tests);
    return code;
  } finally {
    await browser.close();
    await editor.close();
    await sandbox.close();
  }
}

/** Opens the workbench with the suite as payload; it logs through the page and exits through it. */
async function runInside(page: Page, url: string, tests: string): Promise<number> {
  const remote = (file: string): string => `vscode-remote://${new URL(url).host}${file}`;
  const payload = [
    ["extensionDevelopmentPath", remote(paths.extension)],
    ["extensionTestsPath", remote(tests)],
  ];
  let counts: Counts | undefined;
  await page.exposeFunction("codeAutomationLog", (_kind: string, args: unknown[]) => {
    const [, text] = /^TEST\|([\s\S]*)$/.exec(args.map(String).join(" ")) ?? [];
    const found = text && /^COUNTS (\{.*\})$/.exec(text)?.[1];
    if (found) {
      counts = JSON.parse(found) as Counts;
    } else if (text !== undefined) {
      process.stdout.write(`${text}\n`);
    }
  });
  const exited = new Promise<number>(
    (resolve) => void page.exposeFunction("codeAutomationExit", (code: number) => resolve(code)),
  );
  await page.goto(`${url}/?payload=${encodeURIComponent(JSON.stringify(payload))}`);
  const code = await exited;
  const file = process.env["KEY_VAULT_CSI_COUNTS"];
  if (file && counts) {
    writeFileSync(file, JSON.stringify(counts));
  }
  return code;
}

async function main(): Promise<void> {
  process.exitCode = await runSuite();
}

if (process.argv[1] === import.meta.filename) {
  void main();
}
