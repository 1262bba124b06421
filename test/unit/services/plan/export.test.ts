import assert from "node:assert/strict";
import { execFileSync, spawnSync } from "node:child_process";

import { describe, it } from "mocha";

import { exportScript, formatCommandLine } from "../../../../src/services/plan/export.ts";
import type { CommandLine, Step } from "../../../../src/services/plan/step.ts";

/** A step of which only the command lines count. */
function stepWith(...lines: readonly CommandLine[]): Step {
  return {
    id: "step",
    title: "A step; it's named `so`",
    why: "",
    rights: [],
    check: () => Promise.resolve({ kind: "satisfied", now: "" }),
    apply: () => Promise.resolve(),
    commands: () => lines,
  };
}

/** Runs a script with functions in the place of az and kubectl that print their words, one a line, and their input. */
function runScript(script: string, env: Record<string, string> = {}): string {
  const stub =
    'az() { printf "az|%s\\n" "$@"; if [ ! -t 0 ]; then cat; fi; }; kubectl() { printf "kubectl|%s\\n" "$@"; cat; }\n';
  return execFileSync("bash", ["-c", stub + script], { encoding: "utf8", env: { ...process.env, ...env }, input: "" });
}

describe("an exported script", () => {
  it("hands every word to the command as it is, whatever it contains", () => {
    const odd = `it's "quoted" $HOME \`id\` ; rm -rf * \\`;
    const output = runScript(exportScript([stepWith({ tool: "az", words: ["tag", odd] })]));

    assert.equal(output, `az|tag\naz|${odd}\n`);
  });

  it("reads a secret's value from the environment and refuses to start without it", () => {
    const script = exportScript([stepWith({ tool: "az", words: ["set"], stdin: "${SECRET_VALUE}" })]);

    assert.match(runScript(script, { SECRET_VALUE: "a $b" }), /a \$b$/);
    assert.notEqual(spawnSync("bash", ["-c", script], { env: { PATH: process.env["PATH"] } }).status, 0);
  });

  it("puts what a line printed into the lines after it, and nothing else of a manifest expands", () => {
    const script = exportScript([
      stepWith(
        { tool: "az", words: ["show"], captures: "CLIENT_ID" },
        { tool: "kubectl", words: ["apply"], stdin: "a: ${CLIENT_ID}\nb: $HOME `id` \\" },
      ),
    ]);

    assert.match(runScript(script), /a: az\|show\nb: \$HOME `id` \\\n$/);
  });

  it("runs a line once for each line that was captured", () => {
    const script = exportScript([
      stepWith(
        { tool: "az", words: ["one"], captures: "NAMES" },
        { tool: "az", words: ["use", { template: "${EACH}" }], each: "NAMES" },
      ),
    ]);

    assert.equal(runScript(script), "az|use\naz|az|one\n");
  });

  it("passes shellcheck", function () {
    if (spawnSync("shellcheck", ["--version"]).error) {
      this.skip();
    }
    const script = exportScript([
      stepWith(
        { tool: "az", words: ["show", "--query", "[].name"], captures: "NAMES" },
        { tool: "az", words: ["use", { template: "${EACH}" }], each: "NAMES" },
        { tool: "kubectl", words: ["apply", "-f", "-"], stdin: "name: ${NAMES}\nliteral: $1" },
        { tool: "az", words: ["set"], stdin: "${SECRET_VALUE}" },
      ),
    ]);

    const { status, stdout } = spawnSync("shellcheck", ["-"], { input: script, encoding: "utf8" });
    assert.equal(status, 0, stdout);
  });

  it("leaves plain words bare in the line that is shown", () => {
    assert.equal(
      formatCommandLine({ tool: "az", words: ["group", "create", "--name", "my group"] }),
      "az group create --name 'my group'",
    );
  });
});
