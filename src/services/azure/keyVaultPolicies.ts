import * as z from "zod/mini";

import { PolicyBody } from "./keyVaultBody.ts";
import type { AccessPolicy } from "./keyVaults.ts";

const WithPolicies = z.object({ properties: z.object({ accessPolicies: z.array(z.unknown()) }) });

/** The access policies of a vault's raw body, every field kept. */
export function rawPolicies(body: unknown): readonly unknown[] {
  const read = WithPolicies.safeParse(body);
  return read.success ? read.data.properties.accessPolicies : [];
}

/** The entry of a vault's access policies that ARM takes. */
export function policyBody({ tenantId, objectId, applicationId, permissions }: AccessPolicy): object {
  return { tenantId, objectId, ...(applicationId ? { applicationId } : {}), permissions };
}

/**
 * Takes a policy's permissions out of a raw list of entries. What else stands in the entry (storage permissions, fields nobody knows) stays; an entry without
 * any permission left goes. Permission names are compared without regard to letter case, as Key Vault does.
 */
export function withoutPolicy(rawPolicies: readonly unknown[], policy: AccessPolicy): readonly unknown[] {
  return rawPolicies.flatMap((raw) => {
    const entry = PolicyBody.safeParse(raw);
    if (!entry.success || !isSamePrincipal(entry.data, policy) || !isObject(raw) || !isObject(raw["permissions"])) {
      return [raw];
    }
    const permissions = subtract(raw["permissions"], policy.permissions);
    const isEmpty = Object.values(permissions).every((list) => !Array.isArray(list) || list.length === 0);
    return isEmpty ? [] : [{ ...raw, permissions }];
  });
}

function isSamePrincipal(entry: z.infer<typeof PolicyBody>, policy: AccessPolicy): boolean {
  return (
    entry.objectId.toLowerCase() === policy.objectId.toLowerCase() &&
    (entry.applicationId ?? "").toLowerCase() === (policy.applicationId ?? "").toLowerCase()
  );
}

function subtract(raw: Readonly<Record<string, unknown>>, taken: AccessPolicy["permissions"]): Record<string, unknown> {
  const takenByKind = new Map<string, readonly string[]>(Object.entries(taken));
  return Object.fromEntries(
    Object.entries(raw).map(([kind, list]) => {
      const gone = (takenByKind.get(kind) ?? []).map((name) => name.toLowerCase());
      return [kind, Array.isArray(list) ? list.filter((name) => !gone.includes(String(name).toLowerCase())) : list];
    }),
  );
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
