/** Sizes of what is shipped, read from the packaged extension. */
import { statSync } from "node:fs";
import path from "node:path";

import { paths } from "../harness/paths.ts";
import { kb, mb, type Result } from "./result.ts";

const sizeOf = (...files: readonly string[]): number =>
  files.reduce((sum, file) => sum + statSync(path.resolve(paths.extension, file)).size, 0);

export function measureSizes(): Result[] {
  const size = (what: string, bytes: number, most: number, format: (bytes: number) => string): Result => ({
    what,
    measured: format(bytes),
    goal: `≤ ${format(most)}`,
    isMet: bytes <= most,
    isHard: true,
  });
  return [
    size("entry of the extension", sizeOf("dist/extension.js"), 20_000, kb),
    size("wizard page, script and style", sizeOf("dist/wizard.js", "dist/wizard.css"), 150_000, kb),
    size("the .vsix", sizeOf(paths.vsix), 1_400_000, mb),
  ];
}
