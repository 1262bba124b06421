import assert from "node:assert/strict";

import axe from "axe-core";
import { after, before, describe, it } from "mocha";
import type { Page } from "playwright-core";

import { startPageServer, type PageServer } from "./pageAlone.ts";
import { pageStates } from "./states.ts";
import { themes, type ThemeName } from "./themes.ts";

describe("the wizard's page, to everybody", function () {
  this.timeout(60_000);
  let server: PageServer;
  before(async () => {
    server = await startPageServer();
  });
  after(() => server.close());

  for (const { name, handlers, reach } of pageStates) {
    it(`has nothing axe objects to, and fits 300 pixels, in four themes: ${name}`, async () => {
      const { page, logged, setTheme, close } = await server.open(handlers);
      await reach(page);
      for (const theme of Object.keys(themes) as ThemeName[]) {
        await setTheme(theme);
        assert.deepEqual(await violations(page), [], theme);
        assert.equal(await overflow(page), 0, `${theme}: the page scrolls sideways`);
      }
      // As low as the view is beside the tree.
      await page.setViewportSize({ width: 300, height: 370 });
      assert.deepEqual(await violations(page), [], "low");
      assert.equal(await overflow(page), 0, "low: the page scrolls sideways");
      assert.deepEqual(logged, []);
      await close();
    });
  }
});

async function violations(page: Page): Promise<readonly string[]> {
  await page.evaluate(axe.source);
  const found = await page.evaluate<axe.AxeResults>("axe.run()");
  return found.violations.flatMap(({ id, nodes }) =>
    nodes.map(({ html, failureSummary }) => `${id}: ${html} ${failureSummary ?? ""}`),
  );
}

async function overflow(page: Page): Promise<number> {
  return page.evaluate<number>("document.documentElement.scrollWidth - document.documentElement.clientWidth");
}
