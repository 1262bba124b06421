import type { ServiceError } from "../services/errors.ts";

/** The built-in role with the least that holds an action we need. @see https://learn.microsoft.com/azure/role-based-access-control/built-in-roles */
const rolesByAction: readonly (readonly [RegExp, string])[] = [
  [
    /^Microsoft\.ContainerService\/managedClusters\/listClusterUserCredential/i,
    "Azure Kubernetes Service Cluster User Role",
  ],
  [/^Microsoft\.ContainerService\//i, "Azure Kubernetes Service Contributor Role"],
  [/^Microsoft\.KeyVault\/vaults\/secrets\//i, "Key Vault Secrets Officer"],
  [/^Microsoft\.KeyVault\//i, "Key Vault Contributor"],
  [/^Microsoft\.Authorization\/roleAssignments\//i, "Role Based Access Control Administrator"],
  [/^Microsoft\.ManagedIdentity\//i, "Managed Identity Contributor"],
];

/** The line that somebody with the right to do so types to allow what was refused; undefined where Azure did not say enough. */
export function grantCommand(error: ServiceError): string | undefined {
  const text = textsOf(error).join(" ");
  const action = /(Microsoft\.[A-Za-z]+\/[A-Za-z0-9/]+)/.exec(text)?.[1];
  const scope = /(\/subscriptions\/[^\s'",;]+)/i.exec(text)?.[1]?.replace(/[.)]+$/, "") ?? error.details.target;
  const assignee = /(?:object id|oid=)\s*'?([0-9a-f-]{36})/i.exec(text)?.[1];
  const role = rolesByAction.find(([pattern]) => action !== undefined && pattern.test(action))?.[1];
  if (role === undefined || !scope?.startsWith("/")) {
    return undefined;
  }
  return `az role assignment create --role "${role}" --assignee ${assignee ?? '"<object id>"'} --scope "${scope}"`;
}

/** What our error and those that caused it say. */
function textsOf(error: unknown): readonly string[] {
  return error instanceof Error ? [error.message, ...textsOf(error.cause)] : [];
}
