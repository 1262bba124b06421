import * as vscode from "vscode";

import type { ClusterSummary } from "../services/azure/inventory.ts";
import type { NodeTrait } from "../manifest.ts";
import type { DriverKnowledge } from "./driverReports.ts";
import { icon } from "./node.ts";

/** What a cluster's row says at a glance. */
export interface ClusterGlance {
  readonly text: string;
  readonly icon: vscode.ThemeIcon;
}

const green = "testing.iconPassed";
const amber = "list.warningForeground";
const red = "list.errorForeground";
const grey = "disabledForeground";

/** Whether Azure is doing something to the cluster, by its own word. */
export function isUpdating(cluster: ClusterSummary): boolean {
  return !["succeeded", "failed", "canceled"].includes(cluster.provisioningState.toLowerCase());
}

export function clusterTraits(cluster: ClusterSummary): readonly NodeTrait[] {
  const power = isUpdating(cluster) ? "updating" : cluster.powerState === "Stopped" ? "stopped" : "running";
  return [cluster.keyVaultCsi.isEnabled ? "csiOn" : "csiOff", power, "hasId", "inPortal"];
}

/** Off, on, on n of m nodes healthy, updating, stopped or unreachable. */
export function glanceAt(cluster: ClusterSummary, knowledge: DriverKnowledge | undefined): ClusterGlance {
  if (isUpdating(cluster)) {
    return { text: cluster.provisioningState.toLowerCase(), icon: icon("sync~spin") };
  }
  if (cluster.powerState === "Stopped") {
    const text = cluster.keyVaultCsi.isEnabled ? vscode.l10n.t("on, stopped") : vscode.l10n.t("off, stopped");
    return { text, icon: icon("debug-stop", grey) };
  }
  if (knowledge?.kind === "failed" && knowledge.error.code === "unreachable") {
    const text = cluster.keyVaultCsi.isEnabled ? vscode.l10n.t("on, unreachable") : vscode.l10n.t("off, unreachable");
    return { text, icon: icon("debug-disconnect", amber) };
  }
  if (cluster.keyVaultCsi.isEnabled) {
    return glanceAtDriver(knowledge);
  }
  return { text: vscode.l10n.t("off"), icon: icon("circle-outline", grey) };
}

function glanceAtDriver(knowledge: DriverKnowledge | undefined): ClusterGlance {
  if (knowledge?.kind !== "reported") {
    return { text: vscode.l10n.t("on"), icon: icon("pass", green) };
  }
  const { nodes, verdict } = knowledge.report;
  const healthy = nodes.filter((node) => node.verdict === "healthy").length;
  const text = vscode.l10n.t("on, {0} of {1} nodes healthy", healthy, nodes.length);
  switch (verdict) {
    case "healthy":
      return { text, icon: icon("pass-filled", green) };
    case "pending":
      return { text, icon: icon("clock", amber) };
    case "broken":
    case "notInstalled":
      return { text, icon: icon("warning", red) };
  }
}

/** "Off", "On, rotation off", "On, rotation every 2m". */
export function describeAddon({ isEnabled, rotation }: ClusterSummary["keyVaultCsi"]): string {
  if (!isEnabled) {
    return vscode.l10n.t("Off");
  }
  return rotation.isEnabled
    ? vscode.l10n.t("On, rotation every {0}", rotation.pollInterval)
    : vscode.l10n.t("On, rotation off");
}
