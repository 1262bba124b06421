import * as vscode from "vscode";

import type { Subscription, Tenant } from "../services/azure/inventory.ts";
import { commandIds } from "../manifest.ts";
import { ClusterNode } from "./clusterNode.ts";
import { FailureNode, MessageNode } from "./messageNode.ts";
import { contextValue, icon } from "./node.ts";
import type { Subject, TreeNode } from "./node.ts";
import { VaultNode } from "./vaultNode.ts";
import { fits } from "./world.ts";
import type { TreeWorld } from "./world.ts";

const byName = new Intl.Collator().compare;

/** A Microsoft Entra tenant; shown only when the person has subscriptions in more than one. */
export class TenantNode implements TreeNode {
  readonly id: string;
  readonly parent = undefined;

  constructor(
    readonly tenant: Tenant,
    /** Looked up when asked: it changes while pages arrive. */
    readonly subscriptions: (parent: TreeNode) => readonly TreeNode[],
  ) {
    this.id = `/tenants/${tenant.id.toLowerCase()}`;
  }

  get copyableId(): string {
    return this.tenant.id;
  }

  item(): vscode.TreeItem {
    const item = new vscode.TreeItem(this.tenant.name ?? this.tenant.id, vscode.TreeItemCollapsibleState.Expanded);
    item.description = this.tenant.name === undefined ? vscode.l10n.t("tenant") : this.tenant.id;
    item.iconPath = icon("organization");
    item.contextValue = contextValue("tenant", "hasId");
    item.accessibilityInformation = { label: vscode.l10n.t("Tenant {0}", this.tenant.name ?? this.tenant.id) };
    return item;
  }

  children(): readonly TreeNode[] {
    return this.subscriptions(this);
  }
}

/** An Azure subscription with its clusters and vaults. */
export class SubscriptionNode implements TreeNode {
  readonly id: string;

  constructor(
    readonly parent: TreeNode | undefined,
    readonly subscription: Subscription,
    readonly world: TreeWorld,
  ) {
    this.id = `${world.filter === "" ? "" : "filtered "}/subscriptions/${subscription.id}`;
  }

  get subject(): Subject {
    return { kind: "subscription", subscription: this.subscription };
  }

  get copyableId(): string {
    return this.subscription.id;
  }

  get portalId(): string {
    return `/subscriptions/${this.subscription.id}`;
  }

  item(): vscode.TreeItem {
    const { subscription, world } = this;
    const clusters = clustersOf(this).length;
    const vaults = vaultsOf(this).length;
    const isOpen = world.filter !== "" || world.estate.view?.estate.subscriptions.length === 1;
    const item = new vscode.TreeItem(
      subscription.name,
      isOpen ? vscode.TreeItemCollapsibleState.Expanded : vscode.TreeItemCollapsibleState.Collapsed,
    );
    item.description = isMissing(this) ? vscode.l10n.t("not read") : describeCounts(subscription, clusters, vaults);
    item.iconPath = icon("symbol-namespace");
    item.contextValue = contextValue("subscription", "hasId", "inPortal");
    item.tooltip = `${subscription.name}\n${subscription.id}`;
    item.accessibilityInformation = {
      label: vscode.l10n.t("Subscription {0}, {1}", subscription.name, item.description),
    };
    return item;
  }

  children(): readonly TreeNode[] {
    const { world, subscription } = this;
    const missing = (world.estate.view?.estate.missing ?? []).filter(
      ({ subscriptionId }) => subscriptionId?.toLowerCase() === subscription.id,
    );
    const folders = [
      world.node(`${this.id}/clusters`, () => new FolderNode(this, "clusters", world)),
      world.node(`${this.id}/vaults`, () => new FolderNode(this, "vaults", world)),
    ];
    return [
      ...folders.filter((folder) => world.filter === "" || !folder.isEmpty),
      ...missing.map(({ what, error }) => new FailureNode(this, error, { key: what, label: what })),
    ];
  }

  reload(): Promise<void> {
    return this.world.estate.rereadSubscription(this.subscription.id);
  }
}

