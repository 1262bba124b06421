import * as z from "zod/mini";

import type { CallOptions } from "../call.ts";
import { hasCode, ServiceError } from "../errors.ts";
import { t } from "../l10n.ts";
import { parseBody } from "./answers.ts";
import { scaleSetsApiVersion } from "./apiVersions.ts";
import type { AzureClients } from "./clients.ts";
import { sameId } from "./resourceId.ts";

/** The node resource group of a cluster. */
export interface NodeGroup {
  readonly subscriptionId: string;
  readonly nodeResourceGroup: string;
}

const ScaleSetBody = z.object({
  id: z.string(),
  name: z.string(),
  identity: z.nullish(
    z.object({
      type: z.nullish(z.string()),
      userAssignedIdentities: z.nullish(z.record(z.string(), z.unknown())),
    }),
  ),
});

type ScaleSet = z.infer<typeof ScaleSetBody>;

/** User-assigned identities on the node scale sets of a cluster. */
export class ScaleSetIdentities {
  readonly #clients: AzureClients;

  constructor(clients: AzureClients) {
    this.#clients = clients;
  }

  /** Puts the identity on every scale set, one after another, and leaves those alone that have it. @returns their names */
  async attach(group: NodeGroup, identityId: string, options?: CallOptions): Promise<readonly string[]> {
    const scaleSets = await this.#list(group, options);
    for (const scaleSet of scaleSets.filter((candidate) => !keyOf(candidate, identityId))) {
      const added = { ...keptIdentities(scaleSet, identityId), [identityId]: {} };
      await this.#patch(scaleSet, typeWith(scaleSet, added), added, options);
    }
    return scaleSets.map(({ name }) => name);
  }

  /** Takes the identity off every scale set that has it, or off those named. */
  async detach(
    group: NodeGroup,
    identityId: string,
    options?: CallOptions & { readonly only?: readonly string[] | undefined },
  ): Promise<void> {
    for (const scaleSet of await this.#list(group, options)) {
      const key = keyOf(scaleSet, identityId);
      if (key && (options?.only?.includes(scaleSet.name) ?? true)) {
        const kept = keptIdentities(scaleSet, identityId);
        await this.#patch(scaleSet, typeWith(scaleSet, kept), { ...kept, [key]: null }, options);
      }
    }
  }

  async #list({ subscriptionId, nodeResourceGroup }: NodeGroup, options?: CallOptions): Promise<readonly ScaleSet[]> {
    const path = `/subscriptions/${subscriptionId}/resourceGroups/${nodeResourceGroup}/providers/Microsoft.Compute/virtualMachineScaleSets`;
    const found: ScaleSet[] = [];
    const request = { method: "GET", path, apiVersion: scaleSetsApiVersion, target: nodeResourceGroup } as const;
    for await (const page of this.#clients.list(request, options)) {
      found.push(...page.map((item) => parseBody(ScaleSetBody, item, nodeResourceGroup)));
    }
    return found;
  }

  async #patch(scaleSet: ScaleSet, type: string, identities: Identities, options?: CallOptions): Promise<void> {
    // Without any user-assigned identity left the map must be absent: the type alone clears it.
    const identity = type.includes("UserAssigned") ? { type, userAssignedIdentities: identities } : { type };
    try {
      const request = {
        method: "PATCH",
        path: scaleSet.id,
        apiVersion: scaleSetsApiVersion,
        body: { identity },
      } as const;
      const started = await this.#clients.send(request, options);
      await this.#clients.waitForOperation(started, { target: scaleSet.name }, options);
    } catch (error) {
      throw explainLockdown(error, scaleSet.name);
    }
  }
}

type Identities = Readonly<Record<string, object | null>>;

/** The key under which the identity stands, in the letter case the service chose. */
function keyOf({ identity }: ScaleSet, identityId: string): string | undefined {
  return Object.keys(identity?.userAssignedIdentities ?? {}).find((key) => sameId(key, identityId));
}

function keptIdentities({ identity }: ScaleSet, except: string): Identities {
  const keys = Object.keys(identity?.userAssignedIdentities ?? {}).filter((key) => !sameId(key, except));
  return Object.fromEntries(keys.map((key) => [key, {}]));
}

function typeWith({ identity }: ScaleSet, userAssigned: Identities): string {
  const isSystemAssigned = identity?.type?.includes("SystemAssigned") ?? false;
  const types = [
    ...(isSystemAssigned ? ["SystemAssigned"] : []),
    ...(Object.keys(userAssigned).length > 0 ? ["UserAssigned"] : []),
  ];
  return types.join(", ") || "None";
}

/**
 * A locked node resource group has a deny assignment that outweighs every role.
 * @see https://learn.microsoft.com/azure/aks/node-resource-group-lockdown
 */
function explainLockdown(error: unknown, scaleSet: string): unknown {
  const isDenied =
    hasCode(error, "forbidden") &&
    (error.details.serviceCode === "DenyAssignmentAuthorizationFailed" || /deny assignment/i.test(error.message));
  return isDenied
    ? new ServiceError(
        "forbidden",
        t(
          'The node resource group of this cluster is locked, so no identity can be put on its nodes; use workload identity instead: "{0}".',
          scaleSet,
        ),
        error.details,
      )
    : error;
}
