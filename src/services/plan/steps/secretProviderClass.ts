import * as z from "zod/mini";

import type { Cloud } from "../../azure/cloud.ts";
import type { Identities } from "../../azure/identities.ts";
import type { KeyVaults } from "../../azure/keyVaults.ts";
import type { ManagedClusters } from "../../azure/managedClusters.ts";
import { parseResourceId } from "../../azure/resourceId.ts";
import type { CallOptions } from "../../call.ts";
import { hasCode, ServiceError } from "../../errors.ts";
import { kinds } from "../../kubernetes/clusterClient.ts";
import type { ClusterClient, ClusterClients, KubernetesObject } from "../../kubernetes/clusterClient.ts";
import { t } from "../../l10n.ts";
import type { ClassObject, SecretProviderClassModel, SyncedSecret } from "../../secretProviderClass/model.ts";
import { toKubernetesObject, writeSecretProviderClass } from "../../secretProviderClass/write.ts";
import { findReader, readerIdCommand } from "../access.ts";
import type { IntendedAccess } from "../access.ts";
import type { CommandLine, Step, StepState } from "../step.ts";
import { openIfThere, waitsForCluster } from "./openCluster.ts";
import type { ClusterTarget } from "./openCluster.ts";

interface ClassServices {
  readonly cloud: Cloud;
  readonly identities: Pick<Identities, "find">;
  readonly managedClusters: Pick<ManagedClusters, "find">;
  readonly keyVaults: Pick<KeyVaults, "find">;
  readonly clusterClients: Pick<ClusterClients, "open">;
}

/** The class a plan applies. Ids are filled in from the vault and the identity when the step runs. */
export interface ClassTarget extends ClusterTarget {
  readonly vaultId: string;
  readonly access: IntendedAccess;
  readonly name: string;
  readonly namespace: string;
  readonly objects: readonly ClassObject[];
  readonly syncedSecrets: readonly SyncedSecret[];
  /** Take fields over that another manager (Helm, kubectl, Argo CD) owns. */
  readonly force?: boolean | undefined;
}

/** The SecretProviderClass is in the cluster, applied server-side: another manager's fields are never taken over unasked. */
export function secretProviderClassStep(services: ClassServices, target: ClassTarget): Step {
  return {
    id: "secretProviderClass",
    title: t('SecretProviderClass "{0}" in namespace "{1}"', target.name, target.namespace),
    why: t("It tells the driver which objects to fetch, from where, and as whom."),
    rights: [],
    check: (options) => checkClass(services, target, options),
    async apply(options) {
      const client = await services.clusterClients.open(target.clusterId, options);
      const model = await requireModel(services, target, options);
      const before = await client.find(kinds.secretProviderClass, target.name, target.namespace, options);
      const how = { force: target.force ?? false };
      await client.apply(kinds.secretProviderClass, toKubernetesObject(model), how, options);
      options?.onMade?.(JSON.stringify({ before: before?.["spec"] }));
    },
    undo: (made, options) => undoClass(services, target, made, options),
    commands: () => commandsFor(services.cloud, target),
  };
}

const Made = z.object({ before: z.optional(z.record(z.string(), z.unknown())) });

/** Deletes the class, or gives it back the content it had. */
async function undoClass(
  { clusterClients }: Pick<ClassServices, "clusterClients">,
  { clusterId, name, namespace }: ClassTarget,
  made: readonly string[],
  options?: CallOptions,
): Promise<void> {
  const client = await clusterClients.open(clusterId, options);
  const { before } = Made.parse(JSON.parse(made[0] ?? "{}"));
  if (!before) {
    await client.delete(kinds.secretProviderClass, name, namespace, options);
    return;
  }
  const { apiVersion, kind } = kinds.secretProviderClass;
  const object = { apiVersion, kind, metadata: { name, namespace }, spec: before };
  await client.apply(kinds.secretProviderClass, object, { force: true }, options);
}

/** The class as it would be written now; undefined while the vault or the identity does not exist yet. */
export async function findModel(
  services: ClassServices,
  target: ClassTarget,
  options?: CallOptions,
): Promise<SecretProviderClassModel | undefined> {
  const [vault, reader] = await Promise.all([
    services.keyVaults.find(target.vaultId, options),
    findReader(services, target.clusterId, target.access, options),
  ]);
  return vault && reader ? modelOf(services.cloud, target, { ...vault, clientId: reader.clientId }) : undefined;
}

