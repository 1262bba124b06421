import type { Authorizer } from "./authorizer.ts";
import { StatusError } from "./status.ts";
import type { Attributes, User } from "./user.ts";

type Headers = Readonly<Record<string, string | undefined>>;

/**
 * Whom `kubectl --as` asks as, for a caller that may impersonate; the caller itself where nobody is named.
 * @throws {StatusError} 403
 */
export function impersonate(authorizer: Authorizer, caller: User, headers: Headers): User {
  const name = headers["impersonate-user"];
  if (name === undefined) {
    return caller;
  }
  const groups = (headers["impersonate-group"] ?? "").split(", ").filter((group) => group !== "");
  for (const asked of [targetOf(name), ...groups.map((group) => target("groups", group))]) {
    if (!authorizer.decide(caller, asked).isAllowed) {
      throw refusal(caller, asked);
    }
  }
  return { name, groups: [...(groups.length > 0 ? groups : accountGroups(name)), "system:authenticated"] };
}

function accountOf(user: string): { readonly namespace: string; readonly name: string } | undefined {
  const [, namespace, name] = /^system:serviceaccount:([^:]+):([^:]+)$/.exec(user) ?? [];
  return namespace !== undefined && name !== undefined ? { namespace, name } : undefined;
}

function accountGroups(user: string): string[] {
  const account = accountOf(user);
  return account ? ["system:serviceaccounts", `system:serviceaccounts:${account.namespace}`] : [];
}

function target(resource: string, name: string): Attributes {
  return { verb: "impersonate", group: "", resource, name };
}

function targetOf(user: string): Attributes {
  const account = accountOf(user);
  return account ? { ...target("serviceaccounts", account.name), namespace: account.namespace } : target("users", user);
}

function refusal(caller: User, { resource, name = "", namespace }: Attributes): StatusError {
  const where = namespace === undefined ? "at the cluster scope" : `in the namespace "${namespace}"`;
  const message = `${resource} "${name}" is forbidden: User "${caller.name}" cannot impersonate resource "${resource}" in API group "" ${where}`;
  return new StatusError(403, "Forbidden", message, { name, kind: resource });
}
