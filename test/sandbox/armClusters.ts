/** `Microsoft.ContainerService/managedClusters`: read, create, update, delete, list, stop and start. */
import { randomUUID } from "node:crypto";

import { containerServiceVersions } from "./armApiVersions.ts";
import { findGroup } from "./armResourceGroups.ts";
import type { ArmContext, ArmRoute } from "./armRoute.ts";
import { subscriptionOf } from "./armSubscriptions.ts";
import { locations } from "./armVaultIds.ts";
import { isAllowed } from "./authorization.ts";
import { newClusterBody } from "./clusterBody.ts";
import {
  demoMs,
  lookAt,
  operationOf,
  reconcile,
  refuseWhileBusy,
  refuseWhileStopped,
  startOn,
} from "./clusterOperations.ts";
import { badRequest, checkNew, checkShape, fullVersion } from "./clusterRules.ts";
import { createdProperties, updatedProperties, viewOf } from "./clusterUpdate.ts";
import { ArmError, ContainerServiceError, resourceNotFound } from "./errors.ts";
import type { SandboxResponse } from "./http.ts";
import { clusterId, isIn } from "./ids.ts";
import { asArray, asObject, asText } from "./json.ts";
import { isAddonEnabled, propertiesOf, removeNodeResources } from "./nodeResources.ts";
import type { Cluster, JsonObject } from "./state.ts";

const provider = "Microsoft.ContainerService";
const subscription = "/subscriptions/{subscriptionId}";
const group = `${subscription}/resourceGroups/{resourceGroup}`;
const type = `${provider}/managedClusters`;
const cluster = `${group}/providers/${type}/{name}`;

const route = (
  method: ArmRoute["method"],
  pattern: string,
  action: string | undefined,
  handle: ArmRoute["handle"],
): ArmRoute => ({ method, pattern, apiVersions: containerServiceVersions, action, handle });

export const clusterRoutes: readonly ArmRoute[] = [
  route("GET", cluster, `${type}/read`, getCluster),
  route("PUT", cluster, `${type}/write`, putCluster),
  route("PATCH", cluster, `${type}/write`, patchCluster),
  route("DELETE", cluster, `${type}/delete`, deleteCluster),
  route("GET", `${subscription}/providers/${type}`, undefined, listClusters),
  route("GET", `${group}/providers/${type}`, undefined, listClusters),
  route("POST", `${cluster}/stop`, `${type}/stop/action`, (context) => changePower(context, "Stopped")),
  route("POST", `${cluster}/start`, `${type}/start/action`, (context) => changePower(context, "Running")),
];

/** @throws {ArmError} 404 `ResourceGroupNotFound` or `ResourceNotFound` */
export function findCluster(context: ArmContext): Cluster {
  const { name = "", resourceGroup = "" } = context.params;
  const found = context.world.clusters.get(clusterId(context.params).toLowerCase());
  if (!found) {
    findGroup(context);
    throw resourceNotFound(type, name, resourceGroup);
  }
  return found;
}

async function getCluster(context: ArmContext): Promise<SandboxResponse> {
  const found = findCluster(context);
  await lookAt(context.world, found);
  // The look may have ended a deletion.
  return { status: 200, body: viewOf(findCluster(context).body, context.apiVersion) };
}

const pageSize = 100;

function listClusters(context: ArmContext): SandboxResponse {
  const { world, params, caller, request, origin, apiVersion } = context;
  const { subscriptionId = "", resourceGroup } = params;
  if (resourceGroup !== undefined) {
    findGroup(context);
  }
  const found = [...world.clusters.values()].filter(
    ({ id }) => isIn(id, subscriptionId, resourceGroup) && isAllowed(world, caller.oid, id, `${type}/read`, "action"),
  );
  const start = Number(request.query.get("$skiptoken") ?? 0);
  const end = start + pageSize;
  const nextLink = `${origin}${request.path}?api-version=${apiVersion}&%24skiptoken=${end}`;
  return {
    status: 200,
    body: {
      value: found.slice(start, end).map(({ body }) => viewOf(body, apiVersion)),
      ...(end < found.length && { nextLink }),
    },
  };
}

