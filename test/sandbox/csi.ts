/** What the Secrets Store CSI Driver and its Azure provider would do with a pod's volume. */
import type { MountVolume } from "./kubernetes/mounts.ts";
import type { Owners } from "./kubernetes/owners.ts";
import type { Store } from "./kubernetes/store.ts";
import type { Cluster, World } from "./state.ts";

export interface DriverInput {
  readonly world: World;
  readonly cluster: Cluster;
  readonly store: Store;
  readonly owners: Owners;
}

export function createDriver(_input: DriverInput): MountVolume {
  return () => ({ files: [] });
}
