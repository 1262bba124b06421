import { setMaxListeners } from "node:events";

import type { RoleAssignments } from "../azure/roleAssignments.ts";
import type { CallOptions } from "../call.ts";
import { hasCode, isAbort, ServiceError } from "../errors.ts";
import { t } from "../l10n.ts";
import type { NeededRight, Step, StepState } from "./step.ts";

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

/** One thing a step has made. Plain data: a run that is saved with it can be undone after a restart. */
export interface MadeThing {
  readonly stepId: string;
  /** Only the step's own `undo` reads it. */
  readonly made: string;
}

/** How a plan is to be applied. */
export interface ApplyPlanOptions extends CallOptions {
  /** Told of each thing as soon as it is there, so that a plan that fails or is stopped in the middle can be undone too. */
  readonly onMade?: ((thing: MadeThing) => void) | undefined;
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
  manyListen(options);
  return Promise.all(steps.map(async (step) => ({ step, state: await checkStep(step, preflight, options) })));
}

/** Dozens of calls at once listen to one signal; Node takes more than ten for a leak. */
export function manyListen({ signal }: CallOptions): void {
  if (signal) {
    setMaxListeners(0, signal);
  }
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
  state: Extract<StepState, { kind: "needed" }>,
  preflight: Preflight,
  options: CallOptions,
): Promise<StepState> {
  const rights = [...step.rights, ...(state.rights ?? [])];
  const missing = await Promise.all(rights.map((right) => findMissing(right, preflight, options)));
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

interface MissingRight {
  readonly name: string;
  readonly scope: string;
}

/** What does not exist yet has the rights of what it will lie in. */
async function findMissing(
  { scope, actions }: NeededRight,
  preflight: Preflight,
  options: CallOptions,
): Promise<readonly MissingRight[]> {
  try {
    const names = await preflight.roleAssignments.findMissingActions(scope, actions, options);
    return names.map((name) => ({ name, scope }));
  } catch (error) {
    const parent = parentScope(scope);
    if (hasCode(error, "notFound") && parent !== undefined) {
      return findMissing({ scope: parent, actions }, preflight, options);
    }
    throw error;
  }
}

/** The resource group of a resource, the subscription of a resource group. */
export function parentScope(scope: string): string | undefined {
  return (
    /^(\/subscriptions\/[^/]+\/resourceGroups\/[^/]+)\/./i.exec(scope)?.[1] ??
    /^(\/subscriptions\/[^/]+)\/./i.exec(scope)?.[1]
  );
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
 * @returns what was made, in order: what {@link undoPlan} takes back
 * @throws whatever the step threw; an `AbortError` when stopped
 */
export async function applyPlan(
  steps: readonly Step[],
  onStep: (progress: StepProgress) => void,
  options: ApplyPlanOptions = {},
): Promise<readonly MadeThing[]> {
  const things: MadeThing[] = [];
  for (const step of steps) {
    onStep({ stepId: step.id, state: "waiting", detail: undefined });
  }
  for (const step of steps) {
    const onMade = (made: string) => {
      const thing = { stepId: step.id, made };
      things.push(thing);
      options.onMade?.(thing);
    };
    await runStep(step, { onStep, onMade }, options);
  }
  return things;
}

interface Listeners {
  readonly onStep: (progress: StepProgress) => void;
  readonly onMade: (made: string) => void;
}

async function runStep(step: Step, { onStep, onMade }: Listeners, options: CallOptions): Promise<void> {
  await reportStep(step, onStep, options, async (inner) => {
    const state = await step.check({ ...inner, isBrief: true });
    if (state.kind === "satisfied") {
      onStep({ stepId: step.id, state: "skipped", detail: state.now });
      return;
    }
    if (state.kind === "blocked") {
      throw new ServiceError("conflict", [state.reason, state.remedy].filter(Boolean).join(" "));
    }
    await step.apply({ ...inner, onMade });
    onStep({ stepId: step.id, state: "done", detail: state.after });
  });
}

/**
 * Takes back what a plan made, last step first, and nothing else. Steps that made nothing are not shown; one that keeps what it made is skipped with its reason.
 *
 * @param made what {@link applyPlan} returned or told of
 * @param onStep what a step that is `done` had made is to be forgotten: undoing the others may take away the right to look at it again
 * @throws whatever a step's `undo` threw; steps before it keep what they made, and undoing the rest goes on there
 */
export async function undoPlan(
  steps: readonly Step[],
  made: readonly MadeThing[],
  onStep: (progress: StepProgress) => void,
  options: CallOptions = {},
): Promise<void> {
  for (const step of [...steps].reverse()) {
    const things = made.filter(({ stepId }) => stepId === step.id).map((thing) => thing.made);
    if (things.length === 0) {
      continue;
    }
    await reportStep(step, onStep, options, async (inner) => {
      if (!step.undo) {
        onStep({ stepId: step.id, state: "skipped", detail: step.irreversible });
        return;
      }
      const kept = await step.undo(things, inner);
      onStep({ stepId: step.id, state: kept ? "skipped" : "done", detail: kept ?? undefined });
    });
  }
}

async function reportStep(
  step: Step,
  onStep: (progress: StepProgress) => void,
  options: CallOptions,
  run: (options: CallOptions) => Promise<void>,
): Promise<void> {
  onStep({ stepId: step.id, state: "running", detail: undefined });
  try {
    options.signal?.throwIfAborted();
    await run({
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
