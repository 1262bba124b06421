import * as z from "zod/mini";

import type { CallOptions } from "../call.ts";
import { hasCode, ServiceError } from "../errors.ts";
import { t } from "../l10n.ts";
import { poll } from "../poll.ts";
import { parseAnswer, parseBody } from "./answers.ts";
import type { AzureAnswer, AzureClients, AzureRequest } from "./clients.ts";
import type { VaultSummary } from "./inventory.ts";
import {
  Availability,
  DeletedVaultBody,
  newVaultBody,
  readDeletedVault,
  readVault,
  VaultBody,
} from "./keyVaultBody.ts";
import { explainConflict } from "./keyVaultErrors.ts";
import { policyBody, rawPolicies, withoutPolicy } from "./keyVaultPolicies.ts";
import { checkReach } from "./keyVaultReach.ts";
import { checkRetention, checkVaultName } from "./keyVaultRules.ts";
import { parseResourceId } from "./resourceId.ts";

/** One entry of a vault's access policies. */
export interface AccessPolicy {
  readonly tenantId: string;
  readonly objectId: string;
  readonly applicationId: string | undefined;
  readonly permissions: {
    readonly secrets: readonly string[];
    readonly keys: readonly string[];
    readonly certificates: readonly string[];
  };
}

/** A key vault read whole, in our terms. */
export interface KeyVault extends VaultSummary {
  readonly provisioningState: string | undefined;
  readonly isPurgeProtected: boolean;
  readonly softDeleteRetentionInDays: number;
  readonly accessPolicies: readonly AccessPolicy[];
  readonly ipRules: readonly string[];
  readonly virtualNetworkRules: readonly string[];
  readonly hasPrivateEndpoint: boolean;
}

/** What a new vault is to be. RBAC is always stated explicitly. */
export interface NewVault {
  readonly id: string;
  readonly location: string;
  readonly tenantId: string;
  readonly usesRbac: boolean;
  /** Cannot be undone, not even by Microsoft. */
  readonly isPurgeProtected: boolean;
  /** 7–90; fixed at creation. */
  readonly softDeleteRetentionInDays?: number | undefined;
  /** Undefined: open to all networks. */
  readonly network?:
    { readonly ipRules: readonly string[]; readonly virtualNetworkRules: readonly string[] } | undefined;
  readonly skuName?: "standard" | "premium" | undefined;
}

/** A vault that is deleted but can be recovered. */
export interface DeletedVault {
  readonly name: string;
  readonly id: string;
  readonly location: string;
  readonly subscriptionId: string;
  readonly isPurgeProtected: boolean;
  readonly deletionDate: string | undefined;
  readonly scheduledPurgeDate: string | undefined;
}

/** Whether a vault may be made under a name, and if not, why. */
export type NameAvailability =
  | { readonly kind: "available" }
  /** Breaks a rule; `message` says which. Found without a call. */
  | { readonly kind: "invalid"; readonly message: string }
  /** A live vault of this subscription, to be used as it is. */
  | { readonly kind: "exists"; readonly vault: KeyVault }
  /** Deleted in this subscription; recover, purge or rename. */
  | { readonly kind: "softDeleted"; readonly vault: DeletedVault }
  /** In use, or deleted, outside what the person may see. */
  | { readonly kind: "taken"; readonly message: string };

/** Whether this machine gets through the vault's network rules. */
export type VaultReach =
  | { readonly kind: "open" }
  | {
      readonly kind: "closed";
      readonly message: string;
      /** As the vault saw it. */ readonly clientAddress: string | undefined;
    };

/** Key vaults, management plane, api-version 2026-02-01. */
export interface KeyVaults {
  /** @throws {ServiceError} `notFound`, `forbidden` */
  get(vaultId: string, options?: CallOptions): Promise<KeyVault>;

  /** The vault, or undefined when there is none of that id. */
  find(vaultId: string, options?: CallOptions): Promise<KeyVault | undefined>;

