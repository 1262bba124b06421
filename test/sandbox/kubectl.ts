/** The little of kubectl that a run command is used for: `get` as JSON or as names. */
import { asObject, asText } from "./json.ts";
import type { Cluster, JsonObject } from "./state.ts";

const kinds: readonly (readonly [kind: string, ...names: string[]])[] = [
  ["Node", "node", "nodes", "no"],
  ["Pod", "pod", "pods", "po"],
  ["Event", "event", "events", "ev"],
  ["Namespace", "namespace", "namespaces", "ns"],
  ["ServiceAccount", "serviceaccount", "serviceaccounts", "sa"],
  ["DaemonSet", "daemonset", "daemonsets", "ds", "daemonsets.apps"],
  ["Deployment", "deployment", "deployments", "deploy", "deployments.apps"],
  ["CSIDriver", "csidriver", "csidrivers", "csidrivers.storage.k8s.io"],
  ["CSINode", "csinode", "csinodes", "csinodes.storage.k8s.io"],
  ["CustomResourceDefinition", "crd", "crds", "customresourcedefinitions"],
  [
    "SecretProviderClass",
    "secretproviderclass",
    "secretproviderclasses",
    "secretproviderclasses.secrets-store.csi.x-k8s.io",
  ],
  ["SecretProviderClassPodStatus", "secretproviderclasspodstatus", "secretproviderclasspodstatuses"],
];

interface Result {
  readonly exitCode: number;
  readonly logs: string;
}

interface Options {
  readonly names: string[];
  readonly flags: Readonly<Record<string, string>>;
}

function readOptions(words: readonly string[]): Options {
  const names: string[] = [];
  const flags: Record<string, string> = {};
  const rest = [...words];
  for (let word = rest.shift(); word !== undefined; word = rest.shift()) {
    const [, flag, value] = /^--?([a-zA-Z-]+)(?:=(.*))?$/.exec(word) ?? [];
    if (flag === undefined) {
      names.push(word);
    } else {
      const isSwitch = ["A", "all-namespaces", "no-headers", "ignore-not-found"].includes(flag);
      flags[flag] = value ?? (isSwitch ? "true" : (rest.shift() ?? ""));
    }
  }
  return { names, flags };
}

function splitWords(command: string): string[] {
  return [...command.matchAll(/'([^']*)'|"([^"]*)"|(\S+)/g)].map(
    ([, single, double, bare]) => single ?? double ?? bare ?? "",
  );
}

/** `app in (a,b)`, `app=a`, joined by commas outside parentheses. */
function matchesSelector(selector: string, labels: JsonObject): boolean {
  return selector.split(/,(?![^(]*\))/).every((term) => {
    const [, key = "", values = ""] = /^\s*(\S+)\s+in\s+\(([^)]*)\)\s*$/.exec(term) ?? [];
    if (key) {
      return values
        .split(",")
        .map((value) => value.trim())
        .includes(asText(labels[key]));
    }
    const [name = "", value] = term.split(/==?/).map((part) => part.trim());
    return value === undefined ? labels[name] !== undefined : asText(labels[name]) === value;
  });
}

export function runKubectl(cluster: Cluster, command: string): Result {
  const [program, verb, ...words] = splitWords(command);
  if (program !== "kubectl" || verb !== "get") {
    return { exitCode: 127, logs: `sh: ${program ?? ""}: the sandbox only runs kubectl get\n` };
  }
  return get(cluster, readOptions(words));
}

function get(cluster: Cluster, { names, flags }: Options): Result {
  const [wanted = "", ...objectNames] = names;
  const items: JsonObject[] = [];
  for (const resource of wanted.split(",")) {
    const kind = kinds.find(([, ...spelled]) => spelled.includes(resource.toLowerCase()))?.[0];
    if (!kind) {
      return { exitCode: 1, logs: `error: the server doesn't have a resource type "${resource}"\n` };
    }
    items.push(...select(cluster.kubernetes?.list(kind) ?? [], flags));
  }
  const found = objectNames.length === 0 ? items : items.filter((item) => objectNames.includes(nameOf(item)));
  const missing = objectNames.find((name) => !found.some((item) => nameOf(item) === name));
  return missing === undefined
    ? { exitCode: 0, logs: print(found, flags["o"] ?? flags["output"], objectNames.length === 1) }
    : { exitCode: 1, logs: `Error from server (NotFound): ${wanted} "${missing}" not found\n` };
}

const nameOf = (item: JsonObject): string => asText(asObject(item["metadata"])["name"]);

function select(items: readonly JsonObject[], flags: Readonly<Record<string, string>>): JsonObject[] {
  const namespace = flags["n"] ?? flags["namespace"];
  const everywhere = flags["A"] === "true" || flags["all-namespaces"] === "true";
  const selector = flags["l"] ?? flags["selector"];
  return items.filter((item) => {
    const metadata = asObject(item["metadata"]);
    const own = metadata["namespace"];
    const isThere = everywhere || own === undefined || own === (namespace ?? "default");
    return isThere && (selector === undefined || matchesSelector(selector, asObject(metadata["labels"])));
  });
}

function print(items: readonly JsonObject[], output: string | undefined, isSingle: boolean): string {
  if (output === "json") {
    const list = { apiVersion: "v1", items, kind: "List", metadata: { resourceVersion: "" } };
    return `${JSON.stringify(isSingle ? items[0] : list, undefined, 4)}\n`;
  }
  if (output === "name") {
    return items.map((item) => `${resourceOf(item)}/${nameOf(item)}\n`).join("");
  }
  return items.length === 0 ? "No resources found\n" : `NAME\n${items.map(nameOf).join("\n")}\n`;
}

/** `pod`, `daemonset.apps`: as `-o name` writes it. */
function resourceOf(item: JsonObject): string {
  const [group] = asText(item["apiVersion"]).split("/v");
  const kind = asText(item["kind"]).toLowerCase();
  return group === undefined || group === "v1" ? kind : `${kind}.${group}`;
}
