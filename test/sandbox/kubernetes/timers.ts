import type { Clock } from "../clock.ts";

/** Many small delays on one clock: what is due together runs by one timer. */
export class Timers {
  readonly #due = new Map<number, (() => void)[]>();
  readonly #real = new Set<NodeJS.Timeout>();
  #isOver = false;

  constructor(readonly clock: Clock) {}

  /** Runs once the demo's `ms` have passed; at once under `instant`. */
  after(ms: number, run: () => void): void {
    if (this.#isOver) {
      return;
    }
    const slot = this.clock.pace === "instant" ? 0 : Math.ceil((this.clock.now() + ms) / 50) * 50;
    const waiting = this.#due.get(slot);
    if (waiting) {
      waiting.push(run);
      return;
    }
    this.#due.set(slot, [run]);
    this.clock.after(slot === 0 ? 0 : slot - this.clock.now(), () => {
      const ready = this.#due.get(slot) ?? [];
      this.#due.delete(slot);
      for (const one of this.#isOver ? [] : ready) {
        one();
      }
    });
  }

  /** Again and again needs real time, else an instant clock would spin. */
  later(ms: number, run: () => void): void {
    if (this.#isOver) {
      return;
    }
    const timer = setTimeout(
      () => {
        this.#real.delete(timer);
        run();
      },
      this.clock.pace === "instant" ? 200 : ms,
    );
    timer.unref();
    this.#real.add(timer);
  }

  stop(): void {
    this.#isOver = true;
    this.#due.clear();
    this.#real.forEach((timer) => clearTimeout(timer));
    this.#real.clear();
  }
}
