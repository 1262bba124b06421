const unitMs: Readonly<Record<string, number>> = {
  ns: 1e-6,
  us: 1e-3,
  µs: 1e-3,
  ms: 1,
  s: 1000,
  m: 60_000,
  h: 3_600_000,
};

/**
 * Reads a Go duration as the add-on's `rotationPollInterval` takes it: `2m`, `120s`, `1h30m`.
 *
 * @returns milliseconds, or undefined when the text is no positive duration
 * @see https://pkg.go.dev/time#ParseDuration
 */
export function parseGoDuration(text: string): number | undefined {
  if (!/^(\d+(\.\d+)?(ns|us|µs|ms|s|m|h))+$/.test(text)) {
    return undefined;
  }
  const parts = [...text.matchAll(/(\d+(?:\.\d+)?)(ns|us|µs|ms|s|m|h)/g)];
  const total = parts.reduce((sum, [, amount, unit]) => sum + Number(amount) * (unitMs[unit ?? ""] ?? 0), 0);
  return total > 0 ? total : undefined;
}

/** Whether two Go durations are the same length of time: `2m` is `120s`. */
export function sameDuration(a: string, b: string): boolean {
  return a === b || (parseGoDuration(a) !== undefined && parseGoDuration(a) === parseGoDuration(b));
}
