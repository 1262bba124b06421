import { age } from "./duration.ts";
import { at, isRecord, listAt, numberAt, textAt, type KubeObject } from "./object.ts";

interface Seen {
  reason: string;
  ready: number;
  restarts: number;
  lastRestart: string;
}

/** The columns Ready, Status and Restarts of `kubectl get pods`, by the API server's own rules. */
export function podColumns(pod: KubeObject, now: number): { ready: string; status: string; restarts: string } {
  const seen: Seen = {
    reason: textAt(pod, "status.reason") || textAt(pod, "status.phase"),
    ready: 0,
    restarts: 0,
    lastRestart: "",
  };
  if (!readInit(pod, seen)) {
    readContainers(pod, seen);
  }
  if (pod.metadata.deletionTimestamp !== undefined && !/^(Succeeded|Failed)$/.test(textAt(pod, "status.phase"))) {
    seen.reason = "Terminating";
  }
  const { restarts, lastRestart } = seen;
  return {
    ready: `${seen.ready}/${listAt(pod, "spec.containers").length}`,
    status: seen.reason,
    restarts: restarts > 0 && lastRestart ? `${restarts} (${age(lastRestart, now)} ago)` : String(restarts),
  };
}

/** @returns whether init containers are still at work */
function readInit(pod: KubeObject, seen: Seen): boolean {
  const statuses = listAt(pod, "status.initContainerStatuses");
  for (const [index, container] of statuses.entries()) {
    if (at(container, "state.terminated.exitCode") === 0) {
      continue;
    }
    const waiting = textAt(container, "state.waiting.reason");
    const terminated = at(container, "state.terminated");
    if (isRecord(terminated)) {
      seen.reason = `Init:${textAt(terminated, "reason") || `ExitCode:${textAt(terminated, "exitCode")}`}`;
    } else if (waiting && waiting !== "PodInitializing") {
      seen.reason = `Init:${waiting}`;
    } else {
      seen.reason = `Init:${index}/${listAt(pod, "spec.initContainers").length}`;
    }
    return true;
  }
  return false;
}

function readContainers(pod: KubeObject, seen: Seen): void {
  let hasRunning = false;
  for (const container of [...listAt(pod, "status.containerStatuses")].reverse()) {
    seen.restarts += numberAt(container, "restartCount") ?? 0;
    const finished = textAt(container, "lastState.terminated.finishedAt");
    seen.lastRestart = finished > seen.lastRestart ? finished : seen.lastRestart;
    const reason = textAt(container, "state.waiting.reason") || textAt(container, "state.terminated.reason");
    if (reason) {
      seen.reason = reason;
    } else if (isRecord(at(container, "state.terminated"))) {
      seen.reason = `ExitCode:${textAt(container, "state.terminated.exitCode")}`;
    } else if (container["ready"] === true && isRecord(at(container, "state.running"))) {
      hasRunning = true;
      seen.ready++;
    }
  }
  if (seen.reason === "Completed" && hasRunning) {
    const isReady = listAt(pod, "status.conditions").some((c) => c["type"] === "Ready" && c["status"] === "True");
    seen.reason = isReady ? "Running" : "NotReady";
  }
}
