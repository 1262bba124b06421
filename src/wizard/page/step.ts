import type { WizardDraft } from "../protocol.ts";
import type { Connection } from "./connect.ts";
import type { Choice } from "./draft.ts";
import type { TextKey } from "./texts.ts";

/** Why a step cannot be left yet, and where to mend it. */
export interface Problem {
  readonly message: string;
  readonly focus: HTMLElement | undefined;
}

/** What a step has to work with. */
export interface StepContext {
  readonly draft: WizardDraft;
  readonly maxSecretBytes: number;
  /** The last run ended with the window. */
  readonly wasInterrupted: boolean;
  /** Aborted when the step is left. */
  readonly signal: AbortSignal;
  readonly call: Connection["call"];
  readonly on: Connection["on"];
  /** The secret's value, in the memory of this page only. */
  value: string | undefined;
  choose(choice: Choice): void;
  /** Tells a screen reader. */
  announce(message: string): void;
  /** Whether the step's main button works. */
  allowNext(isAllowed: boolean): void;
}

/** A step on the screen. */
export interface ShownStep {
  readonly body: HTMLElement;
  /** Looked at before going on; waits for checks under way. */
  findProblem?(): Promise<Problem | undefined> | Problem | undefined;
}

/** One step of the wizard: a file in steps/, a line in steps.ts. */
export interface WizardStep {
  readonly id: string;
  readonly name: TextKey;
  readonly heading: TextKey;
  /** Of the main button; `next` unless given. */
  readonly button?: TextKey;
  /** Whether later steps can be reached. */
  isComplete(draft: WizardDraft, value: string | undefined): boolean;
  /** What was chosen, in few words. */
  summary(draft: WizardDraft): string | undefined;
  show(context: StepContext): ShownStep;
}
