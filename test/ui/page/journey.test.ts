import assert from "node:assert/strict";

import { after, afterEach, before, beforeEach, describe, it } from "mocha";

import { createWizardSession, type WizardSession } from "../../../src/wizard/handlers.ts";
import { startAzureBench, type AzureBench } from "../../unit/services/azure/support/azureBench.ts";
import { startPageServer, type PageAlone, type PageServer } from "./pageAlone.ts";

const canary = "canary-7f3a-Zm9v";

describe("the wizard's page on the sandbox cloud", function () {
  this.timeout(60_000);
  let server: PageServer;
  let bench: AzureBench;
  let session: WizardSession;
  let alone: PageAlone;
  let copied: string[];

  before(async () => {
    server = await startPageServer();
  });
  after(() => server.close());

  beforeEach(async () => {
    bench = await startAzureBench();
    bench.sandbox.addCluster({ name: "myAKSCluster", resourceGroup: "myResourceGroup", location: "eastus2" });
    copied = [];
    const ignore = () => undefined;
    session = createWizardSession(() => Promise.resolve(bench.services), {
      copyText: (text) => Promise.resolve(void copied.push(text)),
      openExternal: () => Promise.resolve(),
      // A page that is being reloaded misses an event, as in the product.
      emit: (name, value) => void alone.emit(name, value).catch(ignore),
      log: { trace: ignore, debug: ignore, info: ignore, warn: ignore, error: ignore },
    });
    alone = await server.open(session.handlers);
    alone.page.setDefaultTimeout(10_000);
  });

  afterEach(async () => {
    session.dispose();
    await alone.close();
    assert.deepEqual(bench.sandbox.unknownRequests, []);
    await bench.sandbox.close();
  });

  it("leads from a bare cluster to a secret in a new vault and a healthy driver, with nothing typed but the secret", async () => {
    const { page } = alone;
    const goOn = () => page.getByRole("button", { name: "Continue" }).click();
    await page.getByRole("radio", { name: "myAKSCluster" }).check();
    await goOn();
    await page.getByText("The add-on is off.").waitFor();
    await goOn();
    await page.getByRole("radio", { name: "A new vault" }).check();
    await page.getByText("The name is free.").waitFor();
    await goOn();
    await page.getByLabel("Name").fill("db-password");
    await page.getByLabel("Value", { exact: true }).fill(canary);
    await goOn();
    await page.getByRole("button", { name: "Apply" }).click();
    await page.getByRole("heading", { name: "Ready" }).waitFor({ timeout: 30_000 });

    const [vault] = bench.sandbox.world.vaults.values();
    assert.match(vault?.name ?? "", /^kv-myakscluster-[0-9a-f]{5}$/);
    assert.equal(vault?.resourceGroup, "myResourceGroup");
    await page.getByRole("button", { name: "Copy Vault name" }).click();
    await page.getByText("Copied: Vault name").waitFor({ state: "attached" });
    assert.deepEqual(copied, [vault?.name]);
    const told = alone.messages.filter((message) => JSON.stringify(message).includes(canary));
    assert.deepEqual(
      told.map((message) => (message as { name: string }).name),
      ["apply"],
    );
    assert.ok(!JSON.stringify(await alone.savedState()).includes(canary));
    assert.deepEqual(alone.logged, []);
  });

  it("comes back to the run when the page is reloaded in the middle, and nothing is done twice", async () => {
    const { page } = alone;
    const release = bench.sandbox.fail({ method: "PUT", path: /managedClusters/, delayMs: 1_500, times: 1 });
    await page.getByRole("radio", { name: "myAKSCluster" }).check();
    await page.getByRole("button", { name: "Continue" }).click();
    await page.getByText("The add-on is off.").waitFor();
    await page.getByRole("button", { name: "Continue" }).click();
    await page.getByRole("radio", { name: "No vault for now" }).check();
    await page.getByRole("button", { name: "Continue" }).click();
    await page.getByRole("button", { name: "Continue" }).click();
    await page.getByRole("button", { name: "Apply" }).click();
    await page.getByRole("heading", { name: "Applying" }).waitFor();

    await page.reload();

    await page.getByRole("heading", { name: "Applying" }).waitFor();
    await page.getByRole("heading", { name: "Ready" }).waitFor({ timeout: 30_000 });
    assert.equal(bench.sandbox.requests({ method: "PUT", path: /managedClusters\/myAKSCluster/ }).length, 1);
    release();
  });
});
