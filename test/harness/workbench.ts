/** What a person does in the workbench, by what they see: rows, menus, inputs, notifications. */
import type { Frame, Locator, Page } from "playwright-core";

import { until } from "./until.ts";

const key = process.platform === "darwin" ? "Meta" : "Control";

export class Workbench {
  constructor(readonly page: Page) {}

  static async open(page: Page, url: string): Promise<Workbench> {
    await page.goto(url);
    await page.locator(".monaco-workbench").waitFor();
    await page.locator(".activitybar .action-item").first().waitFor();
    return new Workbench(page);
  }

  /** Opens our sidebar. */
  async openSidebar(): Promise<void> {
    const icon = this.page.getByRole("tab", { name: /^Key Vault CSI/ }).first();
    await icon.waitFor();
    if ((await icon.getAttribute("aria-expanded")) !== "true") {
      await icon.click();
    }
    await this.page.locator(".sidebar .pane-header").first().waitFor();
  }

  /** Runs a command by its title in the palette. */
  async runCommand(title: string): Promise<void> {
    await this.page.keyboard.press("F1");
    const input = this.page.locator(".quick-input-widget input.input").first();
    await input.waitFor();
    await input.fill(`>${title}`);
    await this.page.locator(".quick-input-widget .monaco-list-row").filter({ hasText: title }).first().click();
  }

  /** The visible rows of our tree as text, indented by level; "▸" closed, "▾" open. */
  async treeText(): Promise<string> {
    const rows = await this.treeRows().all();
    const lines = await Promise.all(
      rows.map(async (row) => {
        const level = Number((await row.getAttribute("aria-level")) ?? 1);
        const expanded = await row.getAttribute("aria-expanded");
        const label = await row.locator(".monaco-icon-label-container").first().innerText();
        const mark = expanded === null ? " " : expanded === "true" ? "▾" : "▸";
        const top = await row.evaluate((element) => (element as unknown as { offsetTop: number }).offsetTop);
        return { top, text: `${"  ".repeat(level - 1)}${mark} ${label.replace(/\s+/g, " ").trim()}` };
      }),
    );
    return lines
      .sort((a, b) => a.top - b.top)
      .map(({ text }) => text)
      .join("\n");
  }

  treeRows(): Locator {
    return this.page.locator(".pane").filter({ hasText: "Clusters and Vaults" }).locator(".monaco-list-row");
  }

  treeRow(label: string | RegExp): Locator {
    return this.treeRows().filter({ hasText: label }).first();
  }

  /** Opens a row by the keyboard. */
  async expand(label: string | RegExp): Promise<void> {
    const row = this.treeRow(label);
    await row.waitFor();
    if ((await row.getAttribute("aria-expanded")) === "false") {
      await row.click();
      await this.page.keyboard.press("ArrowRight");
      await until(`row ${String(label)} to open`, async () =>
        (await row.getAttribute("aria-expanded")) === "true" ? true : undefined,
      );
    }
  }

  /** Right-click → menu entry. */
  async chooseFromMenu(row: string | RegExp, entry: string): Promise<void> {
    await this.treeRow(row).click({ button: "right" });
    await this.page.locator(".monaco-menu .action-label").filter({ hasText: entry }).first().click();
  }

  /** The quick pick or input box that is open. */
  quickInput(): Locator {
    return this.page.locator(".quick-input-widget:visible");
  }

  async pick(text: string | RegExp): Promise<void> {
    await this.quickInput().locator(".monaco-list-row").filter({ hasText: text }).first().click();
  }

  async type(text: string): Promise<void> {
    const input = this.quickInput().locator("input.input").first();
    await input.waitFor();
    await input.fill(text);
    await this.page.keyboard.press("Enter");
  }

  /** A button of the modal dialog that is open. */
  async answer(button: string): Promise<void> {
    await this.page.locator(".monaco-dialog-box .monaco-button").filter({ hasText: button }).first().click();
  }

  notification(text: string | RegExp): Locator {
    return this.page
      .locator(".notification-toast, .notifications-center .monaco-list-row")
      .filter({ hasText: text })
      .first();
  }

  /** The page of our webview: two frames deep. */
  async wizard(): Promise<Frame> {
    return until("the wizard's page", async () => {
      for (const frame of this.page.frames()) {
        if (frame.name() === "active-frame" || /fake\.html/.test(frame.url())) {
          if ((await frame.locator("#key-vault-csi-wizard, [data-key-vault-csi]").count()) > 0) {
            return frame;
          }
        }
      }
      return undefined;
    });
  }

  async pressKeys(...keys: readonly string[]): Promise<void> {
    for (const name of keys) {
      await this.page.keyboard.press(name.replace("Mod", key));
    }
  }
}
