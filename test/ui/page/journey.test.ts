import assert from "node:assert/strict";

import { after, afterEach, before, beforeEach, describe, it } from "mocha";

import { createWizardSession, type WizardSession } from "../../../src/wizard/handlers.ts";
import { startAzureBench, type AzureBench } from "../../unit/services/azure/support/azureBench.ts";
import { startPageServer, type PageAlone, type PageServer } from "./pageAlone.ts";

const canary = "canary-7f3a-Zm9v";

describe("the wizard's page on the sandbox cloud", function () {
  this.timeout(120_000);
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

  const accesses = [
    { access: "workload identity", label: undefined },
    { access: "the add-on's identity", label: "The add-on's identity" },
    { access: "an identity on the nodes", label: "An own identity on every node pool" },
  ] as const;

  for (const { access, label } of accesses) {
    it(`leads from a bare cluster to a proved mount by ${access} in 9 clicks, with nothing typed but the secret`, async () => {
      const { page } = alone;
      let clicks = 0;
      const click = async (role: "radio" | "button", name: string) => {
        await page.getByRole(role, { name }).click();
        clicks += 1;
      };
      await click("radio", "myAKSCluster");
      await click("button", "Continue");
      await page.getByText("The add-on is off.").waitFor();
      await click("button", "Continue");
      await click("radio", "A new vault");
      await page.getByText("The name is free.").waitFor();
      await click("button", "Continue");
      await page.getByLabel("Name").fill("db-password");
      await page.getByLabel("Value", { exact: true }).fill(canary);
      await click("button", "Continue");
      await page.getByLabel("Service account").waitFor();
      if (label === undefined) {
        await click("button", "Continue");
        await page.getByText("kind: SecretProviderClass").waitFor();
        await click("button", "Continue");
      } else {
        await click("radio", label);
        // The class's defaults need no look: the list of steps leads past it.
        await click("button", "Review");
      }
      await click("button", "Apply");
      await page.getByRole("heading", { name: "Ready" }).waitFor({ timeout: 60_000 });

      await page.getByText("A pod in namespace default has mounted the class.").waitFor();
      assert.ok(clicks <= 9, `${clicks} clicks`);
      const [vault] = bench.sandbox.world.vaults.values();
      assert.match(vault?.name ?? "", /^kv-myakscluster-[0-9a-f]{5}$/);
      await page.getByRole("button", { name: "Copy SecretProviderClass" }).click();
      await page.getByText("Copied: SecretProviderClass").waitFor({ state: "attached" });
      assert.match(copied[0] ?? "", new RegExp(`^    keyvaultName: "${vault?.name ?? ""}"$`, "m"));
      await assertValueStayedAway();

      await page.getByRole("button", { name: "Take Back What This Plan Made…" }).click();
      await page.getByRole("button", { name: "Take Back", exact: true }).click();
      await page.getByRole("heading", { name: "Taken back" }).waitFor({ timeout: 60_000 });
      assert.equal(bench.sandbox.world.vaults.size, 0);
    });
  }

  async function assertValueStayedAway(): Promise<void> {
    const told = alone.messages.filter((message) => JSON.stringify(message).includes(canary));
    assert.deepEqual(
      told.map((message) => (message as { name: string }).name),
      ["apply"],
    );
    assert.ok(!JSON.stringify(await alone.savedState()).includes(canary));
    assert.deepEqual(alone.logged, []);
  }

  it("comes back to the run when the page is reloaded in the middle, and nothing is done twice", async () => {
    const { page } = alone;
    const release = bench.sandbox.fail({ method: "PUT", path: /managedClusters/, delayMs: 1_500, times: 1 });
    await page.getByRole("radio", { name: "myAKSCluster" }).check();
    await page.getByRole("button", { name: "Continue" }).click();
    await page.getByText("The add-on is off.").waitFor();
    await page.getByRole("button", { name: "Continue" }).click();
    await page.getByRole("radio", { name: "No vault for now" }).check();
    await page.getByRole("button", { name: "Continue" }).click();
    await page.getByRole("button", { name: "Review" }).click();
    await page.getByRole("button", { name: "Apply" }).click();
    await page.getByRole("heading", { name: "Applying" }).waitFor();

    await page.reload();

    await page.getByRole("heading", { name: "Applying" }).waitFor();
    await page.getByRole("heading", { name: "Ready" }).waitFor({ timeout: 30_000 });
    assert.equal(bench.sandbox.requests({ method: "PUT", path: /managedClusters\/myAKSCluster/ }).length, 1);
    release();
  });
});
