import type { CallOptions } from "../call.ts";
import type { ClusterClient } from "./clusterClient.ts";

/** How one component is on one node. */
export type ComponentState =
  | { readonly kind: "ready"; readonly pod: string }
  /** Runs, but not all containers are ready yet, or the pod waits for a node. */
  | { readonly kind: "starting"; readonly pod: string; readonly reason: string }
  /** Will not become ready by waiting: crash loop, image pull, eviction. `reason` carries the last message. */
  | { readonly kind: "failing"; readonly pod: string; readonly reason: string }
  | { readonly kind: "missing"; readonly reason: string };

/** One node and what the driver is on it. */
export interface NodeDriverState {
  readonly node: string;
  readonly os: "linux" | "windows";
  /** `notReady` and nodes younger than five minutes are waited for. */
  readonly isReady: boolean;
  readonly driver: ComponentState;
  readonly provider: ComponentState;
  /** Whether `CSINode` lists `secrets-store.csi.k8s.io`. */
  readonly isRegistered: boolean;
  readonly verdict: "healthy" | "pending" | "broken";
}

/** The verdict over a cluster. */
export interface DriverReport {
  readonly verdict: "healthy" | "pending" | "broken" | "notInstalled";
  /** One sentence that says the verdict and its first reason. */
  readonly summary: string;
  readonly nodes: readonly NodeDriverState[];
  /** Virtual nodes: the driver does not land there. */
  readonly excludedNodes: readonly string[];
  /** Undefined: no `CSIDriver` object. */
  readonly csiDriver:
    | {
        readonly podInfoOnMount: boolean;
        readonly tokenAudiences: readonly string[];
        readonly requiresRepublish: boolean;
      }
    | undefined;
  readonly hasCrds: boolean;
  /** From the image tags; undefined where no pod runs. */
  readonly driverVersion: string | undefined;
  readonly providerVersion: string | undefined;
  /** `addon`: the AKS add-on's DaemonSets; `openSource`: a Helm or YAML installation; `both`: they fight over one socket. */
  readonly installation: "addon" | "openSource" | "both" | "none";
}

/** How long and how often to look. */
export interface VerifyTimes {
  /** 0: look once. */
  readonly withinMs: number;
  readonly everyMs: number;
}

/** Verifies the driver on every node of a cluster by FACTS b.2. */
export interface DriverVerification {
  /**
   * Looks until the verdict is settled (healthy, broken, notInstalled) or the time is up; then the last report, `pending`, is the answer.
   * Asks for labelled pods, metadata of nodes and CSINodes only, in pages.
   *
   * @param onReport called after each look
   */
  verify(
    client: ClusterClient,
    times: VerifyTimes,
    onReport?: (report: DriverReport) => void,
    options?: CallOptions,
  ): Promise<DriverReport>;
}
