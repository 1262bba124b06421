import { parseResourceId } from "../../azure/resourceId.ts";
import type { CallOptions } from "../../call.ts";
import { ServiceError } from "../../errors.ts";
import type { ClusterClients } from "../../kubernetes/clusterClient.ts";
import type { DriverReport, DriverVerification, VerifyTimes } from "../../kubernetes/driverPods.ts";
import { t } from "../../l10n.ts";
import type { Step, StepState } from "../step.ts";

interface DriverServices {
  readonly clusterClients: ClusterClients;
  readonly driver: DriverVerification;
}

/** First Windows registrations take up to five minutes. */
const settling: VerifyTimes = { withinMs: 600_000, everyMs: 3_000 };

/** Driver and provider run on every node that can have them. Changes nothing: apply waits until the verdict is settled. */
export function driverStep(
  services: DriverServices,
  { clusterId, times = settling }: { readonly clusterId: string; readonly times?: VerifyTimes | undefined },
): Step {
  const { subscriptionId, resourceGroup, name } = parseResourceId(clusterId);
  return {
    id: "driver",
    title: t('Driver on every node of "{0}"', name),
    why: t("A pod can mount secrets only on a node where both the driver and the provider run."),
    rights: [
      { scope: clusterId, actions: ["Microsoft.ContainerService/managedClusters/listClusterUserCredential/action"] },
    ],
    check: (options) => checkDriver(services, clusterId, options),
    apply: (options) => waitForDriver(services, clusterId, times, options),
    commands: () => [
      {
        tool: "az",
        words: [
          "aks",
          "get-credentials",
          "--name",
          name,
          "--resource-group",
          resourceGroup,
          "--subscription",
          subscriptionId,
        ],
      },
      {
        tool: "kubectl",
        words: [
          ...["get", "pods", "--namespace", "kube-system", "--output", "wide"],
          ...["--selector", "app in (secrets-store-csi-driver,secrets-store-provider-azure)"],
        ],
      },
    ],
  };
}

async function checkDriver(services: DriverServices, clusterId: string, options?: CallOptions): Promise<StepState> {
  const report = await lookOnce(services, clusterId, options);
  if (report?.verdict === "healthy") {
    return { kind: "satisfied", now: report.summary };
  }
  const before = report?.summary ?? t("The cluster cannot be asked yet.");
  return { kind: "needed", before, after: t("Waits until every node is ready."), warnings: [] };
}

/** A cluster that cannot be reached yet is asked again when the step runs. */
async function lookOnce(
  services: DriverServices,
  clusterId: string,
  options?: CallOptions,
): Promise<DriverReport | undefined> {
  try {
    const client = await services.clusterClients.open(clusterId, options);
    return await services.driver.verify(client, { withinMs: 0, everyMs: 0 }, undefined, options);
  } catch (error) {
    if (error instanceof ServiceError) {
      return undefined;
    }
    throw error;
  }
}

async function waitForDriver(
  services: DriverServices,
  clusterId: string,
  times: VerifyTimes,
  options: CallOptions = {},
): Promise<void> {
  // An API server may be silent for minutes after an update; the first report comes when it answers.
  options.onProgress?.({ step: t("Waiting for the cluster to tell about its nodes"), state: "running" });
  const client = await services.clusterClients.open(clusterId, options);
  const report = await services.driver.verify(
    client,
    times,
    (sofar) => options.onProgress?.({ step: sofar.summary, state: "running" }),
    options,
  );
  if (report.verdict !== "healthy") {
    throw new ServiceError(report.verdict === "pending" ? "timedOut" : "operationFailed", report.summary, {
      target: clusterId,
    });
  }
}
