/** The real Azure CLI, signed in to a sandbox that it knows as a custom cloud; its configuration lies in a folder of its own. */
import assert from "node:assert/strict";
import { execFileSync, spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";

import type { Sandbox } from "../sandbox/sandbox.ts";
import { startConnectProxy } from "./connectProxy.ts";
import { ensureAzureCli, findKubectl } from "./tools.ts";

export interface CliRun {
  readonly code: number | null;
  readonly out: string;
  readonly error: string;
}

export interface RunOptions {
  readonly input?: string;
  readonly env?: Readonly<Record<string, string>>;
}

export interface AzureCli {
  /** A command line as one would type it, without `az`; quotes hold a word together. */
  run(line: string, options?: RunOptions): Promise<CliRun>;
  /** Must succeed. @returns what it printed, parsed where it is JSON */
  ask(line: string, options?: RunOptions): Promise<Printed>;
  /** Must fail. @returns what it complained of */
  refuse(line: string): Promise<string>;
  /** A bash script that finds az, kubectl and the kubeconfig of this sandbox. */
  script(text: string, options?: RunOptions): Promise<CliRun>;
  kubectl(words: readonly string[], options?: RunOptions): Promise<CliRun>;
  /** Command lines run so far. */
  count(): number;
  /** Names outside the sandbox that az wanted to reach. */
  readonly refused: readonly string[];
  close(): Promise<void>;
}

/** JSON that az printed; tests say by their assertions what they expect in it. */
// eslint-disable-next-line @typescript-eslint/no-explicit-any
export type Printed = any;

/** Why a suite that needs these tools cannot run. */
export function whyNoAzureCli(): string | undefined {
  const absent = [ensureAzureCli(), findKubectl()].find((tool) => tool.kind === "absent");
  return absent?.kind === "absent" ? absent.why : undefined;
}

export async function startAzureCli(sandbox: Sandbox): Promise<AzureCli> {
  const tool = ensureAzureCli();
  assert.ok(tool.kind === "ready");
  const folder = mkdtempSync(path.join(tmpdir(), "key-vault-csi-az-"));
  const proxy = await startConnectProxy({
    [`.${sandbox.keyVaultSuffix}`]: Number(new URL(sandbox.resourceManager).port),
  });
  const env = environment(folder, tool.path, trust(folder, tool.path, sandbox), proxy.url);
  let count = 0;
  const start = (command: string, words: readonly string[], { input, env: more }: RunOptions = {}): Promise<CliRun> => {
    count += 1;
    return runProcess(command, words, { input: input ?? "", env: { ...env, ...more } });
  };
  const run: AzureCli["run"] = (line, options) => start(tool.path, splitWords(line), options);
  const cli: AzureCli = {
    run,
    async ask(line, options) {
      const { code, out, error } = await run(line, options);
      assert.equal(code, 0, `az ${line}\n${error}`);
      return parse(out);
    },
    async refuse(line) {
      const { code, error } = await run(line);
      assert.notEqual(code, 0, `az ${line} was expected to fail.`);
      return error;
    },
    script: (text, options) => start("bash", ["-c", text], options),
    kubectl: (words, options) => start("kubectl", words, options),
    count: () => count,
    refused: proxy.refused,
    async close() {
      await proxy.close();
      rmSync(folder, { recursive: true, force: true });
    },
  };
  await signIn(cli, sandbox);
  return cli;
}

/** `requests` reads one file: its own list of authorities, and the sandbox's. */
function trust(folder: string, az: string, sandbox: Sandbox): string {
  const python = path.join(path.dirname(az), "python3");
  const certifi = execFileSync(python, ["-m", "certifi"], { encoding: "utf8" }).trim();
  const file = path.join(folder, "authorities.pem");
  writeFileSync(file, `${readFileSync(certifi, "utf8")}\n${sandbox.caPem}`);
  return file;
}

/** Nothing of the person's own: no proxy, no kubeconfig, no sign-in, no telemetry. */
function environment(folder: string, az: string, authorities: string, proxy: string): Record<string, string> {
  return {
    PATH: `${path.dirname(az)}${path.delimiter}${process.env["PATH"] ?? ""}`,
    HOME: folder,
    KUBECONFIG: path.join(folder, "kubeconfig"),
    AZURE_CONFIG_DIR: path.join(folder, "azure"),
    AZURE_CORE_INSTANCE_DISCOVERY: "false",
    AZURE_CORE_COLLECT_TELEMETRY: "false",
    AZURE_AUTO_UPGRADE_ENABLE: "false",
    AZURE_EXTENSION_USE_DYNAMIC_INSTALL: "no",
    AZURE_CORE_NO_COLOR: "true",
    AZURE_CORE_ONLY_SHOW_ERRORS: "true",
    REQUESTS_CA_BUNDLE: authorities,
    HTTPS_PROXY: proxy,
    // kubectl goes straight to the cluster.
    NO_PROXY: "127.0.0.1",
    LANG: "C.UTF-8",
  };
}

async function signIn(cli: AzureCli, sandbox: Sandbox): Promise<void> {
  const { resourceManager, authority, clientId, clientSecret, tenantId, keyVaultSuffix } = sandbox;
  await cli.ask(
    [
      `cloud register --name Sandbox --endpoint-resource-manager ${resourceManager}`,
      `--endpoint-management ${resourceManager} --endpoint-active-directory ${authority}`,
      `--endpoint-active-directory-resource-id ${resourceManager}`,
      `--endpoint-active-directory-graph-resource-id ${resourceManager}`,
      `--endpoint-microsoft-graph-resource-id ${resourceManager}`,
      `--suffix-keyvault-dns .${keyVaultSuffix}`,
    ].join(" "),
  );
  await cli.ask("cloud set --name Sandbox");
  await cli.ask(`login --service-principal --username ${clientId} --password ${clientSecret} --tenant ${tenantId}`);
}

/** As a shell would, without expanding anything. */
function splitWords(line: string): string[] {
  return [...line.matchAll(/"([^"]*)"|'([^']*)'|(\S+)/g)].map(
    ([, double, single, bare]) => double ?? single ?? bare ?? "",
  );
}

function parse(out: string): Printed {
  try {
    return JSON.parse(out);
  } catch {
    return out.trim();
  }
}

function runProcess(
  command: string,
  words: readonly string[],
  { input, env }: { readonly input: string; readonly env: Record<string, string> },
): Promise<CliRun> {
  return new Promise((resolve, reject) => {
    const child = spawn(command, words, { env });
    const out: Buffer[] = [];
    const error: Buffer[] = [];
    child.stdout.on("data", (chunk: Buffer) => out.push(chunk));
    child.stderr.on("data", (chunk: Buffer) => error.push(chunk));
    child.on("error", reject);
    child.on("close", (code) => {
      resolve({ code, out: Buffer.concat(out).toString(), error: Buffer.concat(error).toString() });
    });
    child.stdin.on("error", () => undefined);
    child.stdin.end(input);
  });
}
