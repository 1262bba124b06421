/** The half of the extension that is loaded by the first use: services, tree and commands. A bundle of its own. */
import * as vscode from "vscode";

import { commandTable } from "./commands/commandTable.ts";
import type { App } from "./commands/command.ts";
import type { LoadedApp } from "./commands/commands.ts";
import { portalUrl } from "./commands/portalUrl.ts";
import { LazyServices } from "./host/lazyServices.ts";
import { presentError } from "./host/presentError.ts";
import { Reports } from "./host/reports.ts";
import { readSetting } from "./host/settings.ts";
import { settingIds } from "./manifest.ts";
import { DriverReports } from "./tree/driverReports.ts";
import { EstateReader } from "./tree/estateReader.ts";
import { EstateTree } from "./tree/estateTree.ts";
import { createWizardSession } from "./wizard/handlers.ts";
import type { WizardEffects, WizardSession } from "./wizard/handlers.ts";

/** What the entry has made by the time the rest is loaded. */
export interface AppInput {
  readonly log: vscode.LogOutputChannel;
  readonly treeView: Pick<vscode.TreeView<unknown>, "description" | "message">;
  readonly openSetup: App["openSetup"];
}

/** The extension in use. */
export interface RunningApp extends LoadedApp, vscode.Disposable {
  startWizard(effects: WizardEffects): WizardSession;
}

/** Puts the parts together. Asks nobody anything yet. */
export function createApp({ log, treeView, openSetup }: AppInput): RunningApp {
  const lazy = new LazyServices(log);
  const services = () => lazy.get();
  const chosenSubscriptions = () => readSetting(settingIds.subscriptions)?.map((id) => id.toLowerCase());
  const estate = new EstateReader(services, chosenSubscriptions);
  const reports = new DriverReports(services);
  const tree = new EstateTree({ estate, reports, services, header: treeView, describeAccount: () => lazy.describe() });
  const documents = new Reports();
  const app: App = {
    log,
    estate,
    reports,
    tree,
    services,
    signIn: () => lazy.signIn(),
    showReport: (name, markdown) => documents.show(name, markdown),
    openSetup,
  };
  let wizard: WizardSession | undefined;
  const startOver = () => {
    // Never rejects: without a row to read again, everything is only forgotten.
    void tree.refresh();
    wizard?.forgetEstate();
  };
  const listening = vscode.Disposable.from(
    lazy.onDidChange(startOver),
    vscode.workspace.onDidChangeConfiguration((event) => {
      if (event.affectsConfiguration(settingIds.subscriptions)) {
        startOver();
      }
    }),
  );
  return {
    app,
    commands: commandTable,
    presentError(error, action) {
      presentError(error, action, { log, portalUrl: (id) => portalUrl(app, id) });
    },
    startWizard: (effects) => (wizard = createWizardSession(services, effects, chosenSubscriptions)),
    dispose() {
      vscode.Disposable.from(listening, tree, reports, estate, documents, lazy).dispose();
    },
  };
}
