import * as vscode from "vscode";

import { hasCode } from "../services/errors.ts";
import { commandIds } from "../manifest.ts";
import type { CommandId } from "../manifest.ts";
import { contextValue, icon } from "./node.ts";
import type { TreeNode } from "./node.ts";

/** A row that speaks in place of rows: nothing here, still reading. A click may run the command that helps. */
export class MessageNode implements TreeNode {
  readonly id: string;

  constructor(
    readonly parent: TreeNode | undefined,
    readonly message: {
      readonly key: string;
      readonly text: string;
      readonly icon: vscode.ThemeIcon;
      readonly tooltip?: string;
      readonly action?: { readonly title: string; readonly command: CommandId; readonly argument?: unknown };
    },
  ) {
    this.id = `${parent?.id ?? ""}/${message.key}`;
  }

  item(): vscode.TreeItem {
    const { text, icon: iconPath, tooltip, action } = this.message;
    const item = new vscode.TreeItem(text, vscode.TreeItemCollapsibleState.None);
    item.iconPath = iconPath;
    item.tooltip = tooltip ?? text;
    item.contextValue = contextValue("message");
    item.accessibilityInformation = { label: action ? `${text}. ${action.title}` : text };
    if (action) {
      item.description = action.title;
      item.command = { title: action.title, command: action.command, arguments: [action.argument] };
    }
    return item;
  }
}

/** The row in place of what could not be read. A click tries again, or signs in where that is what helps. */
export class FailureNode implements TreeNode {
  readonly id: string;

  constructor(
    readonly parent: TreeNode | undefined,
    readonly error: unknown,
    /** What could not be read, where it is only a part of the rows. */
    readonly part?: { readonly key: string; readonly label: string },
  ) {
    this.id = `${parent?.id ?? ""}/failure${part ? ` ${part.key}` : ""}`;
  }

  item(): vscode.TreeItem {
    const message = this.error instanceof Error ? this.error.message : String(this.error);
    const text = this.part ? `${this.part.label}: ${message}` : message;
    const action = this.#action();
    const item = new vscode.TreeItem(text, vscode.TreeItemCollapsibleState.None);
    item.description = action.title;
    item.iconPath = icon("error", "list.errorForeground");
    item.tooltip = `${text}\n\n${action.title}`;
    item.contextValue = contextValue("failure");
    item.command = action;
    item.accessibilityInformation = { label: `${text}. ${action.title}` };
    return item;
  }

  #action(): vscode.Command {
    if (hasCode(this.error, "notSignedIn")) {
      return { title: vscode.l10n.t("Sign In"), command: commandIds.signIn };
    }
    return { title: vscode.l10n.t("Retry"), command: commandIds.refresh, arguments: [this.parent] };
  }
}
