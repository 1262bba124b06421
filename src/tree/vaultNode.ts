import * as vscode from "vscode";

import type { VaultSummary } from "../services/azure/inventory.ts";
import type { VaultObject } from "../services/azure/vaultObjects.ts";
import { hasCode } from "../services/errors.ts";
import { commandIds } from "../manifest.ts";
import { FailureNode, MessageNode } from "./messageNode.ts";
import { contextValue, FactNode, hover, icon } from "./node.ts";
import type { Subject, TreeNode } from "./node.ts";
import type { TreeWorld } from "./world.ts";

/** A key vault: who decides on access, and its secrets by name. */
export class VaultNode implements TreeNode {
  readonly id: string;
  #last: VaultSummary;

  constructor(
    readonly parent: TreeNode,
    vault: VaultSummary,
    readonly world: TreeWorld,
  ) {
    this.#last = vault;
    this.id = `${world.filter === "" ? "" : "filtered "}${vault.id.toLowerCase()}`;
  }

  /** As it was last read; the node outlives a reading. */
  get vault(): VaultSummary {
    this.#last = this.world.estate.view?.vault(this.#last.id) ?? this.#last;
    return this.#last;
  }

  get subject(): Subject {
    return { kind: "vault", vault: this.vault };
  }

  get copyableId(): string {
    return this.vault.id;
  }

  get portalId(): string {
    return this.vault.id;
  }

  item(): vscode.TreeItem {
    const { vault } = this;
    const model = describeModel(vault);
    const item = new vscode.TreeItem(vault.name, vscode.TreeItemCollapsibleState.Collapsed);
    item.description = isRestricted(vault) ? vscode.l10n.t("{0}, firewall", model) : model;
    item.iconPath = icon(isRestricted(vault) ? "shield" : "lock");
    item.contextValue = contextValue("vault", vault.usesRbac ? "rbac" : "accessPolicies", "hasId", "inPortal");
    item.accessibilityInformation = { label: vscode.l10n.t("Key vault {0}, {1}", vault.name, item.description) };
    item.tooltip = hover(vault.name, [
      [vscode.l10n.t("Authorization"), model],
      [vscode.l10n.t("Network"), describeNetwork(vault)],
      [vscode.l10n.t("Resource group"), vault.resourceGroup],
      [vscode.l10n.t("Region"), vault.location],
      [vscode.l10n.t("Address"), vault.vaultUri],
    ]);
    return item;
  }

  children(): readonly TreeNode[] {
    const { vault } = this;
    return [
      new FactNode(this, {
        key: "model",
        label: vscode.l10n.t("Authorization"),
        value: describeModel(vault),
        icon: icon("organization"),
      }),
      new FactNode(this, {
        key: "network",
        label: vscode.l10n.t("Network"),
        value: describeNetwork(vault),
        icon: icon("globe"),
      }),
      new FactNode(this, {
        key: "tenantId",
        label: vscode.l10n.t("Tenant id"),
        value: vault.tenantId,
        icon: icon("symbol-key"),
        isId: true,
      }),
      this.world.node(`${this.id}/secrets`, () => new SecretsNode(this, this.world)),
    ];
  }

  forget(): void {
    this.world.node(`${this.id}/secrets`, () => new SecretsNode(this, this.world)).reload();
  }

  async reload(): Promise<void> {
    const { keyVaults } = await this.world.services();
    const { id, subscriptionId } = this.vault;
    this.forget();
    try {
      this.world.estate.putVault(await keyVaults.get(id));
    } catch (error) {
      if (!hasCode(error, "notFound")) {
        throw error;
      }
      await this.world.estate.rereadSubscription(subscriptionId);
    }
  }
}

/** The secrets of a vault, never their values. Asked when opened, and kept until a refresh. */
class SecretsNode implements TreeNode {
  readonly id: string;
  #secrets: Promise<readonly VaultObject[]> | undefined;

  constructor(
    readonly parent: VaultNode,
    readonly world: TreeWorld,
  ) {
    this.id = `${parent.id}/secrets`;
  }

  get subject(): Subject {
    return this.parent.subject;
  }

  item(): vscode.TreeItem {
    const item = new vscode.TreeItem(vscode.l10n.t("Secrets"), vscode.TreeItemCollapsibleState.Collapsed);
    item.iconPath = icon("list-unordered");
    item.contextValue = contextValue("secrets");
    return item;
  }

