import type { KeyVault } from "../azure/keyVaults.ts";
import type { ManagedCluster } from "../azure/managedClusters.ts";
import type { CallOptions } from "../call.ts";
import { ServiceError } from "../errors.ts";
import { t } from "../l10n.ts";
import type { Services } from "../services.ts";
import type { Intent } from "./intent.ts";
import { manyListen } from "./plan.ts";
import { clusterRows } from "./preflightCluster.ts";
import { kubernetesRows } from "./preflightKubernetes.ts";

/** One thing looked at before anything is changed. */
export interface PreflightRow {
  /** Stable: `kubernetesVersion`. */
  readonly id: string;
  readonly title: string;
  /** `unknown`: it could not be looked at; `text` says why. */
  readonly state: "ok" | "warning" | "blocked" | "unknown";
  readonly text: string;
  readonly remedy: string | undefined;
}

/** What the preflight reads with; every `Services` fits. */
export type PreflightServices = Pick<
  Services,
  "managedClusters" | "keyVaults" | "clusterClients" | "driver" | "roleAssignments"
>;

/** A row, and how to find out about it. */
export interface Question {
  readonly id: string;
  readonly title: string;
  /** Undefined: it does not concern this plan. */
  readonly look: () => Promise<Pick<PreflightRow, "state" | "text" | "remedy"> | undefined>;
}

/**
 * What about cluster, network and rights in Kubernetes may keep a plan from working, beside what each step checks itself. Reads only, all at once; a question
 * that cannot be answered is a row that says so.
 *
 * @throws an `AbortError` on abort
 */
export async function readPreflight(
  services: PreflightServices,
  intent: Intent,
  options: CallOptions = {},
): Promise<readonly PreflightRow[]> {
  manyListen(options);
  const [cluster, vault] = await Promise.all([
    services.managedClusters.find(intent.clusterId, options),
    intent.vault?.kind === "existing" ? services.keyVaults.find(intent.vault.id, options) : undefined,
  ]);
  const questions = [
    ...(cluster ? clusterRows(services, { intent, cluster }, options) : []),
    ...(vault ? vaultRows(services, { vault, cluster }, options) : []),
    ...(cluster ? kubernetesRows(services, { intent, cluster }, options) : []),
  ];
  const rows = await Promise.all(questions.map(answer));
  return rows.filter((row): row is PreflightRow => row !== undefined);
}

async function answer({ id, title, look }: Question): Promise<PreflightRow | undefined> {
  try {
    const found = await look();
    return found && { id, title, ...found };
  } catch (error) {
    if (error instanceof ServiceError) {
      return { id, title, state: "unknown", text: error.message, remedy: undefined };
    }
    throw error;
  }
}

interface VaultParts {
  readonly vault: KeyVault;
  readonly cluster: ManagedCluster | undefined;
}

function vaultRows(
  services: PreflightServices,
  { vault, cluster }: VaultParts,
  options: CallOptions,
): readonly Question[] {
  return [
    {
      id: "vaultReach",
      title: t('Network of vault "{0}" from this machine', vault.name),
      look: async () => {
        const reach = await services.keyVaults.checkReach(vault, options);
        return reach.kind === "open"
          ? { state: "ok", text: t("It lets this machine in."), remedy: undefined }
          : {
              state: "blocked",
              text: reach.message,
              remedy: t(
                "Allow {0} in the vault's firewall, or work from a network it allows.",
                reach.clientAddress ?? t("this machine"),
              ),
            };
      },
    },
    {
      id: "vaultNodes",
      title: t('Network of vault "{0}" from the nodes', vault.name),
      look: () => Promise.resolve(nodesReach(vault, cluster)),
    },
  ];
}

/** The provider runs in the nodes' network: their outbound address counts, not the pods'. Key Vault does not count it among its trusted services. */
function nodesReach(vault: KeyVault, cluster: ManagedCluster | undefined) {
  const from = cluster?.name ?? t("the cluster");
  if (vault.publicNetworkAccess === "Disabled") {
    return vault.hasPrivateEndpoint
      ? {
          state: "warning" as const,
          text: t("Only private endpoints get in."),
          remedy: t("Link the private DNS zone privatelink.vaultcore.azure.net to the virtual network of {0}.", from),
        }
      : {
          state: "blocked" as const,
          text: t("Public access is off and there is no private endpoint: no node gets in."),
          remedy: t("Add a private endpoint in the network of {0}.", from),
        };
  }
  return vault.networkDefaultAction === "Deny"
    ? {
        state: "warning" as const,
        text: t("Only listed networks get in: {0}.", listed(vault)),
        remedy: t("See to it that the nodes' subnet or outbound address is among them."),
      }
    : { state: "ok" as const, text: t("It is open to all networks."), remedy: undefined };
}

function listed({ ipRules, virtualNetworkRules }: KeyVault): string {
  const subnets = virtualNetworkRules.map((id) => id.split("/").slice(-3).join("/"));
  return [...ipRules, ...subnets].join(", ") || t("none");
}
