import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import path from "node:path";

import { after, afterEach, before, describe, it } from "mocha";

import { until } from "../../harness/until.ts";
import { openWorld } from "../fixture.ts";
import type { World } from "../fixture.ts";
import { screenshotOnFailure } from "../screenshots.ts";

/** Typed as a secret's value, through a door each: nothing else in the world contains these words. */
const canaries = { palette: "canary-palette-7f3a9c", tree: "canary-tree-51d0be", wizard: "canary-wizard-e2486d" };

describe("a secret's value", () => {
  let world: World;

  before(async () => {
    world = await openWorld({ viewport: { width: 1280, height: 900 }, settings: { "keyVaultCsi.log.level": "trace" } });
    await world.workbench.openSidebar();
  });

  afterEach(async function () {
    await screenshotOnFailure(this, world.workbench.page);
  });

  after(() => world.close());

  it("arrives in the vault through the palette", async () => {
    const { workbench } = world;
    await workbench.runCommand("Set Secret…");
    await workbench.pick("contoso-dev-kv");
    await workbench.answer("Assign Role");
    await finish("palette");
  });

  it("arrives in the vault through the tree", async () => {
    const { workbench } = world;
    await workbench.showOnly("Clusters and Vaults");
    await workbench.expand("Contoso Development");
    await workbench.expand("Vaults");
    await workbench.chooseFromMenu("contoso-dev-kv", "Set Secret");
    await finish("tree");
  });

  it("arrives in the vault through the wizard", async () => {
    const { workbench } = world;
    await workbench.showOnly("Setup");
    const page = await workbench.wizard();
    const go = (name: RegExp) => page.getByRole("button", { name }).first().click();
    await page.getByRole("radio", { name: /myAKSCluster/ }).check();
    await go(/Continue/);
    await page.getByRole("heading", { level: 2, name: /add-on/ }).waitFor();
    await go(/Continue/);
    await page.getByRole("radio", { name: /contoso-dev-kv/ }).check();
    await go(/Continue/);
    await page.getByRole("heading", { level: 2, name: /secret/i }).waitFor();
    const setNew = page.getByRole("radio", { name: /set|new/i }).first();
    if (await setNew.isVisible()) {
      await setNew.check();
    }
    await page.getByRole("textbox", { name: /^Name/ }).fill("through-wizard");
    await page
      .getByLabel(/^Value/)
      .first()
      .fill(canaries.wizard);
    for (let step = 0; step < 5 && (await page.getByRole("button", { name: "Apply" }).count()) === 0; step += 1) {
      await go(/Continue|Review/);
      await page.getByRole("heading", { level: 2 }).first().waitFor();
    }
    await go(/Apply/);
    await stored("wizard");
  });

  it("is nowhere else: not in a log, a setting, a state, a file, a request line or a process", async () => {
    const { sandbox, editor, workbench } = world;
    await workbench.runCommand("Key Vault CSI: Show Log");
    const journal = JSON.stringify(sandbox.requests());
    const processes = execFileSync("ps", ["-eo", "args"], { encoding: "utf8" });
    const browserState = await workbench.page.evaluate(`(async () => {
      const texts = [JSON.stringify(localStorage), JSON.stringify(sessionStorage), location.href];
      for (const { name } of await indexedDB.databases()) {
        const db = await new Promise((resolve, reject) => { const r = indexedDB.open(name); r.onsuccess = () => resolve(r.result); r.onerror = () => reject(r.error); });
        for (const store of db.objectStoreNames) {
          const all = await new Promise((resolve, reject) => { const r = db.transaction(store).objectStore(store).getAll(); r.onsuccess = () => resolve(r.result); r.onerror = () => reject(r.error); });
          texts.push(JSON.stringify(all));
        }
      }
      return texts.join("\\n");
    })()`);
    const places: Record<string, string> = {
      journal,
      processes,
      browserState: String(browserState),
      output: editor.output(),
      ...filesIn(editor.dataFolder),
    };

    for (const value of Object.values(canaries)) {
      for (const needle of [value, Buffer.from(value).toString("base64").slice(0, -2), encodeURIComponent(value)]) {
        const found = Object.keys(places).filter((place) => places[place]?.includes(needle));
        assert.deepEqual(found, [], needle);
      }
    }
  });

  async function finish(door: "palette" | "tree"): Promise<void> {
    const { workbench } = world;
    await workbench.type(/Name of the secret/, `through-${door}`);
    await workbench.pick("Type or paste it");
    await workbench.type(/The secret's value/, canaries[door]);
    await workbench.pick(`Set "through-${door}"`);
    await stored(door);
  }

  async function stored(door: keyof typeof canaries): Promise<void> {
    const value = await until(`the secret set through the ${door}`, () => {
      const vault = [...world.sandbox.world.vaults.values()].find(({ name }) => name === "contoso-dev-kv");
      return vault?.secrets.get(`through-${door}`)?.versions.at(-1)?.value;
    });
    assert.equal(value, canaries[door]);
  }
});

/** Every file below a folder, as text. */
function filesIn(folder: string): Record<string, string> {
  const files = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
  return Object.fromEntries(
    files.map(({ parentPath, name }) => [
      path.join(parentPath, name),
      readFileSync(path.join(parentPath, name), "latin1"),
    ]),
  );
}
