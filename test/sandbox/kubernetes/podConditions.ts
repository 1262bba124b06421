import { at, listAt, textAt, timestamp, type KubeObject } from "./object.ts";

type Fields = Record<string, unknown>;

export interface ContainerState {
  readonly state: Fields;
  readonly isReady: boolean;
  readonly restarts?: number;
  readonly lastState?: Fields;
}

const notReadyMessage = (names: readonly string[]): string => `containers with unready status: [${names.join(" ")}]`;

function condition(type: string, isTrue: boolean, time: string, why?: { reason: string; message: string }): Fields {
  const status = isTrue ? "True" : "False";
  return { type, status, lastProbeTime: null, lastTransitionTime: time, ...(isTrue ? {} : why) };
}

/** The pod with the states of its containers, and the conditions that follow from them. */
export function withContainers(
  pod: KubeObject,
  phase: string,
  stateOf: (container: Record<string, unknown>) => ContainerState,
  now: number,
): KubeObject {
  const time = timestamp(now);
  const containerStatuses = listAt(pod, "spec.containers").map((container) => {
    const { state, isReady, restarts = 0, lastState = {} } = stateOf(container);
    const image = textAt(container, "image");
    return {
      ...("running" in state && { containerID: `containerd://${pod.metadata.uid ?? ""}` }),
      image,
      imageID: "running" in state ? image : "",
      lastState,
      name: textAt(container, "name"),
      ready: isReady,
      restartCount: restarts,
      started: "running" in state,
      state,
    };
  });
  const unready = containerStatuses.filter((one) => !one.ready).map((one) => one.name);
  const isDone = phase === "Succeeded";
  const why = {
    reason: isDone ? "PodCompleted" : "ContainersNotReady",
    message: isDone ? "" : notReadyMessage(unready),
  };
  const isReady = unready.length === 0 && !isDone;
  const conditions = [
    condition("PodReadyToStartContainers", phase === "Running", time),
    { ...condition("Initialized", true, time), ...(isDone && { reason: "PodCompleted" }) },
    condition("Ready", isReady, time, why),
    condition("ContainersReady", isReady, time, why),
    condition("PodScheduled", true, time),
  ];
  const status = at(pod, "status") as Fields;
  return { ...pod, status: { ...status, phase, conditions, containerStatuses } };
}

/** As it stands before a node is found. */
export function unscheduled(pod: KubeObject, message: string, now: number): KubeObject {
  const why = { reason: "Unschedulable", message };
  const conditions = [condition("PodScheduled", false, timestamp(now), why)];
  return { ...pod, status: { ...(at(pod, "status") as Fields), phase: "Pending", conditions } };
}

export const creating: ContainerState = { state: { waiting: { reason: "ContainerCreating" } }, isReady: false };

export function running(startedAt: string, isReady: boolean): ContainerState {
  return { state: { running: { startedAt } }, isReady };
}

export function terminated(startedAt: string, finishedAt: string, exitCode: number): ContainerState {
  const reason = exitCode === 0 ? "Completed" : "Error";
  return { state: { terminated: { exitCode, reason, startedAt, finishedAt } }, isReady: false };
}
