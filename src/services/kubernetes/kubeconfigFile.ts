import { randomUUID } from "node:crypto";
import { chmod, copyFile, mkdir, open, readFile, realpath, rename, rm } from "node:fs/promises";
import path from "node:path";

import { ServiceError } from "../errors.ts";
import { t } from "../l10n.ts";
import { poll } from "../poll.ts";
import { mergeKubeconfig } from "./kubeconfigMerge.ts";

/** What came of merging into a file. */
export interface MergedFile {
  /** The file that was written; where the path is a link, what it points to. */
  readonly file: string;
  /** The file as it was before; undefined where there was none, or nothing had to be changed. */
  readonly backup: string | undefined;
  /** The current context by now. */
  readonly context: string;
}

/** Where kubectl keeps what it writes: the first file of `KUBECONFIG`, else `~/.kube/config`. */
export function kubeconfigPath(environment: Readonly<Record<string, string | undefined>>, home: string): string {
  const first = environment["KUBECONFIG"]?.split(path.delimiter).find((entry) => entry !== "");
  return first ?? path.join(home, ".kube", "config");
}

/** Tools that do not lock may write the file meanwhile: then it is read and merged again. */
const maxTries = 5;

/**
 * Merges a kubeconfig into the person's own, as `az aks get-credentials` does. The file is replaced in one move under the lock that kubectl takes, so that nobody
 * reads half of it or loses a change; only its owner may read it, and what it was before stays beside it as `<file>.bak`.
 *
 * @throws {ServiceError} `conflict` when the same names stand for something else, unless `overwrite`; `invalidRequest` when the file is no kubeconfig;
 * `timedOut` while somebody else holds the lock
 */
export async function mergeIntoKubeconfigFile(
  wanted: string,
  added: string,
  how: { readonly overwrite: boolean },
): Promise<MergedFile> {
  const file = await resolveLink(wanted);
  await mkdir(path.dirname(file), { recursive: true, mode: 0o700 });
  return whileLocked(file, () => merge(file, added, how));
}

async function merge(file: string, added: string, how: { readonly overwrite: boolean }): Promise<MergedFile> {
  for (let tries = 1; tries <= maxTries; tries += 1) {
    const before = await readIfThere(file);
    const { text, context } = mergeKubeconfig(before ?? "", added, how);
    if (text === before) {
      return { file, backup: undefined, context };
    }
    if (await replace(file, before, text)) {
      return { file, backup: before === undefined ? undefined : backupOf(file), context };
    }
  }
  throw new ServiceError("conflict", t('Something else keeps writing your kubeconfig: "{0}".', file), { target: file });
}

/** The lock of client-go: a file of this name that only one can make. */
async function whileLocked<T>(file: string, work: () => Promise<T>): Promise<T> {
  const lock = `${file}.lock`;
  const take = async () => {
    try {
      await (await open(lock, "wx")).close();
      return { done: true as const, value: undefined };
    } catch (error) {
      if (isCode(error, "EEXIST")) {
        return { done: false as const };
      }
      throw error;
    }
  };
  await poll(take, { everyMs: 50, withinMs: 5_000, what: t('the lock of your kubeconfig, "{0}"', lock) });
  try {
    return await work();
  } finally {
    await rm(lock, { force: true });
  }
}

function backupOf(file: string): string {
  return `${file}.bak`;
}

/** A link stays a link: what it points to is written. */
async function resolveLink(file: string): Promise<string> {
  return (await orWhenMissing(realpath(file))) ?? path.resolve(file);
}

async function readIfThere(file: string): Promise<string | undefined> {
  return orWhenMissing(readFile(file, "utf8"));
}

/** @returns false when the file is not any more what was read */
async function replace(file: string, before: string | undefined, text: string): Promise<boolean> {
  const fresh = `${file}.${randomUUID()}.tmp`;
  try {
    await writeDurably(fresh, text);
    if (before !== undefined) {
      await copyFile(file, backupOf(file));
      await chmod(backupOf(file), 0o600);
    }
    if ((await readIfThere(file)) !== before) {
      return false;
    }
    await rename(fresh, file);
    return true;
  } finally {
    await rm(fresh, { force: true });
  }
}

async function writeDurably(file: string, text: string): Promise<void> {
  const handle = await open(file, "wx", 0o600);
  try {
    await handle.writeFile(text, "utf8");
    await handle.sync();
  } finally {
    await handle.close();
  }
}

async function orWhenMissing<T>(reading: Promise<T>): Promise<T | undefined> {
  try {
    return await reading;
  } catch (error) {
    if (isCode(error, "ENOENT")) {
      return undefined;
    }
    throw error;
  }
}

function isCode(error: unknown, code: string): boolean {
  return error instanceof Error && "code" in error && error.code === code;
}
