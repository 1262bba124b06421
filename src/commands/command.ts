import type * as vscode from "vscode";

import type { Services } from "../services/services.ts";
import type { DriverReports } from "../tree/driverReports.ts";
import type { EstateReader } from "../tree/estateReader.ts";
import type { EstateTree } from "../tree/estateTree.ts";
import type { Subject, TreeNode } from "../tree/node.ts";

/** What every command works with. */
export interface App {
  readonly log: vscode.LogOutputChannel;
  readonly estate: EstateReader;
  readonly reports: DriverReports;
  readonly tree: EstateTree;
  /** Made on first use, and again when the cloud or the account changes. */
  services(): Promise<Services>;
  /** Signs in, asking the person. */
  signIn(): Promise<void>;
  /** Shows a text as a rendered document of ours. */
  showReport(name: string, markdown: string): Promise<void>;
  /** Shows the wizard, at a cluster if one is named. */
  openSetup(at: { readonly clusterId: string | undefined }): Promise<void>;
}

/** What a command is called on. Both are undefined in the palette, where the command asks instead. */
export interface Target {
  readonly node: TreeNode | undefined;
  readonly subject: Subject | undefined;
}

/** One user action. */
export type Command = (app: App, target: Target) => Promise<void> | void;

/** Reads the argument VS Code calls a command with: a row of the tree, or what a button of ours passed. */
export function targetOf(argument: unknown): Target {
  if (isNode(argument)) {
    return { node: argument, subject: argument.subject };
  }
  return { node: undefined, subject: isSubject(argument) ? argument : undefined };
}

function isNode(value: unknown): value is TreeNode {
  return typeof value === "object" && value !== null && "item" in value && typeof value.item === "function";
}

function isSubject(value: unknown): value is Subject {
  return typeof value === "object" && value !== null && "kind" in value && typeof value.kind === "string";
}
