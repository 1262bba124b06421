import * as vscode from "vscode";

import { commandIds } from "../manifest.ts";
import type { CommandId } from "../manifest.ts";
import { isAbort } from "../services/errors.ts";
import type { FailedAction } from "../host/presentError.ts";
import { targetOf } from "./command.ts";
import type { App, Command } from "./command.ts";

/** What a command needs before it can run: the lazy half of the extension. */
export interface LoadedApp {
  readonly app: App;
  readonly commands: Readonly<Record<CommandId, Command>>;
  readonly presentError: (error: unknown, action: FailedAction) => void;
}

/** Registers every command. The functions behind them are loaded by the first one that is called. */
export function registerCommands(load: () => Promise<LoadedApp>): vscode.Disposable {
  const run = async (id: CommandId, argument: unknown) => {
    const { app, commands, presentError } = await load();
    try {
      await commands[id](app, targetOf(argument));
    } catch (error) {
      if (!isAbort(error)) {
        presentError(error, { command: id, argument });
      }
    }
  };
  return vscode.Disposable.from(
    ...Object.values(commandIds).map((id) =>
      vscode.commands.registerCommand(id, (argument?: unknown) => run(id, argument)),
    ),
  );
}
