import type { CallOptions } from "../call.ts";
import type { Step, StepState } from "./step.ts";

/** A step and how the world stood to it when it was checked. */
export interface CheckedStep {
  readonly step: Step;
  readonly state: StepState;
}

/** What happens to a step while a plan is applied. */
export interface StepProgress {
  readonly stepId: string;
  readonly state: "waiting" | "running" | "done" | "skipped" | "failed" | "stopped";
  /** What it is doing, or why it failed. */
  readonly detail: string | undefined;
}

/** Checks every step, independent ones together. A failing check is a `blocked` state with the error's message. */
export async function checkPlan(steps: readonly Step[], options: CallOptions = {}): Promise<readonly CheckedStep[]> {
  void options;
  return Promise.reject(new Error(`not written: ${String(steps.length)}`));
}
