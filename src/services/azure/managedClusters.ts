import { setTimeout as delay } from "node:timers/promises";
import { isDeepStrictEqual } from "node:util";

import * as z from "zod/mini";

import type { CallOptions } from "../call.ts";
import { ServiceError, hasCode } from "../errors.ts";
import { t } from "../l10n.ts";
import { poll } from "../poll.ts";
import { parseAnswer, pauseBefore } from "./answers.ts";
import type { AzureAnswer, AzureClients, AzureRequest } from "./clients.ts";
import { managedClustersApiVersion } from "./apiVersions.ts";
import { getUserKubeconfig, listKubernetesVersions, listNodeIdentities, runCommand } from "./clusterAccess.ts";
import type { ClusterSummary, KeyVaultCsiAddon } from "./inventory.ts";
import {
  parseCluster,
  readKeyVaultCsi,
  readState,
  toPut,
  withKeyVaultCsi,
  withOidcIssuer,
  withoutKeyVaultCsi,
} from "./managedClusterBody.ts";
import { newClusterBody } from "./newCluster.ts";
import { parseResourceId } from "./resourceId.ts";

/** One node pool. */
export interface AgentPool {
  readonly name: string;
  readonly mode: "System" | "User" | "Gateway";
  readonly osType: "Linux" | "Windows";
  readonly count: number;
  readonly vmSize: string;
  readonly type: "VirtualMachineScaleSets" | "AvailabilitySet" | "VirtualMachines";
}

/** A cluster read whole, in our terms. */
export interface ManagedCluster extends ClusterSummary {
  readonly eTag: string | undefined;
  readonly nodeResourceGroup: string;
  /** `ReadOnly`: a deny assignment keeps identities from being attached to node scale sets. */
  readonly nodeResourceGroupRestriction: "ReadOnly" | "Unrestricted";
  readonly oidcIssuer: {
    readonly isEnabled: boolean;
    /** Byte for byte as ARM gives it, trailing slash included. */ readonly url: string | undefined;
  };
  readonly isWorkloadIdentityEnabled: boolean;
  readonly agentPools: readonly AgentPool[];
  /** Undefined on a cluster with local accounts only. */
  readonly entra: { readonly usesAzureRbac: boolean; readonly tenantId: string | undefined } | undefined;
  readonly areLocalAccountsDisabled: boolean;
  readonly hasVirtualNodes: boolean;
  /** Names of the add-ons and features that are on: `azureKeyvaultSecretsProvider`, `webAppRouting`, `istio` … */
  readonly enabledFeatures: readonly string[];
}

/** A cluster's body as ARM gave it, every field kept. Only `managedClusters.ts` and its tests look inside by name. */
export type RawCluster = Readonly<Record<string, unknown>>;

/** What a new cluster is to be. */
export interface NewCluster {
  readonly id: string;
  readonly location: string;
  /** Undefined: the region's default version. */
  readonly kubernetesVersion?: string | undefined;
  readonly vmSize: string;
  readonly nodeCount: number;
  /** A Windows pool beside the system pool. */
  readonly windows?: { readonly vmSize: string; readonly nodeCount: number } | undefined;
  readonly keyVaultCsi: { readonly rotation: { readonly isEnabled: boolean; readonly pollInterval: string } };
  readonly oidcIssuer: boolean;
  readonly workloadIdentity: boolean;
}

/** A Kubernetes minor version a region offers. */
export interface KubernetesVersion {
  /** `1.35`. */
  readonly version: string;
  readonly isDefault: boolean;
  readonly isPreview: boolean;
  readonly patches: readonly string[];
}

/** What a run command inside a cluster printed. */
export interface CommandResult {
  readonly exitCode: number;
  readonly logs: string;
}

/** Managed clusters of Azure Kubernetes Service. */
export interface ManagedClusters {
  /** @throws {ServiceError} `notFound`, `forbidden` */
  get(clusterId: string, options?: CallOptions): Promise<ManagedCluster>;

