import * as vscode from "vscode";

import type { ClusterSummary, Subscription, VaultSummary } from "../services/azure/inventory.ts";
import { nodeKinds } from "../manifest.ts";
import type { NodeKind, NodeTrait } from "../manifest.ts";

/** What a row stands for, for the commands that are called on it. */
export type Subject =
  | { readonly kind: "subscription"; readonly subscription: Subscription }
  | { readonly kind: "cluster"; readonly cluster: ClusterSummary }
  | { readonly kind: "vault"; readonly vault: VaultSummary }
  | { readonly kind: "secret"; readonly vault: VaultSummary; readonly name: string };

/** One row of the tree. Its object stays the same over refreshes: VS Code knows a row by it, and what it shows is looked up when it is drawn. */
export interface TreeNode {
  /** Lower-case ARM id, qualified by the parent where needed: expansion survives a refresh. */
  readonly id: string;
  readonly parent: TreeNode | undefined;
  item(): vscode.TreeItem;
  /** Throws what it cannot read; the provider makes a row of it. Absent: a leaf. */
  children?(): Promise<readonly TreeNode[]> | readonly TreeNode[];
  /** What this row and the rows below it stand for. */
  readonly subject?: Subject | undefined;
  /** What *Copy Id* copies. */
  readonly copyableId?: string | undefined;
  /** The ARM id that *Open in Portal* opens. */
  readonly portalId?: string | undefined;
  /** Reads again what it shows. */
  reload?(): Promise<void> | void;
  /** Forgets what it keeps of its own, without asking anybody. */
  forget?(): void;
}

/** `cluster+csiOff+running`: the kind first, then what it also is. */
export function contextValue(kind: NodeKind, ...traits: readonly NodeTrait[]): string {
  return [nodeKinds[kind], ...traits].join("+");
}

/** A row that only says something: a property and its value. */
export class FactNode implements TreeNode {
  readonly id: string;
  readonly copyableId: string | undefined;

  constructor(
    readonly parent: TreeNode,
    readonly fact: {
      readonly key: string;
      readonly label: string;
      readonly value: string;
      readonly icon: vscode.ThemeIcon;
      readonly isId?: boolean;
      readonly tooltip?: string;
    },
  ) {
    this.id = `${parent.id}/${fact.key}`;
    this.copyableId = fact.isId ? fact.value : undefined;
  }

  item(): vscode.TreeItem {
    const { label, value, icon, tooltip, isId } = this.fact;
    const item = new vscode.TreeItem(label, vscode.TreeItemCollapsibleState.None);
    item.description = value;
    item.iconPath = icon;
    item.tooltip = tooltip ?? `${label}: ${value}`;
    item.contextValue = isId ? contextValue("fact", "hasId") : contextValue("fact");
    item.accessibilityInformation = { label: `${label}: ${value}` };
    return item;
  }
}

/** An icon in a color of the theme. */
export function icon(name: string, color?: string): vscode.ThemeIcon {
  return color === undefined ? new vscode.ThemeIcon(name) : new vscode.ThemeIcon(name, new vscode.ThemeColor(color));
}

/** Rows of a hover, each "**name** value", with whatever the service said taken as text. */
export function hover(title: string, rows: readonly (readonly [string, string | undefined])[]): vscode.MarkdownString {
  const markdown = new vscode.MarkdownString("**").appendText(title).appendMarkdown("**\n\n");
  for (const [name, value] of rows) {
    if (value !== undefined) {
      markdown.appendMarkdown("- ").appendText(`${name}: ${value}`).appendMarkdown("\n");
    }
  }
  return markdown;
}
