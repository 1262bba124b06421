import type { RoleAssignments } from "../azure/roleAssignments.ts";
import type { CallOptions } from "../call.ts";
import { isAbort, ServiceError } from "../errors.ts";
import { t } from "../l10n.ts";
import type { Step, StepState } from "./step.ts";

/** A step and how the world stood to it when it was checked. */
export interface CheckedStep {
  readonly step: Step;
  readonly state: StepState;
}

/** What happens to a step while a plan is applied or undone. */
export interface StepProgress {
  readonly stepId: string;
  /** `done` changed something, `skipped` found it so already. */
  readonly state: "waiting" | "running" | "done" | "skipped" | "failed" | "stopped";
  /** What it is doing, or why it failed. */
  readonly detail: string | undefined;
}

/** What the preflight asks; every `Services` fits. */
export interface Preflight {
  readonly roleAssignments: Pick<RoleAssignments, "findMissingActions">;
}

/**
 * Checks every step against the world, all together, and the rights of those that will change something.
 * A check that fails is a `blocked` state with the failure's message.
 */
export async function checkPlan(
  steps: readonly Step[],
  preflight: Preflight,
  options: CallOptions = {},
): Promise<readonly CheckedStep[]> {
  return Promise.all(steps.map(async (step) => ({ step, state: await checkStep(step, preflight, options) })));
}

async function checkStep(step: Step, preflight: Preflight, options: CallOptions): Promise<StepState> {
  try {
    const state = await step.check(options);
    return state.kind === "needed" ? await checkRights(step, state, preflight, options) : state;
  } catch (error) {
    if (isAbort(error)) {
      throw error;
    }
    return blockedBy(error);
  }
}

async function checkRights(
  step: Step,
  state: StepState,
  preflight: Preflight,
  options: CallOptions,
): Promise<StepState> {
  const missing = await Promise.all(
    step.rights.map(async ({ scope, actions }) => {
      const names = await preflight.roleAssignments.findMissingActions(scope, actions, options);
      return names.map((name) => ({ name, scope }));
    }),
  );
  const [first] = missing.flat();
  if (!first) {
    return state;
  }
  return {
    kind: "blocked",
    reason: t("You lack the right {0} on {1}.", first.name, first.scope),
    remedy: t("Ask an owner of that scope for a role with this right, then check again."),
  };
}

function blockedBy(error: unknown): StepState {
  if (error instanceof ServiceError) {
    return { kind: "blocked", reason: error.message, remedy: undefined };
  }
  throw error;
}

/**
 * Applies steps one after another, each checked again first. Stops at the first failure; the world is then as the finished steps left it, and applying the
 * same plan again goes on there.
 *
 * @param onStep told of every change of state; `detail` carries what a step is doing
 * @returns the ids of the steps that changed something, in order: what {@link undoPlan} takes back
 * @throws whatever the step threw; an `AbortError` when stopped
 */
export async function applyPlan(
  steps: readonly Step[],
  onStep: (progress: StepProgress) => void,
  options: CallOptions = {},
): Promise<readonly string[]> {
  const changed: string[] = [];
  for (const step of steps) {
    onStep({ stepId: step.id, state: "waiting", detail: undefined });
  }
  for (const step of steps) {
    if (await runStep(step, onStep, options)) {
      changed.push(step.id);
    }
  }
  return changed;
}

async function runStep(step: Step, onStep: (progress: StepProgress) => void, options: CallOptions): Promise<boolean> {
  return reportStep(step, onStep, options, async (inner) => {
    const state = await step.check(inner);
    if (state.kind === "satisfied") {
      onStep({ stepId: step.id, state: "skipped", detail: state.now });
      return false;
    }
    if (state.kind === "blocked") {
      throw new ServiceError("conflict", [state.reason, state.remedy].filter(Boolean).join(" "));
    }
    await step.apply(inner);
    onStep({ stepId: step.id, state: "done", detail: state.after });
    return true;
  });
}

/**
 * Takes back what a plan made, last step first. A step without `undo` is skipped.
 * @param changed what {@link applyPlan} returned
 * @throws whatever a step's `undo` threw; steps before it keep what they made
 */
export async function undoPlan(
  steps: readonly Step[],
  changed: readonly string[],
  onStep: (progress: StepProgress) => void,
  options: CallOptions = {},
): Promise<void> {
  const made = steps.filter((step) => changed.includes(step.id)).reverse();
  for (const step of made) {
    await reportStep(step, onStep, options, async (inner) => {
      if (!step.undo) {
        onStep({ stepId: step.id, state: "skipped", detail: step.irreversible });
        return;
      }
      await step.undo(inner);
      onStep({ stepId: step.id, state: "done", detail: undefined });
    });
  }
}

async function reportStep<T>(
  step: Step,
  onStep: (progress: StepProgress) => void,
  options: CallOptions,
  run: (options: CallOptions) => Promise<T>,
): Promise<T> {
  onStep({ stepId: step.id, state: "running", detail: undefined });
  try {
    options.signal?.throwIfAborted();
    return await run({
      signal: options.signal,
      onProgress: (progress) => {
        onStep({ stepId: step.id, state: "running", detail: progress.step });
        options.onProgress?.(progress);
      },
    });
  } catch (error) {
    const stopped = isAbort(error);
    onStep({ stepId: step.id, state: stopped ? "stopped" : "failed", detail: stopped ? undefined : messageOf(error) });
    throw error;
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
