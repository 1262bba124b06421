import type { MountProposal } from "../../protocol.ts";
import type { CheckedField } from "../checkedField.ts";
import { labelled, load, message } from "../controls.ts";
import { wantsMount } from "../draft.ts";
import { h, type Child } from "../dom.ts";
import type { ShownStep, StepContext, WizardStep } from "../step.ts";
import { text } from "../texts.ts";
import { changeMount, firstProblem, mountField } from "./mountField.ts";

export const classStep: WizardStep = {
  id: "class",
  name: "classStep",
  heading: "classHeading",
  isComplete: () => true,
  summary: (draft) => (wantsMount(draft) ? draft.mount.className || undefined : text("summaryNone")),
  show,
};

function show(context: StepContext): ShownStep {
  if (!wantsMount(context.draft)) {
    return { body: message("info", text("classNothing")) };
  }
  const body = h("div", {});
  let fields: () => readonly CheckedField[] = () => [];
  void load(
    body,
    () => context.call("proposeMount", { draft: context.draft }, context.signal),
    (proposal) => {
      const form = classForm(context, proposal);
      fields = form.fields;
      return form.parts;
    },
  );
  return { body, findProblem: () => firstProblem(fields()) };
}

function classForm(context: StepContext, { className, fileName }: MountProposal) {
  const preview = h("div", { "aria-live": "polite" });
  const showPreview = () => {
    void load(
      preview,
      () => context.call("previewClass", { draft: context.draft }, context.signal),
      ({ yaml, isWhole }): readonly Child[] => [
        yamlPart(text("classYaml"), yaml),
        !isWhole && h("p", { class: "note" }, text("classYamlPartly")),
      ],
    );
  };
  const field = (key: "className" | "fileName" | "syncedSecret", proposed: string) =>
    mountField(context, { ...fieldParts[key](), key, proposed, onVerdict: showPreview });
  const name = field("className", className);
  const file = field("fileName", fileName);
  const synced = field("syncedSecret", "");
  const { syncedSecret } = context.draft.mount;
  const more = h("details", { open: syncedSecret !== "" }, h("summary", {}, text("moreOptions")), synced.element);
  return {
    fields: () => [name, file, ...(synced.input.value === "" ? [] : [synced])],
    parts: [name.element, file.element, more, proofChoice(context), preview],
  };
}

const fieldParts = {
  className: () => ({ kind: "class" as const, label: text("className"), note: text("classNameNote") }),
  fileName: () => ({ kind: "file" as const, label: text("fileName"), note: text("fileNameNote") }),
  syncedSecret: () => ({ kind: "syncedSecret" as const, label: text("syncedSecret"), note: text("syncedSecretNote") }),
};

function proofChoice(context: StepContext): HTMLElement {
  const input = h("input", {
    ...{ type: "checkbox", checked: context.draft.mount.isProved },
    change: () => {
      changeMount(context, { isProved: input.checked });
    },
  });
  const field = labelled(text("prove"), input, text("proveNote"));
  field.classList.add("check");
  return field;
}

/** A manifest to read; it scrolls by itself. */
export function yamlPart(label: string, yaml: string): HTMLElement {
  return h("pre", { tabindex: 0, role: "region", "aria-label": label }, h("code", {}, yaml));
}
