/** A workbench with the packaged extension on a sandbox of its own, as `npm start` shows it. */
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import os from "node:os";
import path from "node:path";

import { chromium } from "playwright-core";
import type { Browser } from "playwright-core";

import { chromiumOptions } from "../harness/browser.ts";
import { sandboxEnvironment, sandboxSettings } from "../harness/cloud.ts";
import { startEditor } from "../harness/editor.ts";
import type { Editor } from "../harness/editor.ts";
import { paths } from "../harness/paths.ts";
import { Workbench } from "../harness/workbench.ts";
import { startSandbox } from "../sandbox/sandbox.ts";
import type { Sandbox, SandboxOptions } from "../sandbox/sandbox.ts";

export interface World {
  readonly sandbox: Sandbox;
  readonly editor: Editor;
  readonly browser: Browser;
  readonly workbench: Workbench;
  close(): Promise<void>;
}

export interface WorldOptions {
  readonly world?: SandboxOptions["world"];
  readonly pace?: SandboxOptions["pace"];
  readonly settings?: Readonly<Record<string, unknown>>;
  readonly viewport?: { readonly width: number; readonly height: number };
}

export async function openWorld(options: WorldOptions = {}): Promise<World> {
  const sandbox = await startSandbox({ world: options.world ?? "demo", pace: options.pace ?? "instant" });
  const dataFolder = mkdtempSync(path.join(os.tmpdir(), "key-vault-csi-ui-"));
  const workspace = path.join(dataFolder, "workspace");
  mkdirSync(workspace);
  installUnpacked(path.join(dataFolder, "extensions"));
  const editor = await startEditor({
    settings: { ...sandboxSettings(sandbox), ...options.settings },
    env: sandboxEnvironment(sandbox),
    dataFolder,
  });
  const browser = await chromium.launch(chromiumOptions());
  const page = await browser.newPage({ viewport: options.viewport ?? { width: 1280, height: 800 } });
  const workbench = await Workbench.open(page, `${editor.url}/?folder=${workspace}`);
  return {
    sandbox,
    editor,
    browser,
    workbench,
    async close() {
      await browser.close();
      await editor.close();
      await sandbox.close();
      rmSync(dataFolder, { recursive: true, force: true, maxRetries: 5 });
    },
  };
}

/** The unpacked .vsix where the editor looks for installed extensions. */
function installUnpacked(extensions: string): void {
  const manifest = JSON.parse(readFileSync(path.join(paths.extension, "package.json"), "utf8")) as Record<
    string,
    string
  >;
  cpSync(
    paths.extension,
    path.join(extensions, `${manifest["publisher"]}.${manifest["name"]}-${manifest["version"]}`),
    {
      recursive: true,
    },
  );
}
