/** Verifies the driver on a large cluster, against fetching and parsing the same pages, and against kubectl. */
import { execFile } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { promisify } from "node:util";

import { createClusterClients } from "../../src/services/kubernetes/clusterClient.ts";
import { createDriverVerification } from "../../src/services/kubernetes/driverPods.ts";
import { startChild } from "./childProcess.ts";
import type { CloudReady } from "./cloudProcess.ts";
import { compete, fetchAndParse, type Contest } from "./contest.ts";
import { silent } from "./inventory.ts";
import type { Asked } from "./recorder.ts";
import { mb, ms, type Result } from "./result.ts";

export interface ClusterSize {
  readonly nodes: number;
  /** Of all namespaces, the driver's among them. */
  readonly pods: number;
}

const run = promisify(execFile);
const selector = "app in (secrets-store-csi-driver,secrets-store-provider-azure)";
const withoutQuery = ({ path: asked }: Asked): string => asked.split("?", 1)[0] ?? "";

export async function measureVerify(size: ClusterSize, rounds: number): Promise<Result[]> {
  const cloud = await startChild<CloudReady>("cloudProcess.ts", ["cluster", String(size.nodes), String(size.pods)]);
  const server = /server: (\S+)/.exec(cloud.ready.kubeconfig)?.[1] ?? "";
  const recorder = await startChild<string>("recorder.ts", [server]);
  const folder = mkdtempSync(path.join(os.tmpdir(), "key-vault-csi-bench-"));
  try {
    const kubeconfig = cloud.ready.kubeconfig.replace(server, recorder.ready);
    const token = /token: (\S+)/.exec(kubeconfig)?.[1] ?? "";
    const verify = await openVerification(kubeconfig);

    const report = await verify();
    await recorder.ask("asked");
    await verify();
    const asked = await recorder.ask<Asked[]>("asked");
    const isHealthy = report.verdict === "healthy" && report.nodes.length === size.nodes;
    const plain = await compete(verify, () => fetchAndParse(recorder.ready, asked, token, withoutQuery), rounds);
    const file = path.join(folder, "kubeconfig");
    writeFileSync(file, kubeconfig, { mode: 0o600 });
    return [
      describeRequests(size, asked, isHealthy),
      describePlain(asked, plain),
      await againstKubectl(verify, file, folder, rounds),
    ];
  } finally {
    rmSync(folder, { recursive: true, force: true });
    await recorder.close();
    await cloud.close();
  }
}

async function openVerification(kubeconfig: string) {
  const clients = createClusterClients({
    managedClusters: {
      getUserKubeconfig: () => Promise.resolve(kubeconfig),
      get: () => Promise.reject(new Error("A kubeconfig with a token asks nothing of Azure.")),
    },
    credential: { getToken: () => Promise.reject(new Error("A kubeconfig with a token needs no sign-in.")) },
    log: silent,
  });
  const client = await clients.open(
    "/subscriptions/0/resourceGroups/g/providers/Microsoft.ContainerService/managedClusters/large",
  );
  return () => createDriverVerification().verify(client, { withinMs: 0, everyMs: 0 });
}

function describeRequests({ nodes, pods }: ClusterSize, asked: readonly Asked[], isHealthy: boolean): Result {
  const lists = asked.filter(({ path: one }) => /\/(pods|nodes|csinodes)\?/.test(one));
  const podLists = lists.filter(({ path: one }) => one.includes("/pods?"));
  const isNarrow = podLists.every(
    ({ path: one }) => one.includes("/namespaces/kube-system/") && one.includes("labelSelector=app+in+"),
  );
  const isPaged = lists.every(({ path: one }) => one.includes("limit=500"));
  const most = 2 * Math.ceil((2 * nodes) / 500) + 8;
  const driverPods = `${2 * nodes} driver pods among ${pods} pods`;
  return {
    what: `verify, ${nodes} nodes, ${driverPods}: requests`,
    measured: `${asked.length}, ${podLists.length} of them for pods, by label and in pages`,
    goal: `≤ ${most}, no full pod list`,
    isMet: isHealthy && isNarrow && isPaged && asked.length <= most,
    isHard: true,
  };
}

function describePlain(asked: readonly Asked[], { ratio, ratios, oursMs, theirsMs }: Contest): Result {
  const bytes = asked.reduce((sum, one) => sum + one.bytes, 0);
  const spread = `${Math.min(...ratios).toFixed(2)}–${Math.max(...ratios).toFixed(2)}`;
  return {
    what: `… against fetching and parsing the same recorded pages (${mb(bytes)})`,
    measured: `${ratio.toFixed(2)} × (${spread}), ${ms(oursMs)} : ${ms(theirsMs)}`,
    goal: "< 1.5 ×",
    isMet: ratio < 1.5,
    isHard: false,
  };
}

async function againstKubectl(
  verify: () => Promise<unknown>,
  kubeconfig: string,
  folder: string,
  rounds: number,
): Promise<Result> {
  const what = "… against `kubectl get pods -n kube-system -l 'app in (…)'`, on the same recorder";
  const args = ["--kubeconfig", kubeconfig, "--cache-dir", path.join(folder, "cache")];
  const kubectl = () =>
    run("kubectl", [...args, "get", "pods", "-n", "kube-system", "-l", selector], { maxBuffer: 1e8 });
  try {
    await run("kubectl", ["version", "--client"]);
  } catch {
    return { what, measured: "kubectl is not installed", goal: "faster", isMet: true, isHard: false };
  }
  const { ratio, oursMs, theirsMs } = await compete(verify, kubectl, rounds);
  return {
    what,
    measured: `${ratio.toFixed(2)} ×, ${ms(oursMs)} : ${ms(theirsMs)}`,
    goal: "< 1 ×",
    isMet: ratio < 1,
    isHard: false,
  };
}
