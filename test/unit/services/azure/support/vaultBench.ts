/** A sandbox of its own for each test of vaults, roles and identities, and the services on it, signed in as whom the test names. */
import type { AccessToken, GetTokenOptions, TokenCredential } from "@azure/core-auth";

import { createAzureClients, type AzureClients } from "../../../../../src/services/azure/clients.ts";
import type { Cloud } from "../../../../../src/services/azure/cloud.ts";
import { createIdentities, type Identities } from "../../../../../src/services/azure/identities.ts";
import { createKeyVaults, type KeyVault, type KeyVaults } from "../../../../../src/services/azure/keyVaults.ts";
import { createRoleAssignments, type RoleAssignments } from "../../../../../src/services/azure/roleAssignments.ts";
import { createVaultObjects, type VaultObjects } from "../../../../../src/services/azure/vaultObjects.ts";
import { startSandbox, type Sandbox } from "../../../../sandbox/sandbox.ts";
import type { Principal } from "../../../../sandbox/state.ts";

/** The services as one principal sees the sandbox. */
export interface Bench {
  readonly clients: AzureClients;
  readonly keyVaults: KeyVaults;
  readonly vaultObjects: VaultObjects;
  readonly roleAssignments: RoleAssignments;
  readonly identities: Identities;
  /** Every line that was logged. */
  readonly log: readonly string[];
}

/** A sandbox with one tenant, one subscription, one resource group, and its owner signed in. */
export interface VaultBench extends Bench {
  readonly sandbox: Sandbox;
  readonly owner: Principal;
  readonly subscriptionId: string;
  readonly groupId: string;
  readonly vaultId: (name: string) => string;
  /** The services for somebody else. */
  as(principal: Principal): Bench;
  /** A vault made by the owner, who may do everything in it. */
  newVault(
    name: string,
    options?: { readonly usesRbac?: boolean; readonly isPurgeProtected?: boolean },
  ): Promise<KeyVault>;
  /** Requests as `METHOD path`, queries left out. */
  asked(plane: "arm" | "vault"): readonly string[];
}

const timing = { retryDelayMs: 2, maxPauseMs: 20, pollEveryMs: 5, answerWithinMs: 2_000 };

export async function startVaultBench(): Promise<VaultBench> {
  const sandbox = await startSandbox({ world: "empty" });
  const [tenant] = sandbox.world.tenants.values();
  const [subscription] = sandbox.world.subscriptions.values();
  if (!tenant || !subscription) {
    throw new Error("The empty world has a tenant and a subscription.");
  }
  const owner = sandbox.addPrincipal({
    tenantId: tenant.id,
    roles: ["Owner"],
    at: `/subscriptions/${subscription.id}`,
  });
  const group = sandbox.addResourceGroup("rg", { subscriptionId: subscription.id });
  const vaultId = (name: string) => `${group.id}/providers/Microsoft.KeyVault/vaults/${name}`;
  const ownBench = benchFor(sandbox, owner);
  return {
    ...ownBench,
    sandbox,
    owner,
    subscriptionId: subscription.id,
    groupId: group.id,
    vaultId,
    as: (principal) => benchFor(sandbox, principal),
    async newVault(name, { usesRbac = true, isPurgeProtected = false } = {}) {
      const wanted = { id: vaultId(name), location: "eastus2", tenantId: tenant.id, usesRbac, isPurgeProtected };
      const vault = await ownBench.keyVaults.create(wanted);
      sandbox.assignRole(owner, "Key Vault Administrator", vault.id);
      return vault;
    },
    asked: (plane) =>
      sandbox
        .requests({ plane })
        .map(({ method, path }) => `${method} ${path.split("?")[0]?.replace(group.id, "") ?? ""}`),
  };
}

function benchFor(sandbox: Sandbox, principal: Principal): Bench {
  const lines: string[] = [];
  const write = (message: string): void => void lines.push(message);
  const clients = createAzureClients({
    cloud: cloudOf(sandbox),
    credential: credentialOf(sandbox, principal),
    log: { trace: write, debug: write, info: write, warn: write, error: write },
    timing,
  });
  return {
    clients,
    keyVaults: createKeyVaults(clients),
    vaultObjects: createVaultObjects(clients),
    roleAssignments: createRoleAssignments(clients),
    identities: createIdentities(clients),
    log: lines,
  };
}

function cloudOf(sandbox: Sandbox): Cloud {
  const { resourceManager, authority, keyVaultAudience, keyVaultSuffix } = sandbox;
  return {
    name: "custom",
    resourceManager,
    resourceManagerAudience: resourceManager,
    authority,
    keyVaultAudience,
    keyVaultSuffix,
    portal: undefined,
    secretProviderClassCloudName: undefined,
  };
}

/** The client-credentials flow, in the tenant asked for. */
function credentialOf(sandbox: Sandbox, { appId = "", clientSecret = "", tenantId }: Principal): TokenCredential {
  return {
    async getToken(scopes: string | string[], options: GetTokenOptions = {}): Promise<AccessToken> {
      const body = new URLSearchParams({
        grant_type: "client_credentials",
        client_id: appId,
        client_secret: clientSecret,
        scope: [scopes].flat().join(" "),
      });
      const answer = await fetch(`${sandbox.authority}/${options.tenantId ?? tenantId}/oauth2/v2.0/token`, {
        method: "POST",
        body,
      });
      const { access_token: token, error_description: reason } = (await answer.json()) as Record<string, string>;
      if (!token) {
        throw new Error(reason);
      }
      return { token, expiresOnTimestamp: Date.now() + 3_600_000 };
    },
  };
}
