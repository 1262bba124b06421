import assert from "node:assert/strict";

import { describe, it } from "mocha";
import * as vscode from "vscode";

const id = "key-vault-csi.key-vault-csi";

describe("the extension in VS Code", () => {
  it("activates", async () => {
    const extension = vscode.extensions.getExtension(id);
    assert.ok(extension, `no extension ${id} among ${vscode.extensions.all.length}`);
    await extension.activate();
    assert.ok(extension.isActive);
  });

  it("offers every command of its manifest", async () => {
    const manifest = vscode.extensions.getExtension(id)?.packageJSON as {
      contributes: { commands: { command: string }[] };
    };
    const known = await vscode.commands.getCommands(true);
    for (const { command } of manifest.contributes.commands) {
      assert.ok(known.includes(command), command);
    }
  });
});
