import assert from "node:assert/strict";

import { describe, it } from "mocha";
import * as vscode from "vscode";

import { graphQueries, readJournal, waitForJournal } from "./sandboxJournal.ts";

describe("the tree in VS Code", () => {
  it("reads the estate by Resource Graph once it is shown, and asks no cluster before a row is opened", async () => {
    await vscode.commands.executeCommand("keyVaultCsi.tree.focus");

    const asked = await waitForJournal((seen) => graphQueries(seen) > 0);
    assert.ok(graphQueries(asked) > 0, JSON.stringify(asked));
    assert.ok(!asked.some(({ plane }) => plane === "kubernetes"));
  });

  it("is read again by Refresh", async () => {
    const before = graphQueries(await readJournal());

    await vscode.commands.executeCommand("keyVaultCsi.tree.refresh");

    const asked = await waitForJournal((seen) => graphQueries(seen) > before);
    assert.ok(graphQueries(asked) > before);
  });
});