async function requireModel(
  services: ClassServices,
  target: ClassTarget,
  options?: CallOptions,
): Promise<SecretProviderClassModel> {
  const model = await findModel(services, target, options);
  if (!model) {
    throw new ServiceError("notFound", t("The vault or the identity of the class does not exist."));
  }
  return model;
}

function modelOf(
  cloud: Cloud,
  target: ClassTarget,
  found: { readonly name: string; readonly tenantId: string; readonly clientId: string },
): SecretProviderClassModel {
  const kind = target.access.kind === "workloadIdentity" ? "workloadIdentity" : "nodeIdentity";
  return {
    name: target.name,
    namespace: target.namespace,
    keyvaultName: found.name,
    tenantId: found.tenantId,
    access: { kind, clientId: found.clientId },
    objects: target.objects,
    syncedSecrets: target.syncedSecrets,
    cloudName: cloud.secretProviderClassCloudName,
  };
}

async function checkClass(services: ClassServices, target: ClassTarget, options?: CallOptions): Promise<StepState> {
  const model = await findModel(services, target, options);
  const after = t("{0} objects for the driver to mount.", target.objects.length);
  if (!model) {
    return { kind: "needed", before: t("The vault or the identity does not exist yet."), after, warnings: [] };
  }
  const client = await openIfThere(services, target, options);
  if (!client) {
    return waitsForCluster(after);
  }
  const found = await client.find(kinds.secretProviderClass, target.name, target.namespace, options);
  if (!found) {
    return { kind: "needed", before: t("It does not exist."), after, warnings: [] };
  }
  if (isSameSpec(found, toKubernetesObject(model))) {
    return { kind: "satisfied", now: t("It exists as it should be.") };
  }
  return changeOf(client, target, model, options);
}

/** Asks the API server without changing anything: it names whose fields are in the way. */
async function changeOf(
  client: ClusterClient,
  target: ClassTarget,
  model: SecretProviderClassModel,
  options?: CallOptions,
): Promise<StepState> {
  const how = { force: target.force ?? false, dryRun: true };
  try {
    await client.apply(kinds.secretProviderClass, toKubernetesObject(model), how, options);
  } catch (error) {
    if (hasCode(error, "conflict")) {
      return { kind: "blocked", reason: error.message, remedy: t("Take these fields over, or choose another name.") };
    }
    throw error;
  }
  return {
    kind: "needed",
    before: t("It exists with other content."),
    after: t("Changed; pods that mount it follow at their next mount, or by rotation."),
    warnings: [],
  };
}

function isSameSpec(a: KubernetesObject, b: KubernetesObject): boolean {
  return stable(a["spec"]) === stable(b["spec"]);
}

/** JSON with sorted keys: the API server keeps no order. */
function stable(value: unknown): string {
  return JSON.stringify(value, (_key, inner: unknown) =>
    typeof inner === "object" && inner !== null && !Array.isArray(inner)
      ? Object.fromEntries(Object.entries(inner).sort(([a], [b]) => (a < b ? -1 : 1)))
      : inner,
  );
}

function commandsFor(cloud: Cloud, target: ClassTarget): readonly CommandLine[] {
  const vault = parseResourceId(target.vaultId);
  const placeholders = { name: vault.name, tenantId: "${VAULT_TENANT_ID}", clientId: "${READER_CLIENT_ID}" };
  return [
    {
      tool: "az",
      words: [
        ...["keyvault", "show", "--name", vault.name, "--subscription", vault.subscriptionId],
        ...["--query", "properties.tenantId", "--output", "tsv"],
      ],
      captures: "VAULT_TENANT_ID",
    },
    readerIdCommand(target.clusterId, target.access, "clientId"),
    {
      tool: "kubectl",
      words: ["apply", "--server-side", "--field-manager", "key-vault-csi", "--filename", "-"],
      stdin: writeSecretProviderClass(modelOf(cloud, target, placeholders)),
    },
  ];
}
