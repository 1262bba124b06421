import { listAt, numberAt, textAt, type KubeObject } from "./object.ts";

type Fields = Record<string, unknown>;

function jobConditions(isFailed: boolean, now: string): readonly Fields[] {
  const condition = (type: string, reason: string, message: string): Fields => ({
    type,
    status: "True",
    lastProbeTime: now,
    lastTransitionTime: now,
    reason,
    message,
  });
  return isFailed
    ? [condition("Failed", "BackoffLimitExceeded", "Job has reached the specified backoff limit")]
    : [
        condition("SuccessCriteriaMet", "CompletionsReached", "Reached expected number of succeeded pods"),
        condition("Complete", "CompletionsReached", "Reached expected number of succeeded pods"),
      ];
}

/** What a Deployment says of its pods; `kubectl rollout status` goes by it. */
export function deploymentStatus(
  deployment: KubeObject,
  counts: { readonly total: number; readonly ready: number; readonly replicas: number; readonly set: string },
): Fields {
  const { total, ready, replicas, set } = counts;
  const known = new Map(listAt(deployment, "status.conditions").map((one) => [textAt(one, "type"), one]));
  const condition = (type: string, isTrue: boolean, reason: string, message: string): Fields => {
    const previous = known.get(type);
    const status = isTrue ? "True" : "False";
    const created = deployment.metadata.creationTimestamp ?? "";
    const since = previous?.["status"] === status ? textAt(previous, "lastTransitionTime") : created;
    return { type, status, lastTransitionTime: since, lastUpdateTime: since, reason, message };
  };
  const isAvailable = ready >= replicas - Math.floor(replicas / 4);
  const isDone = ready >= replicas && total === replicas;
  return {
    ...(total > 0 && { replicas: total, updatedReplicas: Math.min(total, replicas) }),
    ...(ready > 0 && { readyReplicas: ready, availableReplicas: ready }),
    ...(ready < replicas && { unavailableReplicas: replicas - ready }),
    conditions: [
      isAvailable
        ? condition("Available", true, "MinimumReplicasAvailable", "Deployment has minimum availability.")
        : condition("Available", false, "MinimumReplicasUnavailable", "Deployment does not have minimum availability."),
      isDone
        ? condition("Progressing", true, "NewReplicaSetAvailable", `ReplicaSet "${set}" has successfully progressed.`)
        : condition("Progressing", true, "ReplicaSetUpdated", `ReplicaSet "${set}" is progressing.`),
    ],
  };
}

export function daemonSetStatus({
  desired,
  current,
  ready,
}: {
  desired: number;
  current: number;
  ready: number;
}): Fields {
  return {
    currentNumberScheduled: current,
    desiredNumberScheduled: desired,
    numberAvailable: ready,
    numberMisscheduled: 0,
    numberReady: ready,
    ...(desired > ready && { numberUnavailable: desired - ready }),
    updatedNumberScheduled: current,
  };
}

interface JobCounts {
  readonly succeeded: number;
  readonly failed: number;
  readonly isFailed: boolean;
  readonly isOver: boolean;
  /** How many pods should be at work. */
  readonly parallelism: number;
}

export function countJob(job: KubeObject, pods: readonly KubeObject[]): JobCounts {
  const count = (phase: string): number => pods.filter((pod) => textAt(pod, "status.phase") === phase).length;
  const [succeeded, failed] = [count("Succeeded"), count("Failed")];
  const completions = numberAt(job, "spec.completions") ?? 1;
  const isFailed = failed > (numberAt(job, "spec.backoffLimit") ?? 6);
  const isOver = succeeded >= completions || isFailed;
  const wanted = Math.min(numberAt(job, "spec.parallelism") ?? 1, completions - succeeded);
  return { succeeded, failed, isFailed, isOver, parallelism: isOver ? 0 : wanted };
}

export function jobStatus(job: KubeObject, counts: JobCounts & { active: number; ready: number }, now: string): Fields {
  const { succeeded, failed, isFailed, isOver, active, ready } = counts;
  return {
    startTime: textAt(job, "status.startTime") || now,
    ...(isOver ? { ready: 0, conditions: jobConditions(isFailed, now) } : { active, ready }),
    ...(succeeded > 0 && { succeeded }),
    ...(failed > 0 && { failed }),
    ...(isOver && !isFailed && { completionTime: now }),
  };
}
