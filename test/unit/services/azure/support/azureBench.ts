/** A sandbox of its own for each test of clusters and inventory, and the services on it, signed in by the environment method with its real token flow. */
import { cacheTokens } from "../../../../../src/host/credentialCache.ts";
import { environmentMethod } from "../../../../../src/host/credentialMethods.ts";
import type { Cloud } from "../../../../../src/services/azure/cloud.ts";
import type { RefreshableCredential } from "../../../../../src/services/azure/tokens.ts";
import { createServices, type Services } from "../../../../../src/services/services.ts";
import { startSandbox, type Sandbox } from "../../../../sandbox/sandbox.ts";
import type { Cluster, JsonObject, Principal, Subscription } from "../../../../sandbox/state.ts";

/** A sandbox with one tenant and one subscription, whose owner is signed in. */
export interface AzureBench {
  readonly sandbox: Sandbox;
  readonly cloud: Cloud;
  readonly owner: Principal;
  readonly subscription: Subscription;
  readonly services: Services;
  readonly credential: RefreshableCredential;
  /** Every line that was logged. */
  readonly log: readonly string[];
  /** The services for somebody else. */
  as(principal: Principal): Services;
  /** The services with another credential or other pauses. */
  servicesWith(input: { readonly credential?: RefreshableCredential; readonly answerWithinMs?: number }): Services;
  /** Requests to Resource Manager as `METHOD path`, without subscription, group and query. */
  asked(): readonly string[];
  /** What the sandbox keeps of a cluster. */
  stored(cluster: Cluster): JsonObject;
}

export const timing = { retryDelayMs: 2, maxPauseMs: 20, pollEveryMs: 5, answerWithinMs: 5_000 };

export async function startAzureBench(): Promise<AzureBench> {
  const sandbox = await startSandbox({ world: "empty" });
  const subscription = sandbox.world.subscriptions.get(sandbox.subscriptionId);
  if (!subscription) {
    throw new Error("The empty world has a subscription.");
  }
  const owner = sandbox.principal;
  const lines: string[] = [];
  const write = (message: string): void => void lines.push(message);
  const log = { trace: write, debug: write, info: write, warn: write, error: write };
  const cloud = cloudOf(sandbox);
  const credential = credentialOf(cloud, owner);
  const servicesWith: AzureBench["servicesWith"] = (input) =>
    createServices({
      cloud,
      credential: input.credential ?? credential,
      log,
      timing: { ...timing, ...(input.answerWithinMs ? { answerWithinMs: input.answerWithinMs } : {}) },
    });
  return {
    sandbox,
    cloud,
    owner,
    subscription,
    credential,
    log: lines,
    services: servicesWith({}),
    servicesWith,
    as: (principal) => servicesWith({ credential: credentialOf(cloud, principal) }),
    asked: () =>
      sandbox
        .requests({ plane: "arm" })
        .map(({ method, path }) => `${method} ${(path.split("?")[0] ?? "").replace(/^.*\//, "")}`),
    stored: (cluster) => sandbox.world.clusters.get(cluster.id.toLowerCase())?.body ?? {},
  };
}

export function credentialOf(cloud: Cloud, { tenantId, appId, clientSecret }: Principal): RefreshableCredential {
  const environment = { AZURE_TENANT_ID: tenantId, AZURE_CLIENT_ID: appId, AZURE_CLIENT_SECRET: clientSecret };
  return cacheTokens(environmentMethod(cloud, environment));
}

export function cloudOf(sandbox: Sandbox): Cloud {
  const { resourceManager, authority, keyVaultAudience, keyVaultSuffix } = sandbox;
  return {
    name: "custom",
    resourceManager,
    resourceManagerAudience: resourceManager,
    authority,
    keyVaultAudience,
    keyVaultSuffix,
    portal: undefined,
    secretProviderClassCloudName: undefined,
  };
}
