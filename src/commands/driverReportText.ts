import * as vscode from "vscode";

import type { ClusterSummary } from "../services/azure/inventory.ts";
import type { DriverReport, NodeDriverState } from "../services/kubernetes/driverPods.ts";
import { describeComponent } from "../tree/driverNode.ts";
import { table, text } from "./markdown.ts";

/** Nobody reads thousands of healthy rows, and a preview of them is slow. */
const maxRows = 500;
const order = { broken: 0, pending: 1, healthy: 2 } as const;

/** A report as Markdown: the verdict, the matrix of nodes, and what was found around them. */
export function formatDriverReport(cluster: ClusterSummary, report: DriverReport): string {
  const nodes = [...report.nodes].sort((a, b) => order[a.verdict] - order[b.verdict] || a.node.localeCompare(b.node));
  const headings = [
    vscode.l10n.t("Node"),
    vscode.l10n.t("State"),
    vscode.l10n.t("OS"),
    vscode.l10n.t("Driver"),
    vscode.l10n.t("Provider"),
    vscode.l10n.t("Registered"),
  ];
  return [
    `# ${text(vscode.l10n.t("Secrets Store CSI Driver on {0}", cluster.name))}`,
    `**${text(report.summary)}**`,
    table([headings, ...nodes.slice(0, maxRows).map(rowOf)]),
    ...(nodes.length > maxRows ? [vscode.l10n.t("{0} more nodes are not listed.", nodes.length - maxRows)] : []),
    `## ${vscode.l10n.t("Around the nodes")}`,
    factsOf(cluster, report)
      .map(([name, value]) => `- ${text(name)}: ${text(value)}`)
      .join("\n"),
  ].join("\n\n");
}

function rowOf(state: NodeDriverState): readonly string[] {
  return [
    state.node,
    verdicts[state.verdict](),
    state.os,
    describeComponent(state.driver),
    describeComponent(state.provider),
    state.isRegistered ? vscode.l10n.t("yes") : vscode.l10n.t("no"),
  ];
}

function factsOf(cluster: ClusterSummary, report: DriverReport): readonly (readonly [string, string])[] {
  const { csiDriver } = report;
  const unknown = vscode.l10n.t("unknown, no pod runs");
  return [
    [vscode.l10n.t("Cluster"), cluster.id],
    [vscode.l10n.t("Installation"), installations[report.installation]()],
    [vscode.l10n.t("Driver version"), report.driverVersion ?? unknown],
    [vscode.l10n.t("Provider version"), report.providerVersion ?? unknown],
    [vscode.l10n.t("CSIDriver object"), csiDriver ? describeCsiDriver(csiDriver) : vscode.l10n.t("missing")],
    [vscode.l10n.t("SecretProviderClass CRDs"), report.hasCrds ? vscode.l10n.t("present") : vscode.l10n.t("missing")],
    ...(report.excludedNodes.length > 0
      ? [[vscode.l10n.t("Virtual nodes, without the driver"), report.excludedNodes.join(", ")] as const]
      : []),
  ];
}

const verdicts = {
  healthy: () => vscode.l10n.t("healthy"),
  pending: () => vscode.l10n.t("pending"),
  broken: () => vscode.l10n.t("broken"),
} as const satisfies Record<NodeDriverState["verdict"], () => string>;

const installations = {
  addon: () => vscode.l10n.t("the AKS add-on"),
  openSource: () => vscode.l10n.t("open source, by Helm or YAML"),
  both: () => vscode.l10n.t("the AKS add-on and an open-source one beside it; they get in each other's way"),
  none: () => vscode.l10n.t("none"),
} as const satisfies Record<DriverReport["installation"], () => string>;

function describeCsiDriver({ tokenAudiences, podInfoOnMount }: NonNullable<DriverReport["csiDriver"]>): string {
  const audiences = tokenAudiences.length > 0 ? tokenAudiences.join(", ") : vscode.l10n.t("none");
  return podInfoOnMount
    ? vscode.l10n.t("present, token audiences: {0}", audiences)
    : vscode.l10n.t("present, but podInfoOnMount is off; token audiences: {0}", audiences);
}
