import type { CallOptions } from "../call.ts";
import { ServiceError, hasCode, isAbort } from "../errors.ts";
import { t } from "../l10n.ts";
import type { AzureClients } from "./clients.ts";
import type { Estate, MissingPart, Subscription, Tenant } from "./inventory.ts";
import { forEachLimited } from "./limit.ts";

const tenantsAtOnce = 8;

/** Tenants and subscriptions, and what of them could not be read. */
export type Scope = Pick<Estate, "tenants" | "subscriptions" | "missing">;

/**
 * The subscriptions of every tenant the person belongs to, sorted by name. The tenant through which a subscription was found is remembered for its later calls.
 * @throws {ServiceError} `notSignedIn`; `unreachable` when not even the tenants can be read
 */
export async function listSubscriptions(clients: AzureClients, options?: CallOptions): Promise<Scope> {
  const tenants = await listTenants(clients, options);
  const subscriptions = new Map<string, Subscription>();
  const missing: MissingPart[] = [];
  await forEachLimited(tenants, tenantsAtOnce, async (tenant) => {
    try {
      for (const subscription of await listOfTenant(clients, tenant, options)) {
        if (!subscriptions.has(subscription.id)) {
          subscriptions.set(subscription.id, subscription);
          clients.learnTenant(subscription.id, tenant.id);
        }
      }
    } catch (error) {
      missing.push(missingPart(error, { tenant }));
    }
  });
  throwIfSignedOut(missing, tenants.length);
  const sorted = [...subscriptions.values()].sort((a, b) => a.name.localeCompare(b.name) || a.id.localeCompare(b.id));
  return { tenants, subscriptions: sorted, missing };
}

async function listTenants(clients: AzureClients, options?: CallOptions): Promise<readonly Tenant[]> {
  return clients.callSdk(
    { target: t("your tenants") },
    async (sdk) => {
      const { createSubscription } = await import("@azure/arm-resources-subscriptions/api");
      const { list } = await import("@azure/arm-resources-subscriptions/api/tenants");
      const tenants: Tenant[] = [];
      for await (const { tenantId, displayName } of list(createSubscription(sdk.credential, sdk.options))) {
        if (tenantId) {
          tenants.push({ id: tenantId.toLowerCase(), name: displayName });
        }
      }
      return tenants;
    },
    options,
  );
}

async function listOfTenant(clients: AzureClients, tenant: Tenant, options?: CallOptions): Promise<Subscription[]> {
  return clients.callSdk(
    { tenantId: tenant.id, target: tenant.name ?? tenant.id },
    async (sdk) => {
      const { createSubscription } = await import("@azure/arm-resources-subscriptions/api");
      const { list } = await import("@azure/arm-resources-subscriptions/api/subscriptions");
      const found: Subscription[] = [];
      for await (const body of list(createSubscription(sdk.credential, sdk.options))) {
        if (body.subscriptionId) {
          const { subscriptionId, displayName, tenantId, state } = body;
          const id = subscriptionId.toLowerCase();
          found.push({ id, name: displayName ?? id, tenantId: tenantId ?? tenant.id, state: state ?? "Enabled" });
        }
      }
      return found;
    },
    options,
  );
}

/** Notes a part that could not be read; an abort and a bug are no missing part. */
export function missingPart(
  error: unknown,
  part: { readonly tenant?: Tenant; readonly subscription?: Subscription },
): MissingPart {
  if (isAbort(error) || !(error instanceof ServiceError)) {
    throw error;
  }
  const { tenant, subscription } = part;
  const what = subscription
    ? t('Subscription "{0}"', subscription.name)
    : t('Tenant "{0}"', tenant?.name ?? tenant?.id ?? "");
  return { what, tenantId: tenant?.id ?? subscription?.tenantId, subscriptionId: subscription?.id, error };
}

/** Being signed out of every tenant is no missing part but a missing session. */
export function throwIfSignedOut(missing: readonly MissingPart[], parts: number): void {
  const first = missing[0]?.error;
  if (first && parts > 0 && missing.length >= parts && missing.every(({ error }) => hasCode(error, "notSignedIn"))) {
    throw first;
  }
}
