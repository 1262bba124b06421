import type { MountDraft, MountProposal } from "../../protocol.ts";
import type { CheckedField } from "../checkedField.ts";
import { isAbort } from "../connect.ts";
import { labelled, load, message, radios, select, setOptions } from "../controls.ts";
import { canMount, wantsMount } from "../draft.ts";
import { fill, h, newId } from "../dom.ts";
import type { ShownStep, StepContext, WizardStep } from "../step.ts";
import { text, type TextKey } from "../texts.ts";
import { changeMount, firstProblem, mountField } from "./mountField.ts";

export const accessStep: WizardStep = {
  id: "access",
  name: "accessStep",
  heading: "accessHeading",
  isComplete: () => true,
  summary: (draft) => (wantsMount(draft) ? text(kinds[draft.mount.access].short) : text("summaryNone")),
  show,
};

type Access = MountDraft["access"];

const kinds = {
  workloadIdentity: { label: "accessWorkload", short: "accessWorkloadShort", note: "accessWorkloadNote" },
  addonIdentity: { label: "accessAddon", short: "accessAddon", note: "accessAddonNote" },
  nodeIdentity: { label: "accessNodes", short: "accessNodesShort", note: "accessNodesNote" },
  none: { label: "accessLater", short: "accessLater", note: "accessLaterNote" },
} as const satisfies Record<Access, { label: TextKey; short: TextKey; note: TextKey }>;

const warnings = {
  workloadIdentity: undefined,
  addonIdentity: "accessAddonWarning",
  nodeIdentity: "accessNodesWarning",
  none: undefined,
} as const satisfies Record<Access, TextKey | undefined>;

function show(context: StepContext): ShownStep {
  if (!canMount(context.draft)) {
    return { body: message("info", text("accessNothing")) };
  }
  const place = h("div", { class: "indent" });
  let fields: readonly CheckedField[] = [];
  const showForm = () => {
    fields = [];
    if (context.draft.mount.access === "none") {
      fill(place);
      return;
    }
    void load(
      place,
      () => context.call("proposeMount", { draft: context.draft }, context.signal),
      (proposal) => {
        const form = accessForm(context, proposal);
        fields = form.fields;
        return form.parts;
      },
    );
  };
  const options = (Object.keys(kinds) as Access[]).map((value) => ({
    value,
    label: text(kinds[value].label),
    note: text(kinds[value].note),
  }));
  const kind = radios(text("accessKind"), options, context.draft.mount.access, (access) => {
    changeMount(context, { access });
    showForm();
  });
  showForm();
  return { body: h("div", {}, kind, place), findProblem: () => firstProblem(fields) };
}

function accessForm(context: StepContext, proposal: MountProposal) {
  const { access } = context.draft.mount;
  const identity = access === "addonIdentity" ? undefined : identityChoice(context, proposal);
  const namespace = namespaceField(context, proposal, () => void identity?.rename());
  const account = access === "workloadIdentity" ? accountField(context, proposal) : undefined;
  const warning = warnings[access];
  return {
    fields: account ? [namespace.field, account] : [namespace.field],
    parts: [
      warning && message("warning", text(warning)),
      identity?.element,
      namespace.field.element,
      namespace.notes,
      account?.element,
    ],
  };
}

function identityChoice(context: StepContext, first: MountProposal) {
  let { identityName, identityGroup } = first;
  let known: readonly { readonly id: string; readonly name: string; readonly resourceGroup: string }[] = [];
  const control = select([], context.draft.mount.identity?.id ?? "", (id) => {
    const chosen = known.find((identity) => identity.id === id);
    changeMount(context, { identity: chosen && { id: chosen.id, name: chosen.name } });
  });
  const showOptions = () => {
    const { identity } = context.draft.mount;
    const fresh = { value: "", label: text("identityNew", identityName, identityGroup) };
    const chosen = identity && !known.some(({ id }) => id === identity.id) ? [identity] : [];
    const others = [
      ...chosen.map(({ id, name }) => ({ value: id, label: name })),
      ...known.map(({ id, name, resourceGroup }) => ({ value: id, label: `${name} (${resourceGroup})` })),
    ];
    setOptions(control, [fresh, ...others], identity?.id ?? "");
  };
  showOptions();
  const subscriptionId = context.draft.cluster?.subscriptionId ?? "";
  const notes = h("div", { "aria-live": "polite" });
  void orNote(notes, async () => {
    known = (await context.call("listIdentities", { subscriptionId }, context.signal)).identities;
    showOptions();
  });
  return {
    element: h("div", {}, labelled(text("identity"), control, text("identityNote")), notes),
    /** The proposal has the namespace in it. */
    rename: () =>
      orNote(notes, async () => {
        ({ identityName, identityGroup } = await context.call(
          "proposeMount",
          { draft: context.draft },
          context.signal,
        ));
        showOptions();
      }),
  };
}

function namespaceField(context: StepContext, proposal: MountProposal, onVerdict: () => void) {
  const field = mountField(context, {
    ...{ kind: "namespace", key: "namespace", label: text("namespace"), note: text("namespaceNote") },
    ...{ proposed: proposal.namespace, onVerdict },
  });
  const names = h("datalist", { id: newId("namespaces") });
  field.input.setAttribute("list", names.id);
  const notes = h("div", { "aria-live": "polite" }, names);
  const clusterId = context.draft.cluster?.id ?? "";
  void orNote(notes, async () => {
    const { namespaces, missing } = await context.call("listNamespaces", { clusterId }, context.signal);
    fill(names, ...namespaces.map((value) => h("option", { value })));
    fill(notes, names, missing !== undefined && h("p", { class: "note" }, text("namespacesMissing", missing)));
  });
  return { field, notes };
}

function accountField(context: StepContext, { serviceAccount }: MountProposal): CheckedField {
  return mountField(context, {
    ...{ kind: "serviceAccount", key: "serviceAccount", proposed: serviceAccount },
    ...{ label: text("serviceAccount"), note: text("serviceAccountNote") },
  });
}

/** What is only offered may be missing: one can type it, or take what is proposed. So that it failed is a note. */
async function orNote(place: HTMLElement, read: () => Promise<void>): Promise<void> {
  try {
    await read();
  } catch (error) {
    if (!isAbort(error)) {
      place.append(message("warning", error instanceof Error ? error.message : String(error)));
    }
  }
}
