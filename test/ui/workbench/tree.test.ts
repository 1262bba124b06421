import assert from "node:assert/strict";

import { after, afterEach, before, describe, it } from "mocha";

import { until } from "../../harness/until.ts";
import { openWorld } from "../fixture.ts";
import type { World } from "../fixture.ts";
import { screenshot, screenshotOnFailure } from "../screenshots.ts";

describe("the tree in the workbench", () => {
  let world: World;

  before(async () => {
    world = await openWorld({ viewport: { width: 1280, height: 900 } });
    await world.workbench.openSidebar();
    await world.workbench.showOnly("Clusters and Vaults");
  });

  afterEach(async function () {
    await screenshotOnFailure(this, world.workbench.page);
  });

  after(() => world.close());

  it("shows tenants, subscriptions, clusters and vaults, each with its state at a glance", async () => {
    const { workbench } = world;
    for (const row of ["Contoso Development", "Clusters", "Vaults"]) {
      await workbench.expand(row);
    }

    const text = await until("all rows", async () => {
      const seen = await workbench.treeText();
      return seen.includes("contoso-legacy-kv") && seen.includes("myAKSCluster") ? seen : undefined;
    });
    assert.match(text, /▾ Contoso.*\n {2}▾ Contoso Development/);
    assert.match(text, /▸ myAKSCluster ?off/);
    assert.match(text, /▸ batch-dev ?on, stopped/);
    assert.match(text, /▸ contoso-dev-kv ?Azure RBAC/);
    assert.match(text, /▸ contoso-legacy-kv ?access policies/);
  });

  it("takes a cluster from off to a driver on every node by right-click", async () => {
    const { workbench, sandbox } = world;

    await workbench.chooseFromMenu("myAKSCluster", "Enable Key Vault CSI");
    await workbench.pick("Rotation on");
    await workbench.quickInput().getByText("Rotation poll interval").waitFor();
    await workbench.page.keyboard.press("Enter");
    await workbench.answer("Enable");
    await workbench.waitForNotification('Key Vault CSI is on: "myAKSCluster"');
    await screenshot(workbench.page, "tree-enabled");

    const cluster = [...sandbox.world.clusters.values()].find(({ name }) => name === "myAKSCluster");
    assert.match(JSON.stringify(cluster?.body), /"enableSecretRotation":"true","rotationPollInterval":"2m"/);

    await workbench.page.getByRole("button", { name: "Verify Driver" }).last().click();
    await workbench.treeRow("3 of 3 nodes healthy").waitFor();
    await screenshot(workbench.page, "tree-verified");
  });

  it("says which node lacks the driver, and why", async () => {
    const { workbench } = world;
    for (const row of ["Contoso Production", "orders-prod", "Driver"]) {
      await workbench.expand(row);
    }

    const text = await until("a broken node", async () => {
      const seen = await workbench.treeText();
      return /Healthy on 2 of 3 nodes.*not scheduled/.test(seen) ? seen : undefined;
    });
    assert.match(text, /aks-/);
    await screenshot(workbench.page, "tree-broken-node");
  });

  it("turns a failure into a row that can be tried again", async () => {
    const { workbench, sandbox } = world;
    const restore = sandbox.fail({
      path: /ResourceGraph|managedClusters\?|vaults\?|\/resources\?/,
      status: 500,
      code: "InternalServerError",
    });

    await workbench.runCommand("Key Vault CSI: Refresh");
    const failure = workbench
      .treeRows()
      .filter({ hasText: /could not|cannot|failed|Retry/i })
      .first();
    await failure.waitFor({ timeout: 60_000 });
    await screenshot(workbench.page, "tree-failure");
    restore();
    await failure.click();
    await workbench.treeRow("Contoso Development").waitFor();
    await until("the failure to go", async () => ((await failure.count()) === 0 ? true : undefined));
  });

  it("asked the sandbox for nothing it does not know", () => {
    assert.deepEqual(world.sandbox.unknownRequests, []);
  });
});
