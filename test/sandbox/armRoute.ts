/** What one Resource Manager operation is to the sandbox. Rooms export arrays of these; `arm.ts` finds, authorizes and runs them. */
import type { SandboxRequest, SandboxResponse } from "./http.ts";
import type { TokenClaims } from "./identity.ts";
import type { Operations } from "./operations.ts";
import type { Cluster, JsonObject, Vault, World } from "./state.ts";

/** What the planes must know of the cloud they are part of. */
export interface SandboxCloud {
  /** `https://127.0.0.1:<port>`, without a trailing slash; Entra's authority is the same. */
  readonly resourceManager: string;
  readonly authority: string;
  /** `https://vault.sandbox.test`, without a trailing slash. */
  readonly keyVaultAudience: string;
  /** `vault.sandbox.test` */
  readonly keyVaultSuffix: string;
  /** Opens the vault's own port at the first call and answers its URL with a trailing slash: the vault's `vaultUri`. */
  vaultUri(vault: Vault): Promise<string>;
  /** Starts the cluster's API server at the first call. Undefined while the cluster is stopped or not made yet. */
  kubernetes(cluster: Cluster): Promise<void>;
}

export interface ArmContext {
  readonly world: World;
  readonly cloud: SandboxCloud;
  readonly caller: TokenClaims;
  /** The `{names}` of the pattern, decoded, as the caller spelled them. */
  readonly params: Readonly<Record<string, string>>;
  readonly request: SandboxRequest;
  readonly apiVersion: string;
  /** `https://127.0.0.1:<port>`: what absolute URLs in answers start with. */
  readonly origin: string;
  readonly operations: Operations;
  /** For operations that ask for more than their route's own action. @throws {ArmError} 403 `AuthorizationFailed` */
  require(action: string, scope: string): void;
  /** The body as an object. @throws {ArmError} 400 `InvalidRequestContent` */
  body(): JsonObject;
}

export interface ArmRoute {
  readonly method: "GET" | "HEAD" | "PUT" | "PATCH" | "POST" | "DELETE";
  /**
   * `/subscriptions/{subscriptionId}/resourceGroups/{resourceGroup}/providers/Microsoft.KeyVault/vaults/{name}`; compared without letter case.
   * A leading `{scope*}` takes any number of segments, none included.
   */
  readonly pattern: string;
  /** Empty: any version of the form 2020-01-01[-preview]. */
  readonly apiVersions: readonly string[];
  /** What Azure RBAC must allow at the scope; undefined: nothing but a valid token is needed, or the handler asks by itself. */
  readonly action: string | undefined;
  /** Where the action must be allowed. Left out: the resource the path names, or for a list what the list is of. */
  readonly scope?: (params: Readonly<Record<string, string>>) => string;
  /** Needs no token. */
  readonly isAnonymous?: boolean;
  handle(context: ArmContext): SandboxResponse | Promise<SandboxResponse>;
}
