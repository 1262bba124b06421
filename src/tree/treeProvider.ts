import * as vscode from "vscode";

import type { TreeNode } from "./node.ts";

/** Where the rows come from. Loaded when the view is first shown. */
export interface TreeSource {
  readonly onDidChange: vscode.Event<TreeNode | undefined>;
  roots(): Promise<readonly TreeNode[]>;
  /** The row in place of what could not be read; undefined when the failure was our own doing. */
  failureRow(parent: TreeNode | undefined, error: unknown): TreeNode | undefined;
}

/** Draws nodes and turns a failure into a row. Knows nothing of Azure. */
export class TreeProvider implements vscode.TreeDataProvider<TreeNode>, vscode.Disposable {
  readonly #changed = new vscode.EventEmitter<TreeNode | undefined>();
  readonly onDidChangeTreeData = this.#changed.event;
  #source: Promise<TreeSource> | undefined;
  #listening: vscode.Disposable | undefined;

  constructor(readonly load: () => Promise<TreeSource>) {}

  getTreeItem(node: TreeNode): vscode.TreeItem {
    const item = node.item();
    item.id = node.id;
    return item;
  }

  getParent(node: TreeNode): TreeNode | undefined {
    return node.parent;
  }

  async getChildren(node?: TreeNode): Promise<TreeNode[]> {
    const source = await (this.#source ??= this.#open());
    try {
      return [...((await (node ? node.children?.() : source.roots())) ?? [])];
    } catch (error) {
      const row = source.failureRow(node, error);
      return row ? [row] : [];
    }
  }

  dispose(): void {
    this.#listening?.dispose();
    this.#changed.dispose();
  }

  async #open(): Promise<TreeSource> {
    const source = await this.load();
    this.#listening = source.onDidChange((node) => {
      this.#changed.fire(node);
    });
    return source;
  }
}
