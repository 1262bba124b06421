import { randomUUID } from "node:crypto";

import type { CallOptions } from "../services/call.ts";
import { isAbort } from "../services/errors.ts";
import { t } from "../services/l10n.ts";
import { applyPlan, undoPlan, type MadeThing, type StepProgress } from "../services/plan/plan.ts";
import type { Step } from "../services/plan/step.ts";
import type { Run, RunResult, UndoRow } from "./protocol.ts";

/** A cluster that does not answer must not keep a run from ending. */
const resultWithinMs = 20_000;

/** A plan to be applied, and how to read what came of it. */
export interface RunInput {
  /** The same for the same wish: a run that goes on where another broke off can be undone with it. */
  readonly key: string;
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
  /** Takes back what the run that has ended made. Without one, or while one is under way, nothing happens. */
  undo(): Run | undefined;
  /** Forgets a run that has ended. */
  close(): void;
  dispose(): void;
}

export function keepRun(onChange: (run: Run) => void): RunKeeper {
  let active: ActiveRun | undefined;
  let starting: Promise<ActiveRun> | undefined;
  /** What a run left behind that did not get to its end. */
  let unfinished: Pick<ActiveRun, "input" | "made"> | undefined;

  function activate(run: ActiveRun): ActiveRun {
    active = run;
    unfinished = run;
    run.begin();
    return run;
  }

  async function begin(prepare: () => Promise<RunInput>): Promise<ActiveRun> {
    try {
      const input = await prepare();
      const before = unfinished?.input.key === input.key ? unfinished.made : [];
      return activate(new ApplyRun(input, before, onChange));
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
    undo() {
      return active && !active.isUnderWay
        ? activate(new UndoRun(active.input, active.made, onChange)).run
        : active?.run;
    },
    close() {
      if (!active?.isUnderWay) {
        unfinished = active?.run.state === "done" ? undefined : active;
        active = undefined;
      }
    },
    dispose() {
      active?.stop();
    },
  };
}

abstract class ActiveRun {
  readonly input: RunInput;
  made: readonly MadeThing[];
  run: Run;
  readonly #controller = new AbortController();
  readonly #onChange: (run: Run) => void;

  constructor(
    kind: Run["kind"],
    { input, steps, made }: { input: RunInput; steps: readonly Step[]; made: readonly MadeThing[] },
    onChange: (run: Run) => void,
  ) {
    this.input = input;
    this.made = made;
    const rows = steps.map(({ id, title }) => ({ id, title, state: "waiting" as const, detail: undefined }));
    const nothingYet = { message: undefined, result: undefined, undo: [] };
    this.run = { id: randomUUID(), kind, state: "running", steps: rows, ...nothingYet };
    this.#onChange = onChange;
  }

  get isUnderWay(): boolean {
    return this.run.state === "running" || this.run.state === "stopping";
  }

  begin(): void {
    // Never rejects: every end is a state of the run.
    void this.#goThrough();
  }

  stop(): void {
    if (this.run.state === "running") {
      this.#set({ state: "stopping" });
      this.#controller.abort();
    }
  }

  /** Does the work. */
  protected abstract go(onStep: (progress: StepProgress) => void, signal: AbortSignal): Promise<RunResult | undefined>;
  /** What there is to show of work that was not finished. */
  protected abstract resultDespite(): Promise<RunResult | undefined>;

  async #goThrough(): Promise<void> {
    const take = ({ stepId, state, detail }: StepProgress) => {
      const steps = this.run.steps.map((step) => (step.id === stepId ? { ...step, state, detail } : step));
      this.#set({ steps });
    };
    try {
      const result = await this.go(take, this.#controller.signal);
      this.#end({ state: "done", result });
    } catch (error) {
      const end: Partial<Run> = isAbort(error)
        ? this.#stopped()
        : { state: "failed", message: this.input.explain(error) };
      this.#end({ ...end, result: await this.resultDespite() });
    } finally {
      this.input.onEnd();
    }
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

  #end(end: Partial<Run>): void {
    this.#set({ ...end, undo: undoRows(this.input.steps, this.made, this.run) });
  }

  #set(change: Partial<Run>): void {
    this.run = { ...this.run, ...change };
    this.#onChange(this.run);
  }
}

class ApplyRun extends ActiveRun {
  constructor(input: RunInput, before: readonly MadeThing[], onChange: (run: Run) => void) {
    super("apply", { input, steps: input.steps, made: before }, onChange);
  }

  protected async go(onStep: (progress: StepProgress) => void, signal: AbortSignal): Promise<RunResult> {
    const onMade = (thing: MadeThing) => {
      this.made = [...this.made, thing];
    };
    await applyPlan(this.input.steps, onStep, { signal, onMade });
    return this.input.readResult({ signal });
  }

  /** Where all but one step went well, as when only the driver cannot be looked at from here, there is a result to show. */
  protected async resultDespite(): Promise<RunResult | undefined> {
    const ended = this.run.steps.filter(({ state }) => state === "done" || state === "skipped");
    return ended.length < this.run.steps.length - 1
      ? undefined
      : this.input.readResult({ signal: AbortSignal.timeout(resultWithinMs) }).catch(() => undefined);
  }
}

class UndoRun extends ActiveRun {
  constructor(input: RunInput, made: readonly MadeThing[], onChange: (run: Run) => void) {
    const steps = input.steps.filter(({ id }) => made.some(({ stepId }) => stepId === id)).reverse();
    super("undo", { input, steps, made }, onChange);
  }

  protected async go(onStep: (progress: StepProgress) => void, signal: AbortSignal): Promise<undefined> {
    const take = (progress: StepProgress) => {
      onStep(progress);
      if (progress.state === "done") {
        this.made = this.made.filter(({ stepId }) => stepId !== progress.stepId);
      }
    };
    await undoPlan(this.input.steps, this.made, take, { signal });
  }

  protected resultDespite(): Promise<undefined> {
    return Promise.resolve(undefined);
  }
}

/** Steps that made something, and those that did what cannot be taken back, last first. */
function undoRows(steps: readonly Step[], made: readonly MadeThing[], run: Run): readonly UndoRow[] {
  const rows = [...steps].reverse().flatMap((step): readonly UndoRow[] => {
    const row = { title: step.title, note: step.irreversible };
    if (step.undo && made.some(({ stepId }) => stepId === step.id)) {
      return [{ ...row, isKept: false }];
    }
    const isDone = run.steps.some(({ id, state }) => id === step.id && state === "done");
    return isDone && !step.undo && step.irreversible !== undefined ? [{ ...row, isKept: true }] : [];
  });
  return rows.some(({ isKept }) => !isKept) ? rows : [];
}
