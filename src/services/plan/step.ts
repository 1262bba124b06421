import type { CallOptions } from "../call.ts";

/** How the world stands to what a step wants. */
export type StepState =
  /** Already so. */
  | { readonly kind: "satisfied"; readonly now: string }
  /** Will change. `before` and `after` are shown side by side. */
  | {
      readonly kind: "needed";
      readonly before: string;
      readonly after: string;
      readonly warnings: readonly string[];
      /** Rights this change needs beside the step's own, where they depend on how the world is. */
      readonly rights?: readonly NeededRight[] | undefined;
      /** What of this change cannot be undone, said before it is made. */
      readonly irreversible?: string | undefined;
    }
  /** Cannot go on: why, and what would unblock it. */
  | { readonly kind: "blocked"; readonly reason: string; readonly remedy: string | undefined };

/** A line a careful person would have typed. A secret's value is read from the environment, never printed. */
export interface CommandLine {
  readonly tool: "az" | "kubectl";
  /** As words; quoting is the exporter's. */
  readonly words: readonly CommandWord[];
  /** Only asks: repeated for some minutes until it succeeds, since a right that was just given takes its time. */
  readonly isRepeated?: boolean | undefined;
  /** Shell variable that captures what the line prints. */
  readonly captures?: string | undefined;
  /** The line runs only where the captured variable is not set in the environment already. */
  readonly isDefault?: boolean | undefined;
  /** The line runs only where a captured variable has this value, or has not. */
  readonly onlyIf?: { readonly variable: string; readonly is: string; readonly isNegated?: boolean } | undefined;
  /** Runs once for each line of this captured variable, which is then `${EACH}`. */
  readonly each?: string | undefined;
  /** Text given on standard input: a manifest. May contain `${NAME}` of captured variables. */
  readonly stdin?: string | undefined;
}

/**
 * A word of a command line: text taken literally, or a word with shell variables in it, `{ template: "${CLUSTER_ISSUER}" }`: what an earlier line captured, or
 * a value read from the environment (`${SECRET_VALUE}`).
 */
export type CommandWord = string | { readonly template: string };

/** A right a step needs, for the preflight. */
export interface NeededRight {
  readonly scope: string;
  /** ARM actions (`Microsoft.KeyVault/vaults/write`). */
  readonly actions: readonly string[];
}

/** How a step is to be checked. */
export interface CheckOptions extends CallOptions {
  /** Only the kind of state counts: warnings that cost requests of their own may be left out. */
  readonly isBrief?: boolean | undefined;
}

/** How a step is to be applied. */
export interface ApplyOptions extends CallOptions {
  /**
   * Told of each thing the step has made, as soon as it is there: what undo takes back, also after a cancel. The text is plain data that can be saved; only the
   * step's own `undo` reads it.
   */
  readonly onMade?: ((made: string) => void) | undefined;
}

/**
 * One change to Azure or a cluster. Steps hold no state between runs: `check` reads the world, `apply` checks again, changes, and verifies by reading back.
 */
export interface Step {
  /** Stable within a plan: `keyVaultCsiAddon`. */
  readonly id: string;
  readonly title: string;
  /** One sentence: why the plan has this step. */
  readonly why: string;
  readonly rights: readonly NeededRight[];
  check(options?: CheckOptions): Promise<StepState>;
  /** Makes it so. Idempotent. @throws {ServiceError} with the cause; the world is then as the finished steps left it */
  apply(options?: ApplyOptions): Promise<void>;
  /**
   * Takes back what `apply` told of, and nothing that was there before. Absent where the world does not allow it; then `irreversible` says why.
   * @param made what `onMade` was told, in order
   * @returns what was kept all the same and why, or nothing
   */
  undo?(made: readonly string[], options?: CallOptions): Promise<string | undefined | void>;
  readonly irreversible?: string | undefined;
  commands(): readonly CommandLine[];
}