  /**
   * Rules first, then the live vault of that id, then the deleted ones and the service's name check. Where the person may not ask the subscription, as with rights
   * in one resource group only, a name counts as available and {@link create} tells.
   */
  checkName(vaultId: string, options?: CallOptions): Promise<NameAvailability>;

  /** Creates a vault and waits. @throws {ServiceError} `invalidRequest` before any call when the name breaks a rule; `conflict` when the name is taken or soft-deleted */
  create(vault: NewVault, options?: CallOptions): Promise<KeyVault>;

  /** Brings a deleted vault back. Its role assignments do not come back. */
  recover(vault: DeletedVault, options?: CallOptions): Promise<KeyVault>;

  /** Purges a deleted vault for ever and waits. @throws {ServiceError} `conflict` when it is purge-protected */
  purge(vault: DeletedVault, options?: CallOptions): Promise<void>;

  /** Soft-deletes a vault. Success when there is none. */
  delete(vaultId: string, options?: CallOptions): Promise<void>;

  /** Switches between Azure RBAC and access policies, losing nothing else (PATCH of the one property). */
  setRbac(vaultId: string, usesRbac: boolean, options?: CallOptions): Promise<KeyVault>;

  /** Adds one entry to the access policies; other entries stay. */
  addAccessPolicy(vaultId: string, policy: AccessPolicy, options?: CallOptions): Promise<KeyVault>;

  /** Takes exactly these permissions out of the principal's entry; what else it holds stays, and an empty entry goes. Other entries stay as they are. */
  removeAccessPolicy(vaultId: string, policy: AccessPolicy, options?: CallOptions): Promise<KeyVault>;

  /** Vaults of a subscription that are deleted but can be recovered. */
  listDeleted(subscriptionId: string, options?: CallOptions): Promise<readonly DeletedVault[]>;

  /** Asks the vault's data plane whether it lets this machine in. Needs no right in the vault. */
  checkReach(vault: Pick<KeyVault, "vaultUri" | "tenantId">, options?: CallOptions): Promise<VaultReach>;
}

const apiVersion = "2026-02-01";

/** Makes the management plane of key vaults. */
export function createKeyVaults(clients: AzureClients): KeyVaults {
  return new ArmVaults(clients);
}

class ArmVaults implements KeyVaults {
  readonly #clients: AzureClients;

  constructor(clients: AzureClients) {
    this.#clients = clients;
  }

