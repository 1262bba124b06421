import type { VaultChoice } from "../../protocol.ts";
import { ChoiceList, type Badge } from "../choiceList.ts";
import { load, message, radios } from "../controls.ts";
import { isVaultChosen, vaultNameOf } from "../draft.ts";
import { fill, h, type Child } from "../dom.ts";
import type { ShownStep, StepContext, WizardStep } from "../step.ts";
import { text, type TextKey } from "../texts.ts";
import { newVaultForm } from "./newVault.ts";

export const vaultStep: WizardStep = {
  id: "vault",
  name: "vaultStep",
  heading: "vaultHeading",
  isComplete: isVaultChosen,
  summary: (draft) => (draft.vault.kind === "none" ? text("summaryNone") : vaultNameOf(draft)),
  show,
};

const kinds = [
  { value: "existing", label: "vaultExisting" },
  { value: "new", label: "vaultNew" },
  { value: "none", label: "vaultLater" },
] as const satisfies readonly { value: string; label: TextKey }[];

function show(context: StepContext): ShownStep {
  const place = h("div", {});
  let panel: ShownStep | undefined;
  const showPanel = () => {
    panel = panelFor(context);
    fill(place, panel?.body);
  };
  const options = kinds.map(({ value, label }) => ({ value, label: text(label) }));
  const kind = radios(text("vaultKind"), options, context.draft.vault.kind, (vault) => {
    context.choose({ kind: "vaultKind", vault });
    showPanel();
  });
  showPanel();
  return { body: h("div", {}, kind, place), findProblem: () => panel?.findProblem?.() };
}

function panelFor(context: StepContext): ShownStep | undefined {
  switch (context.draft.vault.kind) {
    case "existing":
      return existingVault(context);
    case "new":
      return newVaultForm(context);
    case "none":
      return undefined;
  }
}

function existingVault(context: StepContext): ShownStep {
  const details = h("div", { "aria-live": "polite" });
  const showDetails = (vaultId: string) =>
    load(
      details,
      () => context.call("getVault", { vaultId }, context.signal),
      ({ usesRbac, closedMessage }): readonly Child[] => [
        closedMessage === undefined
          ? message("good", text("vaultReached"))
          : message("warning", text("vaultClosed", closedMessage)),
        !usesRbac && message("info", text("vaultPolicies")),
      ],
      text("checking"),
    );
  const list = vaultList(context, (vault) => {
    const { id, name, usesRbac } = vault;
    context.choose({ kind: "existingVault", vault: { id, name, usesRbac } });
    void showDetails(id);
  });
  const { existing } = context.draft.vault;
  if (existing) {
    void showDetails(existing.id);
  }
  return {
    body: h("div", {}, list.element, details),
    findProblem: () =>
      context.draft.vault.existing ? undefined : { message: text("vaultMissing"), focus: list.search },
  };
}

function vaultList(context: StepContext, onChoose: (vault: VaultChoice) => void): ChoiceList<VaultChoice> {
  return new ChoiceList<VaultChoice>({
    searchLabel: text("vaultSearch"),
    emptyText: text("vaultNone"),
    chosenId: context.draft.vault.existing?.id,
    signal: context.signal,
    async list(search, signal) {
      const found = await context.call("listVaults", search, signal);
      return { ...found, items: found.vaults };
    },
    refresh: () => context.call("refreshEstate", {}, context.signal),
    onEstate: (listener) => {
      context.on("estate", listener, context.signal);
    },
    groupOf: ({ subscriptionName }) => subscriptionName,
    rowOf: (vault) => ({
      id: vault.id,
      name: vault.name,
      note: `${vault.resourceGroup} · ${vault.location}`,
      badges: badgesOf(vault),
    }),
    onChoose,
  });
}

const networks = {
  open: undefined,
  selected: "networkSelected",
  closed: "networkClosed",
} as const satisfies Record<VaultChoice["network"], TextKey | undefined>;

function badgesOf({ usesRbac, network }: VaultChoice): readonly Badge[] {
  const reach = networks[network];
  return [
    { label: text(usesRbac ? "usesRbac" : "usesPolicies"), kind: "plain" },
    ...(reach ? [{ label: text(reach), kind: "off" as const }] : []),
  ];
}