  async children(): Promise<readonly TreeNode[]> {
    const setSecret = { title: vscode.l10n.t("Set Secret…"), command: commandIds.setSecret, argument: this.parent };
    try {
      const secrets = await (this.#secrets ??= this.#read());
      return secrets.length > 0
        ? secrets.map((secret) => new SecretNode(this, secret))
        : [
            new MessageNode(this, {
              key: "none",
              text: vscode.l10n.t("No secrets"),
              icon: icon("info"),
              action: setSecret,
            }),
          ];
    } catch (error) {
      if (!hasCode(error, "forbidden")) {
        throw error;
      }
      const remedy = { title: vscode.l10n.t("Get Access…"), command: commandIds.setSecret, argument: this.parent };
      return [
        new FailureNode(this, error),
        new MessageNode(this, {
          key: "access",
          text: vscode.l10n.t("Setting a secret offers you the right."),
          icon: icon("person-add"),
          action: remedy,
        }),
      ];
    }
  }

  reload(): void {
    this.#secrets = undefined;
  }

  async #read(): Promise<readonly VaultObject[]> {
    const { vaultObjects } = await this.world.services();
    return vaultObjects.list(this.parent.vault, "secret");
  }
}

/** One secret: name, enabled, expiry. */
class SecretNode implements TreeNode {
  readonly id: string;

  constructor(
    readonly parent: SecretsNode,
    readonly secret: VaultObject,
  ) {
    this.id = `${parent.id}/${secret.name.toLowerCase()}`;
  }

  get subject(): Subject {
    return { kind: "secret", vault: this.parent.parent.vault, name: this.secret.name };
  }

  get copyableId(): string {
    return `${this.parent.parent.vault.vaultUri}secrets/${this.secret.name}`;
  }

  item(): vscode.TreeItem {
    const { name, isEnabled, expiresOn, contentType, isManaged } = this.secret;
    const item = new vscode.TreeItem(name, vscode.TreeItemCollapsibleState.None);
    item.description = describeSecret(this.secret);
    item.iconPath = isEnabled && !isPast(expiresOn) ? icon("key") : icon("key", "disabledForeground");
    item.contextValue = contextValue("secret", "hasId");
    item.accessibilityInformation = { label: vscode.l10n.t("Secret {0}, {1}", name, item.description) };
    item.tooltip = hover(name, [
      [vscode.l10n.t("Enabled"), isEnabled ? vscode.l10n.t("yes") : vscode.l10n.t("no")],
      [vscode.l10n.t("Expires"), expiresOn?.toLocaleString(vscode.env.language) ?? vscode.l10n.t("never")],
      [vscode.l10n.t("Content type"), contentType],
      [vscode.l10n.t("Belongs to"), isManaged ? vscode.l10n.t("a certificate of the same name") : undefined],
    ]);
    return item;
  }
}

function describeSecret({ isEnabled, expiresOn, isManaged }: VaultObject): string {
  const words = [
    isEnabled ? vscode.l10n.t("enabled") : vscode.l10n.t("disabled"),
    expiresOn &&
      (isPast(expiresOn)
        ? vscode.l10n.t("expired {0}", formatDay(expiresOn))
        : vscode.l10n.t("expires {0}", formatDay(expiresOn))),
    isManaged ? vscode.l10n.t("of a certificate") : undefined,
  ];
  return words.filter((word) => word !== undefined).join(", ");
}

function isPast(date: Date | undefined): boolean {
  return date !== undefined && date.getTime() < Date.now();
}

function formatDay(date: Date): string {
  return date.toISOString().slice(0, 10);
}

function describeModel(vault: VaultSummary): string {
  return vault.usesRbac ? vscode.l10n.t("Azure RBAC") : vscode.l10n.t("access policies");
}

function isRestricted(vault: VaultSummary): boolean {
  return vault.publicNetworkAccess === "Disabled" || vault.networkDefaultAction === "Deny";
}

function describeNetwork(vault: VaultSummary): string {
  if (vault.publicNetworkAccess === "Disabled") {
    return vscode.l10n.t("private endpoints only");
  }
  return vault.networkDefaultAction === "Deny" ? vscode.l10n.t("selected networks") : vscode.l10n.t("all networks");
}
