import { isDeepStrictEqual } from "node:util";

import * as z from "zod/mini";

import { parseBody } from "./answers.ts";
import type { ClusterSummary, KeyVaultCsiAddon } from "./inventory.ts";
import type { AgentPool, ManagedCluster, RawCluster } from "./managedClusters.ts";
import { parseResourceId } from "./resourceId.ts";

const text = z.optional(z.nullable(z.string()));
const flag = z.optional(z.nullable(z.boolean()));
const some = <S extends z.ZodMiniType>(schema: S) => z.optional(z.nullable(schema));

const Addon = z.object({
  enabled: z.boolean(),
  config: some(z.object({ enableSecretRotation: text, rotationPollInterval: text })),
  identity: some(z.object({ clientId: text, objectId: text, resourceId: text })),
});

const Pool = z.object({
  name: z.string(),
  mode: text,
  osType: text,
  count: z.optional(z.nullable(z.number())),
  vmSize: text,
  type: text,
});

const Properties = z.object({
  provisioningState: text,
  kubernetesVersion: text,
  currentKubernetesVersion: text,
  nodeResourceGroup: text,
  nodeResourceGroupProfile: some(z.object({ restrictionLevel: text })),
  powerState: some(z.object({ code: text })),
  addonProfiles: some(z.record(z.string(), z.nullable(Addon))),
  oidcIssuerProfile: some(z.object({ enabled: flag, issuerURL: text })),
  securityProfile: some(z.object({ workloadIdentity: some(z.object({ enabled: flag })) })),
  apiServerAccessProfile: some(z.object({ enablePrivateCluster: flag })),
  aadProfile: some(z.object({ enableAzureRBAC: flag, tenantID: text })),
  disableLocalAccounts: flag,
  ingressProfile: some(z.object({ webAppRouting: some(z.object({ enabled: flag })) })),
  serviceMeshProfile: some(z.object({ mode: text })),
  agentPoolProfiles: some(z.array(Pool)),
});

const Cluster = z.object({
  id: z.string(),
  name: z.string(),
  location: z.string(),
  eTag: text,
  properties: Properties,
});

type Properties = z.output<typeof Properties>;

/** Reads the body of a GET. @throws {ServiceError} `unexpectedResponse` */
export function parseCluster(body: unknown, target: string): ManagedCluster {
  const { eTag, properties, ...cluster } = parseBody(Cluster, body, target);
  return {
    ...toSummary(cluster, properties),
    ...toAccess(properties),
    ...toNodes(properties),
    eTag: eTag ?? undefined,
    enabledFeatures: featuresOf(properties),
  };
}

/** Reads a cluster as a list gives it. @throws {ServiceError} `unexpectedResponse` */
export function parseClusterSummary(body: unknown, target: string): ClusterSummary {
  const { properties, ...cluster } = parseBody(Cluster, body, target);
  return toSummary(cluster, properties);
}

function toSummary(
  { id, name, location }: { readonly id: string; readonly name: string; readonly location: string },
  properties: Properties,
): ClusterSummary {
  const { subscriptionId, resourceGroup } = parseResourceId(id);
  return {
    id,
    name,
    subscriptionId: subscriptionId.toLowerCase(),
    resourceGroup,
    location,
    kubernetesVersion: properties.currentKubernetesVersion ?? properties.kubernetesVersion ?? "",
    powerState: properties.powerState?.code === "Stopped" ? "Stopped" : "Running",
    provisioningState: properties.provisioningState ?? "Succeeded",
    isPrivate: properties.apiServerAccessProfile?.enablePrivateCluster ?? false,
    keyVaultCsi: toKeyVaultCsi(findAddon(properties.addonProfiles, keyVaultCsiAddon)),
  };
}

function toAccess({
  aadProfile,
  disableLocalAccounts,
  oidcIssuerProfile,
  securityProfile,
}: Properties): Pick<
  ManagedCluster,
  "entra" | "areLocalAccountsDisabled" | "oidcIssuer" | "isWorkloadIdentityEnabled"