  async get(vaultId: string, options?: CallOptions): Promise<KeyVault> {
    return toVault(await this.#send({ method: "GET", path: vaultId }, options));
  }

  async find(vaultId: string, options?: CallOptions): Promise<KeyVault | undefined> {
    const answer = await this.#send({ method: "GET", path: vaultId, accept: [404] }, options);
    return answer.status === 404 ? undefined : toVault(answer);
  }

  async checkName(vaultId: string, options?: CallOptions): Promise<NameAvailability> {
    const { name, subscriptionId } = parseResourceId(vaultId);
    const broken = checkVaultName(name);
    if (broken) {
      return { kind: "invalid", message: broken };
    }
    const vault = await this.find(vaultId, options);
    if (vault) {
      return { kind: "exists", vault };
    }
    const [deleted, availability] = await Promise.all([
      orWhenForbidden(this.#findDeleted(subscriptionId, name, options), undefined),
      orWhenForbidden(this.#askAvailability(subscriptionId, name, options), { kind: "available" as const }),
    ]);
    return deleted ? { kind: "softDeleted", vault: deleted } : availability;
  }

  async create(vault: NewVault, options?: CallOptions): Promise<KeyVault> {
    const { name } = parseResourceId(vault.id);
    const broken = checkVaultName(name) ?? checkRetention(vault.softDeleteRetentionInDays);
    if (broken) {
      throw new ServiceError("invalidRequest", broken, { target: vault.id });
    }
    // A PUT on a vault that lives would replace its access policies and its network rules.
    if (await this.find(vault.id, options)) {
      throw new ServiceError("conflict", t('The vault exists already: "{0}".', name), { target: vault.id });
    }
    return this.#put(vault.id, newVaultBody(vault), options);
  }

  async recover(vault: DeletedVault, options?: CallOptions): Promise<KeyVault> {
    const properties = {
      // Required by the API and ignored by a recovery: the vault comes back as it was.
      tenantId: await this.#tenantOf(vault.subscriptionId, options),
      sku: { family: "A", name: "standard" },
      createMode: "recover",
    };
    return this.#put(vault.id, { location: vault.location, properties }, options);
  }

  async purge(vault: DeletedVault, options?: CallOptions): Promise<void> {
    const { name, subscriptionId, location } = vault;
    if (vault.isPurgeProtected) {
      throw new ServiceError("conflict", t('The deleted vault is protected against purging: "{0}".', name), {
        target: vault.id,
      });
    }
    const path = `/subscriptions/${subscriptionId}/providers/Microsoft.KeyVault/locations/${location}/deletedVaults/${name}/purge`;
    const started = await this.#send({ method: "POST", path, target: name, accept: [404] }, options);
    if (started.status !== 404) {
      await this.#clients.waitForOperation(started, { target: name }, options);
    }
  }

  async delete(vaultId: string, options?: CallOptions): Promise<void> {
    await this.#send({ method: "DELETE", path: vaultId, accept: [404] }, options);
  }

  async setRbac(vaultId: string, usesRbac: boolean, options?: CallOptions): Promise<KeyVault> {
    return this.#patch(vaultId, { enableRbacAuthorization: usesRbac }, options);
  }

  async addAccessPolicy(vaultId: string, policy: AccessPolicy, options?: CallOptions): Promise<KeyVault> {
    const body = { properties: { accessPolicies: [policyBody(policy)] } };
    const { name } = parseResourceId(vaultId);
    await this.#send({ method: "PUT", path: `${vaultId}/accessPolicies/add`, body, target: name }, options);
    return this.get(vaultId, options);
  }

  async removeAccessPolicy(vaultId: string, policy: AccessPolicy, options?: CallOptions): Promise<KeyVault> {
    const answer = await this.#send({ method: "GET", path: vaultId }, options);
    const before = rawPolicies(answer.body);
    const accessPolicies = withoutPolicy(before, policy);
    return JSON.stringify(accessPolicies) === JSON.stringify(before)
      ? toVault(answer)
      : this.#patch(vaultId, { accessPolicies }, options);
  }

  async listDeleted(subscriptionId: string, options?: CallOptions): Promise<readonly DeletedVault[]> {
    const path = `/subscriptions/${subscriptionId}/providers/Microsoft.KeyVault/deletedVaults`;
    const found: DeletedVault[] = [];
    for await (const page of this.#clients.list({ method: "GET", path, apiVersion }, options)) {
      found.push(...page.map((item) => readDeletedVault(parseBody(DeletedVaultBody, item, subscriptionId))));
    }
    return found;
  }

  checkReach(vault: Pick<KeyVault, "vaultUri" | "tenantId">, options?: CallOptions): Promise<VaultReach> {
    return checkReach(this.#clients, vault, options);
  }

  #send(request: AzureRequest, options?: CallOptions): Promise<AzureAnswer> {
    return this.#clients.send({ apiVersion, ...request }, options);
  }

  async #put(vaultId: string, body: object, options?: CallOptions): Promise<KeyVault> {
    const { name } = parseResourceId(vaultId);
    try {
      const started = await this.#send({ method: "PUT", path: vaultId, body }, options);
      await this.#clients.waitForOperation(started, { target: name }, options);
    } catch (error) {
      throw explainConflict(error, name);
    }
    return this.#waitUntilProvisioned(vaultId, options);
  }

  async #patch(vaultId: string, properties: object, options?: CallOptions): Promise<KeyVault> {
    await this.#send({ method: "PATCH", path: vaultId, body: { properties } }, options);
    return this.#waitUntilProvisioned(vaultId, options);
  }

  /** A vault answers at once but its name may still be on the way into DNS: `provisioningState` `RegisteringDns`. */
  async #waitUntilProvisioned(vaultId: string, options?: CallOptions): Promise<KeyVault> {
    const { name } = parseResourceId(vaultId);
    const look = async () => {
      const vault = await this.get(vaultId, options);
      const state = vault.provisioningState?.toLowerCase() ?? "succeeded";
      if (state === "failed" || state === "canceled") {
        throw new ServiceError("operationFailed", t('Azure could not finish the vault: "{0}".', name), {
          target: vaultId,
        });
      }
      return state === "succeeded" ? { done: true as const, value: vault } : { done: false as const };
    };
    const everyMs = Math.min(this.#clients.timing.pollEveryMs, 3_000);
    return poll(look, { everyMs, withinMs: 600_000, what: t('the vault "{0}"', name) }, options);
  }

  async #findDeleted(subscriptionId: string, name: string, options?: CallOptions): Promise<DeletedVault | undefined> {
    const deleted = await this.listDeleted(subscriptionId, options);
    return deleted.find((vault) => vault.name.toLowerCase() === name.toLowerCase());
  }