/** @throws {ContainerServiceError} 400, 412. @see https://learn.microsoft.com/azure/aks/use-etags */
function checkEtag({ request }: ArmContext, existing: Cluster | undefined): void {
  const { "if-match": match = "", "if-none-match": noneMatch = "" } = request.headers;
  if (match && noneMatch) {
    throw badRequest("BadRequest", "if-match and if-none-match headers cannot both be set.");
  }
  if (noneMatch && noneMatch !== "*") {
    throw badRequest("BadRequest", "The if-none-match header only accepts '*' or an empty value.");
  }
  if (!meetsMatch(match, existing) || (noneMatch === "*" && existing)) {
    throw new ContainerServiceError(
      412,
      "PreConditionFailed",
      "rpc error: code = FailedPrecondition desc = Etag mismatched",
    );
  }
}

function meetsMatch(match: string, existing: Cluster | undefined): boolean {
  return match === "" || (existing !== undefined && (match === "*" || unquote(match) === existing.body["eTag"]));
}

function unquote(etag: string): string {
  return etag.replace(/^(?:W\/)?"(.*)"$/, "$1");
}

function putCluster(context: ArmContext): SandboxResponse | Promise<SandboxResponse> {
  findGroup(context);
  const { providers, id } = subscriptionOf(context);
  if (providers.get(provider) !== "Registered") {
    throw new ArmError(
      409,
      "MissingSubscriptionRegistration",
      `The subscription is not registered to use namespace '${provider}'. See https://aka.ms/rps-not-found for how to register subscriptions.`,
      { fields: { details: [{ code: "MissingSubscriptionRegistration", target: provider, message: id }] } },
    );
  }
  const body = context.body();
  checkLocation(body);
  const existing = context.world.clusters.get(clusterId(context.params).toLowerCase());
  if (existing) {
    return updateCluster(context, existing, body);
  }
  checkEtag(context, undefined);
  checkShape(body);
  checkNew(context.params["name"] ?? "", body);
  return createCluster(context, body);
}

function checkLocation(body: JsonObject): void {
  const location = asText(body["location"]).toLowerCase().replaceAll(" ", "");
  if (!location) {
    throw new ArmError(400, "LocationRequired", "The location property is required for this definition.");
  }
  if (!locations.includes(location)) {
    throw new ArmError(
      400,
      "LocationNotAvailableForResourceType",
      `The provided location '${asText(body["location"])}' is not available for resource type '${type}'. List of available regions for the resource type is '${locations.join(",")}'.`,
    );
  }
}

async function updateCluster(context: ArmContext, existing: Cluster, body: JsonObject): Promise<SandboxResponse> {
  const location = asText(existing.body["location"]);
  if (asText(body["location"]).toLowerCase().replaceAll(" ", "") !== location) {
    throw new ArmError(
      409,
      "InvalidResourceLocation",
      `The resource '${existing.name}' already exists in location '${location}' in resource group '${existing.resourceGroup}'. A resource with the same name cannot be created in location '${asText(body["location"])}'. Please select a new resource name.`,
    );
  }
  refuseWhileBusy(existing);
  checkEtag(context, existing);
  checkShape(body);
  refuseWhileStopped(existing, "updating");
  const was = propertiesOf(existing);
  const next = updatedProperties(was, asObject(body["properties"]), context.apiVersion);
  const wasEnabled = isAddonEnabled(was);
  const isToggled = wasEnabled !== isAddonEnabled(next);
  if (isToggled) {
    await context.cloud.kubernetes(existing);
    refuseDisablingInUse(existing, wasEnabled);
  }
  const kept = { ...existing.body, ...body };
  const { id, name, type: ownType, location: ownLocation, eTag, identity, sku } = existing.body;
  existing.body = {
    ...(body["tags"] === undefined ? without(kept, "tags") : kept),
    ...{ id, name, type: ownType, location: ownLocation, eTag, identity },
    sku: body["sku"] ?? sku,
    properties: next,
  };
  existing.newestApiVersion = [existing.newestApiVersion, context.apiVersion].sort().at(-1) ?? context.apiVersion;
  const operation = startOn(context, existing, {
    name: "Updating",
    demoMs: isToggled ? demoMs.addon : demoMs.update,
    finish: () => reconcile(context.world, existing, wasEnabled),
    result: () => viewOf(existing.body, context.apiVersion),
  });
  return { status: 200, headers: operation.headers, body: viewOf(existing.body, context.apiVersion) };
}

