import assert from "node:assert/strict";

import { describe, it } from "mocha";

import type { Run } from "../../../src/wizard/protocol.ts";
import { until } from "../../harness/until.ts";
import { blockedPreview, doneRun, failedRun, runningRun, stoppedRun } from "./scenario.ts";
import { goOn, onToReview, toReview, toSecret } from "./states.ts";
import { usePages } from "./usePages.ts";

const canary = "canary-7f3a-Zm9v";

describe("the wizard's page", function () {
  this.timeout(20_000);
  const open = usePages();

  describe("with a secret's value", () => {
    it("sends it with Apply and keeps it nowhere else", async () => {
      const { page, messages, savedState } = await open();
      await toReview(page, canary);
      await page.getByRole("button", { name: "Apply" }).click();
      await page.getByRole("heading", { name: "Applying" }).waitFor();

      const carriers = messages.filter((message) => JSON.stringify(message).includes(canary));
      assert.deepEqual(
        carriers.map((message) => (message as { name: string }).name),
        ["apply"],
      );
      assert.ok(!JSON.stringify(await savedState()).includes(canary));
      assert.ok(!(await page.content()).includes(canary));
    });

    it("asks for it again after a reload and says why; the rest of the draft is there", async () => {
      const { page } = await open();
      await toReview(page, canary);

      await page.reload();

      await page.getByRole("heading", { name: "Put a secret in the vault" }).waitFor();
      assert.equal(await page.getByLabel("Name").inputValue(), "db-password");
      assert.equal(await page.getByLabel("Value", { exact: true }).inputValue(), "");
      await page.getByText("You had typed a value. It was not kept").waitFor();
    });

    it("masks it until one asks to see it", async () => {
      const { page } = await open();
      await toSecret(page);
      const value = page.getByLabel("Value", { exact: true });
      assert.equal(await value.getAttribute("type"), "password");

      await page.getByRole("checkbox", { name: "Show value" }).check();

      assert.equal(await value.getAttribute("type"), "text");
    });

    it("keeps the line breaks of a pasted certificate", async () => {
      const sent: (string | undefined)[] = [];
      const { page } = await open({
        apply({ value }) {
          sent.push(value);
          return runningRun;
        },
      });
      await toSecret(page);
      await page.getByLabel("Name").fill("cert");
      await page.getByLabel("Value", { exact: true }).focus();
      await page.evaluate(`{
        const clipboardData = new DataTransfer();
        clipboardData.setData("text/plain", "first\\r\\nsecond\\n");
        document.activeElement.dispatchEvent(new ClipboardEvent("paste", { clipboardData, bubbles: true, cancelable: true }));
      }`);
      await page.getByText("13 bytes").waitFor();
      await goOn(page);
      await onToReview(page);
      await page.getByRole("button", { name: "Apply" }).click();
      await page.getByRole("heading", { name: "Applying" }).waitFor();

      assert.deepEqual(sent, ["first\nsecond\n"]);
    });

    it("measures it in bytes, not in characters", async () => {
      const { page } = await open();
      await toSecret(page);
      await page.getByLabel("Name").fill("long");
      await page.getByLabel("Value", { exact: true }).fill("ä".repeat(12_801));

      await goOn(page);

      await page.getByRole("alert").getByText("25,602 bytes").waitFor();
    });

    it("wants one for a name that is free, and none for a secret that is there", async () => {
      let kind: "free" | "exists" = "free";
      const { page } = await open({
        checkSecretName: () => (kind === "free" ? { kind } : { kind: "exists", isEnabled: true }),
      });
      await toSecret(page);
      await page.getByLabel("Name").fill("db-password");
      await goOn(page);
      await page.getByRole("alert").getByText("Type the secret's value.").waitFor();

      kind = "exists";
      await page.getByLabel("Name").fill("there");
      await goOn(page);

      await page.getByRole("heading", { name: "Let pods get at it" }).waitFor();
    });
  });

  describe("reviewing and applying", () => {
    it("cannot apply while a step is blocked, and says which", async () => {
      const { page } = await open({ preview: () => blockedPreview });
      await toReview(page);

      await page.getByText("1 blocked.").first().waitFor();
      assert.ok(await page.getByRole("button", { name: "Apply" }).isDisabled());
      await page.getByText("Ask an owner.").waitFor();
    });

    it("applies once, however often the button is pressed", async () => {
      let applied = 0;
      let reply: (run: Run) => void = () => undefined;
      const { page } = await open({
        apply() {
          applied += 1;
          return new Promise((resolve) => {
            reply = resolve;
          });
        },
      });
      await toReview(page);
      const apply = page.getByRole("button", { name: "Apply" });
      await apply.click();
      await apply.click();
      await apply.press("Enter");
      reply(runningRun);
      await page.getByRole("heading", { name: "Applying" }).waitFor();

      assert.equal(applied, 1);
    });

    it("comes back to a run that is under way, with its checklist", async () => {
      let run: Run | undefined;
      const { page } = await open({
        load: () => ({ run, maxSecretBytes: 25_600 }),
        apply: () => (run = runningRun),
      });
      await toReview(page);
      await page.getByRole("button", { name: "Apply" }).click();
      await page.getByRole("heading", { name: "Applying" }).waitFor();

      await page.reload();

      await page.getByRole("heading", { name: "Applying" }).waitFor();
      await page.getByText("Turning the add-on on; this takes some minutes").waitFor();
    });

    it("goes back to the review, and says so, when the run has gone with the window", async () => {
      const { page } = await open();
      await toSecret(page);
      await page.getByRole("radio", { name: "No secret for now" }).check();
      await goOn(page);
      await onToReview(page);
      await page.getByRole("button", { name: "Apply" }).click();
      await page.getByRole("heading", { name: "Applying" }).waitFor();

      await page.reload();

      await page.getByText("The last run was interrupted").waitFor();
    });

    it("ticks off the steps as they go, and tells a screen reader", async () => {
      const { page, emit } = await open({ load: () => ({ run: runningRun, maxSecretBytes: 25_600 }) });
      await page.getByRole("heading", { name: "Applying" }).waitFor();

      await emit("run", failedRun);

      const rows = page.getByRole("list", { name: "Steps of the run" }).getByRole("listitem");
      await page.getByRole("heading", { name: "It did not go through" }).waitFor();
      assert.match((await rows.nth(1).textContent()) ?? "", /Failed.*The name is taken/);
      await page.getByRole("status").getByText("Failed", { exact: false }).waitFor({ state: "attached" });
    });

    it("stops, tells what goes on in Azure, and leads back to the review", async () => {
      let isClosed = false;
      const { page, emit } = await open({
        load: () => ({ run: runningRun, maxSecretBytes: 25_600 }),
        closeRun() {
          isClosed = true;
          return {};
        },
      });
      await page.getByRole("button", { name: "Stop" }).click();
      await emit("run", { ...runningRun, state: "stopping" });
      await page.getByRole("button", { name: "Stopping…" }).waitFor();
      await emit("run", stoppedRun);
      await page.getByRole("alert").getByText("What Azure has accepted by then goes on there.").waitFor();

      await page.getByRole("button", { name: "Back to Review" }).click();

      await until("the run to be closed", () => isClosed || undefined, 5_000);
    });

    it("gives the connection details to copy, one by one and all together", async () => {
      const copied: string[] = [];
      const { page } = await open({
        load: () => ({ run: doneRun, maxSecretBytes: 25_600 }),
        copyText({ text }) {
          copied.push(text);
          return {};
        },
      });

      await page.getByRole("button", { name: "Copy Vault name" }).click();
      await page.getByRole("button", { name: "Copy All" }).click();

      await until("two copies", () => (copied.length === 2 ? true : undefined), 5_000);
      assert.equal(copied[0], "contoso-kv");
      assert.match(
        copied[1] ?? "",
        /^Object name: db-password\nObject type: secret\nVault name: contoso-kv\nTenant ID: /,
      );
    });
  });
});
