/** Builds the .vsix and unpacks it, as a user's VS Code would: the suites run on that and not on the tree. */
import { execFileSync } from "node:child_process";
import { createWriteStream, mkdirSync, rmSync } from "node:fs";
import path from "node:path";
import { pipeline } from "node:stream/promises";

import { openPromise } from "yauzl";

import { paths } from "./paths.ts";

export async function buildPackage(): Promise<void> {
  mkdirSync(paths.cache, { recursive: true });
  execFileSync("npm", ["run", "--silent", "package", "--", "--out", paths.vsix], {
    cwd: paths.root,
    stdio: ["ignore", 2, 2],
  });
  rmSync(paths.unpacked, { recursive: true, force: true });
  await unzip(paths.vsix, paths.unpacked);
}

async function unzip(file: string, folder: string): Promise<void> {
  const zip = await openPromise(file);
  for await (const entry of zip.eachEntry()) {
    const target = path.join(folder, entry.fileName);
    if (!entry.fileName.endsWith("/")) {
      mkdirSync(path.dirname(target), { recursive: true });
      await pipeline(await zip.openReadStreamPromise(entry), createWriteStream(target));
    }
  }
}

if (process.argv[1] === import.meta.filename) {
  void buildPackage();
}
