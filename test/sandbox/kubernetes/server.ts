import type { Handler } from "../http.ts";
import type { Cluster, KubernetesServer, World } from "../state.ts";
import { Store } from "./store.ts";

/** What the API server reads of an Entra token. */
export interface EntraUser {
  readonly oid: string;
  readonly tid: string;
  readonly aud: string;
  readonly upn?: string;
  readonly groups?: readonly string[];
}

export interface Listener {
  readonly port: number;
  readonly url: string;
  close(): Promise<void>;
}

export interface KubernetesServerInput {
  readonly world: World;
  readonly cluster: Cluster;
  /** Opens an HTTPS port of its own for this API server. */
  readonly listen: (handler: Handler) => Promise<Listener>;
  /** Undefined: not signed by the sandbox's Entra, or expired. The audience is checked here. */
  readonly verify: (token: string) => EntraUser | undefined;
  readonly isAllowed: (
    world: World,
    objectId: string,
    scope: string,
    action: string,
    kind: "action" | "dataAction",
  ) => boolean;
  /** PEM of the sandbox's authority, for kubeconfigs. */
  readonly caPem: string;
}

/** Starts the API server of one cluster. Its nodes follow `agentPoolProfiles`; the add-on is installed where the body has it enabled. */
export async function createKubernetesServer(input: KubernetesServerInput): Promise<KubernetesServer> {
  const store = new Store(input.world.clock);
  const listener = await input.listen(() => ({ status: 404, body: { revision: store.revision } }));
  return {
    url: listener.url,
    list: () => [],
    put: () => undefined,
    remove: () => undefined,
    installKeyVaultCsi: () => undefined,
    uninstallKeyVaultCsi: () => undefined,
    reconcileNodes: () => undefined,
    kubeconfig: () => "",
    close: () => listener.close(),
  };
}
