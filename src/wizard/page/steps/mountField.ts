import type { MountDraft, MountNameKind } from "../../protocol.ts";
import { CheckedField } from "../checkedField.ts";
import type { Problem, StepContext } from "../step.ts";

export function changeMount(context: StepContext, change: Partial<MountDraft>): void {
  context.choose({ kind: "mount", change });
}

interface MountFieldParts {
  readonly kind: MountNameKind;
  readonly key: "namespace" | "serviceAccount" | "className" | "fileName" | "syncedSecret";
  readonly label: string;
  readonly note: string;
  /** Stands in the field until something else is typed. */
  readonly proposed: string;
  readonly onVerdict?: () => void;
}

/** A name of the mount. What is proposed is not saved: it follows vault, secret and namespace. */
export function mountField(context: StepContext, parts: MountFieldParts): CheckedField {
  const { kind, key, label, note, proposed, onVerdict } = parts;
  return new CheckedField({
    ...{ label, note, value: context.draft.mount[key] || proposed, signal: context.signal },
    onInput(name) {
      changeMount(context, { [key]: name === proposed ? "" : name });
    },
    async check(name, signal) {
      const { problem } = await context.call("checkMountName", { kind, text: name }, signal);
      return problem === undefined ? undefined : { kind: "problem", message: problem };
    },
    ...(onVerdict && { onVerdict }),
  });
}

/** What keeps one from going on with these fields. */
export async function firstProblem(fields: readonly CheckedField[]): Promise<Problem | undefined> {
  for (const field of fields) {
    const verdict = await field.settled();
    if (verdict?.kind === "problem") {
      return { message: verdict.message, focus: field.input };
    }
  }
  return undefined;
}
