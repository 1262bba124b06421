import * as z from "zod/mini";

import type { CallOptions } from "../call.ts";
import { hasCode, ServiceError } from "../errors.ts";
import { t } from "../l10n.ts";
import { poll, type PollResult } from "../poll.ts";
import { parseAnswer, parseBody } from "./answers.ts";
import type { AzureAnswer, AzureClients, AzureRequest } from "./clients.ts";
import { ScaleSetIdentities } from "./identitiesScaleSets.ts";
import { parseResourceId } from "./resourceId.ts";

/** A user-assigned managed identity. Client id goes into the SecretProviderClass, principal (object) id into the role assignment. */
export interface ManagedIdentity {
  readonly id: string;
  readonly name: string;
  readonly location: string;
  readonly clientId: string;
  readonly principalId: string;
  readonly tenantId: string;
}

/** A federated identity credential of a user-assigned identity. */
export interface FederatedCredential {
  readonly name: string;
  /** Compared byte for byte by Microsoft Entra, trailing slash included. */
  readonly issuer: string;
  /** `system:serviceaccount:<namespace>:<service account>`. */
  readonly subject: string;
  readonly audiences: readonly string[];
}

/** The limit Microsoft Entra sets. @see https://learn.microsoft.com/azure/aks/workload-identity-overview#limitations */
export const maxFederatedCredentials = 20;

/** User-assigned managed identities and their federated credentials. */
export interface Identities {
  find(identityId: string, options?: CallOptions): Promise<ManagedIdentity | undefined>;
  list(subscriptionId: string, options?: CallOptions): Promise<readonly ManagedIdentity[]>;
  /** Creates or leaves as it is. */
  ensure(
    identityId: string,
    location: string,
    options?: CallOptions,
  ): Promise<{ readonly identity: ManagedIdentity; readonly isNew: boolean }>;
  delete(identityId: string, options?: CallOptions): Promise<void>;
  listFederatedCredentials(identityId: string, options?: CallOptions): Promise<readonly FederatedCredential[]>;
  /** Creates or corrects one credential; writes to one identity are made one after another, as Azure demands. @throws {ServiceError} `conflict` at the 21st */
  putFederatedCredential(
    identityId: string,
    credential: FederatedCredential,
    options?: CallOptions,
  ): Promise<FederatedCredential>;
  deleteFederatedCredential(identityId: string, name: string, options?: CallOptions): Promise<void>;
  /**
   * Adds the identity to every scale set of the node resource group, keeping what is there.
   * @returns the names of the scale sets that carry it afterwards
   * @throws {ServiceError} `forbidden` under node resource group lockdown
   */
  attachToScaleSets(
    subscriptionId: string,
    nodeResourceGroup: string,
    identityId: string,
    options?: CallOptions,
  ): Promise<readonly string[]>;
  /** Takes the identity off the scale sets that have it, or off those named. */
  detachFromScaleSets(
    subscriptionId: string,
    nodeResourceGroup: string,
    identityId: string,
    options?: CallOptions & { readonly only?: readonly string[] | undefined },
  ): Promise<void>;
}

const apiVersion = "2024-11-30";

/** A write to one identity while another one runs is refused with this code; it is over in seconds. */
const concurrentWrite = "ConcurrentFederatedIdentityCredentialsWritesForSingleManagedIdentity";

const IdentityBody = z.object({
  id: z.string(),
  name: z.string(),
  location: z.string(),
  properties: z.object({ clientId: z.string(), principalId: z.string(), tenantId: z.string() }),
});

const CredentialBody = z.object({
  name: z.string(),
  properties: z.object({ issuer: z.string(), subject: z.string(), audiences: z.array(z.string()) }),
});

/** Makes user-assigned managed identities. */
export function createIdentities(clients: AzureClients): Identities {
  return new ArmIdentities(clients);
}

class ArmIdentities implements Identities {
  readonly #clients: AzureClients;
  readonly #scaleSets: ScaleSetIdentities;
  /** Identity id, lower case → the last write to it. */
  readonly #writes = new Map<string, Promise<unknown>>();

  constructor(clients: AzureClients) {
    this.#clients = clients;
    this.#scaleSets = new ScaleSetIdentities(clients);
  }

  async find(identityId: string, options?: CallOptions): Promise<ManagedIdentity | undefined> {
    const answer = await this.#send({ method: "GET", path: identityId, accept: [404] }, options);
    return answer.status === 404 ? undefined : readIdentity(parseAnswer(IdentityBody, answer));
  }

  async list(subscriptionId: string, options?: CallOptions): Promise<readonly ManagedIdentity[]> {
    const path = `/subscriptions/${subscriptionId}/providers/Microsoft.ManagedIdentity/userAssignedIdentities`;
    const found = await this.#list(path, options);
    return found.map((item) => readIdentity(parseBody(IdentityBody, item, subscriptionId)));
  }

  async ensure(
    identityId: string,
    location: string,
    options?: CallOptions,
  ): Promise<{ readonly identity: ManagedIdentity; readonly isNew: boolean }> {
    const existing = await this.find(identityId, options);
    if (existing) {
      return { identity: existing, isNew: false };
    }
    const answer = await this.#send({ method: "PUT", path: identityId, body: { location } }, options);
    return { identity: readIdentity(parseAnswer(IdentityBody, answer)), isNew: true };
  }

