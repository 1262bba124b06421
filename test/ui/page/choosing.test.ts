import assert from "node:assert/strict";

import { describe, it } from "mocha";
import type { Page } from "playwright-core";

import { ServiceError } from "../../../src/services/errors.ts";
import type { ClusterChoice } from "../../../src/wizard/protocol.ts";
import { until } from "../../harness/until.ts";
import { buildPage } from "./pageAlone.ts";
import { cluster } from "./scenario.ts";
import { goOn, toAddon, toVault } from "./states.ts";
import { usePages } from "./usePages.ts";

describe("the wizard's page", function () {
  this.timeout(20_000);
  const open = usePages();

  it("weighs less than 150 KB", async () => {
    const files = await buildPage();
    const bytes = [...files.values()].reduce((sum, text) => sum + Buffer.byteLength(text), 0);
    assert.ok(bytes < 150 * 1024, `${bytes} bytes`);
  });

  describe("choosing a cluster", () => {
    it("groups clusters by subscription and says how each is", async () => {
      const { page } = await open();

      const production = page.getByRole("group", { name: "Contoso Production" });
      await production.getByRole("radio", { name: "myAKSCluster myResourceGroup · eastus2 Off" }).waitFor();
      const test = page.getByRole("group", { name: "Contoso Test" });
      assert.equal(await test.getByRole("radio", { name: /inner .* On Private Unreachable/ }).count(), 1);
      assert.equal(await test.getByRole("radio", { name: /asleep .* Stopped/ }).count(), 1);
    });

    it("shows the first rows while the rest is being read, and keeps choice and focus when more come", async () => {
      let clusters: readonly ClusterChoice[] = [cluster("first")];
      let isLoading = true;
      const { page, emit } = await open({
        listClusters: () => ({ isLoading, total: clusters.length, found: clusters.length, missing: [], clusters }),
      });
      await page.getByText("More are being read").waitFor();
      await page.getByRole("radio", { name: "first" }).check();

      clusters = [cluster("another"), cluster("first")];
      isLoading = false;
      await emit("estate", {});

      await page.getByRole("radio", { name: "another" }).waitFor();
      assert.ok(await page.getByRole("radio", { name: "first" }).isChecked());
      assert.match(await focused(page), /first$/);
    });

    it("says in place what failed, and tries again", async () => {
      let fails = true;
      const { page } = await open({
        listClusters() {
          if (fails) {
            throw new ServiceError("notSignedIn", "You are not signed in.");
          }
          return { isLoading: false, total: 1, found: 1, missing: [], clusters: [cluster("back")] };
        },
      });
      await page.getByText("You are not signed in.").waitFor();

      fails = false;
      await page.getByRole("button", { name: "Retry" }).click();

      await page.getByRole("radio", { name: "back" }).waitFor();
    });

    it("narrows the list by the search field", async () => {
      const { page } = await open();
      await page.getByRole("radio", { name: "web" }).waitFor();

      await page.getByRole("searchbox", { name: "Search clusters" }).fill("batch");

      await page.getByText("1 of 6 shown").waitFor();
      assert.equal(await page.getByRole("radio").count(), 1);
    });

    it("goes straight to a cluster somebody asked for", async () => {
      let asked: ClusterChoice | undefined;
      const { page, emit } = await open({
        takeOpening() {
          const now = asked;
          asked = undefined;
          return { cluster: now };
        },
      });
      await page.getByRole("radio", { name: "web" }).waitFor();

      asked = cluster("web", { state: "on" });
      await emit("open", {});

      await page.getByText("The add-on is already on.").waitFor();
    });
  });

  describe("going from step to step", () => {
    it("works by keyboard alone, and moves the focus to the step's heading", async () => {
      const { page } = await open();
      const { keyboard } = page;
      await page.getByRole("radio", { name: "myAKSCluster" }).waitFor();
      await page.getByRole("radio", { name: "myAKSCluster" }).focus();
      await keyboard.press("Space");
      await keyboard.press("Enter");
      await page.getByText("The add-on is off.").waitFor();
      assert.equal(await focused(page), "Key Vault CSI add-on");

      await page.getByRole("radio", { name: "Off", exact: true }).focus();
      await keyboard.press("Enter");
      await page.getByRole("heading", { name: "Choose a key vault" }).waitFor();
      await page.getByRole("radio", { name: "An existing vault" }).focus();
      await keyboard.press("Escape");

      await page.getByText("The add-on is off.").waitFor();
      assert.equal(await focused(page), "Key Vault CSI add-on");
    });

    it("does not go on without a choice, and says why", async () => {
      const { page } = await open();
      await page.getByRole("radio", { name: "web" }).waitFor();

      await goOn(page);

      await page.getByRole("alert").getByText("Choose a cluster.").waitFor();
      assert.equal(await page.getByRole("heading", { level: 2 }).textContent(), "Choose a cluster");
    });

    it("does not go on with a poll interval the add-on would refuse", async () => {
      const { page } = await open();
      await toAddon(page);
      await page.getByRole("radio", { name: "On", exact: true }).check();
      await page.getByLabel("Poll interval").fill("soon");

      await goOn(page);

      await page.getByRole("alert").getByText("Write the interval").waitFor();
      assert.equal(await page.getByLabel("Poll interval").getAttribute("aria-invalid"), "true");
    });

    it("gives up what a step had asked for when it is left", async () => {
      let dropped = false;
      const { page } = await open({
        getVault: (_, signal) =>
          new Promise((_resolve, reject) => {
            signal.addEventListener("abort", () => {
              dropped = true;
              reject(new Error("dropped"));
            });
          }),
      });
      await toVault(page);
      await page.getByRole("radio", { name: "contoso-kv" }).check();
      await page.getByText("Checking…").waitFor();

      await page.getByRole("button", { name: "Back" }).click();

      await until("the request to be dropped", () => dropped || undefined, 5_000);
    });

    it("proposes a new vault beside the cluster, so that nothing has to be typed", async () => {
      const { page, savedState } = await open();
      await toVault(page);
      await page.getByRole("radio", { name: "A new vault" }).check();
      await page.getByText("The name is free.").waitFor();

      await goOn(page);

      await page.getByRole("heading", { name: "Put a secret in the vault" }).waitFor();
      const { draft } = (await savedState()) as { draft: { vault: { fresh: Record<string, unknown> } } };
      const { name, ...place } = draft.vault.fresh;
      assert.match(String(name), /^kv-myakscluster-[0-9a-f]{5}$/);
      assert.equal(place["resourceGroup"], "myResourceGroup");
      assert.equal(place["location"], "eastus2");
      assert.equal(place["usesRbac"], true);
    });
  });
});

async function focused(page: Page): Promise<string> {
  return page.evaluate<string>("document.activeElement.value || document.activeElement.textContent");
}
