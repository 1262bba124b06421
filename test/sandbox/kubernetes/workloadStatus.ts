import { listAt, textAt, type KubeObject } from "./object.ts";

type Fields = Record<string, unknown>;

/** How a Job tells that it is over. */
export function jobConditions(isFailed: boolean, now: string): readonly Fields[] {
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
