import { randomUUID } from "node:crypto";

import type { CallOptions } from "../services/call.ts";
import { isAbort } from "../services/errors.ts";
import { t } from "../services/l10n.ts";
import { applyPlan, type StepProgress } from "../services/plan/plan.ts";
import type { Step } from "../services/plan/step.ts";
import type { Run, RunResult } from "./protocol.ts";

/** A cluster that does not answer must not keep a run from ending. */
const resultWithinMs = 20_000;

/** A plan to be applied, and how to read what came of it. */
export interface RunInput {
  readonly steps: readonly Step[];
  readonly readResult: (options: CallOptions) => Promise<RunResult>;
  /** What to say of a failure. */
  readonly explain: (error: unknown) => string;
  /** Called once, however the run ends. */
  onEnd(): void;
}

/** The one run of Apply there can be. It belongs to the extension host: a page may go and come back meanwhile. */
export interface RunKeeper {
  current(): Run | undefined;
  /** Starts a run, or gives the one that is under way: nothing runs twice. */
  start(prepare: () => Promise<RunInput>): Promise<Run>;
  stop(): Run | undefined;
  /** Forgets a run that has ended. */
  close(): void;
  dispose(): void;
}

export function keepRun(onChange: (run: Run) => void): RunKeeper {
  let active: ActiveRun | undefined;
  let starting: Promise<ActiveRun> | undefined;

  async function begin(prepare: () => Promise<RunInput>): Promise<ActiveRun> {
    try {
      active = new ActiveRun(await prepare(), onChange);
      return active;
    } finally {
      starting = undefined;
    }
  }

  return {
    current: () => active?.run,
    async start(prepare) {
      if (active?.isUnderWay) {
        return active.run;
      }
      starting ??= begin(prepare);
      return (await starting).run;
    },
    stop() {
      active?.stop();
      return active?.run;
    },
    close() {
      if (!active?.isUnderWay) {
        active = undefined;
      }
    },
    dispose() {
      active?.stop();
    },
  };
}

class ActiveRun {
  run: Run;
  readonly #controller = new AbortController();
  readonly #onChange: (run: Run) => void;

  constructor(input: RunInput, onChange: (run: Run) => void) {
    const steps = input.steps.map(({ id, title }) => ({ id, title, state: "waiting" as const, detail: undefined }));
    this.run = { id: randomUUID(), state: "running", steps, message: undefined, result: undefined };
    this.#onChange = onChange;
    // Never rejects: every end is a state of the run.
    void this.#goThrough(input);
  }

  get isUnderWay(): boolean {
    return this.run.state === "running" || this.run.state === "stopping";
  }

  stop(): void {
    if (this.run.state === "running") {
      this.#set({ state: "stopping" });
      this.#controller.abort();
    }
  }

  async #goThrough(input: RunInput): Promise<void> {
    const { signal } = this.#controller;
    const take = ({ stepId, state, detail }: StepProgress) => {
      const steps = this.run.steps.map((step) => (step.id === stepId ? { ...step, state, detail } : step));
      this.#set({ steps });
    };
    try {
      await applyPlan(input.steps, take, { signal });
      this.#set({ state: "done", result: await input.readResult({ signal }) });
    } catch (error) {
      const end: Partial<Run> = isAbort(error) ? this.#stopped() : { state: "failed", message: input.explain(error) };
      this.#set({ ...end, result: await this.#resultDespite(input) });
    } finally {
      input.onEnd();
    }
  }

  /** Where all but one step went well, as when only the driver cannot be looked at from here, there is a result to show. */
  async #resultDespite({ readResult }: RunInput): Promise<RunResult | undefined> {
    const ended = this.run.steps.filter(({ state }) => state === "done" || state === "skipped");
    return ended.length < this.run.steps.length - 1
      ? undefined
      : readResult({ signal: AbortSignal.timeout(resultWithinMs) }).catch(() => undefined);
  }

  /** Stopping ends our waiting only, so the message says what may go on. */
  #stopped(): Partial<Run> {
    const last = this.run.steps.find(({ state }) => state === "stopped");
    const message = last
      ? t(
          'Stopped during "{0}". What Azure has accepted by then goes on there. Finished steps stay as they are; check again to go on from here.',
          last.title,
        )
      : t("Stopped. Finished steps stay as they are; check again to go on from here.");
    return { state: "stopped", message };
  }

  #set(change: Partial<Run>): void {
    this.run = { ...this.run, ...change };
    this.#onChange(this.run);
  }
}
