import * as vscode from "vscode";

import type { RunningApp } from "./app.ts";
import { registerCommands } from "./commands/commands.ts";
import { viewIds } from "./manifest.ts";
import type { TreeNode } from "./tree/node.ts";
import { TreeProvider } from "./tree/treeProvider.ts";
import { registerSetupView } from "./wizard/view.ts";

/** Registers everything and waits for nothing; what does the work is loaded by the first use. */
export function activate(context: vscode.ExtensionContext): void {
  const log = vscode.window.createOutputChannel("Key Vault CSI", { log: true });
  let running: Promise<RunningApp> | undefined;
  const load = () => (running ??= start());

  const provider = new TreeProvider(async () => (await load()).app.tree);
  const treeView = vscode.window.createTreeView<TreeNode>(viewIds.tree, {
    treeDataProvider: provider,
    showCollapseAll: true,
  });
  const setup = registerSetupView({
    extensionUri: context.extensionUri,
    log,
    startSession: async (effects) => (await load()).startWizard(effects),
  });

  async function start(): Promise<RunningApp> {
    const { createApp } = await import("./app.ts");
    return createApp({ log, treeView, openSetup: (at) => setup.open(at) });
  }

  const stop = new vscode.Disposable(
    () =>
      void running?.then((app) => {
        app.dispose();
      }),
  );
  context.subscriptions.push(log, provider, treeView, setup, registerCommands(load), stop);
}
