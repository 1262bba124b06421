/** Starts the real VS Code workbench (code-server's server) on this machine. */
import { spawn } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import os from "node:os";
import path from "node:path";

import { paths } from "./paths.ts";
import { until } from "./until.ts";

export interface Editor {
  readonly url: string;
  /** Server-side data: user settings, extensions, logs. */
  readonly dataFolder: string;
  readonly processId: number;
  /** What the server printed. */
  output(): string;
  close(): Promise<void>;
}

export interface EditorOptions {
  readonly settings: Readonly<Record<string, unknown>>;
  /** On top of this process's own. */
  readonly env: Readonly<Record<string, string>>;
  readonly port?: number;
  /** Tests run inside the extension host, named by a payload in the address. */
  readonly runsTests?: boolean;
  /** Kept, and not removed on close, when given. */
  readonly dataFolder?: string;
}

/** So that screenshots and tests meet our product and not the editor's own invitations. */
const quiet = {
  "chat.disableAIFeatures": true,
  "workbench.startupEditor": "none",
  "workbench.tips.enabled": false,
  "workbench.welcomePage.walkthroughs.openOnInstall": false,
  "workbench.enableExperiments": false,
  "extensions.ignoreRecommendations": true,
  "extensions.autoCheckUpdates": false,
  "extensions.autoUpdate": false,
  "update.mode": "none",
  "update.showReleaseNotes": false,
  "telemetry.telemetryLevel": "off",
  "security.workspace.trust.enabled": false,
  "git.enabled": false,
  "window.commandCenter": false,
  "workbench.layoutControl.enabled": false,
  "workbench.secondarySideBar.defaultVisibility": "hidden",
};

export async function startEditor(options: EditorOptions): Promise<Editor> {
  const dataFolder = options.dataFolder ?? mkdtempSync(path.join(os.tmpdir(), "key-vault-csi-editor-"));
  writeSettings(path.join(dataFolder, "data"), { ...quiet, ...options.settings });
  const port = options.port ?? (await freePort());
  const child = spawn(paths.node, serverArguments(port, dataFolder, options.runsTests ?? false), {
    env: { ...process.env, ...options.env },
    stdio: ["ignore", "pipe", "pipe"],
    detached: true,
  });
  let output = "";
  for (const stream of [child.stdout, child.stderr]) {
    stream.on("data", (chunk: Buffer) => (output += chunk.toString()));
  }
  const ended = new Promise<void>((resolve) => child.once("exit", () => resolve()));
  const url = `http://127.0.0.1:${port}`;
  const editor: Editor = {
    url,
    dataFolder,
    processId: child.pid ?? 0,
    output: () => output,
    async close() {
      stopGroup(child.pid, "SIGTERM");
      await Promise.race([ended, until("the end of the editor", () => undefined, 5_000).catch(() => undefined)]);
      stopGroup(child.pid, "SIGKILL");
      if (!options.dataFolder) {
        rmSync(dataFolder, { recursive: true, force: true, maxRetries: 5 });
      }
    },
  };
  await until(`the editor at ${url}\n${output}`, async () => ((await fetch(url)).ok ? true : undefined), 60_000);
  return editor;
}

function serverArguments(port: number, dataFolder: string, runsTests: boolean): string[] {
  return [
    paths.server,
    ...["--host", "127.0.0.1", "--port", String(port), "--server-data-dir", dataFolder],
    // The workbench honours a payload in its address (tests, extensions under development) only with this flag, and shows no notifications with it.
    ...(runsTests ? ["--enable-smoke-test-driver"] : []),
    ...[
      "--without-connection-token",
      "--accept-server-license-terms",
      "--disable-workspace-trust",
      "--telemetry-level",
      "off",
    ],
  ];
}

/** Writes user settings into a folder of user data. */
export function writeSettings(userData: string, settings: Readonly<Record<string, unknown>>): void {
  for (const scope of ["User", "Machine"]) {
    const folder = path.join(userData, scope);
    mkdirSync(folder, { recursive: true });
    writeFileSync(path.join(folder, "settings.json"), JSON.stringify(settings, undefined, 2));
  }
}

/** The editor starts its extension hosts as children: the whole group ends with it. */
function stopGroup(pid: number | undefined, signal: NodeJS.Signals): void {
  try {
    if (pid !== undefined) {
      process.kill(-pid, signal);
    }
  } catch {
    // It has ended already.
  }
}

export function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once("error", reject);
    server.listen(0, "127.0.0.1", () => {
      const address = server.address();
      server.close(() =>
        address && typeof address === "object" ? resolve(address.port) : reject(new Error("no port")),
      );
    });
  });
}
