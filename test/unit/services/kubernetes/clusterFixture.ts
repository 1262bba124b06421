import type { AccessToken } from "@azure/core-auth";

import {
  createClusterClients,
  type ClusterClient,
  type ClusterClientsInput,
} from "../../../../src/services/kubernetes/clusterClient.ts";
import { ServiceError } from "../../../../src/services/errors.ts";
import { realApiTiming } from "../../../../src/services/kubernetes/transport.ts";
import type { ManagedCluster } from "../../../../src/services/azure/managedClusters.ts";
import type { ClusterPlace } from "../../../sandbox/builders.ts";
import type { ClusterOptions } from "../../../sandbox/clusterBody.ts";
import { startSandbox, type Sandbox } from "../../../sandbox/sandbox.ts";
import type { Cluster, JsonObject, KubernetesServer, Principal } from "../../../sandbox/state.ts";

/** One cluster of a sandbox of its own, and our client of it. */
export interface ClusterFixture {
  readonly sandbox: Sandbox;
  readonly cluster: Cluster;
  readonly kubernetes: KubernetesServer;
  readonly client: ClusterClient;
  readonly input: ClusterClientsInput;
  /** Lines of the log. */
  readonly lines: string[];
  put(...objects: readonly JsonObject[]): void;
}

export interface FixtureOptions extends Partial<ClusterPlace>, ClusterOptions {
  /** Who signs in; the owner of everything unless told. */
  readonly as?: (sandbox: Sandbox) => Principal;
  readonly answerWithinMs?: number;
  readonly situation?: Pick<ManagedCluster, "powerState" | "isPrivate">;
}

const aksServerApp = "6dae42f8-4368-4678-94ff-3960e28e3630";

export async function startCluster(options: FixtureOptions = {}): Promise<ClusterFixture> {
  const sandbox = await startSandbox();
  const { as, answerWithinMs, situation, ...place } = options;
  const cluster = sandbox.addCluster({ name: "web", ...place });
  const principal = as?.(sandbox) ?? sandbox.principal;
  const lines: string[] = [];
  const write = (line: string) => void lines.push(line);
  const input: ClusterClientsInput = {
    managedClusters: {
      getUserKubeconfig: (id) => sandbox.kubeconfig(id, { isAdmin: false }),
      get: () =>
        situation
          ? Promise.resolve(situation as ManagedCluster)
          : Promise.reject(new ServiceError("forbidden", "You may not read the cluster.")),
    },
    credential: {
      getToken: (scope): Promise<AccessToken> => {
        const audience = String(scope).replace("/.default", "");
        return Promise.resolve({
          token: sandbox.token(principal, audience === aksServerApp ? aksServerApp : undefined),
          expiresOnTimestamp: Date.now() + 3_600_000,
        });
      },
    },
    log: { trace: write, debug: write, info: write, warn: write, error: write },
    timing: { ...realApiTiming, retryDelayMs: 1, answerWithinMs: answerWithinMs ?? 5_000, maxPauseMs: 50 },
  };
  const client = await createClusterClients(input).open(cluster.id);
  const { kubernetes } = cluster;
  if (!kubernetes) {
    throw new Error("The cluster has no API server.");
  }
  return {
    ...{ sandbox, cluster, kubernetes, client, input, lines },
    put: (...objects) => {
      objects.forEach((object) => {
        kubernetes.put(object);
      });
    },
  };
}

export function namespace(name: string): JsonObject {
  return { apiVersion: "v1", kind: "Namespace", metadata: { name } };
}

export function configMap(name: string, data: Record<string, string> = {}): JsonObject {
  return { apiVersion: "v1", kind: "ConfigMap", metadata: { name, namespace: "default" }, data };
}