> {
  return {
    entra: aadProfile
      ? { usesAzureRbac: aadProfile.enableAzureRBAC ?? false, tenantId: aadProfile.tenantID ?? undefined }
      : undefined,
    areLocalAccountsDisabled: disableLocalAccounts ?? false,
    oidcIssuer: {
      isEnabled: oidcIssuerProfile?.enabled ?? false,
      url: oidcIssuerProfile?.issuerURL ?? undefined,
    },
    isWorkloadIdentityEnabled: securityProfile?.workloadIdentity?.enabled ?? false,
  };
}

function toNodes({
  nodeResourceGroup,
  nodeResourceGroupProfile,
  agentPoolProfiles,
  addonProfiles,
}: Properties): Pick<
  ManagedCluster,
  "nodeResourceGroup" | "nodeResourceGroupRestriction" | "agentPools" | "hasVirtualNodes"
> {
  return {
    nodeResourceGroup: nodeResourceGroup ?? "",
    nodeResourceGroupRestriction:
      nodeResourceGroupProfile?.restrictionLevel === "ReadOnly" ? "ReadOnly" : "Unrestricted",
    agentPools: (agentPoolProfiles ?? []).map(toPool),
    hasVirtualNodes: findAddon(addonProfiles, "aciConnectorLinux")?.enabled ?? false,
  };
}

function toPool({ name, mode, osType, count, vmSize, type }: z.output<typeof Pool>): AgentPool {
  return {
    name,
    mode: mode === "System" || mode === "Gateway" ? mode : "User",
    osType: osType === "Windows" ? "Windows" : "Linux",
    count: count ?? 0,
    vmSize: vmSize ?? "",
    type: type === "AvailabilitySet" || type === "VirtualMachines" ? type : "VirtualMachineScaleSets",
  };
}

function featuresOf({ addonProfiles, ingressProfile, serviceMeshProfile }: Properties): readonly string[] {
  const addons = Object.entries(addonProfiles ?? {}).flatMap(([name, addon]) => (addon?.enabled ? [name] : []));
  return [
    ...addons,
    ...(ingressProfile?.webAppRouting?.enabled ? ["webAppRouting"] : []),
    ...(serviceMeshProfile?.mode === "Istio" ? ["istio"] : []),
  ];
}

const keyVaultCsiAddon = "azureKeyvaultSecretsProvider";

// The service compares the names of add-ons without regard to letter case, and clusters exist that spell them otherwise.
function addonKey(addons: Readonly<Record<string, unknown>> | null | undefined, name: string): string | undefined {
  return Object.keys(addons ?? {}).find((key) => key.toLowerCase() === name.toLowerCase());
}

function findAddon<A>(addons: Readonly<Record<string, A>> | null | undefined, name: string): A | undefined {
  const key = addonKey(addons, name);
  return key === undefined ? undefined : addons?.[key];
}

/** The parts of an add-on profile that tell how it is; the service gives strings even for booleans. */
export interface AddonProfile {
  readonly enabled?: boolean | null | undefined;
  readonly config?:
    | {
        readonly enableSecretRotation?: string | null | undefined;
        readonly rotationPollInterval?: string | null | undefined;
      }
    | null
    | undefined;
  readonly identity?:
    | {
        readonly clientId?: string | null | undefined;
        readonly objectId?: string | null | undefined;
        readonly resourceId?: string | null | undefined;
      }
    | null
    | undefined;
}

/** What the add-on profile says, in our terms. */
export function toKeyVaultCsi(addon: AddonProfile | null | undefined): KeyVaultCsiAddon {
  const { enableSecretRotation, rotationPollInterval } = addon?.config ?? {};
  const { clientId, objectId, resourceId } = addon?.identity ?? {};
  return {
    isEnabled: addon?.enabled ?? false,
    rotation: {
      isEnabled: enableSecretRotation?.toLowerCase() === "true",
      pollInterval: rotationPollInterval ?? "2m",
    },
    identity: clientId && objectId && resourceId ? { clientId, objectId, resourceId } : undefined,
  };
}

