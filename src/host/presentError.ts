import * as vscode from "vscode";

import { commandIds, extensionId } from "../manifest.ts";
import type { CommandId } from "../manifest.ts";
import { ServiceError } from "../services/errors.ts";
import type { ServiceErrorCode } from "../services/errors.ts";
import type { Logger } from "../services/log.ts";
import { grantCommand } from "./grantCommand.ts";
import { messageOf } from "./messageOf.ts";

/** What failed, for the buttons that do it again. */
export interface FailedAction {
  readonly command: CommandId;
  readonly argument: unknown;
}

/** What buttons need besides the error. */
export interface PresentingHost {
  readonly log: Logger;
  /** The page of a resource in the cloud's portal; undefined where the cloud has none. */
  portalUrl(resourceId: string): Promise<vscode.Uri | undefined>;
}

interface Remedy {
  readonly title: string;
  run(): Thenable<unknown>;
}

type RemedyMaker = (error: ServiceError, action: FailedAction, host: PresentingHost) => readonly Remedy[];

const remedies: Record<ServiceErrorCode, RemedyMaker> = {
  notSignedIn: () => [runs(vscode.l10n.t("Sign In"), commandIds.signIn)],
  forbidden: (error) => copyGrant(error),
  notFound: () => [runs(vscode.l10n.t("Refresh"), commandIds.refresh)],
  conflict: () => [runs(vscode.l10n.t("Refresh"), commandIds.refresh)],
  invalidRequest: () => [],
  throttled: (_error, action) => [again(vscode.l10n.t("Retry"), action)],
  unreachable: (_error, action) => [again(vscode.l10n.t("Retry"), action)],
  timedOut: (_error, action) => [again(vscode.l10n.t("Keep Waiting"), action)],
  operationFailed: (error, _action, host) => openTarget(error, host),
  unexpectedResponse: (error) => [reportIssue(error)],
};

/** Tells of a failure with one message and the button that helps, and writes the facts into the log. Does not wait for the answer. */
export function presentError(error: unknown, action: FailedAction, host: PresentingHost): void {
  logError(error, action, host.log);
  const isKnown = error instanceof ServiceError;
  const message = isKnown ? error.message : vscode.l10n.t("The extension made a mistake: {0}", messageOf(error));
  const offered = isKnown ? remedies[error.code](error, action, host) : [reportIssue(error)];
  const buttons = [...offered, runs(vscode.l10n.t("Show Log"), commandIds.showLog)];
  void offer(vscode.window.showErrorMessage(message, ...buttons.map(({ title }) => title)), buttons);
}

/** The remedies are commands, which present their own failures. */
async function offer(answer: Thenable<string | undefined>, buttons: readonly Remedy[]): Promise<void> {
  const title = await answer;
  await buttons.find((button) => button.title === title)?.run();
}

function logError(error: unknown, { command }: FailedAction, log: Logger): void {
  if (!(error instanceof ServiceError)) {
    log.error(`${command}: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`);
    return;
  }
  const { status, serviceCode, requestId, target } = error.details;
  const facts = { code: error.code, status, serviceCode, requestId, target };
  const known = Object.entries(facts).filter(([, value]) => value !== undefined);
  log.error(`${command}: ${error.message} [${known.map(([key, value]) => `${key} ${value}`).join(", ")}]`);
}

function runs(title: string, command: CommandId): Remedy {
  return { title, run: () => vscode.commands.executeCommand(command) };
}

function again(title: string, { command, argument }: FailedAction): Remedy {
  return { title, run: () => vscode.commands.executeCommand(command, argument) };
}

function copyGrant(error: ServiceError): readonly Remedy[] {
  const text = grantCommand(error);
  return text === undefined
    ? []
    : [{ title: vscode.l10n.t("Copy Command"), run: () => vscode.env.clipboard.writeText(text) }];
}

function openTarget({ details: { target } }: ServiceError, host: PresentingHost): readonly Remedy[] {
  if (!target?.startsWith("/")) {
    return [];
  }
  const run = async () => {
    const url = await host.portalUrl(target);
    return url && vscode.env.openExternal(url);
  };
  return [{ title: vscode.l10n.t("Open in Portal"), run }];
}

function reportIssue(error: unknown): Remedy {
  return {
    title: vscode.l10n.t("Report Issue"),
    run: () =>
      vscode.commands.executeCommand("workbench.action.openIssueReporter", {
        extensionId,
        issueTitle: messageOf(error),
      }),
  };
}
