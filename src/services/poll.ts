import { setTimeout as delay } from "node:timers/promises";

import type { CallOptions } from "./call.ts";
import { ServiceError } from "./errors.ts";
import { t } from "./l10n.ts";

/** What a check found: the value waited for, or nothing yet and perhaps when to ask again. */
export type PollResult<T> =
  { readonly done: true; readonly value: T } | { readonly done: false; readonly afterMs?: number | undefined };

/** How often to look, and when to give up. */
export interface PollTimes {
  /** Pause between two looks unless the check itself names one (a `Retry-After`). */
  readonly everyMs: number;
  /** Our own limit on waiting. */
  readonly withinMs: number;
  /** What was waited for, to end the sentence "Gave up waiting for …". */
  readonly what: string;
}

/**
 * Looks until the check is done. The first look is at once.
 *
 * @throws {ServiceError} `timedOut` when the limit would pass before the next look; an `AbortError` on abort
 */
export async function poll<T>(
  check: (signal: AbortSignal | undefined) => Promise<PollResult<T>>,
  times: PollTimes,
  options: CallOptions = {},
): Promise<T> {
  const giveUpAt = performance.now() + times.withinMs;
  for (;;) {
    options.signal?.throwIfAborted();
    const result = await check(options.signal);
    if (result.done) {
      return result.value;
    }
    const pauseMs = result.afterMs ?? times.everyMs;
    if (performance.now() + pauseMs > giveUpAt) {
      throw new ServiceError(
        "timedOut",
        t("Gave up waiting for {0} after {1} s.", times.what, Math.round(times.withinMs / 1000)),
      );
    }
    await delay(pauseMs, undefined, options.signal ? { signal: options.signal } : {});
  }
}
