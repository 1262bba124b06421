/** Ways into a cluster: kubeconfigs, and commands that run inside it. Also its pools and the versions of a location. */
import { randomUUID } from "node:crypto";

import { containerServiceVersions } from "./armApiVersions.ts";
import { findCluster } from "./armClusters.ts";
import type { ArmContext, ArmRoute } from "./armRoute.ts";
import { badRequest, supportedVersions } from "./clusterRules.ts";
import { ContainerServiceError } from "./errors.ts";
import type { SandboxResponse } from "./http.ts";
import { asArray, asObject, asText } from "./json.ts";
import { runKubectl } from "./kubectl.ts";
import { propertiesOf } from "./nodeResources.ts";
import type { Cluster, JsonObject } from "./state.ts";

const provider = "Microsoft.ContainerService";
const type = `${provider}/managedClusters`;
const location = `/subscriptions/{subscriptionId}/providers/${provider}/locations/{location}`;
const cluster = `/subscriptions/{subscriptionId}/resourceGroups/{resourceGroup}/providers/${type}/{name}`;

const route = (
  method: ArmRoute["method"],
  pattern: string,
  action: string | undefined,
  handle: ArmRoute["handle"],
): ArmRoute => ({ method, pattern, apiVersions: containerServiceVersions, action, handle });

export const clusterAccessRoutes: readonly ArmRoute[] = [
  route("POST", `${cluster}/listClusterUserCredential`, `${type}/listClusterUserCredential/action`, (context) =>
    listCredentials(context, "clusterUser"),
  ),
  route("POST", `${cluster}/listClusterAdminCredential`, `${type}/listClusterAdminCredential/action`, (context) =>
    listCredentials(context, "clusterAdmin"),
  ),
  route(
    "POST",
    `${cluster}/accessProfiles/{profile}/listCredential`,
    `${type}/accessProfiles/listCredential/action`,
    getAccessProfile,
  ),
  route("POST", `${cluster}/runCommand`, `${type}/runCommand/action`, startCommand),
  route("GET", `${cluster}/commandResults/{command}`, `${type}/commandResults/read`, getCommandResult),
  route("GET", `${cluster}/agentPools`, `${type}/agentPools/read`, (context) => {
    const found = findCluster(context);
    return { status: 200, body: { value: poolsOf(found).map((pool) => describePool(found, pool)) } };
  }),
  route("GET", `${cluster}/agentPools/{pool}`, `${type}/agentPools/read`, getPool),
  route("GET", `${location}/kubernetesVersions`, `${provider}/locations/kubernetesversions/read`, () => ({
    status: 200,
    body: { values: Object.keys(supportedVersions).map(describeVersion) },
  })),
  // The URL of an operation is its own permission: ARM signs it for the caller that got it.
  route("GET", `${location}/operations/{operation}`, undefined, getOperation),
  route("GET", `${location}/operationresults/{operation}`, undefined, getOperationResult),
];

type Credential = "clusterUser" | "clusterAdmin";

async function listCredentials(context: ArmContext, name: Credential): Promise<SandboxResponse> {
  const value = await encodedKubeconfig(context, findCluster(context), name);
  return { status: 200, body: { kubeconfigs: [{ name, value }] } };
}

async function encodedKubeconfig(context: ArmContext, found: Cluster, name: Credential): Promise<string> {
  const { disableLocalAccounts, provisioningState } = propertiesOf(found);
  if (provisioningState === "Creating") {
    throw badRequest("BadRequest", "The cluster is still being created; its credentials are not available yet.");
  }
  if (name === "clusterAdmin" && disableLocalAccounts === true) {
    throw badRequest(
      "BadRequest",
      "Getting static credential is not allowed because this cluster is set to disable local accounts.",
    );
  }
  await context.cloud.kubernetes(found);
  const login = context.request.query.get("format") === "azurecli" ? "azurecli" : "devicecode";
  const text = found.kubernetes?.kubeconfig({ isAdmin: name === "clusterAdmin", login }) ?? "";
  const reachable = isReachable(found) ? text : text.replaceAll(/server: https:\/\/127\.0\.0\.1:\d+/g, deadEnd);
  return Buffer.from(reachable).toString("base64");
}

async function getAccessProfile(context: ArmContext): Promise<SandboxResponse> {
  const { profile = "" } = context.params;
  if (profile !== "clusterUser" && profile !== "clusterAdmin") {
    throw new ContainerServiceError(404, "NotFound", `Could not find the access profile: ${profile}`);
  }
  const found = findCluster(context);
  const kubeConfig = await encodedKubeconfig(context, found, profile);
  const { location: at } = found.body;
  const id = `${found.id}/accessProfiles/${profile}`;
  return {
    status: 200,
    body: { id, name: profile, type: `${type}/accessProfiles`, location: at, properties: { kubeConfig } },
  };
}

/** Nobody listens there: like a private endpoint without a line to it, or a stopped cluster. */
const deadEnd = "server: https://127.0.0.1:1";

function isReachable(found: Cluster): boolean {
  const { powerState, apiServerAccessProfile } = propertiesOf(found);
  const isPrivate = asObject(apiServerAccessProfile)["enablePrivateCluster"] === true;
  return !found.isUnreachable && !isPrivate && asObject(powerState)["code"] !== "Stopped";
}

