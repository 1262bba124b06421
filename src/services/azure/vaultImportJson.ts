import { isMap, isScalar, isSeq, LineCounter, parseDocument } from "yaml";
import type { Scalar } from "yaml";

import { t } from "../l10n.ts";
import type { ImportEntry, ImportProblem, ParsedImport } from "./vaultImport.ts";

interface Found {
  readonly entries: ImportEntry[];
  readonly problems: ImportProblem[];
  readonly lineOf: (offset: number) => number;
}

/**
 * Reads a JSON object of secrets. Nested objects and lists are flattened with a colon, as .NET configuration does: `{"Db": {"Pass": "…"}}` is `Db:Pass`.
 * Numbers, `true` and `false` are taken as they are written, digit for digit.
 */
export function parseJson(text: string): ParsedImport {
  const lines = new LineCounter();
  // A YAML reader, because JSON.parse loses digits of numbers, repeated keys and every position.
  const document = parseDocument(text.replace(/^\uFEFF/, ""), {
    lineCounter: lines,
    uniqueKeys: false,
    schema: "json",
  });
  const found: Found = { entries: [], problems: [], lineOf: (offset) => lines.linePos(offset).line };
  if (!isJson(text) || !isMap(document.contents)) {
    const line = document.errors[0]?.linePos?.[0].line ?? 1;
    return { entries: [], problems: [{ line, message: t("This is not a JSON object.") }] };
  }
  collect(document.contents, [], found);
  return { entries: found.entries, problems: found.problems };
}

/** Whether the text is JSON to the letter. The parser's own message would quote the text, and with it perhaps a value. */
function isJson(text: string): boolean {
  try {
    JSON.parse(text.replace(/^\uFEFF/, ""));
    return true;
  } catch {
    return false;
  }
}

function collect(node: unknown, path: readonly string[], found: Found): void {
  if (isMap(node)) {
    for (const { key, value } of node.items) {
      collect(value, [...path, String(isScalar(key) ? key.value : key)], found);
    }
  } else if (isSeq(node)) {
    node.items.forEach((item, index) => {
      collect(item, [...path, String(index)], found);
    });
  } else if (isScalar(node)) {
    collectScalar(node, path.join(":"), found);
  }
}

function collectScalar(node: Scalar, key: string, found: Found): void {
  const line = found.lineOf(node.range?.[0] ?? 0);
  if (node.value === null) {
    found.problems.push({ line, message: t('The key has no value: "{0}".', key) });
    return;
  }
  const value = typeof node.value === "string" ? node.value : (node.source ?? "");
  found.entries.push({ key, line, value: () => value });
}