function without(object: JsonObject, field: string): JsonObject {
  return Object.fromEntries(Object.entries(object).filter(([name]) => name !== field));
}

/** @throws {ContainerServiceError} 400 */
function refuseDisablingInUse(existing: Cluster, wasEnabled: boolean): void {
  if (wasEnabled && (existing.kubernetes?.list("SecretProviderClass").length ?? 0) > 0) {
    throw badRequest(
      "BadRequest",
      "AzureKeyvaultSecretsProvider addon cannot be disabled due to more than 0 Secret Provider Classes",
    );
  }
}

function createCluster(context: ArmContext, body: JsonObject): SandboxResponse {
  const { world, params, cloud } = context;
  const { subscriptionId = "", resourceGroup = "", name = "" } = params;
  const location = asText(body["location"]).toLowerCase().replaceAll(" ", "");
  const given = asObject(body["properties"]);
  const id = clusterId(params);
  const version = asText(given["kubernetesVersion"]) || "1.35";
  const fresh = newClusterBody(id, subscriptionOf(context).tenantId, {
    location,
    kubernetesVersion: fullVersion(version),
  });
  const properties = createdProperties(asObject(fresh["properties"]), given, context.apiVersion);
  const created: Cluster = {
    id,
    name,
    subscriptionId,
    resourceGroup,
    body: {
      ...fresh,
      ...(body["tags"] !== undefined && { tags: body["tags"] }),
      ...(body["sku"] !== undefined && { sku: body["sku"] }),
      properties: withoutPassword(properties),
    },
    newestApiVersion: context.apiVersion,
  };
  world.clusters.set(id.toLowerCase(), created);
  const operation = startOn(context, created, {
    name: "Creating",
    demoMs: demoMs.create,
    finish: async () => {
      reconcile(world, created, false);
      await cloud.kubernetes(created);
    },
    result: () => viewOf(created.body, context.apiVersion),
  });
  return { status: 201, headers: operation.headers, body: viewOf(created.body, context.apiVersion) };
}

function withoutPassword(properties: JsonObject): JsonObject {
  const { windowsProfile } = properties;
  return windowsProfile
    ? { ...properties, windowsProfile: without(asObject(windowsProfile), "adminPassword") }
    : properties;
}

/** Only tags; the service treats it as an update all the same. */
function patchCluster(context: ArmContext): SandboxResponse {
  const found = findCluster(context);
  refuseWhileBusy(found);
  checkEtag(context, found);
  found.body = { ...found.body, tags: asObject(context.body()["tags"]) };
  const operation = startOn(context, found, { name: "Updating", demoMs: demoMs.tags });
  return { status: 200, headers: operation.headers, body: viewOf(found.body, context.apiVersion) };
}

function deleteCluster(context: ArmContext): SandboxResponse {
  const { world, params } = context;
  const found = world.clusters.get(clusterId(params).toLowerCase());
  if (!found) {
    findGroup(context);
    return { status: 204 };
  }
  checkEtag(context, found);
  if (operationOf(found)?.name !== "Deleting") {
    refuseWhileBusy(found);
    startOn(context, found, {
      name: "Deleting",
      demoMs: demoMs.delete,
      finish: async () => {
        removeNodeResources(world, found);
        world.clusters.delete(found.id.toLowerCase());
        await found.kubernetes?.close();
      },
    });
  }
  return { status: 202, headers: operationOf(found)?.headers ?? {} };
}

function changePower(context: ArmContext, code: "Running" | "Stopped"): SandboxResponse {
  const found = findCluster(context);
  refuseWhileBusy(found);
  if (code === "Stopped") {
    refuseWhileStopped(found, "stopping");
  }
  const operation = startOn(context, found, {
    name: code === "Stopped" ? "Stopping" : "Starting",
    demoMs: demoMs.power,
    finish: () => {
      const properties = propertiesOf(found);
      properties["powerState"] = { code };
      asArray(properties["agentPoolProfiles"]).forEach((pool) => (asObject(pool)["powerState"] = { code }));
    },
  });
  return { status: 202, headers: { ...operation.headers, "x-ms-correlation-request-id": randomUUID() } };
}
