import * as vscode from "vscode";

import type { CommandId } from "../manifest.ts";

/** A button of a message: the command it runs, which presents its own failures. */
export interface NextStep {
  readonly title: string;
  readonly command: CommandId;
  readonly argument?: unknown;
}

/** Tells how an action ended and offers what can be done next. Does not wait for the answer. */
export function tell(message: string, next: readonly NextStep[] = []): void {
  void offer(vscode.window.showInformationMessage(message, ...next.map(({ title }) => title)), next);
}

/** Tells of an end that needs a look, and offers what can be done next. Does not wait for the answer. */
export function warn(message: string, next: readonly NextStep[] = []): void {
  void offer(vscode.window.showWarningMessage(message, ...next.map(({ title }) => title)), next);
}

async function offer(answer: Thenable<string | undefined>, next: readonly NextStep[]): Promise<void> {
  const title = await answer;
  const chosen = next.find((step) => step.title === title);
  if (chosen) {
    await vscode.commands.executeCommand(chosen.command, chosen.argument);
  }
}
