import type { SecretDraft, SecretNameVerdict } from "../../protocol.ts";
import { CheckedField, type FieldVerdict } from "../checkedField.ts";
import { message, radios } from "../controls.ts";
import { hasLostValue, isSecretChosen } from "../draft.ts";
import { fill, h } from "../dom.ts";
import type { Problem, ShownStep, StepContext, WizardStep } from "../step.ts";
import { text } from "../texts.ts";
import { deletedNamesake } from "./deletedNamesake.ts";
import { moreOptions } from "./secretOptions.ts";
import { valueField, valueProblem, type ValueField } from "./secretValue.ts";

export const secretStep: WizardStep = {
  id: "secret",
  name: "secretStep",
  heading: "secretHeading",
  isComplete: isSecretChosen,
  summary: ({ vault, secret }) =>
    vault.kind === "none" || secret.kind === "none" ? text("summaryNone") : secret.name || undefined,
  show,
};

function show(context: StepContext): ShownStep {
  if (context.draft.vault.kind === "none") {
    return { body: message("info", text("secretNoVault")) };
  }
  const place = h("div", {});
  let form: ShownStep | undefined;
  const showForm = () => {
    form = context.draft.secret.kind === "set" ? secretForm(context) : undefined;
    fill(place, form?.body);
  };
  const options = [
    { value: "set", label: text("secretSet") },
    { value: "none", label: text("secretLater") },
  ] as const;
  const kind = radios(text("secretKind"), options, context.draft.secret.kind, (chosen) => {
    change(context, { kind: chosen });
    showForm();
  });
  showForm();
  return { body: h("div", {}, kind, place), findProblem: () => form?.findProblem?.() };
}

function change(context: StepContext, to: Partial<SecretDraft>): void {
  context.choose({ kind: "secret", change: to });
}

interface Form {
  readonly context: StepContext;
  readonly name: CheckedField;
  readonly value: ValueField;
  readonly options: ReturnType<typeof moreOptions>;
  found: SecretNameVerdict | undefined;
}

function secretForm(context: StepContext): ShownStep {
  const isLost = hasLostValue(context.draft, context.value);
  const form: Form = {
    context,
    name: nameField(context, (found) => {
      form.found = found;
    }),
    value: valueField(context),
    options: moreOptions(context),
    found: undefined,
  };
  const body = h(
    "div",
    { class: "indent" },
    form.name.element,
    isLost && message("warning", text("valueGone")),
    form.value.element,
    form.options.element,
  );
  return { body, findProblem: () => findProblem(form) };
}

function nameField(context: StepContext, onFound: (found: SecretNameVerdict | undefined) => void): CheckedField {
  const place = h("div", {});
  const field: CheckedField = new CheckedField({
    label: text("secretName"),
    note: text("secretNameNote"),
    value: context.draft.secret.name,
    signal: context.signal,
    onInput(name) {
      fill(place);
      onFound(undefined);
      change(context, { name });
    },
    async check(name, signal) {
      const { kind, existing } = context.draft.vault;
      const vaultId = kind === "existing" ? existing?.id : undefined;
      const found = await context.call("checkSecretName", { vaultId, name }, signal);
      onFound(found);
      fill(
        place,
        found.kind === "deleted" &&
          deletedSecret(context, () => {
            field.input.select();
          }),
      );
      return verdictOf(found);
    },
  });
  field.element.append(place);
  return field;
}

function verdictOf(found: SecretNameVerdict): FieldVerdict {
  switch (found.kind) {
    case "free":
      return { kind: "good", message: text("secretNameFree") };
    case "unknown":
      return { kind: "info", message: text("secretNameUnknown") };
    case "exists":
      return found.isEnabled
        ? { kind: "info", message: text("secretNameExists") }
        : { kind: "warning", message: text("secretNameDisabled") };
    case "deleted":
      return { kind: "warning", message: text("secretNameDeleted") };
    case "wrong":
      return { kind: "problem", message: found.message };
  }
}

function deletedSecret(context: StepContext, onRename: () => void): HTMLElement {
  return deletedNamesake({
    onRename,
    chosen: context.draft.secret.ifDeleted,
    canPurge: true,
    recoverNote: text("recoverSecretNote"),
    onChoose: (ifDeleted) => {
      change(context, { ifDeleted });
    },
  });
}

async function findProblem(form: Form): Promise<Problem | undefined> {
  const { context, name, value } = form;
  const verdict = await name.settled();
  if (verdict?.kind === "problem") {
    return { message: verdict.message, focus: name.input };
  }
  const { ifDeleted } = context.draft.secret;
  if (form.found?.kind === "deleted" && ifDeleted === undefined) {
    return { message: text("deletedUndecided"), focus: name.input };
  }
  if (hasLostValue(context.draft, context.value)) {
    return { message: text("valueGone"), focus: value.control() };
  }
  const wrong = valueProblem(context.value, context.maxSecretBytes);
  if (wrong !== undefined) {
    return { message: wrong, focus: value.control() };
  }
  if (context.value === undefined && !canDoWithout(form.found, ifDeleted)) {
    return { message: text("valueEmpty"), focus: value.control() };
  }
  return form.options.findProblem();
}

/** Whether there is, or will be, a value in the vault already. `unknown` shows in the review. */
function canDoWithout(found: SecretNameVerdict | undefined, ifDeleted: SecretDraft["ifDeleted"]): boolean {
  switch (found?.kind) {
    case "exists":
      return found.isEnabled;
    case "deleted":
      return ifDeleted === "recover";
    case "unknown":
      return true;
    case "free":
    case "wrong":
    case undefined:
      return false;
  }
}
