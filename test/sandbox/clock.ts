/** `instant`: what takes minutes in Azure is over by the second look. `demo`: it takes some seconds, to be watched. */
export type Pace = "instant" | "demo";

/** The sandbox's time: real time plus what a test has advanced. Timers fire when either passes them. */
export interface Clock {
  readonly pace: Pace;
  /** Milliseconds since the epoch. */
  now(): number;
  /** Runs once `ms` have passed; `ms` is what the demo takes, and 0 under `instant`. @returns cancels it */
  after(ms: number, run: () => void): () => void;
  advance(ms: number): void;
  stop(): void;
}

interface Timer {
  readonly at: number;
  readonly run: () => void;
}

export function createClock(pace: Pace): Clock {
  let offset = 0;
  let wake: NodeJS.Timeout | undefined;
  const timers = new Set<Timer>();
  const now = (): number => Date.now() + offset;
  const fire = (): void => {
    const due = [...timers].filter((timer) => timer.at <= now()).sort((a, b) => a.at - b.at);
    for (const timer of due) {
      timers.delete(timer);
      timer.run();
    }
    arm();
  };
  const arm = (): void => {
    clearTimeout(wake);
    const next = Math.min(...[...timers].map((timer) => timer.at));
    if (Number.isFinite(next)) {
      wake = setTimeout(fire, Math.max(0, next - now()));
      wake.unref();
    }
  };
  return {
    pace,
    now,
    after(ms, run) {
      const timer = { at: now() + (pace === "instant" ? 0 : ms), run };
      timers.add(timer);
      arm();
      return () => void timers.delete(timer);
    },
    advance(ms) {
      offset += ms;
      fire();
    },
    stop() {
      clearTimeout(wake);
      timers.clear();
    },
  };
}
