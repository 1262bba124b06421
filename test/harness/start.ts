/** The part of `npm start` that needs the dependencies: sandbox, editor, address. */
import { execFileSync, spawn } from "node:child_process";
import { cpSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import path from "node:path";

import { sandboxEnvironment, sandboxSettings } from "./cloud.ts";
import { startEditor } from "./editor.ts";
import { paths } from "./paths.ts";
import { startSandboxProcess } from "./sandboxProcess.ts";
import type { SandboxProcess } from "./sandboxProcess.ts";

const home = path.join(paths.cache, "start");
const workspace = path.join(home, "workspace");
const shipped = ["package.json", "package.nls.json", "README.md", "CHANGELOG.md", "LICENSE", "dist", "media", "l10n"];

const say = (text: string): void => void process.stderr.write(`${text}\n`);

async function main(): Promise<void> {
  const ca = path.join(home, "ca");
  if (!existsSync(path.join(ca, "bundle.pem"))) {
    execFileSync(process.execPath, ["--import", "tsx", "test/sandbox/makeCa.ts", ca], {
      cwd: paths.root,
      stdio: ["ignore", 2, 2],
    });
  }
  mkdirSync(workspace, { recursive: true });
  say("Building the extension and starting the sandbox cloud …");
  const starting = startSandboxProcess(ca, ["--pace", "demo"]);
  await build().catch(async (error: unknown) => {
    await (await starting).close();
    throw error;
  });
  const sandbox = await starting;
  const stop = process.argv.includes("--desktop") ? startDesktop(sandbox, ca) : await startBrowserEditor(sandbox, ca);
  await new Promise<void>((resolve) => {
    // Ctrl+C arrives twice: from the terminal, and passed on by the parent.
    process.on("SIGINT", resolve);
    process.on("SIGTERM", resolve);
  });
  say("Stopping …");
  await Promise.all([stop(), sandbox.close()]);
}

/** The build of `npm run build`, beside the start of the sandbox. */
async function build(): Promise<void> {
  const child = spawn(process.execPath, ["esbuild.mjs"], { cwd: paths.root, stdio: ["ignore", "ignore", "inherit"] });
  const code = await new Promise((resolve, reject) => {
    child.once("exit", resolve);
    child.once("error", reject);
  });
  if (code !== 0) {
    throw new Error("The extension could not be built.");
  }
}

async function startBrowserEditor(sandbox: SandboxProcess, ca: string): Promise<() => Promise<void>> {
  say("Starting VS Code …");
  const dataFolder = path.join(home, "editor");
  installExtension(path.join(dataFolder, "extensions"));
  const editor = await startEditor({
    settings: sandboxSettings(sandbox.ready),
    env: editorEnvironment(sandbox, ca),
    dataFolder,
    port: Number(process.env["PORT"] ?? 0) || 8765,
  });
  process.stdout.write(`VS Code with Key Vault CSI for AKS on the sandbox cloud: ${editor.url}/?folder=${workspace}\n`);
  say("Open that address in a browser, then the Key Vault CSI icon on the left. Ctrl+C ends everything.");
  return () => editor.close();
}

function startDesktop(sandbox: SandboxProcess, ca: string): () => Promise<void> {
  const dataFolder = path.join(home, "desktop");
  mkdirSync(path.join(dataFolder, "User"), { recursive: true });
  writeFileSync(
    path.join(dataFolder, "User", "settings.json"),
    JSON.stringify(sandboxSettings(sandbox.ready), undefined, 2),
  );
  const child = spawn(
    "code",
    ["--wait", "--new-window", `--extensionDevelopmentPath=${paths.root}`, `--user-data-dir=${dataFolder}`, workspace],
    { stdio: "inherit", env: { ...process.env, ...editorEnvironment(sandbox, ca) } },
  );
  child.once("error", () => say("There is no `code` on the PATH: start without --desktop."));
  child.once("exit", () => process.kill(process.pid, "SIGTERM"));
  process.stdout.write("VS Code opens on the sandbox cloud.\n");
  return () => {
    child.kill("SIGTERM");
    return Promise.resolve();
  };
}

function editorEnvironment(sandbox: SandboxProcess, ca: string): Record<string, string> {
  return { ...sandboxEnvironment(sandbox.ready), NODE_EXTRA_CA_CERTS: path.join(ca, "bundle.pem") };
}

/** The extension as a user has it: in the editor's folder of extensions, without its sources. */
function installExtension(extensions: string): void {
  const { publisher, name, version } = JSON.parse(
    readFileSync(path.join(paths.root, "package.json"), "utf8"),
  ) as Record<string, string>;
  const target = path.join(extensions, `${publisher}.${name}-${version}`);
  rmSync(extensions, { recursive: true, force: true });
  for (const part of shipped.filter((file) => existsSync(path.join(paths.root, file)))) {
    cpSync(path.join(paths.root, part), path.join(target, part), { recursive: true });
  }
}

void main();