  async #askAvailability(subscriptionId: string, name: string, options?: CallOptions): Promise<NameAvailability> {
    const answer = await this.#send(
      {
        method: "POST",
        path: `/subscriptions/${subscriptionId}/providers/Microsoft.KeyVault/checkNameAvailability`,
        body: { name, type: "Microsoft.KeyVault/vaults" },
        isRead: true,
        target: name,
      },
      options,
    );
    const { nameAvailable, reason, message } = parseAnswer(Availability, answer);
    if (nameAvailable) {
      return { kind: "available" };
    }
    const said = message ?? t('The name cannot be used: "{0}".', name);
    return reason === "AccountNameInvalid"
      ? { kind: "invalid", message: said }
      : { kind: "taken", message: (await this.#explainTaken(subscriptionId, name, options)) ?? said };
  }

  /** Says so when the name is taken by a vault of the same subscription that lies in another resource group. */
  async #explainTaken(subscriptionId: string, name: string, options?: CallOptions): Promise<string | undefined> {
    const path = `/subscriptions/${subscriptionId}/providers/Microsoft.KeyVault/vaults`;
    for await (const page of this.#clients.list({ method: "GET", path, apiVersion }, options)) {
      const vaults = page.map((item) => readVault(parseBody(VaultBody, item, subscriptionId)));
      const namesake = vaults.find((vault) => vault.name.toLowerCase() === name.toLowerCase());
      if (namesake) {
        return t('A vault of this name is in your resource group "{0}".', namesake.resourceGroup);
      }
    }
    return undefined;
  }

  async #tenantOf(subscriptionId: string, options?: CallOptions): Promise<string> {
    const known = this.#clients.tenantOf(subscriptionId);
    if (known) {
      return known;
    }
    const path = `/subscriptions/${subscriptionId}`;
    const answer = await this.#clients.send({ method: "GET", path, apiVersion: "2022-12-01" }, options);
    return parseAnswer(z.object({ tenantId: z.string() }), answer).tenantId;
  }
}

function toVault(answer: AzureAnswer): KeyVault {
  return readVault(parseAnswer(VaultBody, answer));
}

/** Both questions about a name are asked at the subscription; who may create vaults in a resource group only is told by the creation itself. */
async function orWhenForbidden<T, F>(answer: Promise<T>, otherwise: F): Promise<T | F> {
  try {
    return await answer;
  } catch (error) {
    if (hasCode(error, "forbidden")) {
      return otherwise;
    }
    throw error;
  }
}
