/** Two ways to the same end, measured in turn: what disturbs one disturbs the other too, and only ratios are compared. */
import v8 from "node:v8";
import vm from "node:vm";

import type { Asked } from "./recorder.ts";

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length / 2;
  const [low = NaN, high = NaN] = [sorted[Math.ceil(middle) - 1], sorted[Math.floor(middle)]];
  return (low + high) / 2;
}

export async function timed(work: () => Promise<unknown>): Promise<number> {
  collectGarbage();
  const startedAt = performance.now();
  await work();
  return performance.now() - startedAt;
}

export interface Contest {
  readonly oursMs: number;
  readonly theirsMs: number;
  /** Median of the ratios pair by pair. */
  readonly ratio: number;
  readonly ratios: readonly number[];
}

/** The first pair warms up and does not count; who begins alternates. */
export async function compete(
  ours: () => Promise<unknown>,
  theirs: () => Promise<unknown>,
  rounds: number,
): Promise<Contest> {
  const pairs: (readonly [number, number])[] = [];
  for (let round = 0; round <= rounds; round += 1) {
    const first = round % 2 === 0 ? await timed(ours) : await timed(theirs);
    const second = round % 2 === 0 ? await timed(theirs) : await timed(ours);
    pairs.push(round % 2 === 0 ? [first, second] : [second, first]);
  }
  const counted = pairs.slice(1);
  const ratios = counted.map(([a, b]) => a / b);
  return {
    oursMs: median(counted.map(([a]) => a)),
    theirsMs: median(counted.map(([, b]) => b)),
    ratio: median(ratios),
    ratios,
  };
}

let collect: (() => void) | undefined;

export function collectGarbage(): void {
  v8.setFlagsFromString("--expose_gc");
  collect ??= vm.runInNewContext("gc") as () => void;
  collect();
}

/**
 * The least that must be done with recorded requests: fetch them and parse the JSON, holding on to all of it.
 * Pages of one list follow each other, as each names the next; `lanes` tells which requests may run beside each other.
 */
export async function fetchAndParse(
  origin: string,
  asked: readonly Asked[],
  token: string,
  laneOf: (one: Asked) => string,
): Promise<unknown[]> {
  const lanes = new Map<string, Asked[]>();
  for (const one of asked) {
    lanes.set(laneOf(one), [...(lanes.get(laneOf(one)) ?? []), one]);
  }
  const all = await Promise.all(
    [...lanes.values()].map(async (lane) => {
      const bodies: unknown[] = [];
      for (const one of lane) {
        bodies.push(await fetchOne(origin, one, token));
      }
      return bodies;
    }),
  );
  return all.flat();
}

async function fetchOne(origin: string, { method, path, accept, body }: Asked, token: string): Promise<unknown> {
  const answer = await fetch(origin + path, {
    method,
    headers: { authorization: `Bearer ${token}`, accept, ...(body ? { "content-type": "application/json" } : {}) },
    ...(body ? { body } : {}),
  });
  return JSON.parse(await answer.text()) as unknown;
}
