/** What every world begins with: a tenant, a subscription, and a service principal that owns it. */
import type { Builder } from "./builders.ts";
import type { Principal } from "./state.ts";

/** Who signs in. */
export interface Visitor {
  readonly tenantId: string;
  readonly subscriptionId: string;
  readonly clientId: string;
  readonly clientSecret: string;
  readonly principal: Principal;
}

export function visitorOf(principal: Principal, subscriptionId: string): Visitor {
  return {
    tenantId: principal.tenantId,
    subscriptionId,
    clientId: principal.appId ?? "",
    clientSecret: principal.clientSecret ?? "",
    principal,
  };
}

export function seedBase(builder: Builder): Visitor {
  builder.addTenant({ displayName: "Contoso", defaultDomain: "contoso.onmicrosoft.test" });
  const subscription = builder.addSubscription({ displayName: "Contoso Development" });
  const owner = builder.addPrincipal({ displayName: "Sandbox owner", roles: ["Owner"] });
  return visitorOf(owner, subscription.id);
}