  /** The cluster, or undefined when there is none of that id. */
  find(clusterId: string, options?: CallOptions): Promise<ManagedCluster | undefined>;

  /**
   * Changes a cluster without losing a field: GET of the raw body, one change, PUT under its eTag, waiting for the operation, GET.
   * Exactly 1 GET + 1 PUT + polls as `Retry-After` says + 1 GET where nobody interferes. On 412 or 409 `EtagMismatch` it reads and changes again, at most 3 times.
   * A `change` that returns its argument unchanged makes no PUT.
   *
   * Aborting stops the waiting; what Azure accepted goes on.
   *
   * @throws {ServiceError} `conflict` while another operation runs; `operationFailed` with the operation's own message; `forbidden`
   * @see https://learn.microsoft.com/azure/aks/use-etags
   */
  update(clusterId: string, change: (raw: RawCluster) => RawCluster, options?: CallOptions): Promise<ManagedCluster>;

  /** Puts the cluster as it reads: Azure then finishes what a failed operation left undone, as with `az aks update` without options. */
  reconcile(clusterId: string, options?: CallOptions): Promise<ManagedCluster>;

  /**
   * Turns the azureKeyvaultSecretsProvider add-on on or sets its rotation, by {@link update}. Other config keys are kept.
   *
   * @param rotation undefined: as it is; off on a cluster that never had the add-on
   * @see https://learn.microsoft.com/azure/aks/csi-secrets-store-driver
   */
  enableKeyVaultCsi(
    clusterId: string,
    rotation: { readonly isEnabled: boolean; readonly pollInterval: string } | undefined,
    options?: CallOptions & {
      /** Told how the add-on stood when the cluster was read. */
      readonly onRead?: ((addon: KeyVaultCsiAddon) => void) | undefined;
    },
  ): Promise<ManagedCluster>;

  /** Turns the add-on off, by {@link update}. @throws {ServiceError} `invalidRequest` in Azure's words while SecretProviderClasses are left */
  disableKeyVaultCsi(clusterId: string, options?: CallOptions): Promise<ManagedCluster>;

  /** Turns the OIDC issuer, and workload identity if asked, on. Cannot be undone; restarts the API server. */
  enableOidcIssuer(
    clusterId: string,
    also: { readonly workloadIdentity: boolean },
    options?: CallOptions,
  ): Promise<ManagedCluster>;

  /**
   * Waits for an operation that somebody else, or an earlier window, has started: polls `provisioningState` until it is terminal.
   * @throws {ServiceError} `operationFailed` when it ends Failed or Canceled
   */
  waitUntilSettled(clusterId: string, options?: CallOptions): Promise<ManagedCluster>;

  /** Creates a cluster with the add-on and waits until it runs. @throws {ServiceError} `conflict` when one of that id exists */
  create(cluster: NewCluster, options?: CallOptions): Promise<ManagedCluster>;

  /** Deletes a cluster and waits. Success when there is none. */
  delete(clusterId: string, options?: CallOptions): Promise<void>;

  /** Kubernetes versions a region offers, newest first. */
  listKubernetesVersions(
    subscriptionId: string,
    location: string,
    options?: CallOptions,
  ): Promise<readonly KubernetesVersion[]>;

  /** The user kubeconfig as YAML, kept in memory by the caller. @throws {ServiceError} `forbidden` */
  getUserKubeconfig(clusterId: string, options?: CallOptions): Promise<string>;

  /** Runs a command in the cluster by ARM: the way into a private cluster. @see https://learn.microsoft.com/azure/aks/access-private-cluster */
  runCommand(clusterId: string, command: string, options?: CallOptions): Promise<CommandResult>;

  /** The user-assigned identities on each node scale set of the node resource group: scale set name → identity resource ids. */
  listNodeIdentities(
    cluster: Pick<ManagedCluster, "subscriptionId" | "nodeResourceGroup">,
    options?: CallOptions,
  ): Promise<ReadonlyMap<string, readonly string[]>>;
}

