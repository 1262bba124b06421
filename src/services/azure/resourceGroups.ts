import * as z from "zod/mini";

import type { CallOptions } from "../call.ts";
import { t } from "../l10n.ts";
import { poll } from "../poll.ts";
import { parseAnswer, parseBody } from "./answers.ts";
import { resourcesApiVersion } from "./apiVersions.ts";
import type { AzureClients, AzureRequest } from "./clients.ts";

/** A resource group. */
export interface ResourceGroup {
  readonly name: string;
  readonly subscriptionId: string;
  readonly location: string;
}

/** An Azure region a subscription may use. */
export interface Location {
  /** `eastus2`. */
  readonly name: string;
  /** `East US 2`. */
  readonly displayName: string;
}

/** Resource groups, regions and provider registration of a subscription. */
export interface ResourceGroups {
  list(subscriptionId: string, options?: CallOptions): Promise<readonly ResourceGroup[]>;
  find(subscriptionId: string, name: string, options?: CallOptions): Promise<ResourceGroup | undefined>;
  /** Creates it, or leaves one that exists as it is. */
  ensure(
    subscriptionId: string,
    name: string,
    location: string,
    options?: CallOptions,
  ): Promise<{ readonly group: ResourceGroup; readonly isNew: boolean }>;
  /** Whether no resource lies in the group. */
  isEmpty(subscriptionId: string, name: string, options?: CallOptions): Promise<boolean>;
  /** Deletes the group with everything in it, and waits. */
  delete(subscriptionId: string, name: string, options?: CallOptions): Promise<void>;
  listLocations(subscriptionId: string, options?: CallOptions): Promise<readonly Location[]>;
  /** `Registered`, `NotRegistered`, `Registering` … of a namespace such as `Microsoft.KeyVault`. */
  getProviderState(subscriptionId: string, namespace: string, options?: CallOptions): Promise<string>;
  /** Registers a provider namespace and waits until it is registered. */
  registerProvider(subscriptionId: string, namespace: string, options?: CallOptions): Promise<void>;
}

const Group = z.object({ name: z.string(), location: z.string() });
const Provider = z.object({ registrationState: z.string() });

const deleteWithinMs = 60 * 60_000;
const registerWithinMs = 10 * 60_000;

/** Resource groups over ARM. */
export function createResourceGroups(clients: AzureClients): ResourceGroups {
  return new Groups(clients);
}

class Groups implements ResourceGroups {
  readonly #clients: AzureClients;

  constructor(clients: AzureClients) {
    this.#clients = clients;
  }

  async list(subscriptionId: string, options?: CallOptions): Promise<readonly ResourceGroup[]> {
    const path = `/subscriptions/${subscriptionId}/resourcegroups`;
    const found: ResourceGroup[] = [];
    for await (const page of this.#clients.list(request("GET", path, subscriptionId), options)) {
      found.push(...page.map((body) => ({ ...parseBody(Group, body, subscriptionId), subscriptionId })));
    }
    return found.sort((a, b) => a.name.localeCompare(b.name));
  }

  async find(subscriptionId: string, name: string, options?: CallOptions): Promise<ResourceGroup | undefined> {
    const answer = await this.#clients.send(
      { ...request("GET", pathOf(subscriptionId, name), name), accept: [404] },
      options,
    );
    return answer.status === 404 ? undefined : { ...parseAnswer(Group, answer), subscriptionId };
  }

  async ensure(
    subscriptionId: string,
    name: string,
    location: string,
    options?: CallOptions,
  ): Promise<{ readonly group: ResourceGroup; readonly isNew: boolean }> {
    const found = await this.find(subscriptionId, name, options);
    if (found) {
      return { group: found, isNew: false };
    }
    const answer = await this.#clients.send(
      { ...request("PUT", pathOf(subscriptionId, name), name), body: { location } },
      options,
    );
    return { group: { ...parseAnswer(Group, answer), subscriptionId }, isNew: answer.status === 201 };
  }

  async isEmpty(subscriptionId: string, name: string, options?: CallOptions): Promise<boolean> {
    const path = `${pathOf(subscriptionId, name)}/resources?$top=1`;
    for await (const page of this.#clients.list(request("GET", path, name), options)) {
      // A page may be empty and still have a next one.
      if (page.length > 0) {
        return false;
      }
    }
    return true;
  }

  async delete(subscriptionId: string, name: string, options?: CallOptions): Promise<void> {
    const started = await this.#clients.send(
      { ...request("DELETE", pathOf(subscriptionId, name), name), accept: [404] },
      options,
    );
    if (started.status !== 404) {
      await this.#clients.waitForOperation(started, { target: name, withinMs: deleteWithinMs }, options);
    }
  }

  async listLocations(subscriptionId: string, options?: CallOptions): Promise<readonly Location[]> {
    const locations = await this.#clients.callSdk(
      { subscriptionId, target: t("the regions of your subscription") },
      async (sdk) => {
        const { createSubscription } = await import("@azure/arm-resources-subscriptions/api");
        const { listLocations } = await import("@azure/arm-resources-subscriptions/api/subscriptions");
        const found: Location[] = [];
        for await (const { name, displayName, metadata } of listLocations(
          createSubscription(sdk.credential, sdk.options),
          subscriptionId,
        )) {
          // "Logical" regions (Europe, Asia …) hold no resources of their own.
          if (name && metadata?.regionType !== "Logical") {
            found.push({ name, displayName: displayName ?? name });
          }
        }
        return found;
      },
      options,
    );
    return locations.sort((a, b) => a.displayName.localeCompare(b.displayName));
  }

  async getProviderState(subscriptionId: string, namespace: string, options?: CallOptions): Promise<string> {
    const path = `/subscriptions/${subscriptionId}/providers/${namespace}`;
    const answer = await this.#clients.send(request("GET", path, namespace), options);
    return parseAnswer(Provider, answer).registrationState;
  }

  async registerProvider(subscriptionId: string, namespace: string, options?: CallOptions): Promise<void> {
    const path = `/subscriptions/${subscriptionId}/providers/${namespace}/register`;
    await this.#clients.send(request("POST", path, namespace), options);
    const look = async (signal: AbortSignal | undefined) => {
      const state = await this.getProviderState(subscriptionId, namespace, { signal });
      return state === "Registered" ? { done: true as const, value: undefined } : { done: false as const };
    };
    const times = { everyMs: this.#clients.timing.pollEveryMs, withinMs: registerWithinMs, what: `"${namespace}"` };
    await poll(look, times, options);
  }
}

function pathOf(subscriptionId: string, name: string): string {
  return `/subscriptions/${subscriptionId}/resourcegroups/${encodeURIComponent(name)}`;
}

function request(method: AzureRequest["method"], path: string, target: string): AzureRequest {
  return { method, path, apiVersion: resourcesApiVersion, target };
}
