/** `…/vaults/{name}/accessPolicies/{add|replace|remove}`: one entry changed without sending the whole vault. */
import type { ArmContext, ArmRoute } from "./armRoute.ts";
import { checkAccessPolicies } from "./armVaultBody.ts";
import { invalidValue } from "./armVaultErrors.ts";
import { keyVaultApiVersions, vaultId } from "./armVaultIds.ts";
import { resourceNotFound } from "./errors.ts";
import type { SandboxResponse } from "./http.ts";
import { asArray, asObject, asText } from "./json.ts";
import type { JsonObject } from "./state.ts";

export const accessPolicyRoutes: readonly ArmRoute[] = [
  {
    method: "PUT",
    pattern:
      "/subscriptions/{subscriptionId}/resourceGroups/{resourceGroup}/providers/Microsoft.KeyVault/vaults/{name}/accessPolicies/{kind}",
    apiVersions: keyVaultApiVersions,
    action: "Microsoft.KeyVault/vaults/accessPolicies/write",
    scope: vaultId,
    handle: changePolicies,
  },
];

function changePolicies(context: ArmContext): SandboxResponse {
  const { world, params } = context;
  const vault = world.vaults.get(vaultId(params).toLowerCase());
  if (!vault) {
    throw resourceNotFound("Microsoft.KeyVault/vaults", params["name"] ?? "", params["resourceGroup"] ?? "");
  }
  const properties = asObject(vault.body["properties"]);
  const given = asObject(context.body()["properties"])["accessPolicies"];
  checkAccessPolicies(given, asText(properties["tenantId"]));
  const before = asArray(properties["accessPolicies"]).map(asObject);
  const accessPolicies = combine(params["kind"] ?? "", before, asArray(given).map(asObject));
  vault.body = { ...vault.body, properties: { ...properties, accessPolicies } };
  return {
    status: 200,
    body: {
      id: `${vault.id}/accessPolicies/`,
      type: "Microsoft.KeyVault/vaults/accessPolicies",
      location: vault.body["location"],
      properties: { accessPolicies },
    },
  };
}

function combine(kind: string, before: readonly JsonObject[], given: readonly JsonObject[]): JsonObject[] {
  const after = new Map(before.map((policy) => [keyOf(policy), policy]));
  for (const policy of given) {
    const key = keyOf(policy);
    const existing = after.get(key);
    switch (kind.toLowerCase()) {
      case "add":
        after.set(key, existing ? merge(existing, policy, union) : policy);
        break;
      case "replace":
        after.set(key, policy);
        break;
      case "remove":
        if (existing) {
          after.set(key, merge(existing, policy, without));
        }
        break;
      default:
        throw invalidValue("operationKind");
    }
  }
  return [...after.values()].filter((policy) => kind.toLowerCase() !== "remove" || hasPermissions(policy));
}

/** An application acting for a user is another identity than the user. */
function keyOf(policy: JsonObject): string {
  return [policy["tenantId"], policy["objectId"], policy["applicationId"]].map(asText).join("|").toLowerCase();
}

type Combine = (have: readonly string[], given: readonly string[]) => string[];

const union: Combine = (have, given) => [...have, ...without(given, have)];

function without(have: readonly string[], given: readonly string[]): string[] {
  const taken = new Set(given.map((verb) => verb.toLowerCase()));
  return have.filter((verb) => !taken.has(verb.toLowerCase()));
}

function merge(existing: JsonObject, given: JsonObject, combineVerbs: Combine): JsonObject {
  const have = asObject(existing["permissions"]);
  const more = asObject(given["permissions"]);
  const kinds = new Set([...Object.keys(have), ...Object.keys(more)]);
  const permissions = Object.fromEntries(
    [...kinds].map((kind) => [kind, combineVerbs(asArray(have[kind]).map(asText), asArray(more[kind]).map(asText))]),
  );
  return { ...existing, permissions };
}

function hasPermissions(policy: JsonObject): boolean {
  return Object.values(asObject(policy["permissions"])).some((verbs) => asArray(verbs).length > 0);
}
