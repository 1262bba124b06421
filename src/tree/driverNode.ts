import * as vscode from "vscode";

import type { ComponentState, DriverReport, NodeDriverState } from "../services/kubernetes/driverPods.ts";
import type { ClusterNode } from "./clusterNode.ts";
import { FailureNode, MessageNode } from "./messageNode.ts";
import { contextValue, FactNode, icon } from "./node.ts";
import type { Subject, TreeNode } from "./node.ts";
import type { TreeWorld } from "./world.ts";

/** A list of thousands of healthy nodes tells nobody anything. */
const maxHealthyRows = 200;

const order = { broken: 0, pending: 1, healthy: 2 } as const;

/** Driver and provider on each node. The cluster is asked when the row is opened, not before. */
export class DriverNode implements TreeNode {
  readonly id: string;

  constructor(
    readonly parent: ClusterNode,
    readonly world: TreeWorld,
  ) {
    this.id = `${parent.id}/driver`;
  }

  get subject(): Subject {
    return this.parent.subject;
  }

  item(): vscode.TreeItem {
    const item = new vscode.TreeItem(vscode.l10n.t("Driver"), vscode.TreeItemCollapsibleState.Collapsed);
    const known = this.world.reports.get(this.parent.cluster.id);
    item.description = known?.kind === "reported" ? known.report.summary : (known?.error.message ?? "");
    item.tooltip = item.description === "" ? vscode.l10n.t("Open to see the driver on each node.") : item.description;
    item.iconPath = icon("server-process");
    item.contextValue = contextValue("driver");
    return item;
  }

  async children(): Promise<readonly TreeNode[]> {
    const { cluster } = this.parent;
    if (cluster.powerState === "Stopped") {
      return [
        new MessageNode(this, {
          key: "stopped",
          text: vscode.l10n.t("The cluster is stopped; start it to see its nodes."),
          icon: icon("debug-stop"),
        }),
      ];
    }
    const known = this.world.reports.get(cluster.id);
    if (known?.kind === "failed") {
      return [new FailureNode(this, known.error)];
    }
    return rowsOf(this, known?.report ?? (await this.world.reports.look(cluster.id)));
  }

  reload(): void {
    this.world.reports.forget(this.parent.cluster.id);
  }
}

function rowsOf(parent: DriverNode, report: DriverReport): readonly TreeNode[] {
  const sorted = [...report.nodes].sort((a, b) => order[a.verdict] - order[b.verdict] || a.node.localeCompare(b.node));
  const healthy = sorted.filter(({ verdict }) => verdict === "healthy");
  const shown = [...sorted.filter(({ verdict }) => verdict !== "healthy"), ...healthy.slice(0, maxHealthyRows)];
  const hidden = healthy.length - Math.min(healthy.length, maxHealthyRows);
  return [
    ...problemsOf(parent, report),
    ...shown.map((state) => new NodeNode(parent, state)),
    ...(hidden > 0
      ? [
          new MessageNode(parent, {
            key: "more",
            text: vscode.l10n.t("{0} more healthy nodes", hidden),
            icon: icon("ellipsis"),
          }),
        ]
      : []),
    ...versionsOf(parent, report),
  ];
}

function problemsOf(parent: DriverNode, report: DriverReport): readonly TreeNode[] {
  if (report.verdict === "notInstalled") {
    return [new MessageNode(parent, { key: "notInstalled", text: report.summary, icon: icon("circle-outline") })];
  }
  const problems = [
    report.csiDriver ? undefined : vscode.l10n.t("The CSIDriver object is missing."),
    report.hasCrds ? undefined : vscode.l10n.t("The SecretProviderClass CRDs are missing."),
    report.installation === "both"
      ? vscode.l10n.t("An open-source installation runs beside the add-on; the two get in each other's way.")
      : undefined,
  ].filter((text) => text !== undefined);
  return problems.map(
    (text, index) =>
      new MessageNode(parent, { key: `problem${index}`, text, icon: icon("warning", "list.warningForeground") }),
  );
}

function versionsOf(parent: DriverNode, report: DriverReport): readonly TreeNode[] {
  const versions = [
    { key: "driverVersion", label: vscode.l10n.t("Driver version"), value: report.driverVersion },
    { key: "providerVersion", label: vscode.l10n.t("Provider version"), value: report.providerVersion },
    {
      key: "excluded",
      label: vscode.l10n.t("Virtual nodes, without the driver"),
      value: report.excludedNodes.join(", ") || undefined,
    },
  ];
  return versions.flatMap(({ key, label, value }) =>
    value === undefined ? [] : [new FactNode(parent, { key, label, value, icon: icon("tag") })],
  );
}

/** One node of the cluster and what runs on it. */
class NodeNode implements TreeNode {
  readonly id: string;

  constructor(
    readonly parent: DriverNode,
    readonly state: NodeDriverState,
  ) {
    this.id = `${parent.id}/${state.node}`;
  }

  get subject(): Subject {
    return this.parent.subject;
  }

  item(): vscode.TreeItem {
    const { state } = this;
    const text = describeNode(state);
    const item = new vscode.TreeItem(state.node, vscode.TreeItemCollapsibleState.None);
    item.description = text;
    item.iconPath = verdictIcons[state.verdict];
    item.contextValue = contextValue("node");
    item.tooltip = [
      `${state.node} (${state.os})`,
      vscode.l10n.t("Driver: {0}", describeComponent(state.driver)),
      vscode.l10n.t("Provider: {0}", describeComponent(state.provider)),
      state.isRegistered
        ? vscode.l10n.t("Registered with the kubelet")
        : vscode.l10n.t("Not registered with the kubelet"),
    ].join("\n");
    item.accessibilityInformation = { label: vscode.l10n.t("Node {0}, {1}", state.node, text) };
    return item;
  }
}

const verdictIcons = {
  healthy: icon("pass-filled", "testing.iconPassed"),
  pending: icon("clock", "list.warningForeground"),
  broken: icon("error", "list.errorForeground"),
} as const satisfies Record<NodeDriverState["verdict"], vscode.ThemeIcon>;

/** "healthy", or the first thing that is wrong. */
function describeNode(state: NodeDriverState): string {
  if (state.verdict === "healthy") {
    return vscode.l10n.t("healthy");
  }
  if (!state.isReady) {
    return vscode.l10n.t("the node is not ready");
  }
  if (state.driver.kind !== "ready") {
    return vscode.l10n.t("driver {0}", describeComponent(state.driver));
  }
  if (state.provider.kind !== "ready") {
    return vscode.l10n.t("provider {0}", describeComponent(state.provider));
  }
  return vscode.l10n.t("not registered with the kubelet");
}

/** "ready", "missing: …". */
export function describeComponent(component: ComponentState): string {
  switch (component.kind) {
    case "ready":
      return vscode.l10n.t("ready");
    case "starting":
      return vscode.l10n.t("starting: {0}", component.reason);
    case "failing":
      return vscode.l10n.t("failing: {0}", component.reason);
    case "missing":
      return vscode.l10n.t("missing: {0}", component.reason);
  }
}
