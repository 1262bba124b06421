import { setTimeout as delay } from "node:timers/promises";

/** Looks until `check` gives something other than undefined, and gives that. Fails with what was last seen. */
export async function until<T>(
  what: string,
  check: () => Promise<T | undefined> | T | undefined,
  withinMs = 30_000,
): Promise<T> {
  const giveUpAt = Date.now() + withinMs;
  let lastError: unknown;
  while (Date.now() < giveUpAt) {
    try {
      const seen = await check();
      if (seen !== undefined) {
        return seen;
      }
    } catch (error) {
      lastError = error;
    }
    await delay(50);
  }
  throw new Error(`Waited ${withinMs} ms in vain for ${what}.`, { cause: lastError });
}
