import * as vscode from "vscode";

import type { CallOptions } from "../services/call.ts";
import { isAbort } from "../services/errors.ts";

/** Long work shown as a notification that says what it is doing and can be stopped. */
export interface LongWork<T> {
  readonly title: string;
  run(options: CallOptions): Promise<T>;
  /** The truth about what goes on after the person stopped waiting, in one sentence; shown as the one message of the action. */
  readonly whenStopped?: (() => Promise<string>) | undefined;
}

/**
 * Runs long work with its progress shown. The one place where VS Code's cancellation becomes an `AbortSignal`.
 * Stopping says what goes on, then rejects with the work's `AbortError`.
 */
export async function withProgress<T>(work: LongWork<T>): Promise<T> {
  const aborter = new AbortController();
  try {
    return await vscode.window.withProgress(
      { location: vscode.ProgressLocation.Notification, title: work.title, cancellable: true },
      async (progress, token) => {
        const listening = token.onCancellationRequested(() => {
          aborter.abort();
        });
        try {
          return await work.run({
            signal: aborter.signal,
            onProgress: ({ step, state }) => {
              if (state === "running") {
                progress.report({ message: step });
              }
            },
          });
        } finally {
          listening.dispose();
        }
      },
    );
  } catch (error) {
    if (isAbort(error) && aborter.signal.aborted && work.whenStopped) {
      void vscode.window.showInformationMessage(await work.whenStopped());
    }
    throw error;
  }
}