  async delete(identityId: string, options?: CallOptions): Promise<void> {
    await this.#send({ method: "DELETE", path: identityId, accept: [404] }, options);
  }

  async listFederatedCredentials(identityId: string, options?: CallOptions): Promise<readonly FederatedCredential[]> {
    const found = await this.#list(`${identityId}/federatedIdentityCredentials`, options);
    return found.map((item) => readCredential(parseBody(CredentialBody, item, identityId)));
  }

  putFederatedCredential(
    identityId: string,
    credential: FederatedCredential,
    options?: CallOptions,
  ): Promise<FederatedCredential> {
    return this.#oneByOne(identityId, async () => {
      const existing = await this.listFederatedCredentials(identityId, options);
      const { issuer, subject, audiences } = credential;
      // Entra allows one credential for an issuer and a subject, whatever its name: that one is corrected.
      const same = existing.find((other) => other.issuer === issuer && other.subject === subject);
      if (same?.audiences.join() === audiences.join()) {
        return same;
      }
      const name = same?.name ?? credential.name;
      checkRoom(identityId, name, existing);
      const request: AzureRequest = {
        method: "PUT",
        path: credentialPath(identityId, name),
        body: { properties: { issuer, subject, audiences } },
      };
      return readCredential(parseAnswer(CredentialBody, await this.#write(request, options)));
    });
  }

  deleteFederatedCredential(identityId: string, name: string, options?: CallOptions): Promise<void> {
    return this.#oneByOne(identityId, async () => {
      await this.#write({ method: "DELETE", path: credentialPath(identityId, name), accept: [404] }, options);
    });
  }

  attachToScaleSets(
    subscriptionId: string,
    nodeResourceGroup: string,
    identityId: string,
    options?: CallOptions,
  ): Promise<readonly string[]> {
    return this.#scaleSets.attach({ subscriptionId, nodeResourceGroup }, identityId, options);
  }

  detachFromScaleSets(
    subscriptionId: string,
    nodeResourceGroup: string,
    identityId: string,
    options?: Parameters<Identities["detachFromScaleSets"]>[3],
  ): Promise<void> {
    return this.#scaleSets.detach({ subscriptionId, nodeResourceGroup }, identityId, options);
  }

  #send(request: AzureRequest, options?: CallOptions): Promise<AzureAnswer> {
    return this.#clients.send({ apiVersion, ...request }, options);
  }

  async #list(path: string, options?: CallOptions): Promise<readonly unknown[]> {
    const found: unknown[] = [];
    for await (const page of this.#clients.list({ method: "GET", path, apiVersion }, options)) {
      found.push(...page);
    }
    return found;
  }

  /** Repeats a write that somebody else's write got in the way of. */
  #write(request: AzureRequest, options?: CallOptions): Promise<AzureAnswer> {
    const attempt = async (): Promise<PollResult<AzureAnswer>> => {
      try {
        return { done: true, value: await this.#send(request, options) };
      } catch (error) {
        if (hasCode(error, "conflict") && error.details.serviceCode === concurrentWrite) {
          return { done: false };
        }
        throw error;
      }
    };
    const everyMs = Math.min(this.#clients.timing.pollEveryMs, 3_000);
    return poll(attempt, { everyMs, withinMs: 60_000, what: t("another change to the identity") }, options);
  }

  /** Azure refuses concurrent writes to one identity, so ours to it wait for each other. */
  async #oneByOne<T>(identityId: string, write: () => Promise<T>): Promise<T> {
    const key = identityId.toLowerCase();
    const before = this.#writes.get(key);
    const mine = afterwards(before, write);
    this.#writes.set(key, mine);
    try {
      return await mine;
    } finally {
      if (this.#writes.get(key) === mine) {
        this.#writes.delete(key);
      }
    }
  }
}

async function afterwards<T>(before: Promise<unknown> | undefined, write: () => Promise<T>): Promise<T> {
  await Promise.allSettled([before]);
  return write();
}

function readIdentity({ id, name, location, properties }: z.infer<typeof IdentityBody>): ManagedIdentity {
  const { clientId, principalId, tenantId } = properties;
  return { id, name, location, clientId, principalId, tenantId };
}

function readCredential({ name, properties }: z.infer<typeof CredentialBody>): FederatedCredential {
  const { issuer, subject, audiences } = properties;
  return { name, issuer, subject, audiences };
}

function credentialPath(identityId: string, name: string): string {
  return `${identityId}/federatedIdentityCredentials/${name}`;
}

function checkRoom(identityId: string, name: string, existing: readonly FederatedCredential[]): void {
  const replaces = existing.some((credential) => credential.name.toLowerCase() === name.toLowerCase());
  if (!replaces && existing.length >= maxFederatedCredentials) {
    throw new ServiceError(
      "conflict",
      t(
        'The identity has {1} federated credentials, and Microsoft Entra allows no more; delete one that is not used, or take another identity: "{0}".',
        parseResourceId(identityId).name,
        existing.length,
      ),
      { target: identityId },
    );
  }
}
