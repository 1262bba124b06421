/**
 * `npm test` and its parts: node test/harness/run.mjs [--no-check] SUITE…
 * Does all set-up, runs the suites and closes with one line of counts over all of them.
 */
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { ensureCodeServer, ensureDependencies, findChromium, root, run, say } from "./setup.mjs";
import { trustedEnvironment } from "./trust.mjs";

const tsx = ["--import", "tsx"];
const mocha = path.join("node_modules", "mocha", "bin", "mocha.js");
const suites = {
  unit: { files: "test/unit/**/*.test.ts", needs: [], timeoutMs: 20_000 },
  integration: { script: "test/harness/integration.ts", needs: ["editor", "package"] },
  ui: { files: "test/ui/**/*.test.ts", needs: ["editor", "package"], timeoutMs: 120_000 },
  peers: { files: "test/peers/**/*.test.ts", needs: [], timeoutMs: 900_000 },
};

const scratch = mkdtempSync(path.join(os.tmpdir(), "key-vault-csi-test-"));
const args = process.argv.slice(2);
const grep = args.flatMap((arg, index) => (arg === "--grep" ? ["--grep", args[index + 1]] : []));
const chosen = args.filter((arg) => arg in suites);
const names = chosen.length > 0 ? chosen : Object.keys(suites);
process.exitCode = await main().finally(() => rmSync(scratch, { recursive: true, force: true }));

async function main() {
  await ensureDependencies();
  const needs = new Set(names.flatMap((name) => suites[name].needs));
  if (needs.has("editor")) {
    if (!findChromium()) {
      say(
        "The suites integration and ui need Chromium or Chrome: install the package chromium, or name one in CHROME_PATH.",
      );
      return 1;
    }
    await ensureCodeServer();
  }
  const failures = [];
  if (chosen.length === 0 && (await run("npm", ["run", "--silent", "check"])) !== 0) {
    failures.push("check");
  }
  if (needs.has("package") && (await run(process.execPath, [...tsx, "test/harness/package.ts"])) !== 0) {
    failures.push("package");
  }
  const total = { passed: 0, failed: failures.length, skipped: 0 };
  const env = await trustedEnvironment(path.join(scratch, "ca"));
  for (const name of names) {
    say(`\n== ${name} ==`);
    add(total, await runSuite(name, env));
  }
  if (failures.length > 0) {
    say(`Failed before the suites: ${failures.join(", ")}`);
  }
  process.stdout.write(`${total.passed} passed, ${total.failed} failed, ${total.skipped} skipped\n`);
  return total.failed > 0 || total.passed === 0 ? 1 : 0;
}

async function runSuite(name, env) {
  const { files, script, timeoutMs } = suites[name];
  const counts = path.join(scratch, `${name}.json`);
  const command = script
    ? [...tsx, script]
    : [
        ...tsx,
        mocha,
        "--reporter",
        "test/harness/reporter.cjs",
        "--timeout",
        String(timeoutMs),
        "--exit",
        ...grep,
        files,
      ];
  const code = await run(process.execPath, command, { cwd: root, env: { ...env, KEY_VAULT_CSI_COUNTS: counts } });
  const result = existsSync(counts) ? JSON.parse(readFileSync(counts, "utf8")) : { passed: 0, failed: 1, skipped: 0 };
  say(`${name}: ${result.passed} passed, ${result.failed} failed, ${result.skipped} skipped`);
  return code !== 0 && result.failed === 0 ? { ...result, failed: 1 } : result;
}

function add(total, part) {
  for (const key of Object.keys(total)) {
    total[key] += part[key];
  }
}