interface Command {
  readonly id: string;
  readonly cluster: Cluster;
  readonly command: string;
  readonly startedAt: number;
  looks: number;
}

const commands = new Map<string, Command>();
const commandMs = 4_000;

function startCommand(context: ArmContext): SandboxResponse {
  const found = findCluster(context);
  const { command, clusterToken } = context.body();
  if (asText(command) === "") {
    throw badRequest("BadRequest", "Required parameter command is missing (null).");
  }
  if (asObject(propertiesOf(found)["powerState"])["code"] === "Stopped") {
    throw badRequest("BadRequest", "The cluster is stopped: commands cannot run on it.");
  }
  if (propertiesOf(found)["aadProfile"] && asText(clusterToken) === "") {
    throw badRequest("BadRequest", "Managed AAD cluster requires clusterToken to be set for run command.");
  }
  const id = randomUUID().replaceAll("-", "");
  commands.set(id, {
    id,
    cluster: found,
    command: asText(command),
    startedAt: context.world.clock.now(),
    looks: 0,
  });
  return running(context, id);
}

function running({ origin, apiVersion, operations, params }: ArmContext, id: string): SandboxResponse {
  const { subscriptionId = "", resourceGroup = "", name = "" } = params;
  const path = `/subscriptions/${subscriptionId}/resourceGroups/${resourceGroup}/providers/${type}/${name}/commandResults/${id}`;
  return {
    status: 202,
    headers: { location: `${origin}${path}?api-version=${apiVersion}`, "retry-after": String(operations.retryAfter) },
    body: { id, properties: { provisioningState: "Running" } },
  };
}

async function getCommandResult(context: ArmContext): Promise<SandboxResponse> {
  const found = findCluster(context);
  const command = commands.get(context.params["command"] ?? "");
  if (command?.cluster !== found) {
    throw new ContainerServiceError(404, "NotFound", `The command ${context.params["command"] ?? ""} was not found.`);
  }
  command.looks += 1;
  const now = context.world.clock.now();
  const isOver = context.world.clock.pace === "instant" ? command.looks >= 2 : now >= command.startedAt + commandMs;
  if (!isOver) {
    return running(context, command.id);
  }
  await context.cloud.kubernetes(found);
  const { exitCode, logs } = runKubectl(found, command.command);
  return {
    status: 200,
    body: {
      id: command.id,
      properties: {
        provisioningState: "Succeeded",
        exitCode,
        startedAt: new Date(command.startedAt).toISOString(),
        finishedAt: new Date(now).toISOString(),
        logs,
      },
    },
  };
}

function poolsOf(found: Cluster): JsonObject[] {
  return asArray(propertiesOf(found)["agentPoolProfiles"]).map(asObject);
}

function describePool(found: Cluster, { name, ...properties }: JsonObject): JsonObject {
  return { id: `${found.id}/agentPools/${asText(name)}`, name, type: `${type}/agentPools`, properties };
}

function getPool(context: ArmContext): SandboxResponse {
  const found = findCluster(context);
  const name = context.params["pool"] ?? "";
  const pool = poolsOf(found).find((candidate) => asText(candidate["name"]).toLowerCase() === name.toLowerCase());
  if (!pool) {
    throw new ContainerServiceError(404, "NotFound", `Could not find the agentpool: ${name}`);
  }
  return { status: 200, body: describePool(found, pool) };
}

function describeVersion(version: string): JsonObject {
  const patches = supportedVersions[version] ?? [];
  const later = Object.values(supportedVersions).flat();
  return {
    version,
    ...(version === "1.35" && { isDefault: true }),
    capabilities: { supportPlan: ["KubernetesOfficial", "AKSLongTermSupport"] },
    patchVersions: Object.fromEntries(
      patches.map((patch) => [patch, { upgrades: later.filter((other) => other > patch).sort() }]),
    ),
  };
}

async function getOperation({ operations, params }: ArmContext): Promise<SandboxResponse> {
  const operation = operations.find(params["operation"] ?? "");
  if (!operation) {
    throw new ContainerServiceError(404, "NotFound", "The entity was not found.");
  }
  await operation.look();
  const { id, status, startTime, endTime, error, headers } = operation;
  const isRunning = status === "InProgress";
  return {
    status: 200,
    ...(isRunning && { headers: { "retry-after": headers["retry-after"] ?? "0" } }),
    body: {
      name: id,
      status,
      startTime: new Date(startTime).toISOString(),
      ...(endTime !== undefined && { endTime: new Date(endTime).toISOString() }),
      ...(error && { error }),
    },
  };
}

async function getOperationResult({ operations, params }: ArmContext): Promise<SandboxResponse> {
  const operation = operations.find(params["operation"] ?? "");
  if (!operation) {
    throw new ContainerServiceError(404, "NotFound", "The entity was not found.");
  }
  await operation.look();
  if (operation.status === "InProgress") {
    const { location: again = "", "retry-after": retryAfter = "0" } = operation.headers;
    return { status: 202, headers: { location: again, "retry-after": retryAfter } };
  }
  const body = operation.result();
  return body === undefined ? { status: 204 } : { status: 200, body };
}
