import * as vscode from "vscode";

import type { App } from "./command.ts";

const pauseBeforeFilterMs = 150;

/** Narrows the tree while the person types. Enter keeps it, Esc goes back to what it was. */
export function filterTree({ tree }: App): void {
  const before = tree.filter;
  const input = vscode.window.createInputBox();
  input.title = vscode.l10n.t("Filter Clusters and Vaults");
  input.placeholder = vscode.l10n.t("Part of a name, a resource group or a subscription; empty shows everything");
  input.value = before;
  let timer: NodeJS.Timeout | undefined;
  let isKept = false;
  const apply = (text: string) => {
    clearTimeout(timer);
    if (text.trim().toLowerCase() !== tree.filter) {
      tree.setFilter(text);
    }
  };
  input.onDidChangeValue((text) => {
    clearTimeout(timer);
    timer = setTimeout(() => {
      apply(text);
    }, pauseBeforeFilterMs);
  });
  input.onDidAccept(() => {
    isKept = true;
    apply(input.value);
    input.hide();
  });
  input.onDidHide(() => {
    if (!isKept) {
      apply(before);
    }
    input.dispose();
  });
  input.show();
}

export function clearFilter({ tree }: App): void {
  tree.setFilter("");
}
