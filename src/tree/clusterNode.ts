import * as vscode from "vscode";

import type { ClusterSummary } from "../services/azure/inventory.ts";
import { hasCode } from "../services/errors.ts";
import { clusterTraits, describeAddon, glanceAt } from "./clusterState.ts";
import { DriverNode } from "./driverNode.ts";
import { contextValue, FactNode, hover, icon } from "./node.ts";
import type { Subject, TreeNode } from "./node.ts";
import type { TreeWorld } from "./world.ts";

/** A managed cluster: at a glance what its add-on and driver do, opened for the details. */
export class ClusterNode implements TreeNode {
  readonly id: string;
  #last: ClusterSummary;

  constructor(
    readonly parent: TreeNode,
    cluster: ClusterSummary,
    readonly world: TreeWorld,
  ) {
    this.#last = cluster;
    this.id = `${world.filter === "" ? "" : "filtered "}${cluster.id.toLowerCase()}`;
  }

  /** As it was last read; the node outlives a reading. */
  get cluster(): ClusterSummary {
    const found = this.world.estate.view?.cluster(this.#last.id);
    this.#last = found ?? this.#last;
    return this.#last;
  }

  get subject(): Subject {
    return { kind: "cluster", cluster: this.cluster };
  }

  get copyableId(): string {
    return this.cluster.id;
  }

  get portalId(): string {
    return this.cluster.id;
  }

  item(): vscode.TreeItem {
    const { cluster } = this;
    const glance = glanceAt(cluster, this.world.reports.get(cluster.id));
    const item = new vscode.TreeItem(cluster.name, vscode.TreeItemCollapsibleState.Collapsed);
    item.description = glance.text;
    item.iconPath = glance.icon;
    item.contextValue = contextValue("cluster", ...clusterTraits(cluster));
    item.accessibilityInformation = {
      label: vscode.l10n.t("Cluster {0}, Key Vault CSI {1}", cluster.name, glance.text),
    };
    item.tooltip = hover(cluster.name, [
      [vscode.l10n.t("Key Vault CSI"), glance.text],
      [vscode.l10n.t("Add-on"), describeAddon(cluster.keyVaultCsi)],
      [vscode.l10n.t("Resource group"), cluster.resourceGroup],
      [vscode.l10n.t("Region"), cluster.location],
      [vscode.l10n.t("Kubernetes"), cluster.kubernetesVersion],
      [vscode.l10n.t("State"), `${cluster.powerState}, ${cluster.provisioningState}`],
      [vscode.l10n.t("API server"), cluster.isPrivate ? vscode.l10n.t("private") : undefined],
    ]);
    return item;
  }

  children(): readonly TreeNode[] {
    const { keyVaultCsi } = this.cluster;
    const addon = new FactNode(this, {
      key: "addon",
      label: vscode.l10n.t("Add-on"),
      value: describeAddon(keyVaultCsi),
      icon: icon("extensions"),
    });
    const driver = this.world.node(`${this.id}/driver`, () => new DriverNode(this, this.world));
    return keyVaultCsi.identity
      ? [addon, driver, this.world.node(`${this.id}/identity`, () => new IdentityNode(this))]
      : [addon, driver];
  }

  async reload(): Promise<void> {
    const { managedClusters, clusterClients } = await this.world.services();
    const { id, subscriptionId } = this.cluster;
    this.world.reports.forget(id);
    clusterClients.forget(id);
    try {
      this.world.estate.putCluster(await managedClusters.get(id));
    } catch (error) {
      if (!hasCode(error, "notFound")) {
        throw error;
      }
      await this.world.estate.rereadSubscription(subscriptionId);
    }
  }
}

/** The identity that the add-on brought: which id goes where. */
class IdentityNode implements TreeNode {
  readonly id: string;

  constructor(readonly parent: ClusterNode) {
    this.id = `${parent.id}/identity`;
  }

  get subject(): Subject {
    return this.parent.subject;
  }

  get copyableId(): string | undefined {
    return this.parent.cluster.keyVaultCsi.identity?.resourceId;
  }

  get portalId(): string | undefined {
    return this.copyableId;
  }

  item(): vscode.TreeItem {
    const item = new vscode.TreeItem(vscode.l10n.t("Identity"), vscode.TreeItemCollapsibleState.Collapsed);
    item.description = this.copyableId?.split("/").at(-1) ?? "";
    item.iconPath = icon("key");
    item.contextValue = contextValue("identity", "hasId", "inPortal");
    return item;
  }

  children(): readonly TreeNode[] {
    const { identity } = this.parent.cluster.keyVaultCsi;
    if (!identity) {
      return [];
    }
    return [
      new FactNode(this, {
        key: "clientId",
        label: vscode.l10n.t("Client id"),
        value: identity.clientId,
        icon: icon("symbol-key"),
        isId: true,
        tooltip: vscode.l10n.t("Goes into the SecretProviderClass, as userAssignedIdentityID."),
      }),
      new FactNode(this, {
        key: "objectId",
        label: vscode.l10n.t("Object id"),
        value: identity.objectId,
        icon: icon("symbol-key"),
        isId: true,
        tooltip: vscode.l10n.t("Goes into a role assignment on the vault."),
      }),
    ];
  }
}
