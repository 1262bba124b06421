import * as vscode from "vscode";

import type { ClusterSummary, Estate, Subscription, VaultSummary } from "../services/azure/inventory.ts";
import type { Location, ResourceGroup } from "../services/azure/resourceGroups.ts";
import type { Services } from "../services/services.ts";
import type { Answer, Place } from "./ask.ts";
import { pickOne } from "./dialogs.ts";
import type { Choice } from "./dialogs.ts";

/** What the picks read from: the estate as far as it is known, and where more comes from. */
export interface EstateSource {
  readonly view: { readonly estate: Estate } | undefined;
  readonly onDidChange: vscode.Event<unknown>;
  whole(): Promise<{ readonly estate: Estate }>;
}

/** Lets the person pick one of the clusters, those first that can be used. `describe` says what matters about it here. */
export function pickCluster(
  source: EstateSource,
  question: {
    readonly place: Place;
    readonly placeholder: string;
    describe(cluster: ClusterSummary): { readonly icon: string; readonly text: string };
  },
): Promise<Answer<ClusterSummary>> {
  return pickFromEstate(source, {
    ...question,
    nothing: vscode.l10n.t("There are no clusters in your subscriptions."),
    rowsOf: (estate) => estate.clusters,
    toChoice: (cluster) => {
      const { icon, text } = question.describe(cluster);
      return {
        label: `$(${icon}) ${cluster.name}`,
        description: text,
        detail: `${cluster.resourceGroup}, ${cluster.location}`,
        value: cluster,
      };
    },
  });
}

/** Lets the person pick one of the vaults. */
export function pickVault(
  source: EstateSource,
  question: { readonly place: Place; readonly placeholder: string },
): Promise<Answer<VaultSummary>> {
  return pickFromEstate(source, {
    ...question,
    nothing: vscode.l10n.t("There are no key vaults in your subscriptions."),
    rowsOf: (estate) => estate.vaults,
    toChoice: (vault) => ({
      label: `$(lock) ${vault.name}`,
      description: vault.usesRbac ? vscode.l10n.t("Azure RBAC") : vscode.l10n.t("access policies"),
      detail: `${vault.resourceGroup}, ${vault.location}`,
      value: vault,
    }),
  });
}

interface EstateQuestion<T> {
  readonly place: Place;
  readonly placeholder: string;
  readonly nothing: string;
  rowsOf(estate: Estate): readonly T[];
  toChoice(row: T): Choice<T>;
}

function pickFromEstate<T extends ClusterSummary | VaultSummary>(
  source: EstateSource,
  question: EstateQuestion<T>,
): Promise<Answer<T>> {
  return pickOne<T>({
    place: question.place,
    placeholder: question.placeholder,
    nothing: question.nothing,
    async load(show) {
      const showKnown = () => {
        if (source.view && question.rowsOf(source.view.estate).length > 0) {
          show(grouped(source.view.estate, question));
        }
      };
      const listening = source.onDidChange(showKnown);
      showKnown();
      try {
        return grouped((await source.whole()).estate, question);
      } finally {
        listening.dispose();
      }
    },
  });
}

/** Rows under a heading for each subscription. */
function grouped<T extends ClusterSummary | VaultSummary>(
  estate: Estate,
  question: EstateQuestion<T>,
): readonly Choice<T>[] {
  const names = new Map(estate.subscriptions.map(({ id, name }) => [id, name]));
  const nameOf = (row: T) => names.get(row.subscriptionId.toLowerCase()) ?? row.subscriptionId;
  const compare = new Intl.Collator().compare;
  const rows = question.rowsOf(estate).map((row) => ({ row, group: nameOf(row) }));
  rows.sort((a, b) => compare(a.group, b.group) || compare(a.row.name, b.row.name));
  return rows.flatMap(({ row, group }, index) => {
    const heading: Choice<T>[] =
      rows[index - 1]?.group === group ? [] : [{ label: group, kind: vscode.QuickPickItemKind.Separator }];
    return [...heading, question.toChoice(row)];
  });
}

/** Lets the person pick one of the subscriptions. */
export function pickSubscription(
  services: Pick<Services, "inventory">,
  place: Place,
  current: string | undefined,
): Promise<Answer<Subscription>> {
  return pickOne<Subscription>({
    place,
    placeholder: vscode.l10n.t("In which subscription?"),
    nothing: vscode.l10n.t("There are no subscriptions for this account."),
    async load(_show, signal) {
      const { subscriptions } = await services.inventory.listSubscriptions({ signal });
      return subscriptions.map((value) => ({
        label: `$(symbol-namespace) ${value.name}`,
        description: value.id,
        value,
      }));
    },
    isCurrent: ({ id }) => id === current,
  });
}

/** A resource group that is there, or the wish for another. */
export type ResourceGroupChoice =
  { readonly kind: "existing"; readonly group: ResourceGroup } | { readonly kind: "new" };

/** Lets the person pick a resource group, or a new one. */
export function pickResourceGroup(
  services: Pick<Services, "resourceGroups">,
  place: Place,
  at: { readonly subscriptionId: string; readonly current: string | undefined },
): Promise<Answer<ResourceGroupChoice>> {
  const isNew: Choice<ResourceGroupChoice> = {
    label: `$(add) ${vscode.l10n.t("New resource group…")}`,
    value: { kind: "new" },
  };
  return pickOne<ResourceGroupChoice>({
    place,
    placeholder: vscode.l10n.t("In which resource group?"),
    nothing: vscode.l10n.t("There are no resource groups in this subscription."),
    async load(show, signal) {
      show([isNew]);
      const groups = nodeGroupsLast(await services.resourceGroups.list(at.subscriptionId, { signal }));
      return [
        isNew,
        ...groups.map((group) => ({
          label: `$(folder) ${group.name}`,
          description: group.location,
          value: { kind: "existing" as const, group },
        })),
      ];
    },
    isCurrent: (value) => value.kind === "existing" && value.group.name === at.current,
  });
}

/** AKS keeps the groups of its nodes for itself; nobody wants a vault there. */
function nodeGroupsLast(groups: readonly ResourceGroup[]): readonly ResourceGroup[] {
  const isOfNodes = ({ name }: ResourceGroup) => name.startsWith("MC_");
  return [...groups.filter((group) => !isOfNodes(group)), ...groups.filter(isOfNodes)];
}

/** Lets the person pick a region. */
export function pickLocation(
  services: Pick<Services, "resourceGroups">,
  place: Place,
  at: { readonly subscriptionId: string; readonly current: string | undefined },
): Promise<Answer<Location>> {
  return pickOne<Location>({
    place,
    placeholder: vscode.l10n.t("In which region? The cluster's own is the best choice."),
    nothing: vscode.l10n.t("There are no regions for this subscription."),
    async load(_show, signal) {
      const locations = await services.resourceGroups.listLocations(at.subscriptionId, { signal });
      return locations.map((value) => ({ label: value.displayName, description: value.name, value }));
    },
    isCurrent: ({ name }) => name === at.current,
  });
}
