import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import os from "node:os";
import path from "node:path";

import { after, afterEach, before, describe, it } from "mocha";

import { openWorld } from "../fixture.ts";
import type { World } from "../fixture.ts";
import { screenshotOnFailure } from "../screenshots.ts";

describe("the commands of a cluster that is on", () => {
  const folder = mkdtempSync(path.join(os.tmpdir(), "key-vault-csi-kubeconfig-"));
  const kubeconfig = path.join(folder, "config");
  const inherited = process.env["KUBECONFIG"];
  let world: World;

  before(async () => {
    // The editor inherits it: nobody's own kubeconfig is touched.
    process.env["KUBECONFIG"] = kubeconfig;
    world = await openWorld();
  });

  afterEach(async function () {
    await screenshotOnFailure(this, world.workbench.page);
  });

  after(async () => {
    if (inherited === undefined) {
      delete process.env["KUBECONFIG"];
    } else {
      process.env["KUBECONFIG"] = inherited;
    }
    await world.close();
    rmSync(folder, { recursive: true, force: true });
  });

  const addonOf = (name: string) => {
    const cluster = [...world.sandbox.world.clusters.values()].find((one) => one.name === name);
    const profiles = (cluster?.body["properties"] as { addonProfiles?: Record<string, unknown> }).addonProfiles;
    return profiles?.["azureKeyvaultSecretsProvider"] as { enabled: boolean; config?: Record<string, string> };
  };

  it("set the rotation while the add-on stays on", async () => {
    const { workbench } = world;

    await workbench.runCommand("Set Secret Rotation");
    await workbench.pick("store-prod");
    await workbench.pick("Rotation on");
    await workbench.type(/Rotation poll interval/, "5m");
    await workbench.page.getByText("On, rotation every 2m → On, rotation every 5m").waitFor();
    await workbench.answer("Set Rotation");

    await workbench.waitForNotification('Secret rotation is set on "store-prod"');
    const { enabled, config } = addonOf("store-prod");
    assert.equal(enabled, true);
    assert.deepEqual(config, { enableSecretRotation: "true", rotationPollInterval: "5m" });
  });

  it("show what uses the add-on, save it, and do not disable it while a class is left", async () => {
    const { workbench, editor } = world;

    await workbench.runCommand("Disable Key Vault CSI");
    await workbench.pick("store-prod");
    const warning = await workbench.waitForNotification(/SecretProviderClasses are left: store\/store-secrets/);
    await warning.getByRole("button", { name: "Save YAML…" }).click();
    await workbench.quickInput().waitFor();
    await workbench.page.keyboard.press("Enter");
    await workbench.waitForNotification("Saved the SecretProviderClasses (1)");

    const saved = path.join(editor.dataFolder, "workspace", "store-prod-secretproviderclasses.yaml");
    assert.match(readFileSync(saved, "utf8"), /^kind: SecretProviderClass\nmetadata:\n {2}name: store-secrets$/m);
    assert.equal(addonOf("store-prod").enabled, true);
  });

  it("disable the add-on by right-click where nothing uses it", async () => {
    const { workbench } = world;

    await workbench.openSidebar();
    await workbench.showOnly("Clusters and Vaults");
    await workbench.expand("Contoso Production");
    await workbench.chooseFromMenu("orders-prod", "Disable Key Vault CSI");
    await workbench.answer("Disable");

    await workbench.waitForNotification('Key Vault CSI is off: "orders-prod"');
    assert.equal(addonOf("orders-prod").enabled, false);
  });

  it("merge credentials, and ask before they replace what differs", async () => {
    const { workbench } = world;
    const merge = async () => {
      await workbench.runCommand("Merge Credentials");
      await workbench.pick("store-prod");
    };

    await merge();
    await workbench.waitForNotification(`The current context is "store-prod", in ${kubeconfig}`);
    const first = readFileSync(kubeconfig, "utf8");
    assert.equal(statSync(kubeconfig).mode & 0o777, 0o600);

    const differing = first.replace(/server: .*/, "server: https://elsewhere.example");
    writeFileSync(kubeconfig, differing);
    await merge();
    await workbench.page.getByText('something else under the same name: cluster "store-prod"').waitFor();
    await workbench.answer("Overwrite");
    await workbench.waitForNotification(`what that was before is ${kubeconfig}.bak`);
    assert.equal(readFileSync(kubeconfig, "utf8"), first);
    assert.equal(readFileSync(`${kubeconfig}.bak`, "utf8"), differing);
  });

  it("asked the sandbox for nothing it does not know", () => {
    assert.deepEqual(world.sandbox.unknownRequests, []);
  });
});
