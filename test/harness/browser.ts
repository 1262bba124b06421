import { existsSync } from "node:fs";
import path from "node:path";

import type { LaunchOptions } from "playwright-core";

const names = ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome"];

/** The Chromium or Chrome of this machine, quiet and without a connection of its own. */
export function chromiumOptions(): LaunchOptions {
  const folders = (process.env["PATH"] ?? "").split(path.delimiter);
  const candidates = [
    process.env["CHROME_PATH"],
    ...names.flatMap((name) => folders.map((folder) => path.join(folder, name))),
  ];
  const executablePath = candidates.find((file) => file !== undefined && existsSync(file));
  if (executablePath === undefined) {
    throw new Error("Chromium or Chrome is needed: install the package chromium, or name one in CHROME_PATH.");
  }
  return {
    executablePath,
    args: [
      ...["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking"],
      ...["--disable-component-update", "--disable-sync", "--disable-dev-shm-usage"],
    ],
  };
}
