import assert from "node:assert/strict";

import { after, afterEach, before, describe, it } from "mocha";

import { until } from "../../harness/until.ts";
import { openWorld } from "../fixture.ts";
import type { World } from "../fixture.ts";
import { screenshot, screenshotOnFailure } from "../screenshots.ts";

describe("the command palette", () => {
  let world: World;

  before(async () => {
    world = await openWorld();
    await world.workbench.page.context().grantPermissions(["clipboard-read", "clipboard-write"]);
  });

  afterEach(async function () {
    await screenshotOnFailure(this, world.workbench.page);
  });

  after(() => world.close());

  it("asks for the cluster and enables the add-on on it", async () => {
    const { workbench } = world;

    await workbench.runCommand("Enable Key Vault CSI");
    await workbench.pick("myAKSCluster");
    await workbench.pick("Rotation off");
    await workbench.answer("Enable");

    await workbench.waitForNotification('Key Vault CSI is on: "myAKSCluster"');
  });

  it("creates a key vault", async () => {
    const { workbench, sandbox } = world;

    await workbench.runCommand("Create Key Vault");
    await workbench.pick("Contoso Development");
    await workbench.pick("myResourceGroup");
    await workbench.pick("East US 2");
    await workbench.type(/Name of the vault/, "palette-kv");
    await workbench.pick("Azure RBAC");
    await workbench.pick("Purge protection off");
    await workbench.pick("All networks");
    await screenshot(workbench.page, "command-create-vault");
    await workbench.answer("Create");
    await workbench.waitForNotification('The vault is there, with Azure RBAC: "palette-kv"');

    const vault = [...sandbox.world.vaults.values()].find(({ name }) => name === "palette-kv");
    assert.equal((vault?.body["properties"] as { enableRbacAuthorization?: boolean }).enableRbacAuthorization, true);
  });

  it("sets a secret where the person had no right to, after giving it", async () => {
    const { workbench, sandbox } = world;

    await workbench.runCommand("Set Secret…");
    await workbench.pick("palette-kv");
    await workbench.answer("Assign Role");
    await workbench.type(/Name of the secret/, "ExampleSecret");
    await workbench.pick("Type or paste it");
    await workbench.type(/The secret's value/, "MyAKSExampleSecret");
    await workbench.pick('Set "ExampleSecret"');

    const secrets = await until("the secret in the vault", () => {
      const vault = [...sandbox.world.vaults.values()].find(({ name }) => name === "palette-kv");
      return vault?.secrets.get("examplesecret");
    });
    assert.equal(secrets.versions.at(-1)?.value, "MyAKSExampleSecret");
    await screenshot(workbench.page, "command-set-secret");
  });

  it("copies the connection details", async () => {
    const { workbench } = world;

    await workbench.runCommand("Copy Connection Details");
    await workbench.pick("palette-kv");
    await workbench.pick("ExampleSecret");
    await workbench.pick("myAKSCluster");
    await workbench.waitForNotification('Copied the connection details of "ExampleSecret"');

    const text = String(await workbench.page.evaluate("navigator.clipboard.readText()"));
    assert.match(text, /^objectName: ExampleSecret$/m);
    assert.match(text, /^objectType: secret$/m);
    assert.match(text, /^keyvaultName: palette-kv$/m);
    assert.match(text, /^tenantId: 3f2b6c1e-7d84-4a59-9c60-1b5e8f0a2d47$/m);
    assert.match(text, /^userAssignedIdentityID: [0-9a-f-]{36}$/m);
    assert.doesNotMatch(text, /MyAKSExampleSecret/);
  });

  it("asked the sandbox for nothing it does not know", () => {
    assert.deepEqual(world.sandbox.unknownRequests, []);
  });
});
