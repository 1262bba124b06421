/** Brings the tools others wrote onto this machine, once, and says how long it took. What cannot be had is reported, never faked. */
import { execFileSync, spawnSync } from "node:child_process";
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { createHash } from "node:crypto";
import path from "node:path";

import { paths } from "../harness/paths.ts";

const cache = path.join(paths.cache, "peers");

/** A tool, or why it is not here. */
export type Tool =
  { readonly kind: "ready"; readonly path: string } | { readonly kind: "absent"; readonly why: string };

/** The real Azure CLI, in a virtual environment of its own. */
const azureCliVersion = "2.91.0";

export function ensureAzureCli(): Tool {
  const folder = path.join(cache, `az-${azureCliVersion}`);
  const az = path.join(folder, "bin/az");
  if (!isOnPath("python3")) {
    return { kind: "absent", why: "Python 3 is not installed." };
  }
  return make(az, "the Azure CLI", () => {
    execFileSync("python3", ["-m", "venv", folder], { stdio: ["ignore", 2, 2] });
    const pip = path.join(folder, "bin/pip");
    execFileSync(pip, ["install", "--quiet", "--disable-pip-version-check", `azure-cli==${azureCliVersion}`], {
      stdio: ["ignore", 2, 2],
    });
  });
}

/** The real kubectl of the PATH. */
export function findKubectl(): Tool {
  return isOnPath("kubectl")
    ? { kind: "ready", path: "kubectl" }
    : { kind: "absent", why: "kubectl is not installed." };
}

/** etcd: of KUBEBUILDER_ASSETS, or of the PATH (Debian: etcd-server). */
export function findEtcd(): Tool {
  return (
    findAsset("etcd") ??
    (isOnPath("etcd") ? { kind: "ready", path: "etcd" } : { kind: "absent", why: "etcd is not installed." })
  );
}

/** The real kube-apiserver: of KUBEBUILDER_ASSETS, or built from its Go module. */
export function ensureKubeApiserver(): Tool {
  return findAsset("kube-apiserver") ?? buildGo("kube-apiserver", "kube-apiserver (some minutes)");
}

/** Our small Go program around the real CSI provider of one version. */
export function ensureProvider(version: "v1.8" | "v1.7"): Tool {
  return buildGo(`provider-${version}`, `the Azure provider ${version} for the Secrets Store CSI Driver`);
}

function findAsset(name: string): Tool | undefined {
  const folder = process.env["KUBEBUILDER_ASSETS"];
  const file = folder && path.join(folder, name);
  return file && existsSync(file) ? { kind: "ready", path: file } : undefined;
}

function buildGo(name: string, what: string): Tool {
  if (!isOnPath("go")) {
    return { kind: "absent", why: "Go is not installed." };
  }
  const source = path.join(import.meta.dirname, name);
  const binary = path.join(cache, `${name}-${digestOf(source)}`, name);
  return make(binary, what, () => {
    execFileSync("go", ["build", "-o", binary, "."], {
      cwd: source,
      stdio: ["ignore", 2, 2],
      env: { ...process.env, GOFLAGS: "-mod=mod" },
    });
  });
}

function digestOf(folder: string): string {
  const hash = createHash("sha256");
  for (const file of readdirSync(folder).sort()) {
    hash.update(readFileSync(path.join(folder, file)));
  }
  return hash.digest("hex").slice(0, 12);
}

function make(file: string, what: string, work: () => void): Tool {
  const done = `${file}.done`;
  if (existsSync(file) && existsSync(done)) {
    return { kind: "ready", path: file };
  }
  process.stderr.write(`Getting ${what}, once …\n`);
  const started = Date.now();
  try {
    mkdirSync(path.dirname(file), { recursive: true });
    work();
    writeFileSync(done, "");
  } catch (error) {
    return {
      kind: "absent",
      why: `${what} could not be had: ${error instanceof Error ? error.message : String(error)}`,
    };
  }
  process.stderr.write(`${what} took ${Math.round((Date.now() - started) / 1000)} s.\n`);
  return { kind: "ready", path: file };
}

function isOnPath(command: string): boolean {
  return spawnSync("sh", ["-c", `command -v ${command}`]).status === 0;
}
