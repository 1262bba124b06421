import { t } from "../l10n.ts";
import { parseDotenv } from "./vaultImportDotenv.ts";
import { parseJson } from "./vaultImportJson.ts";
import { checkObjectName, checkSecretValue } from "./vaultObjectRules.ts";
import type { DeletedObject, VaultObject } from "./vaultObjects.ts";

/** The files a bulk set reads: `KEY=value` lines, or one JSON object whose nesting becomes `--` in names. */
export type ImportFormat = "dotenv" | "json";

/** One key of the file. The value sits behind a function, so that an entry that is logged, stored or sent shows none. */
export interface ImportEntry {
  readonly key: string;
  /** From 1. */
  readonly line: number;
  readonly value: () => string;
}

/** A line that cannot be used. The message never quotes the file. */
export interface ImportProblem {
  /** From 1. */
  readonly line: number;
  readonly message: string;
}

/** What a file says, before a name is chosen. */
export interface ParsedImport {
  readonly entries: readonly ImportEntry[];
  readonly problems: readonly ImportProblem[];
}

/** What setting a row would do, to be shown before anything is written. */
export type ImportEffect =
  | { readonly kind: "new" }
  /** The secret exists: it gets one more version. */
  | { readonly kind: "newVersion" }
  | { readonly kind: "blocked"; readonly reason: string };

/** One row of the review: names only. */
export interface ImportRow {
  readonly key: string;
  readonly line: number;
  readonly name: string;
  /** The name differs from the key. */
  readonly isRenamed: boolean;
  readonly effect: ImportEffect;
}

/** What the review compares with. */
export interface ImportSurroundings {
  /** Secrets of the vault. */
  readonly existing: readonly Pick<VaultObject, "name" | "isManaged">[];
  /** Deleted secrets of the vault. */
  readonly deleted: readonly Pick<DeletedObject, "name">[];
  /** Names the person has chosen instead of {@link secretNameFor}, by key. */
  readonly renames?: ReadonlyMap<string, string> | undefined;
}

/** Reads a file of secrets. A key that stands there twice keeps its last value, as dotenv and JSON do, and the earlier line is a problem. */
export function parseImport(text: string, format: ImportFormat): ParsedImport {
  const { entries, problems } = format === "dotenv" ? parseDotenv(text) : parseJson(text);
  const last = new Map(entries.map((entry) => [entry.key, entry]));
  const overridden = entries.filter((entry) => last.get(entry.key) !== entry);
  const repeats = overridden.map(({ line, key }) => ({
    line,
    message: t('The key stands here and again further down, where its value counts: "{0}".', key),
  }));
  return {
    entries: [...last.values()],
    problems: [...problems, ...repeats].sort((a, b) => a.line - b.line),
  };
}

/**
 * The legal secret name for a key: `DB__PASS` → `DB--PASS`, `Section:Key` → `Section--Key`, `db.user` → `db-user`. Names may hold no underscore, colon or dot.
 * @see https://learn.microsoft.com/aspnet/core/security/key-vault-configuration
 */
export function secretNameFor(key: string): string {
  return key.replaceAll(":", "--").replaceAll(/[_.\s/]/g, "-");
}

/** The environment variable for a secret's name, the way back: `DB--PASS` → `DB__PASS`. */
export function environmentNameFor(secretName: string): string {
  return secretName.replaceAll("-", "_");
}

/** Says for each key under which name it would be set and what that does; nothing is written. */
export function reviewImport(entries: readonly ImportEntry[], around: ImportSurroundings): readonly ImportRow[] {
  const named = entries.map((entry) => ({ entry, name: around.renames?.get(entry.key) ?? secretNameFor(entry.key) }));
  return named.map(({ entry, name }) => {
    // Key Vault takes names that differ in case only for one.
    const rivals = named.filter((other) => other.entry !== entry && other.name.toLowerCase() === name.toLowerCase());
    return {
      key: entry.key,
      line: entry.line,
      name,
      isRenamed: name !== entry.key,
      effect: effectOf(entry, name, { rivals: rivals.map((rival) => rival.entry.key), around }),
    };
  });
}

function effectOf(
  entry: ImportEntry,
  name: string,
  { rivals, around }: { readonly rivals: readonly string[]; readonly around: ImportSurroundings },
): ImportEffect {
  const same = (object: { readonly name: string }): boolean => object.name.toLowerCase() === name.toLowerCase();
  const existing = around.existing.find(same);
  const reason =
    checkObjectName(name) ??
    checkSecretValue(entry.value()) ??
    (rivals.length > 0 ? t('Another key would get the same name: "{0}".', rivals.join('", "')) : undefined) ??
    (existing?.isManaged
      ? t("A certificate of this name owns the secret; it changes only with the certificate.")
      : undefined) ??
    (around.deleted.some(same) ? t("A secret of this name is deleted; recover or purge it first.") : undefined);
  if (reason !== undefined) {
    return { kind: "blocked", reason };
  }
  return { kind: existing ? "newVersion" : "new" };
}
