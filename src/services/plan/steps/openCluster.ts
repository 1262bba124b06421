import type { CallOptions } from "../../call.ts";
import { hasCode } from "../../errors.ts";
import type { ClusterClient, ClusterClients } from "../../kubernetes/clusterClient.ts";
import { t } from "../../l10n.ts";
import type { StepState } from "../step.ts";

/** A cluster a step works in. */
export interface ClusterTarget {
  readonly clusterId: string;
  /** It is made by an earlier step of the plan. */
  readonly isNew?: boolean | undefined;
}

/** A client of the cluster; undefined while an earlier step has yet to make it. */
export async function openIfThere(
  { clusterClients }: { readonly clusterClients: Pick<ClusterClients, "open"> },
  { clusterId, isNew = false }: ClusterTarget,
  options?: CallOptions,
): Promise<ClusterClient | undefined> {
  try {
    return await clusterClients.open(clusterId, options);
  } catch (error) {
    if (isNew && hasCode(error, "notFound")) {
      return undefined;
    }
    throw error;
  }
}

/** What a step in a cluster says while an earlier step has yet to make it. */
export function waitsForCluster(after: string): StepState {
  return { kind: "needed", before: t("The cluster does not exist yet."), after, warnings: [] };
}
