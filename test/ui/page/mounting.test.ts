import assert from "node:assert/strict";

import { describe, it } from "mocha";

import { until } from "../../harness/until.ts";
import { provedRun, undoingRun } from "./scenario.ts";
import { goOn, toAccess, toClass } from "./states.ts";
import { usePages } from "./usePages.ts";

describe("the wizard's page, on the way to a mount", function () {
  this.timeout(20_000);
  const open = usePages();

  interface SavedMount {
    readonly draft: { readonly mount: Readonly<Record<string, unknown>> };
  }

  it("proposes every name, and saves only what was typed, so that proposals follow vault and secret", async () => {
    const { page, savedState } = await open();
    await toAccess(page);
    await page.getByLabel("Service account").waitFor();
    assert.equal(await page.getByLabel("Namespace").inputValue(), "default");
    assert.equal(await page.getByLabel("Service account").inputValue(), "key-vault-reader");
    await page.getByLabel("Namespace").fill("store");
    await page.getByRole("option", { name: "New: id-myAKSCluster-store, in myResourceGroup" }).waitFor({
      state: "attached",
    });
    await page.getByLabel("Service account").fill("key-vault-reader");

    await goOn(page);

    assert.equal(await page.getByLabel("Name of the class").inputValue(), "contoso-kv-db-password");
    const { mount } = ((await savedState()) as SavedMount).draft;
    assert.equal(mount["namespace"], "store");
    assert.equal(mount["serviceAccount"], "");
    assert.equal(mount["className"], "");
  });

  it("does not go on with a namespace that Kubernetes would refuse", async () => {
    const { page } = await open();
    await toAccess(page);
    await page.getByLabel("Namespace").fill("My Store");

    await goOn(page);

    await page.getByRole("alert").getByText("Use lower-case letters").waitFor();
    assert.equal(await page.getByLabel("Namespace").getAttribute("aria-invalid"), "true");
  });

  it("says who else could use an identity before it is chosen", async () => {
    const { page } = await open();
    await toAccess(page);
    await page.getByRole("radio", { name: "The add-on's identity" }).check();
    await page.getByText("Every pod of the cluster can use it").waitFor();
    assert.equal(await page.getByLabel("Managed identity").count(), 0);

    await page.getByRole("radio", { name: "An own identity on every node pool" }).check();

    await page.getByText("Every pod on a node can use it").waitFor();
    await page.getByLabel("Managed identity").waitFor();
  });

  it("drops an identity that was chosen for one service account when all nodes are to have one", async () => {
    const { page, savedState } = await open();
    await toAccess(page);
    await page.getByLabel("Managed identity").selectOption("web-reader (myResourceGroup)");
    const identity = async () => ((await savedState()) as SavedMount).draft.mount["identity"];
    assert.deepEqual(await identity(), { id: "/identities/web-reader", name: "web-reader" });

    await page.getByRole("radio", { name: "An own identity on every node pool" }).check();

    assert.equal(await identity(), undefined);
  });

  it("leaves access and class out of the plan on request", async () => {
    let access: string | undefined;
    const { page } = await open({
      apply({ draft }) {
        access = draft.mount.access;
        return undoingRun;
      },
    });
    await toAccess(page);
    await page.getByRole("radio", { name: "Not now" }).check();
    await goOn(page);
    await page.getByText("Without access for pods").waitFor();
    await goOn(page);
    await page.getByRole("button", { name: "Apply" }).click();

    await until("the plan to be applied", () => access, 5_000);
    assert.equal(access, "none");
  });

  it("shows the class as it will be written, anew when a name changes", async () => {
    const asked: string[] = [];
    const { page } = await open({
      previewClass({ draft }) {
        asked.push(draft.mount.className);
        return { yaml: `name: ${draft.mount.className || "proposed"}`, isWhole: true };
      },
    });
    await toClass(page);
    await page.getByText("name: proposed").waitFor();

    await page.getByLabel("Name of the class").fill("my-class");

    await page.getByText("name: my-class").waitFor();
    assert.equal(await page.getByText("What stands as a variable").count(), 0);
    assert.ok(await page.getByRole("checkbox", { name: "Prove it" }).isChecked());
  });

  it("shows what the pod found, and the class to copy", async () => {
    const copied: string[] = [];
    const { page } = await open({
      load: () => ({ run: provedRun, maxSecretBytes: 25_600 }),
      copyText({ text }) {
        copied.push(text);
        return {};
      },
    });
    await page.getByText("13 bytes · salted hash 0a1b2c3d4e5f…").waitFor();
    await page.getByText("5f3c1e7d84a5419c60b15e8f0a2d47c1").waitFor();
    await page.getByText("The vault has another version by now.").waitFor();

    await page.getByRole("button", { name: "Copy SecretProviderClass" }).click();

    await until("the copy", () => copied[0], 5_000);
    assert.match(copied[0] ?? "", /^apiVersion: secrets-store/);
  });

  it("takes back only after it has said what goes and what stays, and was told to", async () => {
    let asked = 0;
    const { page } = await open({
      load: () => ({ run: provedRun, maxSecretBytes: 25_600 }),
      undo() {
        asked += 1;
        return undoingRun;
      },
    });
    const offer = page.getByRole("button", { name: "Take Back What This Plan Made…" });
    await offer.click();
    const rows = page.getByRole("listitem").filter({ hasText: /Will be taken back|Stays/ });
    assert.match((await rows.nth(0).textContent()) ?? "", /^SecretProviderClass .* Will be taken back$/);
    assert.match((await rows.nth(1).textContent()) ?? "", /^Namespace "store" StaysA namespace that was made is kept/);
    await page.getByRole("button", { name: "Keep" }).click();
    assert.equal(asked, 0);
    assert.equal(await page.evaluate<string>("document.activeElement.textContent"), await offer.textContent());

    await offer.click();
    await page.getByRole("button", { name: "Take Back", exact: true }).click();

    await page.getByRole("heading", { name: "Taking back" }).waitFor();
    assert.equal(asked, 1);
  });
});
