import * as z from "zod/mini";

import type { CallOptions } from "../call.ts";
import { ServiceError } from "../errors.ts";
import { t } from "../l10n.ts";
import { parseBody } from "./answers.ts";
import { managedClustersApiVersion, scaleSetsApiVersion } from "./apiVersions.ts";
import type { AzureClients } from "./clients.ts";
import { aksServerApplicationId } from "./cloud.ts";
import type { CommandResult, KubernetesVersion, ManagedCluster } from "./managedClusters.ts";
import { parseResourceId } from "./resourceId.ts";
import { getToken } from "./tokens.ts";

/** Kubernetes versions a region offers, newest first. */
export async function listKubernetesVersions(
  clients: AzureClients,
  subscriptionId: string,
  location: string,
  options?: CallOptions,
): Promise<readonly KubernetesVersion[]> {
  const { values = [] } = await clients.callSdk(
    { subscriptionId, target: location },
    async (sdk) => {
      const { createContainerService } = await import("@azure/arm-containerservice/api");
      const api = await import("@azure/arm-containerservice/api/managedClusters");
      const context = createContainerService(sdk.credential, subscriptionId, {
        ...sdk.options,
        apiVersion: managedClustersApiVersion,
      });
      return api.listKubernetesVersions(context, location);
    },
    options,
  );
  return values
    .flatMap(({ version, isDefault = false, isPreview = false, patchVersions = {} }) =>
      version ? [{ version, isDefault, isPreview, patches: Object.keys(patchVersions).sort(byVersion) }] : [],
    )
    .sort((a, b) => byVersion(a.version, b.version));
}

/** Newest first, by the numbers between the dots. */
function byVersion(a: string, b: string): number {
  return b.localeCompare(a, "en", { numeric: true });
}

/** The user kubeconfig; for an Entra cluster with the kubelogin plugin in it. */
export async function getUserKubeconfig(
  clients: AzureClients,
  clusterId: string,
  options?: CallOptions,
): Promise<string> {
  const { subscriptionId, resourceGroup, name } = parseResourceId(clusterId);
  const { kubeconfigs = [] } = await clients.callSdk(
    { subscriptionId, target: name },
    async (sdk) => {
      const { createContainerService } = await import("@azure/arm-containerservice/api");
      const api = await import("@azure/arm-containerservice/api/managedClusters");
      const context = createContainerService(sdk.credential, subscriptionId, {
        ...sdk.options,
        apiVersion: managedClustersApiVersion,
      });
      return api.listClusterUserCredentials(context, resourceGroup, name, { format: "exec" });
    },
    options,
  );
  const value = kubeconfigs[0]?.value;
  if (!value) {
    throw new ServiceError("unexpectedResponse", t('Azure gave no kubeconfig for "{0}".', name), { target: name });
  }
  return Buffer.from(value).toString("utf8");
}

/** A command to run inside a cluster. */
export interface ClusterCommand {
  readonly clusterId: string;
  readonly command: string;
  readonly entra: ManagedCluster["entra"];
}

const CommandBody = z.object({
  properties: z.object({
    provisioningState: z.optional(z.nullable(z.string())),
    exitCode: z.optional(z.nullable(z.number())),
    logs: z.optional(z.nullable(z.string())),
    reason: z.optional(z.nullable(z.string())),
  }),
});

const commandWithinMs = 10 * 60_000;

/** Runs a command by `runCommand` and waits for its result. */
export async function runCommand(
  clients: AzureClients,
  { clusterId, command, entra }: ClusterCommand,
  options?: CallOptions,
): Promise<CommandResult> {
  const target = parseResourceId(clusterId).name;
  const clusterToken = entra ? await clusterTokenFor(clients, clusterId, entra.tenantId, options) : undefined;
  const started = await clients.send(
    {
      method: "POST",
      path: `${clusterId}/runCommand`,
      apiVersion: managedClustersApiVersion,
      body: { command, context: "", ...(clusterToken ? { clusterToken } : {}) },
      target,
    },
    options,
  );
  const body = await clients.waitForOperation(started, { target, withinMs: commandWithinMs }, options);
  const { provisioningState, exitCode, logs, reason } = parseBody(CommandBody, body, target).properties;
  if (exitCode === undefined || exitCode === null) {
    const said = reason ?? provisioningState ?? t("Azure gave no reason.");
    throw new ServiceError("operationFailed", t('The command did not run on "{0}": {1}', target, said), { target });
  }
  return { exitCode, logs: logs ?? "" };
}

// A cluster with Entra authentication runs the command as the person whose token for the AKS server application comes along.
async function clusterTokenFor(
  clients: AzureClients,
  clusterId: string,
  entraTenantId: string | undefined,
  options: CallOptions = {},
): Promise<string> {
  const tenantId = entraTenantId ?? clients.tenantOf(parseResourceId(clusterId).subscriptionId);
  const request = { audience: aksServerApplicationId, tenantId, signal: options.signal };
  return (await getToken(clients.credential, request)).token;
}

const ScaleSet = z.object({
  name: z.string(),
  identity: z.optional(
    z.nullable(z.object({ userAssignedIdentities: z.optional(z.nullable(z.record(z.string(), z.unknown()))) })),
  ),
});

/** The user-assigned identities on each node scale set: name → identity resource ids. */
export async function listNodeIdentities(
  clients: AzureClients,
  { subscriptionId, nodeResourceGroup }: Pick<ManagedCluster, "subscriptionId" | "nodeResourceGroup">,
  options?: CallOptions,
): Promise<ReadonlyMap<string, readonly string[]>> {
  const path = `/subscriptions/${subscriptionId}/resourceGroups/${nodeResourceGroup}/providers/Microsoft.Compute/virtualMachineScaleSets`;
  const found = new Map<string, readonly string[]>();
  const pages = clients.list(
    { method: "GET", path, apiVersion: scaleSetsApiVersion, target: nodeResourceGroup },
    options,
  );
  for await (const page of pages) {
    for (const body of page) {
      const { name, identity } = parseBody(ScaleSet, body, nodeResourceGroup);
      found.set(name, Object.keys(identity?.userAssignedIdentities ?? {}));
    }
  }
  return found;
}
