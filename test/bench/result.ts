/** What was measured, as a table. */
export interface Result {
  readonly what: string;
  readonly measured: string;
  readonly goal: string;
  /** Time and noise go by `no`; a broken count or size fails the run. */
  readonly isMet: boolean;
  readonly isHard: boolean;
}

export function formatTable(results: readonly Result[]): string {
  const lines = results.map(
    ({ what, measured, goal, isMet }) => `| ${what} | ${measured} | ${goal} | ${isMet ? "yes" : "**no**"} |`,
  );
  return ["| what | measured | goal | met |", "|---|---|---|---|", ...lines].join("\n");
}

export const ms = (value: number): string => `${value < 10 ? value.toFixed(1) : Math.round(value)} ms`;
export const mb = (bytes: number): string => `${(bytes / 1e6).toFixed(1)} MB`;
export const kb = (bytes: number): string => `${Math.round(bytes / 1000)} KB`;
