import assert from "node:assert/strict";

import { describe, it } from "mocha";
import * as vscode from "vscode";

describe("commands in VS Code", () => {
  it("open the setup and the log", async () => {
    await vscode.commands.executeCommand("keyVaultCsi.setup.open");
    await vscode.commands.executeCommand("keyVaultCsi.log.show");
  });

  it("leave settings that aim a request to the user alone: a workspace cannot set them", () => {
    for (const name of ["authentication.method", "subscriptions"]) {
      const section = vscode.workspace.getConfiguration("keyVaultCsi");
      assert.ok(section.inspect(name), name);
    }
    const { contributes } = vscode.extensions.getExtension("key-vault-csi.key-vault-csi")?.packageJSON as {
      contributes: { configuration: { properties: Record<string, { scope?: string }> } };
    };
    const aiming = Object.entries(contributes.configuration.properties).filter(([name]) =>
      /authentication|cloud/.test(name),
    );
    assert.ok(aiming.length > 0);
    for (const [name, { scope }] of aiming) {
      assert.equal(scope, "application", name);
    }
  });
});
