import type { IfDeletedDraft, NewVaultDraft, VaultNameVerdict } from "../../protocol.ts";
import { CheckedField, type FieldVerdict } from "../checkedField.ts";
import { failure, labelled, radios, select, setOptions } from "../controls.ts";
import { isAbort } from "../connect.ts";
import { fill, h } from "../dom.ts";
import type { Problem, ShownStep, StepContext } from "../step.ts";
import { text } from "../texts.ts";
import { deletedNamesake } from "./deletedNamesake.ts";

/** No resource group can have this name. */
const newGroupOption = "/new";

interface Form {
  readonly context: StepContext;
  readonly name: CheckedField;
  readonly group: HTMLSelectElement;
  readonly groupName: CheckedField;
  readonly region: HTMLSelectElement;
  readonly subscription: HTMLSelectElement;
  /** Where a failure to read lists is shown. */
  readonly failures: HTMLElement;
  found: VaultNameVerdict | undefined;
}

export function newVaultForm(context: StepContext): ShownStep {
  prefill(context);
  const form = makeForm(context);
  void fillSubscriptions(form);
  void fillPlaces(form);
  const { fresh } = context.draft.vault;
  form.groupName.element.hidden = !fresh.isNewGroup;
  const body = h(
    "div",
    { class: "indent" },
    form.name.element,
    labelled(text("subscription"), form.subscription),
    labelled(text("resourceGroup"), form.group),
    form.groupName.element,
    labelled(text("region"), form.region),
    form.failures,
    authorization(context),
    purgeProtection(context),
  );
  return { body, findProblem: () => findProblem(form) };
}

function change(context: StepContext, to: Partial<NewVaultDraft>): void {
  context.choose({ kind: "newVault", change: to });
}

/** A new vault goes where the cluster is, unless told otherwise. */
function prefill(context: StepContext): void {
  const { cluster, vault } = context.draft;
  if (cluster && vault.fresh.subscriptionId === "") {
    const { subscriptionId, resourceGroup, name } = cluster;
    change(context, { subscriptionId, resourceGroup, name: vault.fresh.name || proposeName(name) });
  }
}

/** Vault names are unique in all of Azure, so the proposal ends in chance. */
function proposeName(clusterName: string): string {
  const stem = clusterName.toLowerCase().replace(/[^a-z0-9]+/g, "-");
  const chance = crypto.randomUUID().slice(0, 5);
  return `kv-${stem.replace(/^-/, "").slice(0, 14).replace(/-$/, "")}-${chance}`;
}

function makeForm(context: StepContext): Form {
  const { fresh } = context.draft.vault;
  const form: Form = {
    context,
    name: nameField(context, (found) => {
      form.found = found;
    }),
    subscription: select([], fresh.subscriptionId, (subscriptionId) => {
      change(context, { subscriptionId });
      void fillPlaces(form);
      form.name.recheck();
    }),
    group: select([], fresh.isNewGroup ? newGroupOption : fresh.resourceGroup, (group) => {
      chooseGroup(form, group);
    }),
    groupName: groupNameField(context, () => {
      form.name.recheck();
    }),
    region: select([], fresh.location, (location) => {
      change(context, { location });
    }),
    failures: h("div", {}),
    found: undefined,
  };
  return form;
}

function chooseGroup({ context, groupName, name }: Form, group: string): void {
  const isNewGroup = group === newGroupOption;
  change(context, { isNewGroup, resourceGroup: isNewGroup ? groupName.input.value : group });
  groupName.element.hidden = !isNewGroup;
  if (isNewGroup) {
    groupName.input.focus();
  }
  name.recheck();
}

function groupNameField(context: StepContext, onVerdict: () => void): CheckedField {
  const { fresh } = context.draft.vault;
  return new CheckedField({
    label: text("newGroupName"),
    value: fresh.isNewGroup ? fresh.resourceGroup : "",
    signal: context.signal,
    onInput(resourceGroup) {
      change(context, { resourceGroup });
    },
    async check(value, signal) {
      const { problem } = await context.call("checkGroupName", { text: value }, signal);
      return problem === undefined ? undefined : { kind: "problem", message: problem };
    },
    onVerdict,
  });
}

function nameField(context: StepContext, onFound: (found: VaultNameVerdict | undefined) => void): CheckedField {
  const place = h("div", {});
  const field: CheckedField = new CheckedField({
    label: text("vaultName"),
    note: text("vaultNameNote"),
    value: context.draft.vault.fresh.name,
    signal: context.signal,
    onInput(name) {
      fill(place);
      onFound(undefined);
      change(context, { name });
    },
    async check(name, signal) {
      const { subscriptionId, resourceGroup } = context.draft.vault.fresh;
      const found = await context.call("checkVaultName", { subscriptionId, resourceGroup, name }, signal);
      onFound(found);
      fill(
        place,
        found.kind === "deleted" &&
          deletedVault(context, found.canPurge, () => {
            field.input.select();
          }),
      );
      return verdictOf(found);
    },
  });
  field.element.append(place);
  return field;
}

