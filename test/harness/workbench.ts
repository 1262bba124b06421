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

  /** Opens our sidebar; one that a reload has opened again is left open. */
  async openSidebar(): Promise<void> {
    const header = this.page.locator(".sidebar .pane-header").filter({ hasText: /setup/i }).first();
    await until("our sidebar", async () => {
      if (!(await header.isVisible())) {
        await this.page
          .getByRole("tab", { name: /^Key Vault CSI/ })
          .first()
          .click({ timeout: 5_000 });
        await header.waitFor({ timeout: 3_000 });
      }
      return true;
    });
  }

  /** Runs a command by its title in the palette. Right after the start the palette does not know every extension yet: it is asked again. */
  async runCommand(title: string): Promise<void> {
    const focused = this.page.locator(".quick-input-widget .monaco-list-row.focused").filter({ hasText: title });
    await until(`the command "${title}"`, async () => {
      await this.page.keyboard.press("Escape");
      await this.page.keyboard.press("F1");
      await this.quickInput().locator("input.input").first().fill(`>${title}`, { timeout: 3_000 });
      await focused.first().waitFor({ timeout: 3_000 });
      return true;
    });
    await this.page.keyboard.press("Enter");
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
    return this.page
      .locator(".pane", { has: this.page.locator(".pane-header", { hasText: /clusters and vaults/i }) })
      .locator(".monaco-list-row");
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
    const item = this.page.locator(".monaco-menu .action-item").filter({ hasText: entry }).first();
    await item.waitFor();
    // The menu ignores the mouse until it has been moved over it.
    await until(`the menu entry "${entry}" to be marked`, async () => {
      await item.hover();
      return (await item.getAttribute("class"))?.includes("focused") ? true : undefined;
    });
    await this.page.keyboard.press("Enter");
    await item.waitFor({ state: "detached" });
  }

  /** The quick pick or input box that is open. */
  quickInput(): Locator {
    return this.page.locator(".quick-input-widget:visible");
  }

  /** Picks the row that starts with this text, by the keyboard: a click can land on a hover, or on a list that is still being filled. */
  async pick(text: string): Promise<void> {
    const start = new RegExp(`^\\s*${text.replace(/[.*+?^${}()|[\]\\]/g, "\\$&")}`);
    const input = this.quickInput().locator("input.input").first();
    await this.quickInput().locator(".monaco-list-row").filter({ hasText: start }).first().waitFor();
    const focused = this.quickInput().locator(".monaco-list-row.focused");
    await until(`the row "${text}" to be marked`, async () => {
      if ((await input.inputValue()) !== text) {
        await input.fill(text, { timeout: 3_000 });
      }
      if (start.test((await focused.first().textContent({ timeout: 1_000 })) ?? "")) {
        return true;
      }
      await input.press("ArrowDown");
      return undefined;
    });
    await input.press("Enter");
    await focused.filter({ hasText: start }).first().waitFor({ state: "hidden" });
  }

  /** Types into the input box whose prompt or placeholder is this, and confirms. */
  async type(prompt: string | RegExp, text: string): Promise<void> {
    await this.quickInput().getByText(prompt).or(this.page.getByPlaceholder(prompt)).first().waitFor();
    const input = this.quickInput().locator("input.input").first();
    let typedAt = 0;
    await until(`"${String(prompt)}" to take what is typed`, async () => {
      if ((await input.inputValue()) !== text) {
        await input.fill(text, { timeout: 3_000 });
        typedAt = Date.now();
      }
      // A box that has just opened is given its first value a moment later, over what is in it.
      return Date.now() - typedAt > 500 ? true : undefined;
    });
    await input.press("Enter");
  }

  /** A button of the modal dialog that is open. */
  async answer(button: string): Promise<void> {
    await this.page.locator(".monaco-dialog-box .monaco-button").filter({ hasText: button }).first().click();
  }

  /**
   * Waits until a person has been told this. VS Code shows no toast before its window is restored, and no fourth beside three others: what is not shown
   * waits behind the bell.
   */
  async waitForNotification(text: string | RegExp): Promise<Locator> {
    const told = this.page
      .locator(".notification-toast, .notifications-center .notification-list-item")
      .filter({ hasText: text });
    const center = this.page.locator(".notifications-center.visible");
    return until(`the notification ${String(text)}`, async () => {
      if (await told.first().isVisible()) {
        return told.first();
      }
      if (!(await center.isVisible()) && (await this.page.locator(".codicon-bell-dot").first().isVisible())) {
        await this.page.locator("#status\\.notifications a").click({ timeout: 3_000 });
      }
      return undefined;
    });
  }

  /** The page of our webview, two frames deep. */
  async wizard(): Promise<Frame> {
    return until("the wizard's page", async () => {
      for (const frame of this.page.frames()) {
        if (frame.url().includes("fake.html") && (await frame.getByRole("heading", { level: 1 }).count()) > 0) {
          return frame;
        }
      }
      return undefined;
    });
  }

  /** Makes one of our two views the only one that is open. */
  async showOnly(view: "Clusters and Vaults" | "Setup"): Promise<void> {
    for (const name of ["Clusters and Vaults", "Setup"]) {
      const header = this.page
        .locator(".sidebar .pane-header")
        .filter({ hasText: new RegExp(name, "i") })
        .first();
      const isOpen = (await header.getAttribute("aria-expanded")) === "true";
      if (isOpen !== (name === view)) {
        await header.click();
      }
    }
  }

  async pressKeys(...keys: readonly string[]): Promise<void> {
    for (const name of keys) {
      await this.page.keyboard.press(name.replace("Mod", key));
    }
  }
}
