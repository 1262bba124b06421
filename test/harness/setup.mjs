/** Brings what the commands of package.json need onto the machine. Plain node, no dependency: it runs before `npm ci`. */
import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";

export const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), "../..");
export const cache = path.join(root, ".vscode-test");

/** The real workbench from npm, and the Node its engine asks for. */
const codeServer = { "code-server": "4.139.1", node: "24.21.0" };
const codeServerFolder = path.join(cache, "code-server");
export const codeServerNode = path.join(codeServerFolder, "node_modules/node/bin/node");
export const codeServerMain = path.join(codeServerFolder, "node_modules/code-server/lib/vscode/out/server-main.js");

export function say(text) {
  process.stderr.write(`${text}\n`);
}

/** Runs a command with its output shown. @returns {Promise<number>} its exit code */
export function run(command, args, options = {}) {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { cwd: root, stdio: "inherit", ...options });
    child.once("error", reject);
    child.once("exit", (code) => resolve(code ?? 1));
  });
}

/** Like {@link run}, and a signal to end this process is one to the command, which ends what it has started. */
export function runUntilStopped(command, args) {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { cwd: root, stdio: "inherit" });
    for (const signal of ["SIGINT", "SIGTERM"]) {
      process.on(signal, () => child.kill(signal));
    }
    child.once("error", reject);
    child.once("exit", (code) => resolve(code ?? 0));
  });
}

async function mustRun(command, args, options) {
  const code = await run(command, args, options);
  if (code !== 0) {
    throw new Error(`${[command, ...args].join(" ")} ended with ${code}`);
  }
}

/** Runs npm itself, wherever this machine keeps it, silently unless it fails. */
async function npm(args, options = {}) {
  const script = process.env.npm_execpath;
  const [command, first] = script?.endsWith("npm-cli.js") ? [process.execPath, [script]] : ["npm", []];
  await mustRun(command, [...first, ...args], { ...options, stdio: ["ignore", 2, 2] });
}

/** The environment without what an outer `npm run` says of its own Node: an inner npm would pass that on as its own. */
function withoutOuterNpm() {
  return Object.fromEntries(
    Object.entries(process.env).filter(
      ([name]) => !/^npm_(config_user_agent|execpath|node_execpath|lifecycle|package)/.test(name),
    ),
  );
}

/** Does `work` unless its inputs are the ones of last time. */
async function once(stampFile, inputs, work) {
  const digest = createHash("sha256").update(inputs).digest("hex");
  if (existsSync(stampFile) && readFileSync(stampFile, "utf8") === digest) {
    return;
  }
  await work();
  mkdirSync(path.dirname(stampFile), { recursive: true });
  writeFileSync(stampFile, digest);
}

function requireNode20() {
  if (Number(process.versions.node.split(".")[0]) < 20) {
    throw new Error(`Node 20 or newer is needed; this is ${process.versions.node}.`);
  }
}

/** The packages of package-lock.json, without their install scripts: no dependency needs one. */
export async function ensureDependencies() {
  requireNode20();
  const stamp = path.join(root, "node_modules/.key-vault-csi-lock");
  await once(stamp, readFileSync(path.join(root, "package-lock.json")), async () => {
    say("Installing dependencies (npm ci) …");
    await npm(["ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel", "error"]);
  });
}

/** code-server with its own Node, in .vscode-test/: about two minutes and 800 MB, once. */
export async function ensureCodeServer() {
  const manifest = JSON.stringify({
    private: true,
    dependencies: codeServer,
    allowScripts: Object.fromEntries(["code-server", "node", "argon2"].map((name) => [name, true])),
  });
  await once(path.join(codeServerFolder, "installed"), manifest, async () => {
    say("Installing code-server, the real VS Code workbench, into .vscode-test/ (once, about two minutes) …");
    // What an interrupted installation left behind cannot be built upon.
    rmSync(codeServerFolder, { recursive: true, force: true });
    mkdirSync(codeServerFolder, { recursive: true });
    // code-server refuses to install under another Node than its own, so that one comes first.
    writeFileSync(
      path.join(codeServerFolder, "package.json"),
      JSON.stringify({ private: true, dependencies: { node: codeServer.node }, allowScripts: { node: true } }),
    );
    await npm(["install", "--no-audit", "--no-fund", "--loglevel", "error"], { cwd: codeServerFolder });
    writeFileSync(path.join(codeServerFolder, "package.json"), manifest);
    const env = { ...withoutOuterNpm(), PATH: `${path.dirname(codeServerNode)}${path.delimiter}${process.env.PATH}` };
    await mustRun("npm", ["install", "--no-audit", "--no-fund", "--loglevel", "error"], {
      cwd: codeServerFolder,
      env,
      stdio: ["ignore", 2, 2],
    });
    if (!existsSync(codeServerMain)) {
      throw new Error("code-server was installed, but its server is not there.");
    }
  });
}

/** The Chromium or Chrome of this machine. */
export function findChromium() {
  const folders = (process.env.PATH ?? "").split(path.delimiter);
  const names = ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome"];
  const candidates = [
    process.env.CHROME_PATH,
    ...names.flatMap((name) => folders.map((folder) => path.join(folder, name))),
  ];
  return candidates.find((file) => file !== undefined && existsSync(file));
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  await ensureDependencies();
  if (process.argv.includes("--editor")) {
    await ensureCodeServer();
  }
}
