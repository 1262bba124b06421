import { setTimeout as delay } from "node:timers/promises";

import type { CallOptions } from "../call.ts";
import { hasCode, type ServiceError } from "../errors.ts";
import { clusterStopped, privateCluster } from "./apiErrors.ts";
import type { ClusterClient } from "./clusterClient.ts";
import { gatherEvidence } from "./driverEvidence.ts";
import { makeReport } from "./driverReport.ts";

/** How one component is on one node. */
export type ComponentState =
  | { readonly kind: "ready"; readonly pod: string }
  /** Runs, but not all containers are ready yet, or the pod waits for a node. */
  | { readonly kind: "starting"; readonly pod: string; readonly reason: string }
  /** Will not become ready by waiting: crash loop, image pull, eviction, no place on the node. `reason` carries the last message. */
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

/** Makes the verification. Makes no request. */
export function createDriverVerification(): DriverVerification {
  return { verify };
}

async function verify(
  client: ClusterClient,
  { withinMs, everyMs }: VerifyTimes,
  onReport?: (report: DriverReport) => void,
  options: CallOptions = {},
): Promise<DriverReport> {
  const begunAt = performance.now();
  const giveUpAt = begunAt + withinMs;
  let answeredAt = begunAt;
  for (;;) {
    const startedAt = performance.now();
    const report = await look(client, Math.min(giveUpAt, answeredAt + restartMs), options);
    if (report) {
      answeredAt = performance.now();
      onReport?.(report);
    }
    const leftMs = giveUpAt - performance.now();
    if (report && (report.verdict !== "pending" || leftMs <= 0)) {
      return report;
    }
    // A look at thousands of nodes takes longer than the pause asked for: the API server has others to serve.
    const pauseMs = Math.min(Math.max(everyMs, performance.now() - startedAt), Math.max(leftMs, 0));
    await delay(pauseMs, undefined, options.signal ? { signal: options.signal } : {});
  }
}

/** An update of the cluster restarts its API server, which takes a minute or two. */
const restartMs = 120_000;

/** Undefined: the API server does not answer now and may do so before the time given. */
async function look(client: ClusterClient, bearUntil: number, options: CallOptions): Promise<DriverReport | undefined> {
  try {
    return makeReport(await gatherEvidence(client, options));
  } catch (error) {
    if (hasCode(error, "unreachable", "timedOut", "throttled") && mayPass(error) && performance.now() < bearUntil) {
      return undefined;
    }
    throw error;
  }
}

/** Not so while the cluster is stopped, or this machine has no line to it. */
function mayPass({ details }: ServiceError): boolean {
  return details.serviceCode !== clusterStopped && details.serviceCode !== privateCluster;
}
