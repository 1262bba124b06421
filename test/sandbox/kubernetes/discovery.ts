import type { SandboxResponse } from "../http.ts";
import { apiVersionOf, type Kinds, type ResourceType } from "./kinds.ts";

const aggregated = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList";

const subVerbs: Readonly<Record<string, readonly string[]>> = {
  status: ["get", "patch", "update"],
  scale: ["get", "patch", "update"],
  finalize: ["update"],
  log: ["get"],
  binding: ["create"],
  eviction: ["create"],
  token: ["create"],
};

const subKinds: Readonly<Record<string, { group: string; version: string; kind: string }>> = {
  scale: { group: "autoscaling", version: "v1", kind: "Scale" },
  binding: { group: "", version: "v1", kind: "Binding" },
  eviction: { group: "policy", version: "v1", kind: "Eviction" },
  token: { group: "authentication.k8s.io", version: "v1", kind: "TokenRequest" },
};

/** The order in which the API server lists those of custom resources. */
function customVerbs(verbs: readonly string[]): readonly string[] {
  const order = ["delete", "deletecollection", "get", "list", "patch", "create", "update", "watch"];
  return order.filter((verb) => verbs.includes(verb));
}

function subKind(type: ResourceType, sub: string): { group: string; version: string; kind: string } {
  return subKinds[sub] ?? { group: type.group, version: type.version, kind: type.kind };
}

function wantsAggregated(accept: string | undefined): boolean {
  return (accept ?? "").split(",").some((clause) => {
    const parts = clause.split(";").map((part) => part.trim());
    return parts.includes("as=APIGroupDiscoveryList") && parts.includes("v=v2") && parts[0] === "application/json";
  });
}

function discoveryResource(type: ResourceType): unknown {
  return {
    resource: type.plural,
    responseKind: { group: type.group, version: type.version, kind: type.kind },
    scope: type.isNamespaced ? "Namespaced" : "Cluster",
    singularResource: type.singular,
    verbs: type.verbs,
    ...(type.shortNames.length > 0 && { shortNames: type.shortNames }),
    ...(type.categories.length > 0 && { categories: type.categories }),
    ...(type.subresources.length > 0 && {
      subresources: type.subresources.map((sub) => ({
        subresource: sub,
        responseKind: subKind(type, sub),
        verbs: subVerbs[sub],
      })),
    }),
  };
}

function aggregatedList(kinds: Kinds, isCore: boolean): SandboxResponse {
  const items = [...kinds.groups()]
    .filter(([group]) => (group === "") === isCore)
    .map(([group, versions]) => ({
      metadata: { ...(group && { name: group }), creationTimestamp: null },
      versions: versions.map((version) => ({
        version,
        freshness: "Current",
        resources: kinds
          .all()
          .filter((type) => type.group === group && type.version === version)
          .map(discoveryResource),
      })),
    }));
  const body = { kind: "APIGroupDiscoveryList", apiVersion: "apidiscovery.k8s.io/v2", metadata: {}, items };
  return { status: 200, headers: { "content-type": aggregated }, body: JSON.stringify(body) };
}

function apiGroup(group: string, versions: readonly string[]): Readonly<Record<string, unknown>> {
  const all = versions.map((version) => ({ groupVersion: `${group}/${version}`, version }));
  return { name: group, versions: all, preferredVersion: all[0] };
}

function resourceList(kinds: Kinds, group: string, version: string): SandboxResponse | undefined {
  const types = kinds.all().filter((type) => type.group === group && type.version === version);
  const [first] = types;
  if (first === undefined) {
    return undefined;
  }
  const resources = types.flatMap((type) => [
    {
      name: type.plural,
      singularName: type.singular,
      namespaced: type.isNamespaced,
      kind: type.kind,
      verbs: type.crd ? customVerbs(type.verbs) : type.verbs,
      ...(type.shortNames.length > 0 && { shortNames: type.shortNames }),
      ...(type.categories.length > 0 && { categories: type.categories }),
    },
    ...type.subresources.map((sub) => ({
      name: `${type.plural}/${sub}`,
      singularName: "",
      namespaced: type.isNamespaced,
      ...subKind(type, sub),
      verbs: subVerbs[sub],
    })),
  ]);
  const body = { kind: "APIResourceList", apiVersion: "v1", groupVersion: apiVersionOf(first), resources };
  return { status: 200, body };
}

/** `/api`, `/apis` and what lies one or two steps below; undefined for other paths. */
export function discover(kinds: Kinds, path: string, accept: string | undefined): SandboxResponse | undefined {
  const [root, first, second, more] = path.split("/").filter((step) => step !== "");
  if (more !== undefined || (root !== "api" && root !== "apis")) {
    return undefined;
  }
  if (first === undefined) {
    if (wantsAggregated(accept)) {
      return aggregatedList(kinds, root === "api");
    }
    return { status: 200, body: root === "api" ? apiVersions() : groupList(kinds) };
  }
  if (root === "api") {
    return second === undefined ? resourceList(kinds, "", first) : undefined;
  }
  const versions = kinds.groups().get(first);
  if (second === undefined) {
    return versions && { status: 200, body: { kind: "APIGroup", apiVersion: "v1", ...apiGroup(first, versions) } };
  }
  return resourceList(kinds, first, second);
}

function apiVersions(): unknown {
  const serverAddressByClientCIDRs = [{ clientCIDR: "0.0.0.0/0", serverAddress: "10.0.0.1:443" }];
  return { kind: "APIVersions", versions: ["v1"], serverAddressByClientCIDRs };
}

function groupList(kinds: Kinds): unknown {
  const groups = [...kinds.groups()].filter(([group]) => group !== "");
  return { kind: "APIGroupList", apiVersion: "v1", groups: groups.map(([name, versions]) => apiGroup(name, versions)) };
}