type Fields = Readonly<Record<string, unknown>>;

const Fields = z.record(z.string(), z.unknown());

function fields(value: unknown): Fields {
  return Fields.safeParse(value).data ?? {};
}

/** The body with other values under `properties`; the same object where that changes nothing. */
function withProperties(raw: RawCluster, change: Fields): RawCluster {
  const properties = fields(raw["properties"]);
  const changed = { ...properties, ...change };
  return isDeepStrictEqual(properties, changed) ? raw : { ...raw, properties: changed };
}

function withAddon(raw: RawCluster, change: (addon: Fields) => Fields): RawCluster {
  const addons = fields(fields(raw["properties"])["addonProfiles"]);
  const key = addonKey(addons, keyVaultCsiAddon) ?? keyVaultCsiAddon;
  return withProperties(raw, { addonProfiles: { ...addons, [key]: change(fields(addons[key])) } });
}

/** How the add-on stands in a raw body. */
export function readKeyVaultCsi(raw: RawCluster): KeyVaultCsiAddon {
  const addons = fields(fields(raw["properties"])["addonProfiles"]);
  return toKeyVaultCsi(Addon.safeParse(findAddon(addons, keyVaultCsiAddon)).data);
}

/** Turns the add-on on with this rotation; config keys of others are kept. Without a rotation, an add-on that is on stays as it is. */
export function withKeyVaultCsi(raw: RawCluster, wanted: KeyVaultCsiAddon["rotation"] | undefined): RawCluster {
  const { isEnabled, rotation: current } = readKeyVaultCsi(raw);
  if (isEnabled && !wanted) {
    return raw;
  }
  const rotation = wanted ?? current;
  return withAddon(raw, (addon) => ({
    ...addon,
    enabled: true,
    config: {
      ...fields(addon["config"]),
      enableSecretRotation: String(rotation.isEnabled),
      rotationPollInterval: rotation.pollInterval,
    },
  }));
}

/** Turns the add-on off, as `az aks disable-addons` does; the same object where it is off. */
export function withoutKeyVaultCsi(raw: RawCluster): RawCluster {
  const addons = fields(fields(raw["properties"])["addonProfiles"]);
  const isOn = fields(findAddon(addons, keyVaultCsiAddon))["enabled"] === true;
  return isOn ? withAddon(raw, (addon) => ({ ...addon, enabled: false, config: null })) : raw;
}

/** Turns the OIDC issuer on, and workload identity if asked. */
export function withOidcIssuer(raw: RawCluster, also: { readonly workloadIdentity: boolean }): RawCluster {
  const properties = fields(raw["properties"]);
  const securityProfile = fields(properties["securityProfile"]);
  const workloadIdentity = { ...fields(securityProfile["workloadIdentity"]), enabled: true };
  return withProperties(raw, {
    oidcIssuerProfile: { ...fields(properties["oidcIssuerProfile"]), enabled: true },
    ...(also.workloadIdentity ? { securityProfile: { ...securityProfile, workloadIdentity } } : {}),
  });
}

/**
 * The body to send back. The service refuses the echo of `servicePrincipalProfile`, and keeps it when it is left out, as `az` does.
 */
export function toPut(raw: RawCluster): RawCluster {
  const properties = { ...fields(raw["properties"]) };
  delete properties["servicePrincipalProfile"];
  return { ...raw, properties };
}

const State = z.object({
  properties: z.object({
    provisioningState: text,
    status: some(z.object({ provisioningError: some(z.looseObject({ code: text, message: text })) })),
  }),
});

/** How the newest operation on the cluster stands, with its error where the service gives one. */
export function readState(
  body: unknown,
  target: string,
): { readonly state: string; readonly error: string | undefined } {
  const { provisioningState, status } = parseBody(State, body, target).properties;
  const { code, message } = status?.provisioningError ?? {};
  return { state: provisioningState ?? "Succeeded", error: message ?? code ?? undefined };
}
