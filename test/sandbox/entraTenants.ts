/** What the parts of the sandbox's Entra share: its options, its errors, its tenants. */
import type { Identity } from "./identity.ts";
import type { Tenant, World } from "./state.ts";

export interface EntraOptions {
  readonly world: World;
  readonly identity: Identity;
  /** `https://127.0.0.1:<port>` */
  readonly authority: () => string;
  /** What tokens may be asked for, without a trailing slash. */
  readonly audiences: () => readonly string[];
}

export interface Grant {
  readonly userPrincipalName: string;
  readonly expiresAt: number;
  readonly codeChallenge?: string;
}

export interface Entra extends EntraOptions {
  readonly refreshTokens: Map<string, Grant>;
  readonly codes: Map<string, Grant>;
  readonly deviceCodes: Map<string, Grant>;
}

export class EntraError extends Error {
  constructor(
    readonly status: number,
    readonly error: string,
    readonly number: number,
    text: string,
  ) {
    super(`AADSTS${number}: ${text}`);
  }
}

export const manyTenants = ["common", "organizations", "consumers"];

export function findTenant(world: World, name: string): Tenant | undefined {
  const wanted = name.toLowerCase();
  return (
    world.tenants.get(wanted) ??
    [...world.tenants.values()].find((tenant) => tenant.defaultDomain.toLowerCase() === wanted)
  );
}

export function getTenant(world: World, name: string): Tenant {
  const tenant = findTenant(world, name);
  if (!tenant) {
    throw new EntraError(
      400,
      "invalid_tenant",
      90002,
      `Tenant '${name}' not found. Check to make sure you have the correct tenant ID and are signing into the correct cloud. Check with your subscription administrator, this may happen if there are no active subscriptions for the tenant.`,
    );
  }
  return tenant;
}
