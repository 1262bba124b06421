import type { TokenCredential } from "@azure/core-auth";

import { getToken, type RefreshableCredential } from "../azure/tokens.ts";
import type { CallOptions } from "../call.ts";
import type { ClusterAuth } from "./kubeconfig.ts";

/** The `Authorization` header of one cluster. */
export interface Authorization {
  /** Undefined where a client certificate does the work. @throws {ServiceError} `notSignedIn` */
  header(options: CallOptions): Promise<string | undefined>;
  /** Whether a refused token can be replaced by a fresh one. */
  readonly canRefresh: boolean;
  /** Makes the next `header` carry a fresh token. */
  forget(): void;
}

/**
 * Answers what the kubeconfig asks for: our own Entra token, the token it holds, or nothing. An Entra token is asked for on each call, since the
 * credential keeps tokens itself and knows when the person signs out.
 */
export function createAuthorization(auth: ClusterAuth, credential: TokenCredential): Authorization {
  if (auth.kind !== "entra") {
    const header = auth.kind === "token" ? `Bearer ${auth.token}` : undefined;
    return { header: () => Promise.resolve(header), canRefresh: false, forget: () => undefined };
  }
  const { serverId, tenantId } = auth;
  const refreshable: RefreshableCredential = credential;
  return {
    canRefresh: true,
    async header({ signal }) {
      const { token } = await getToken(credential, { audience: serverId, tenantId, signal });
      return `Bearer ${token}`;
    },
    forget() {
      refreshable.forgetTokens?.();
    },
  };
}