function verdictOf(found: VaultNameVerdict): FieldVerdict {
  switch (found.kind) {
    case "available":
      return { kind: "good", message: text("vaultNameFree") };
    case "unknown":
      return { kind: "info", message: text("vaultNameFine") };
    case "exists":
      return { kind: "info", message: text("vaultNameExists") };
    case "deleted":
      return { kind: "warning", message: text("vaultNameDeleted", found.location) };
    case "wrong":
      return { kind: "problem", message: found.message };
  }
}

function deletedVault(context: StepContext, canPurge: boolean, onRename: () => void): HTMLElement {
  return deletedNamesake({
    onRename,
    chosen: context.draft.vault.fresh.ifDeleted,
    canPurge,
    recoverNote: text("recoverVaultNote"),
    onChoose: (ifDeleted: IfDeletedDraft) => {
      change(context, { ifDeleted });
    },
  });
}

async function fillSubscriptions(form: Form): Promise<void> {
  const { context, subscription, failures } = form;
  const read = async () => {
    const { subscriptions } = await context.call("listSubscriptions", {}, context.signal);
    const options = subscriptions.map(({ id, name }) => ({ value: id, label: name }));
    setOptions(subscription, options, context.draft.vault.fresh.subscriptionId);
  };
  context.on("estate", () => void orFailure(failures, read), context.signal);
  await orFailure(failures, read);
}

/** The groups and regions of the chosen subscription, unless another is chosen meanwhile. */
async function fillPlaces(form: Form): Promise<void> {
  const { context, group, region, failures } = form;
  const { subscriptionId } = context.draft.vault.fresh;
  if (subscriptionId === "") {
    return;
  }
  await orFailure(failures, async () => {
    const [places] = await Promise.all([
      context.call("listPlaces", { subscriptionId }, context.signal),
      prefillRegion(context),
    ]);
    const { fresh } = context.draft.vault;
    if (fresh.subscriptionId !== subscriptionId) {
      return;
    }
    const groups = places.groups.map(({ name }) => ({ value: name, label: name }));
    const withNew = [...groups, { value: newGroupOption, label: text("newGroup") }];
    setOptions(group, withNew, fresh.isNewGroup ? newGroupOption : fresh.resourceGroup);
    const regions = places.locations.map(({ name, displayName }) => ({ value: name, label: displayName }));
    setOptions(region, regions, fresh.location);
  });
}

async function prefillRegion(context: StepContext): Promise<void> {
  const { cluster, vault } = context.draft;
  if (cluster && vault.fresh.location === "") {
    const { location } = await context.call("getCluster", { clusterId: cluster.id }, context.signal);
    if (context.draft.vault.fresh.location === "") {
      change(context, { location });
    }
  }
}

async function orFailure(place: HTMLElement, read: () => Promise<void>): Promise<void> {
  try {
    fill(place);
    await read();
  } catch (error) {
    if (!isAbort(error)) {
      fill(
        place,
        failure(error, () => void orFailure(place, read)),
      );
    }
  }
}

function authorization(context: StepContext): HTMLElement {
  const options = [
    { value: "rbac", label: text("usesRbac"), note: text("rbacNote") },
    { value: "policies", label: text("usesPolicies"), note: text("policiesNote") },
  ] as const;
  const chosen = context.draft.vault.fresh.usesRbac ? "rbac" : "policies";
  return radios(text("authorization"), options, chosen, (value) => {
    change(context, { usesRbac: value === "rbac" });
  });
}

function purgeProtection(context: StepContext): HTMLElement {
  const input = h("input", {
    ...{ type: "checkbox", checked: context.draft.vault.fresh.isPurgeProtected },
    change: () => {
      change(context, { isPurgeProtected: input.checked });
    },
  });
  const field = labelled(text("purgeProtection"), input, text("purgeProtectionNote"));
  field.classList.add("check");
  return field;
}

async function findProblem(form: Form): Promise<Problem | undefined> {
  const missing = missingChoice(form);
  if (missing) {
    return { message: text("required"), focus: missing };
  }
  const { isNewGroup } = form.context.draft.vault.fresh;
  const fields = isNewGroup ? [form.groupName, form.name] : [form.name];
  for (const field of fields) {
    const verdict = await field.settled();
    if (verdict?.kind === "problem") {
      return { message: verdict.message, focus: field.input };
    }
  }
  const { ifDeleted } = form.context.draft.vault.fresh;
  return form.found?.kind === "deleted" && ifDeleted === undefined
    ? { message: text("deletedUndecided"), focus: form.name.input }
    : undefined;
}

function missingChoice({ context, subscription, group, region }: Form): HTMLElement | undefined {
  const { subscriptionId, resourceGroup, isNewGroup, location } = context.draft.vault.fresh;
  if (subscriptionId === "") {
    return subscription;
  }
  if (resourceGroup === "" && !isNewGroup) {
    return group;
  }
  return location === "" ? region : undefined;
}
