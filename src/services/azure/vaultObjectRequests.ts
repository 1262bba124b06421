import type { CallOptions } from "../call.ts";
import type { AzureAnswer, AzureClients, AzureRequest } from "./clients.ts";
import { explainVaultError } from "./vaultObjectErrors.ts";
import type { ObjectType, VaultAddress } from "./vaultObjects.ts";

/** The api-version of the data plane. It is supported until long after the control plane's older ones stop. */
export const dataPlaneVersion = "2025-07-01";

const collections = { secret: "secrets", key: "keys", cert: "certificates" } as const satisfies Record<
  ObjectType,
  string
>;

/** The path of a collection, an object in it, or what lies below the object. */
export function pathOf(type: ObjectType, ...rest: readonly string[]): string {
  return ["", collections[type], ...rest].join("/");
}

/** The path among what is deleted. */
export function deletedPathOf(type: ObjectType, ...rest: readonly string[]): string {
  return ["", `deleted${collections[type]}`, ...rest].join("/");
}

/** What is asked of a vault. */
export interface VaultRequest extends Pick<AzureRequest, "method" | "body" | "accept" | "isOnce"> {
  readonly path: string;
  /** Sent in the body; a refusal that quotes it is told in our words. */
  readonly confidential?: string | undefined;
}

/**
 * Sends requests to the data plane of a vault: to its own `vaultUri`, with a token of its own tenant, for the one audience the cloud names. What a vault answers
 * to a stranger's challenge is never followed to another audience.
 */
export interface VaultRequests {
  /** @throws {ServiceError} with the vault's reason, and never with what was sent */
  send(vault: VaultAddress, request: VaultRequest, options?: CallOptions): Promise<AzureAnswer>;
  /** All items of a list, page by page. */
  list(vault: VaultAddress, path: string, options?: CallOptions): Promise<readonly unknown[]>;
}

/** Makes the way to the data plane. */
export function createVaultRequests(clients: AzureClients): VaultRequests {
  const addressed = (vault: VaultAddress, { method, path, body, accept, isOnce }: VaultRequest): AzureRequest => ({
    method,
    path,
    body,
    accept,
    isOnce,
    base: vault.vaultUri,
    audience: "keyVault",
    tenantId: vault.tenantId,
    apiVersion: dataPlaneVersion,
    target: vault.name,
  });
  return {
    async send(vault, request, options) {
      try {
        return await clients.send(addressed(vault, request), options);
      } catch (error) {
        throw explainVaultError(error, vault, request.confidential);
      }
    },
    async list(vault, path, options) {
      const found: unknown[] = [];
      try {
        for await (const page of clients.list(addressed(vault, { method: "GET", path }), options)) {
          found.push(...page);
        }
        return found;
      } catch (error) {
        throw explainVaultError(error, vault);
      }
    },
  };
}
