import assert from "node:assert/strict";

import { after, afterEach, before, describe, it } from "mocha";
import type { Frame } from "playwright-core";

import { until } from "../../harness/until.ts";
import { openWorld } from "../fixture.ts";
import type { World } from "../fixture.ts";
import { screenshot, screenshotOnFailure } from "../screenshots.ts";

describe("the wizard in the sidebar", () => {
  let world: World;
  let page: Frame;

  before(async () => {
    world = await openWorld({ viewport: { width: 1280, height: 900 } });
    await world.workbench.openSidebar();
    await world.workbench.showOnly("Setup");
    page = await world.workbench.wizard();
  });

  afterEach(async function () {
    await screenshotOnFailure(this, world.workbench.page);
  });

  after(() => world.close());

  const go = (name: string | RegExp) => page.getByRole("button", { name }).first().click();
  const heading = (name: string | RegExp) => page.getByRole("heading", { level: 2, name }).waitFor();

  it("asks for cluster, add-on, vault and secret, and changes nothing before the review", async () => {
    await page.getByRole("radio", { name: /myAKSCluster/ }).check();
    await screenshot(world.workbench.page, "wizard-cluster");
    await go("Continue");
    await heading(/add-on/);
    await go("Continue");
    await heading(/vault/);
    await page.getByRole("radio", { name: "A new vault" }).check();
    await page.getByRole("textbox", { name: /^Name/ }).fill("wizard-kv");
    await page.getByText("The name is free").waitFor();
    await screenshot(world.workbench.page, "wizard-vault");
    await go("Continue");
    await heading(/secret/i);
    await page.getByRole("textbox", { name: /^Name/ }).fill("ExampleSecret");
    await page.getByRole("textbox", { name: /^Name/ }).blur();

    const writes = world.sandbox
      .requests({ plane: "arm" })
      .filter(({ method }) => ["PUT", "PATCH", "DELETE"].includes(method));
    assert.deepEqual(writes, []);
  });

  it("keeps what was chosen when the window is reloaded, but never the value", async () => {
    await page
      .getByLabel(/^Value/)
      .first()
      .fill("reload-canary-3b1f");

    const reloaded = world.workbench.page.waitForNavigation();
    await world.workbench.runCommand("Developer: Reload Window");
    await reloaded;
    await world.workbench.openSidebar();
    page = await world.workbench.wizard();

    await heading(/secret/i);
    assert.equal(await page.getByRole("textbox", { name: /^Name/ }).inputValue(), "ExampleSecret");
    assert.equal(
      await page
        .getByLabel(/^Value/)
        .first()
        .inputValue(),
      "",
    );
  });

  it("shows the plan, applies it with a checklist and ends with the connection details", async () => {
    await page
      .getByLabel(/^Value/)
      .first()
      .fill("MyAKSExampleSecret");
    for (let step = 0; step < 4 && (await page.getByRole("button", { name: "Apply" }).count()) === 0; step += 1) {
      await go(/Continue|Review/);
      await page.getByRole("heading", { level: 2 }).first().waitFor();
    }
    const apply = page.getByRole("button", { name: "Apply" });
    await until("the review", async () => ((await apply.isEnabled()) ? true : undefined));
    await screenshot(world.workbench.page, "wizard-review");
    await apply.click();
    await page.getByText("3f2b6c1e-7d84-4a59-9c60-1b5e8f0a2d47").first().waitFor({ timeout: 90_000 });
    await screenshot(world.workbench.page, "wizard-result");

    const vault = [...world.sandbox.world.vaults.values()].find(({ name }) => name === "wizard-kv");
    assert.equal(vault?.secrets.get("examplesecret")?.versions.length, 1);
    assert.equal(vault?.secrets.get("examplesecret")?.versions[0]?.value, "MyAKSExampleSecret");
  });

  it("asked the sandbox for nothing it does not know", () => {
    assert.deepEqual(world.sandbox.unknownRequests, []);
  });
});
