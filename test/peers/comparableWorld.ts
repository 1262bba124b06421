/** A sandbox's world as data that is equal in two worlds which are alike: what is random or of the clock has a fixed name. */
import type { Sandbox } from "../sandbox/sandbox.ts";
import { asArray, asObject, asText } from "../sandbox/json.ts";
import type { Cluster, JsonObject, World } from "../sandbox/state.ts";

export function comparable(sandbox: Sandbox): unknown {
  const { world } = sandbox;
  return steady({
    groups: byKey(world.resourceGroups, ({ name, location, tags }) => ({ name, location, tags })),
    clusters: byKey(world.clusters, (cluster) => ({ body: clusterBody(cluster.body), objects: objectsOf(cluster) })),
    vaults: byKey(world.vaults, ({ body, secrets }) => ({
      body: { ...body, systemData: undefined, properties: vaultProperties(world, asObject(body["properties"])) },
      secrets: [...secrets.values()].map(({ name, versions }) => [
        name,
        versions.map(({ value, contentType, attributes }) => [value.length, contentType, attributes.enabled]),
      ]),
    })),
    identities: byKey(world.identities, ({ name, location, tags, federatedCredentials }) => ({
      ...{ name, location, tags },
      credentials: [...federatedCredentials.values()].map(({ name: own, issuer, subject, audiences }) => ({
        ...{ name: own, issuer, subject, audiences },
      })),
    })),
    scaleSets: byKey(world.scaleSets, ({ body }) => body),
    roles: [...world.roleAssignments.values()].map((role) => roleOf(world, role)).sort(),
  });
}

/** az writes out what is Azure's default of a pool. */
function clusterBody(body: JsonObject): unknown {
  const properties = asObject(body["properties"]);
  const pools = asArray(properties["agentPoolProfiles"]).map(asObject);
  return {
    ...body,
    properties: {
      ...properties,
      agentPoolProfiles: pools.map((pool) => ({ nodeTaints: [], scaleSetPriority: "Regular", ...pool })),
    },
  };
}

/** az writes the open firewall out, which is Azure's default; a policy's permissions and the policies themselves are sets. */
function vaultProperties(world: World, properties: JsonObject): unknown {
  const networkAcls = properties["networkAcls"] ?? {
    bypass: "AzureServices",
    defaultAction: "Allow",
    ipRules: [],
    virtualNetworkRules: [],
  };
  const accessPolicies = asArray(properties["accessPolicies"])
    .map(asObject)
    .map(({ objectId, permissions }) => ({
      who: world.principals.get(asText(objectId))?.displayName,
      permissions: Object.fromEntries(
        Object.entries(asObject(permissions))
          .filter(([, names]) => asArray(names).length > 0)
          .map(([kind, names]) => [kind, asArray(names).map(asText).sort()]),
      ),
    }));
  accessPolicies.sort((a, b) => String(a.who).localeCompare(String(b.who)));
  return { ...properties, networkAcls, accessPolicies };
}

function byKey<V>(map: ReadonlyMap<string, V>, describe: (value: V) => unknown): Record<string, unknown> {
  const entries = [...map].map(([key, value]) => [key, describe(value)] as const);
  return Object.fromEntries(entries.sort(([a], [b]) => a.localeCompare(b)));
}

function roleOf(world: World, { scope, roleDefinitionId, principalId, principalType }: RoleLike): string {
  const { displayName = "nobody" } = world.principals.get(principalId) ?? {};
  return [scope, roleDefinitionId.split("/").at(-1), displayName, principalType].join(" | ");
}

interface RoleLike {
  readonly scope: string;
  readonly roleDefinitionId: string;
  readonly principalId: string;
  readonly principalType: string;
}

/** What a person has in the cluster; controllers' own objects come and go. */
function objectsOf({ kubernetes }: Cluster): unknown {
  return Object.fromEntries(
    ["Namespace", "ServiceAccount", "SecretProviderClass", "DaemonSet", "CSIDriver"].map((kind) => [
      kind,
      (kubernetes?.list(kind) ?? [])
        .map(({ metadata, spec }) => {
          const { name, namespace, labels } = metadata as Record<string, unknown>;
          return { name, namespace, labels, spec };
        })
        .sort((a, b) => String([a.namespace, a.name]).localeCompare(String([b.namespace, b.name]))),
    ]),
  );
}

/** Ids get a number in the order in which they are met. */
function steady(value: unknown): unknown {
  const known = new Map<string, string>();
  const nameOf = (id: string): string => {
    const name = known.get(id) ?? `id-${known.size + 1}`;
    known.set(id, name);
    return name;
  };
  const text = JSON.stringify(sorted(value), (key, inner: unknown) =>
    /^eTag$|^resourceUID$/.test(key) ? undefined : inner,
  )
    .replace(/[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}/gi, (id) => nameOf(id.toLowerCase()))
    .replace(/127\.0\.0\.1:\d+/g, "127.0.0.1")
    .replace(/aks-(\w+)-\d{8}-vmss/g, "aks-$1-vmss")
    // The name of a federated credential holds a digest of what it is for, the cluster's id included.
    .replace(/(-key-vault-reader-)[0-9a-f]{8}"/g, '$1"')
    .replace(/("dnsPrefix":"[^"]*)-[0-9a-f]{6}"/g, '$1"')
    // What az or we compose of the subscription's id, and what Azure appends.
    .replace(/-[0-9a-f]{6}(-[0-9a-f]{8}\.(?:portal\.)?hcp\.)/g, "$1")
    .replace(/-[0-9a-f]{8}(\.(?:portal\.)?hcp\.)/g, "$1");
  return JSON.parse(text);
}

function sorted(value: unknown): unknown {
  if (Array.isArray(value)) {
    return value.map(sorted);
  }
  return typeof value === "object" && value !== null
    ? Object.fromEntries(
        Object.entries(value)
          .sort(([a], [b]) => a.localeCompare(b))
          .map(([key, inner]) => [key, sorted(inner)]),
      )
    : value;
}

/** How many values there are in it. */
export function countOf(value: unknown): number {
  return typeof value === "object" && value !== null
    ? Object.values(value).reduce<number>((sum, inner) => sum + countOf(inner), 0)
    : 1;
}