/** Nothing found is no claim that nothing is there. */
function isMissing({ subscription, world }: SubscriptionNode): boolean {
  const isEmpty = (list: readonly { readonly subscriptionId: string }[] | undefined): boolean =>
    !list?.some(({ subscriptionId }) => subscriptionId.toLowerCase() === subscription.id);
  const estate = world.estate.view?.estate;
  const concerns = estate?.missing.some(
    ({ tenantId, subscriptionId }) =>
      subscriptionId?.toLowerCase() === subscription.id ||
      (subscriptionId === undefined && tenantId === subscription.tenantId),
  );
  return concerns === true && isEmpty(estate?.clusters) && isEmpty(estate?.vaults);
}

function describeCounts(subscription: Subscription, clusters: number, vaults: number): string {
  const counts = [
    clusters === 1 ? vscode.l10n.t("1 cluster") : vscode.l10n.t("{0} clusters", clusters),
    vaults === 1 ? vscode.l10n.t("1 vault") : vscode.l10n.t("{0} vaults", vaults),
  ].join(", ");
  return subscription.state === "Enabled" ? counts : `${subscription.state}, ${counts}`;
}

/** "Clusters" or "Vaults" of a subscription. */
class FolderNode implements TreeNode {
  readonly id: string;

  constructor(
    readonly parent: SubscriptionNode,
    readonly holds: "clusters" | "vaults",
    readonly world: TreeWorld,
  ) {
    this.id = `${parent.id}/${holds}`;
  }

  get subject(): Subject {
    return this.parent.subject;
  }

  item(): vscode.TreeItem {
    const [label, glyph] =
      this.holds === "clusters" ? [vscode.l10n.t("Clusters"), "server-environment"] : [vscode.l10n.t("Vaults"), "lock"];
    const item = new vscode.TreeItem(label, vscode.TreeItemCollapsibleState.Expanded);
    item.iconPath = icon(glyph);
    item.contextValue = contextValue(this.holds);
    return item;
  }

  get isEmpty(): boolean {
    return (this.holds === "clusters" ? clustersOf(this.parent) : vaultsOf(this.parent)).length === 0;
  }

  children(): readonly TreeNode[] {
    return this.holds === "clusters" ? this.#clusters() : this.#vaults();
  }

  #clusters(): readonly TreeNode[] {
    const rows = [...clustersOf(this.parent)].sort((a, b) => byName(a.name, b.name));
    if (rows.length === 0) {
      return [new MessageNode(this, { key: "none", text: vscode.l10n.t("No clusters"), icon: icon("info") })];
    }
    return rows.map((cluster) =>
      this.world.node(
        `${this.world.filter} ${cluster.id.toLowerCase()}`,
        () => new ClusterNode(this, cluster, this.world),
      ),
    );
  }

  #vaults(): readonly TreeNode[] {
    const rows = [...vaultsOf(this.parent)].sort((a, b) => byName(a.name, b.name));
    if (rows.length === 0) {
      const action = { title: vscode.l10n.t("Create Key Vault…"), command: commandIds.createVault, argument: this };
      return [new MessageNode(this, { key: "none", text: vscode.l10n.t("No vaults"), icon: icon("info"), action })];
    }
    return rows.map((vault) =>
      this.world.node(`${this.world.filter} ${vault.id.toLowerCase()}`, () => new VaultNode(this, vault, this.world)),
    );
  }
}

function clustersOf({ subscription, world }: SubscriptionNode) {
  const rows = world.estate.view?.clustersOf(subscription.id) ?? [];
  return fits(world.filter, subscription.name)
    ? rows
    : rows.filter(({ name, resourceGroup }) => fits(world.filter, name, resourceGroup));
}

function vaultsOf({ subscription, world }: SubscriptionNode) {
  const rows = world.estate.view?.vaultsOf(subscription.id) ?? [];
  return fits(world.filter, subscription.name)
    ? rows
    : rows.filter(({ name, resourceGroup }) => fits(world.filter, name, resourceGroup));
}

/** Whether the filter leaves anything of a subscription. */
export function isShown(node: SubscriptionNode): boolean {
  const { world, subscription } = node;
  return fits(world.filter, subscription.name) || clustersOf(node).length > 0 || vaultsOf(node).length > 0;
}
