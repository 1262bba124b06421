import { t } from "../l10n.ts";
import type { ImportEntry, ImportProblem, ParsedImport } from "./vaultImport.ts";

const assignment = /^[^\S\n]*(?:export[^\S\n]+)?([A-Za-z_][\w.:-]{0,126})[^\S\n]*=[^\S\n]*/;
const ignored = /^[^\S\n]*(?:#[^\n]*)?(?:\n|$)/;
const quoted = /^(?:"((?:\\[^]|[^"\\])*)"|'([^']*)'|`([^`]*)`)[^\S\n]*(?:#[^\n]*)?(?:\n|$)/;
const bare = /^([^\n]*)(?:\n|$)/;

/**
 * Reads the lines of a .env file: comments, `export`, quotes of three kinds, values over several lines; `\n`, `\r`, `\t`, `\"` and `\\` count inside double quotes.
 * Variables in values (`$HOME`) are not expanded: a password may contain a dollar sign.
 * @see https://github.com/motdotla/dotenv#what-rules-does-the-parsing-engine-follow
 */
export function parseDotenv(text: string): ParsedImport {
  const entries: ImportEntry[] = [];
  const problems: ImportProblem[] = [];
  let rest = text.replace(/^\uFEFF/, "").replaceAll(/\r\n?/g, "\n");
  let line = 1;
  const take = (length: number): void => {
    line += rest.slice(0, length).split("\n").length - 1;
    rest = rest.slice(length);
  };
  while (rest !== "") {
    const start = line;
    const blank = ignored.exec(rest);
    const head = blank ? null : assignment.exec(rest);
    if (!head) {
      take((blank ?? bare.exec(rest) ?? [rest])[0].length);
      if (!blank) {
        problems.push({ line: start, message: t("This line is not of the form KEY=value.") });
      }
      continue;
    }
    take(head[0].length);
    const found = readValue(rest);
    take(found.length);
    if (found.value === undefined) {
      // Whatever follows may be the rest of the value: reading on would take parts of a secret for keys.
      problems.push({ line: start, message: t('The quotes of this value do not end: "{0}".', head[1] ?? "") });
      return { entries, problems };
    }
    entries.push({ key: head[1] ?? "", line: start, value: keep(found.value) });
  }
  return { entries, problems };
}

function keep(value: string): () => string {
  return () => value;
}

function readValue(rest: string): { readonly value: string | undefined; readonly length: number } {
  const inQuotes = quoted.exec(rest);
  if (inQuotes) {
    const [whole, double, single, backtick] = inQuotes;
    return { value: double === undefined ? (single ?? backtick ?? "") : unescape(double), length: whole.length };
  }
  const [whole, line = ""] = bare.exec(rest) ?? [rest];
  return { value: /^["'`]/.test(line) ? undefined : line.replace(/(^|\s)#.*$/, "").trim(), length: whole.length };
}

function unescape(text: string): string {
  const meant: Readonly<Record<string, string>> = { n: "\n", r: "\r", t: "\t", '"': '"', "\\": "\\" };
  return text.replaceAll(/\\([^])/g, (whole, character: string) => meant[character] ?? whole);
}
