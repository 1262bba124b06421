import * as vscode from "vscode";

import { tell, warn } from "../host/notify.ts";
import { withProgress } from "../host/progress.ts";
import { commandIds, contextKeys } from "../manifest.ts";
import type { ClusterSummary } from "../services/azure/inventory.ts";
import type { CallOptions } from "../services/call.ts";
import { ServiceError } from "../services/errors.ts";
import type { DriverReport, VerifyTimes } from "../services/kubernetes/driverPods.ts";
import { chooseCluster } from "./chooseCluster.ts";
import type { App, Target } from "./command.ts";
import { formatDriverReport } from "./driverReportText.ts";

/** A first Windows registration takes up to five minutes. */
const times: VerifyTimes = { withinMs: 300_000, everyMs: 3_000 };

/** Looks at the driver on every node until the verdict is settled, and shows the report. */
export async function verifyDriver(app: App, target: Target): Promise<void> {
  const cluster = await chooseCluster(app, target, {
    title: vscode.l10n.t("Verify Driver"),
    placeholder: vscode.l10n.t("On which cluster?"),
  });
  const report = await withProgress({
    title: vscode.l10n.t('Verify the driver on "{0}"', cluster.name),
    run: (options) => look(app, cluster, options),
    whenStopped: () => Promise.resolve(lastSeen(app, cluster)),
  });
  await vscode.commands.executeCommand("setContext", contextKeys.isDriverHealthy, report.verdict === "healthy");
  await app.showReport(vscode.l10n.t("Driver on {0}", cluster.name), formatDriverReport(cluster, report));
  present(cluster, report);
}

async function look(app: App, cluster: ClusterSummary, options: CallOptions): Promise<DriverReport> {
  const services = await app.services();
  options.onProgress?.({ step: vscode.l10n.t("Connecting to the cluster"), state: "running" });
  try {
    const client = await services.clusterClients.open(cluster.id, options);
    const onReport = (report: DriverReport) => {
      app.reports.put(cluster.id, { kind: "reported", report });
      options.onProgress?.({ step: report.summary, state: "running" });
    };
    const report = await services.driver.verify(client, times, onReport, options);
    app.reports.put(cluster.id, { kind: "reported", report });
    return report;
  } catch (error) {
    if (error instanceof ServiceError) {
      app.reports.put(cluster.id, { kind: "failed", error });
    }
    throw error;
  }
}

function lastSeen(app: App, cluster: ClusterSummary): string {
  const known = app.reports.get(cluster.id);
  return known?.kind === "reported"
    ? vscode.l10n.t('Stopped looking at "{0}". {1}', cluster.name, known.report.summary)
    : vscode.l10n.t('Stopped looking at "{0}".', cluster.name);
}

function present(cluster: ClusterSummary, { verdict, summary }: DriverReport): void {
  const argument = { kind: "cluster", cluster };
  switch (verdict) {
    case "healthy":
      tell(summary, [{ title: vscode.l10n.t("Set Secret…"), command: commandIds.setSecret }]);
      return;
    case "notInstalled":
      warn(summary, [{ title: vscode.l10n.t("Enable Key Vault CSI…"), command: commandIds.enable, argument }]);
      return;
    case "pending":
    case "broken":
      warn(summary, [{ title: vscode.l10n.t("Verify Again"), command: commandIds.verifyDriver, argument }]);
  }
}
