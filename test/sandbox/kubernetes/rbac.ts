import { at, listAt, textAt, type KubeObject } from "./object.ts";
import type { Store } from "./store.ts";
import type { Attributes, User } from "./user.ts";

const rbac = "rbac.authorization.k8s.io";

function texts(value: unknown): readonly string[] {
  return Array.isArray(value) ? value.map(String) : [];
}

function has(list: readonly string[], value: string): boolean {
  return list.includes("*") || list.includes(value);
}

function ruleAllows(rule: unknown, asked: Attributes): boolean {
  const resource = asked.subresource ? `${asked.resource}/${asked.subresource}` : asked.resource;
  const resources = texts(at(rule, "resources"));
  const names = texts(at(rule, "resourceNames"));
  return (
    has(texts(at(rule, "verbs")), asked.verb) &&
    has(texts(at(rule, "apiGroups")), asked.group) &&
    (has(resources, resource) || (asked.subresource !== undefined && resources.includes(`*/${asked.subresource}`))) &&
    (names.length === 0 || (asked.name !== undefined && names.includes(asked.name)))
  );
}

function isSubject(binding: KubeObject, user: User): boolean {
  return listAt(binding, "subjects").some((subject) => {
    const name = textAt(subject, "name");
    switch (textAt(subject, "kind")) {
      case "User":
        return name === user.name;
      case "Group":
        return user.groups.includes(name);
      case "ServiceAccount": {
        const namespace = textAt(subject, "namespace") || (binding.metadata.namespace ?? "");
        return user.name === `system:serviceaccount:${namespace}:${name}`;
      }
      default:
        return false;
    }
  });
}

const aggregating = ["admin", "edit", "view"];

/** Rules that other ClusterRoles add to `admin`, `edit` and `view` by their labels. */
function aggregated(store: Store, name: string): readonly unknown[] {
  const label = `rbac.authorization.k8s.io/aggregate-to-${name}`;
  return [...store.all(`clusterroles.${rbac}`)]
    .filter((role) => role.metadata.labels?.[label] === "true")
    .flatMap((role) => listAt(role, "rules"));
}

function rulesOf(store: Store, binding: KubeObject): readonly unknown[] {
  const name = textAt(binding, "roleRef.name");
  if (textAt(binding, "roleRef.kind") !== "ClusterRole") {
    return listAt(store.get(`roles.${rbac}`, `${binding.metadata.namespace ?? ""}/${name}`), "rules");
  }
  const role = store.get(`clusterroles.${rbac}`, name);
  return [...listAt(role, "rules"), ...(role && aggregating.includes(name) ? aggregated(store, name) : [])];
}

/** The rules that count for a user: everywhere, and in one namespace. */
export function rulesFor(store: Store, user: User, namespace: string | undefined): readonly unknown[] {
  return bindingsOf(store, user, namespace).flatMap((binding) => rulesOf(store, binding));
}

function bindingsOf(store: Store, user: User, namespace: string | undefined): readonly KubeObject[] {
  const bindings = [
    ...store.all(`clusterrolebindings.${rbac}`),
    ...[...store.all(`rolebindings.${rbac}`)].filter((one) => one.metadata.namespace === namespace),
  ];
  return bindings.filter((binding) => isSubject(binding, user));
}

/** Why the roles bound in the cluster allow it, in the API server's words; undefined where they do not. */
export function grantByRoles(store: Store, user: User, asked: Attributes): string | undefined {
  if (user.groups.includes("system:masters")) {
    return "";
  }
  const binding = bindingsOf(store, user, asked.namespace).find((one) =>
    rulesOf(store, one).some((rule) => ruleAllows(rule, asked)),
  );
  if (binding === undefined) {
    return undefined;
  }
  const { name, namespace } = binding.metadata;
  const subject = listAt(binding, "subjects").find((one) => isSubject({ ...binding, subjects: [one] }, user));
  const who =
    textAt(subject, "kind") === "ServiceAccount"
      ? `${textAt(subject, "name")}/${textAt(subject, "namespace") || (namespace ?? "")}`
      : textAt(subject, "name");
  const what = `${binding.kind} "${namespace ? `${name}/${namespace}` : name}"`;
  const role = `${textAt(binding, "roleRef.kind")} "${textAt(binding, "roleRef.name")}"`;
  return `RBAC: allowed by ${what} of ${role} to ${textAt(subject, "kind")} "${who}"`;
}

/** Whether the roles allow a path such as `/version`. */
export function allowsPath(store: Store, user: User, verb: string, path: string): boolean {
  return (
    user.groups.includes("system:masters") ||
    rulesFor(store, user, undefined).some(
      (rule) =>
        has(texts(at(rule, "verbs")), verb) &&
        texts(at(rule, "nonResourceURLs")).some((url) =>
          url.endsWith("*") ? path.startsWith(url.slice(0, -1)) : path === url,
        ),
    )
  );
}

/** `User "x" cannot list resource "pods" in API group "" at the cluster scope`. */
export function refusal(user: User, asked: Attributes): string {
  const resource = asked.subresource ? `${asked.resource}/${asked.subresource}` : asked.resource;
  const scope = asked.namespace ? `in the namespace "${asked.namespace}"` : "at the cluster scope";
  return `User "${user.name}" cannot ${asked.verb} resource "${resource}" in API group "${asked.group}" ${scope}`;
}

const actionVerbs = ["bind", "escalate", "impersonate", "use", "approve", "sign", "attest"];

/** The data action by which Azure RBAC for Kubernetes decides. */
export function dataAction(asked: Attributes): string {
  const isExec = asked.resource === "pods" && asked.subresource === "exec";
  const verb = isExec
    ? "exec/action"
    : ["get", "list", "watch"].includes(asked.verb)
      ? "read"
      : ["delete", "deletecollection"].includes(asked.verb)
        ? "delete"
        : actionVerbs.includes(asked.verb)
          ? `${asked.verb}/action`
          : "write";
  const group = asked.group === "" ? "" : `${asked.group}/`;
  return `Microsoft.ContainerService/managedClusters/${group}${asked.resource}/${verb}`;
}
