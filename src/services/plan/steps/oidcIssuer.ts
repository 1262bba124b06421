import type { ManagedClusters } from "../../azure/managedClusters.ts";
import { parseResourceId } from "../../azure/resourceId.ts";
import type { CallOptions } from "../../call.ts";
import { t } from "../../l10n.ts";
import type { Step, StepState } from "../step.ts";

type Clusters = Pick<ManagedClusters, "find" | "enableOidcIssuer">;

/**
 * The cluster issues tokens Microsoft Entra can check. Workload identity's webhook goes with it, as the documentation has it; the driver itself needs the
 * issuer only.
 * @see https://learn.microsoft.com/azure/aks/use-oidc-issuer
 */
export function oidcIssuerStep(
  services: { readonly managedClusters: Clusters },
  {
    clusterId,
    isNew,
    isMadeWithIt = false,
  }: {
    readonly clusterId: string;
    readonly isNew: boolean;
    /** An earlier step makes the cluster with both on. */ readonly isMadeWithIt?: boolean | undefined;
  },
): Step {
  const { subscriptionId, resourceGroup, name } = parseResourceId(clusterId);
  return {
    id: "oidcIssuer",
    title: t('OIDC issuer and workload identity on "{0}"', name),
    why: t("Microsoft Entra trusts a service account's token only when it can check who issued it."),
    rights: [{ scope: clusterId, actions: ["Microsoft.ContainerService/managedClusters/write"] }],
    check: (options) => checkIssuer(services.managedClusters, clusterId, isNew, options),
    async apply(options) {
      options?.onProgress?.({ step: t("Turning the OIDC issuer on; this takes some minutes"), state: "running" });
      await services.managedClusters.enableOidcIssuer(clusterId, { workloadIdentity: true }, options);
    },
    irreversible: t("The OIDC issuer cannot be turned off again."),
    commands: () =>
      isMadeWithIt
        ? []
        : [
            {
              tool: "az",
              words: [
                ...["aks", "update", "--name", name, "--resource-group", resourceGroup],
                ...["--subscription", subscriptionId, "--enable-oidc-issuer", "--enable-workload-identity"],
              ],
            },
          ],
  };
}

async function checkIssuer(
  clusters: Clusters,
  clusterId: string,
  isNew: boolean,
  options?: CallOptions,
): Promise<StepState> {
  const cluster = await clusters.find(clusterId, options);
  const after = t("On");
  if (!cluster) {
    return isNew
      ? { kind: "needed", before: t("The cluster does not exist yet."), after, warnings: [] }
      : { kind: "blocked", reason: t("The cluster is not there any more."), remedy: t("Refresh and choose another.") };
  }
  if (cluster.oidcIssuer.isEnabled && cluster.isWorkloadIdentityEnabled) {
    return { kind: "satisfied", now: t("On: {0}", cluster.oidcIssuer.url ?? "") };
  }
  const warnings = cluster.oidcIssuer.isEnabled
    ? []
    : [t("This cannot be undone, and the API server restarts: the cluster does not answer for a moment.")];
  return {
    kind: "needed",
    before: cluster.oidcIssuer.isEnabled ? t("Issuer on, workload identity off") : t("Off"),
    after,
    warnings,
  };
}