const createWithinMs = 60 * 60_000;
const settleWithinMs = 60 * 60_000;
const maxTries = 4;

/** Managed clusters over ARM. */
export function createManagedClusters(clients: AzureClients): ManagedClusters {
  return new Clusters(clients);
}

class Clusters implements ManagedClusters {
  readonly #clients: AzureClients;

  constructor(clients: AzureClients) {
    this.#clients = clients;
  }

  async get(clusterId: string, options?: CallOptions): Promise<ManagedCluster> {
    const answer = await this.#clients.send(request("GET", clusterId), options);
    return parseCluster(answer.body, nameOf(clusterId));
  }

  async find(clusterId: string, options?: CallOptions): Promise<ManagedCluster | undefined> {
    const answer = await this.#clients.send({ ...request("GET", clusterId), accept: [404] }, options);
    return answer.status === 404 ? undefined : parseCluster(answer.body, nameOf(clusterId));
  }

  async update(
    clusterId: string,
    change: (raw: RawCluster) => RawCluster,
    options?: CallOptions,
  ): Promise<ManagedCluster> {
    return this.#change(clusterId, { change, isPutAnyway: false }, options);
  }

  async reconcile(clusterId: string, options?: CallOptions): Promise<ManagedCluster> {
    return this.#change(clusterId, { change: (raw) => raw, isPutAnyway: true }, options);
  }

