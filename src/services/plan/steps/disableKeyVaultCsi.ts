import * as z from "zod/mini";

import type { ManagedClusters } from "../../azure/managedClusters.ts";
import { parseResourceId } from "../../azure/resourceId.ts";
import type { CallOptions } from "../../call.ts";
import type { ClusterClients } from "../../kubernetes/clusterClient.ts";
import type { SecretProviderClasses, SecretProviderClassSummary } from "../../kubernetes/secretProviderClasses.ts";
import type { Workload, Workloads } from "../../kubernetes/workloads.ts";
import { t } from "../../l10n.ts";
import type { Step, StepState } from "../step.ts";
import { mayHaveChanged } from "./keyVaultCsiAddon.ts";

const Rotation = z.object({ isEnabled: z.boolean(), pollInterval: z.string() });

interface DisableServices {
  readonly managedClusters: Pick<ManagedClusters, "get" | "disableKeyVaultCsi" | "enableKeyVaultCsi">;
  readonly clusterClients: Pick<ClusterClients, "open">;
  readonly secretProviderClasses: Pick<SecretProviderClasses, "list">;
  readonly workloads: Pick<Workloads, "listMounting">;
}

/** What would stop working, or keeps Azure from turning the add-on off. */
export interface AddonUse {
  readonly classes: readonly SecretProviderClassSummary[];
  readonly workloads: readonly Workload[];
}

/** Every SecretProviderClass and everything that mounts one, in all namespaces. @throws {ServiceError} `forbidden` */
export async function readAddonUse(
  services: Pick<DisableServices, "clusterClients" | "secretProviderClasses" | "workloads">,
  clusterId: string,
  options?: CallOptions,
): Promise<AddonUse> {
  const client = await services.clusterClients.open(clusterId, options);
  const [classes, workloads] = await Promise.all([
    services.secretProviderClasses.list(client, undefined, options),
    services.workloads.listMounting(client, undefined, options),
  ]);
  return { classes, workloads };
}

/**
 * The azureKeyvaultSecretsProvider add-on is off. Azure refuses while any SecretProviderClass is left, so the check names them first.
 * @see https://learn.microsoft.com/azure/aks/csi-secrets-store-driver
 */
export function disableKeyVaultCsiStep(services: DisableServices, { clusterId }: { readonly clusterId: string }): Step {
  const { subscriptionId, resourceGroup, name } = parseResourceId(clusterId);
  return {
    id: "disableKeyVaultCsi",
    title: t('Turn the Key Vault CSI add-on off on "{0}"', name),
    why: t("Driver and provider are removed from every node; running pods keep the files they have."),
    rights: [{ scope: clusterId, actions: ["Microsoft.ContainerService/managedClusters/write"] }],
    check: (options) => checkDisable(services, clusterId, options),
    async apply(options) {
      const { keyVaultCsi } = await services.managedClusters.get(clusterId, options);
      options?.onProgress?.({ step: t("Turning the add-on off; this takes some minutes"), state: "running" });
      try {
        await services.managedClusters.disableKeyVaultCsi(clusterId, options);
        options?.onMade?.(JSON.stringify(keyVaultCsi.rotation));
      } catch (error) {
        if (mayHaveChanged(error)) {
          options?.onMade?.(JSON.stringify(keyVaultCsi.rotation));
        }
        throw error;
      }
    },
    async undo([rotation], options) {
      const before = Rotation.parse(JSON.parse(rotation ?? "null"));
      await services.managedClusters.enableKeyVaultCsi(clusterId, before, options);
    },
    commands: () => [
      {
        tool: "az",
        words: [
          ...["aks", "disable-addons", "--addons", "azure-keyvault-secrets-provider", "--name", name],
          ...["--resource-group", resourceGroup, "--subscription", subscriptionId],
        ],
      },
    ],
  };
}

async function checkDisable(services: DisableServices, clusterId: string, options?: CallOptions): Promise<StepState> {
  const cluster = await services.managedClusters.get(clusterId, options);
  if (!cluster.keyVaultCsi.isEnabled) {
    return { kind: "satisfied", now: t("Off") };
  }
  const use = await readAddonUse(services, clusterId, options);
  if (use.classes.length > 0) {
    return blockedBy(use);
  }
  const warnings = [
    t("New and restarted pods can no longer mount secrets; turning it on again may give a new identity."),
  ];
  return { kind: "needed", before: t("On"), after: t("Off"), warnings };
}

/** Why Azure would refuse, and what to do about it. */
export function blockedBy({ classes, workloads }: AddonUse): Extract<StepState, { kind: "blocked" }> {
  const reason = t("Azure refuses while SecretProviderClasses are left: {0}.", listed(classes));
  const mounted = workloads.map(({ kind, namespace, name }) => ({ namespace, name: `${name} (${kind})` }));
  return {
    kind: "blocked",
    reason: mounted.length > 0 ? `${reason} ${t("Mounted by {0}.", listed(mounted))}` : reason,
    remedy: remedyFor(classes),
  };
}

function listed(classes: readonly { readonly namespace: string; readonly name: string }[]): string {
  const names = classes.map(({ namespace, name }) => `${namespace}/${name}`);
  return names.length > 5 ? t("{0} and {1} more", names.slice(0, 5).join(", "), names.length - 5) : names.join(", ");
}

function remedyFor(classes: readonly SecretProviderClassSummary[]): string {
  const owners = [...new Set(classes.flatMap(({ ownedBy }) => ownedBy ?? []))];
  return owners.length > 0
    ? t("Turn off what owns some of them ({0}), save and delete the others, then check again.", owners.join(", "))
    : t("Save and delete them, then check again.");
}
