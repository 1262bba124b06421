import * as vscode from "vscode";

import { withProgress } from "../host/progress.ts";
import { ServiceError } from "../services/errors.ts";
import { applyPlan, checkPlan } from "../services/plan/plan.ts";
import type { Step, StepState } from "../services/plan/step.ts";
import type { Services } from "../services/services.ts";

/** A step that would change something. */
export interface NeededStep {
  readonly step: Step;
  readonly state: Extract<StepState, { kind: "needed" }>;
}

/**
 * What of a plan is still to be done.
 * @throws {ServiceError} `conflict` when a step cannot be done, with its reason and remedy
 */
export async function checkSteps(
  title: string,
  steps: readonly Step[],
  services: Services,
): Promise<readonly NeededStep[]> {
  const checked = await withProgress({ title, run: (options) => checkPlan(steps, services, options) });
  return checked.flatMap(({ step, state }) => {
    if (state.kind === "blocked") {
      throw new ServiceError("conflict", [state.reason, state.remedy].filter(Boolean).join(" "));
    }
    return state.kind === "needed" ? [{ step, state }] : [];
  });
}

/** A plan to be applied while its steps are shown. */
export interface ShownPlan {
  readonly title: string;
  readonly steps: readonly Step[];
  /** The truth about what goes on in Azure after the person stopped waiting. */
  readonly whenStopped: () => Promise<string>;
}

/** Applies a plan, with the step it is at in a notification. */
export async function runPlan({ title, steps, whenStopped }: ShownPlan): Promise<void> {
  await withProgress({
    title,
    whenStopped,
    run: ({ signal, onProgress }) =>
      applyPlan(
        steps,
        ({ stepId, state, detail }) => {
          const index = steps.findIndex(({ id }) => id === stepId);
          const text = detail ?? steps[index]?.title ?? "";
          const step = steps.length > 1 ? vscode.l10n.t("{0} of {1}: {2}", index + 1, steps.length, text) : text;
          if (state === "running") {
            onProgress?.({ step, state });
          }
        },
        { signal },
      ),
  });
}

/** Before → after and the warnings of what will be done, for a confirmation. */
export function describeSteps(needed: readonly NeededStep[]): string {
  return needed
    .map(({ step, state }) =>
      [`${step.title}: ${state.before} → ${state.after}`, ...state.warnings.map((text) => `⚠ ${text}`)].join("\n"),
    )
    .join("\n");
}