  async #change(
    clusterId: string,
    { change, isPutAnyway }: { readonly change: (raw: RawCluster) => RawCluster; readonly isPutAnyway: boolean },
    options: CallOptions = {},
  ): Promise<ManagedCluster> {
    for (let tries = 1; ; tries += 1) {
      const read = await this.#clients.send(request("GET", clusterId), options);
      const raw = parseAnswer(Raw, read);
      const changed = change(raw);
      if (isDeepStrictEqual(changed, raw) && !(isPutAnyway && tries === 1)) {
        // After a PUT whose answer was lost the wish is there already, but still under way.
        return tries === 1 ? parseCluster(raw, nameOf(clusterId)) : this.waitUntilSettled(clusterId, options);
      }
      const started = await this.#put(clusterId, raw, changed, tries, options);
      if (started) {
        await this.#clients.waitForOperation(started, { target: nameOf(clusterId), withinMs: settleWithinMs }, options);
        return this.get(clusterId, options);
      }
    }
  }

  /** The answer of the PUT; undefined when the cluster must be read again before the next try. */
  async #put(
    clusterId: string,
    read: RawCluster,
    changed: RawCluster,
    tries: number,
    options: CallOptions,
  ): Promise<AzureAnswer | undefined> {
    const eTag = read["eTag"];
    const headers = typeof eTag === "string" ? { "If-Match": eTag } : {};
    try {
      return await this.#clients.send(
        { ...request("PUT", clusterId), headers, body: toPut(changed), isOnce: true },
        options,
      );
    } catch (error) {
      const isUnclear = hasCode(error, "unreachable", "timedOut");
      if (tries >= maxTries || !(isUnclear || isStale(error))) {
        throw error;
      }
      const { retryDelayMs } = this.#clients.timing;
      const pauseMs = isUnclear ? retryDelayMs * 2 ** (tries - 1) : 0;
      await delay(pauseMs, undefined, options.signal ? { signal: options.signal } : {});
      return undefined;
    }
  }

  async enableKeyVaultCsi(
    clusterId: string,
    rotation: { readonly isEnabled: boolean; readonly pollInterval: string } | undefined,
    options: Parameters<ManagedClusters["enableKeyVaultCsi"]>[2] = {},
  ): Promise<ManagedCluster> {
    const change = (raw: RawCluster) => {
      options.onRead?.(readKeyVaultCsi(raw));
      return withKeyVaultCsi(raw, rotation);
    };
    return this.update(clusterId, change, options);
  }

  async disableKeyVaultCsi(clusterId: string, options?: CallOptions): Promise<ManagedCluster> {
    return this.update(clusterId, withoutKeyVaultCsi, options);
  }

  async enableOidcIssuer(
    clusterId: string,
    also: { readonly workloadIdentity: boolean },
    options?: CallOptions,
  ): Promise<ManagedCluster> {
    return this.update(clusterId, (raw) => withOidcIssuer(raw, also), options);
  }

  async waitUntilSettled(clusterId: string, options?: CallOptions): Promise<ManagedCluster> {
    const name = nameOf(clusterId);
    const look = async (signal: AbortSignal | undefined) => {
      const answer = await this.#clients.send(request("GET", clusterId), { signal });
      const { state, error } = readState(answer.body, name);
      switch (state.toLowerCase()) {
        case "succeeded":
          return { done: true as const, value: parseCluster(answer.body, name) };
        case "failed":
        case "canceled":
          throw endedBadly(name, state, error);
        default:
          return { done: false as const, afterMs: pauseBefore(answer, this.#clients.timing) };
      }
    };
    const times = { everyMs: this.#clients.timing.pollEveryMs, withinMs: settleWithinMs, what: `"${name}"` };
    return poll(look, times, options);
  }

  async create(cluster: NewCluster, options?: CallOptions): Promise<ManagedCluster> {
    const name = nameOf(cluster.id);
    const started = await this.#clients
      .send(
        {
          ...request("PUT", cluster.id),
          headers: { "If-None-Match": "*" },
          body: newClusterBody(cluster),
          isOnce: true,
        },
        options,
      )
      .catch((error: unknown) => {
        throw isStale(error) ? alreadyThere(name, error) : error;
      });
    await this.#clients.waitForOperation(started, { target: name, withinMs: createWithinMs }, options);
    return this.get(cluster.id, options);
  }

  async delete(clusterId: string, options?: CallOptions): Promise<void> {
    const started = await this.#clients.send({ ...request("DELETE", clusterId), accept: [404] }, options);
    if (started.status !== 404) {
      await this.#clients.waitForOperation(started, { target: nameOf(clusterId) }, options);
    }
  }

  async listKubernetesVersions(subscriptionId: string, location: string, options?: CallOptions) {
    return listKubernetesVersions(this.#clients, subscriptionId, location, options);
  }

  async getUserKubeconfig(clusterId: string, options?: CallOptions): Promise<string> {
    return getUserKubeconfig(this.#clients, clusterId, options);
  }

  async runCommand(clusterId: string, command: string, options?: CallOptions): Promise<CommandResult> {
    const { entra } = await this.get(clusterId, options);
    return runCommand(this.#clients, { clusterId, command, entra }, options);
  }

  async listNodeIdentities(
    cluster: Pick<ManagedCluster, "subscriptionId" | "nodeResourceGroup">,
    options?: CallOptions,
  ): Promise<ReadonlyMap<string, readonly string[]>> {
    return listNodeIdentities(this.#clients, cluster, options);
  }
}

const Raw = z.record(z.string(), z.unknown());

function request(method: AzureRequest["method"], clusterId: string): AzureRequest {
  return { method, path: clusterId, apiVersion: managedClustersApiVersion, target: nameOf(clusterId) };
}

function nameOf(clusterId: string): string {
  return parseResourceId(clusterId).name;
}

// Beside the documented 412 the service has been seen to answer 409 with these codes.
function isStale(error: unknown): boolean {
  return (
    hasCode(error, "conflict") &&
    (error.details.status === 412 ||
      ["EtagMismatch", "OriginalEtagNotExpect", "PreConditionFailed"].includes(error.details.serviceCode ?? ""))
  );
}

function alreadyThere(name: string, cause: unknown): ServiceError {
  return new ServiceError(
    "conflict",
    t('There is a cluster of this name already: "{0}".', name),
    { target: name },
    { cause },
  );
}

function endedBadly(name: string, state: string, error: string | undefined): ServiceError {
  const reason = error ?? t("Azure says {0}.", state);
  return new ServiceError("operationFailed", t('The operation on "{0}" failed: {1}', name, reason), { target: name });
}
