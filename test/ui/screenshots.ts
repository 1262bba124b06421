/** Screenshots of what the suite walks through: into the cache always, into the README's folder when UPDATE_SCREENSHOTS is set. */
import { mkdirSync } from "node:fs";
import path from "node:path";

import type { Page } from "playwright-core";

import { paths } from "../harness/paths.ts";

const folder = process.env["UPDATE_SCREENSHOTS"]
  ? path.join(paths.root, "media/screenshots")
  : path.join(paths.cache, "screenshots");

export async function screenshot(page: Page, name: string): Promise<void> {
  mkdirSync(folder, { recursive: true });
  await page.screenshot({ path: path.join(folder, `${name}.png`), animations: "disabled" });
}

/** Keeps what was seen when a test failed: register with `afterEach`. */
export async function screenshotOnFailure(context: Mocha.Context, page: Page): Promise<void> {
  if (context.currentTest?.state === "failed") {
    const name = context.currentTest.fullTitle().replace(/[^A-Za-z0-9]+/g, "-");
    mkdirSync(path.join(paths.cache, "failures"), { recursive: true });
    await page.screenshot({ path: path.join(paths.cache, "failures", `${name}.png`) });
  }
}
