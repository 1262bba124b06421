import { componentOf, type Defects, type NodeDefect } from "./defects.ts";
import { recordEvent, type EventText } from "./events.ts";
import type { Mounts } from "./mounts.ts";
import { nodeAddress } from "./nodes.ts";
import { at, isRecord, keyOf, listAt, textAt, timestamp, type KubeObject } from "./object.ts";
import { creating, running, terminated, unscheduled, withContainers, type ContainerState } from "./podConditions.ts";
import { place, targetNode } from "./scheduler.ts";
import type { Change, Store } from "./store.ts";
import type { Timers } from "./timers.ts";

interface KubeletInput {
  readonly store: Store;
  readonly timers: Timers;
  readonly defects: Defects;
  readonly mounts: Mounts;
  /** What a container that ends by itself ended with. */
  readonly exitCodeOf: (pod: KubeObject) => number;
}

/** Scheduler and kubelets: takes pods from Pending to Running, at the clock's pace. */
export class Kubelet {
  constructor(readonly input: KubeletInput) {}

  see({ type, resource, object, previous }: Change): void {
    if (resource !== "pods") {
      return;
    }
    if (type === "DELETED") {
      this.input.mounts.unmount(object);
    } else if (object.metadata.deletionTimestamp !== undefined && previous?.metadata.deletionTimestamp === undefined) {
      this.#end(object);
    } else if (type === "ADDED" && textAt(object, "status.phase") === "Pending" && isFresh(object)) {
      const step = textAt(object, "spec.nodeName") ? this.#start : this.#schedule;
      this.#next(object, 200, step);
    }
  }

  /** Runs a step later, if the pod is still the same and not on its way out. */
  #next(pod: KubeObject, ms: number, step: (pod: KubeObject) => void, isAgain = false): void {
    const { store, timers } = this.input;
    const run = (): void => {
      const current = store.get("pods", keyOf(pod));
      if (current?.metadata.uid === pod.metadata.uid && current?.metadata.deletionTimestamp === undefined && current) {
        step.call(this, current);
      }
    };
    if (isAgain) {
      timers.later(ms, run);
    } else {
      timers.after(ms, run);
    }
  }

  #put(pod: KubeObject): KubeObject {
    return this.input.store.put("pods", pod);
  }

  #event(pod: KubeObject, text: EventText, component = "kubelet"): void {
    const host = component === "kubelet" ? textAt(pod, "spec.nodeName") : undefined;
    recordEvent(this.input.store, pod, text, { component, host });
  }

  #defect(pod: KubeObject): NodeDefect | undefined {
    const node = textAt(pod, "spec.nodeName") || (targetNode(pod) ?? "");
    return this.input.defects.of(node, componentOf(pod.metadata.labels));
  }

  #schedule(pod: KubeObject): void {
    const { store } = this.input;
    const defect = this.#defect(pod);
    const found = defect?.kind === "pending" ? { refusal: defect.message } : place(store, pod);
    if ("refusal" in found) {
      const event: EventText = { type: "Warning", reason: "FailedScheduling", message: found.refusal };
      if (textAt(listAt(pod, "status.conditions")[0], "message") !== found.refusal) {
        this.#event(pod, event, "default-scheduler");
        pod = this.#put(unscheduled(pod, found.refusal, store.clock.now()));
      }
      this.#next(pod, 3000, this.#schedule, true);
      return;
    }
    const where = `${pod.metadata.namespace ?? ""}/${pod.metadata.name}`;
    const bound = this.#put({
      ...pod,
      spec: { ...(pod["spec"] as Record<string, unknown>), nodeName: found.node },
      status: { ...(pod["status"] as Record<string, unknown>), conditions: [] },
    });
    this.#event(
      bound,
      { type: "Normal", reason: "Scheduled", message: `Successfully assigned ${where} to ${found.node}` },
      "default-scheduler",
    );
    this.#start(bound);
  }

  #start(pod: KubeObject): void {
    const now = this.input.store.clock.now();
    const node = this.input.store.get("nodes", textAt(pod, "spec.nodeName"));
    const hostIP = textAt(listAt(node, "status.addresses")[0], "address") || nodeAddress(0);
    const status = {
      ...(pod["status"] as Record<string, unknown>),
      hostIP,
      hostIPs: [{ ip: hostIP }],
      startTime: timestamp(now),
    };
    const waiting = this.#put(withContainers({ ...pod, status }, "Pending", () => creating, now));
    const isDriver = componentOf(pod.metadata.labels) !== undefined;
    this.#next(waiting, isDriver ? 1500 : 800, this.#mount);
  }

  #mount(pod: KubeObject): void {
    const failures = this.input.mounts.mount(pod);
    const [first] = failures;
    if (first !== undefined) {
      for (const { volume, message } of failures) {
        const text = `MountVolume.SetUp failed for volume "${volume}" : ${message}`;
        this.#event(pod, { type: "Warning", reason: "FailedMount", message: text });
      }
      this.#next(pod, 2000, this.#mount, true);
      return;
    }
    this.#run(pod);
  }

  #run(pod: KubeObject): void {
    const defect = this.#defect(pod);
    if (defect?.kind === "imagePull") {
      this.#pullFails(pod, defect.message);
      return;
    }
    if (defect?.kind === "crashLoop") {
      this.#crash(pod, defect.message, defect.exitCode ?? 1);
      return;
    }
    const missing = missingSecret(this.input.store, pod);
    if (missing !== undefined) {
      const message = `secret "${missing}" not found`;
      this.#event(pod, { type: "Warning", reason: "Failed", message: `Error: ${message}` });
      const state = { state: { waiting: { reason: "CreateContainerConfigError", message } }, isReady: false };
      this.#next(
        this.#set(pod, "Pending", () => state),
        2000,
        this.#run,
        true,
      );
      return;
    }
    this.#started(pod);
  }

  #set(pod: KubeObject, phase: string, stateOf: (container: Record<string, unknown>) => ContainerState): KubeObject {
    return this.#put(withContainers(pod, phase, stateOf, this.input.store.clock.now()));
  }

  #started(pod: KubeObject): void {
    const time = timestamp(this.input.store.clock.now());
    for (const container of listAt(pod, "spec.containers")) {
      const name = textAt(container, "name");
      const fieldPath = `spec.containers{${name}}`;
      const image = textAt(container, "image");
      const message = `Container image "${image}" already present on machine`;
      this.#event(pod, { type: "Normal", reason: "Pulled", message, fieldPath });
      this.#event(pod, { type: "Normal", reason: "Created", message: `Created container: ${name}`, fieldPath });
      this.#event(pod, { type: "Normal", reason: "Started", message: `Started container ${name}`, fieldPath });
    }
    const podIP = at(pod, "spec.hostNetwork") === true ? textAt(pod, "status.hostIP") : podAddress(pod);
    const status = { ...(pod["status"] as Record<string, unknown>), podIP, podIPs: [{ ip: podIP }] };
    const isDriver = componentOf(pod.metadata.labels) !== undefined;
    const started = this.#set({ ...pod, status }, "Running", () => running(time, false));
    this.#next(started, isDriver ? 2500 : 500, this.#ready);
  }

  #ready(pod: KubeObject): void {
    const startedAt = textAt(listAt(pod, "status.containerStatuses")[0], "state.running.startedAt");
    if (textAt(pod, "spec.restartPolicy") !== "Always" && !runsForever(pod)) {
      this.#finish(pod, startedAt);
      return;
    }
    this.#set(pod, "Running", () => running(startedAt, true));
  }

  #finish(pod: KubeObject, startedAt: string): void {
    const exitCode = this.input.exitCodeOf(pod);
    const finishedAt = timestamp(this.input.store.clock.now());
    this.#set(pod, exitCode === 0 ? "Succeeded" : "Failed", () => terminated(startedAt, finishedAt, exitCode));
  }

  #pullFails(pod: KubeObject, message: string | undefined): void {
    const [container] = listAt(pod, "spec.containers");
    const image = textAt(container, "image");
    const fieldPath = `spec.containers{${textAt(container, "name")}}`;
    const why =
      message ??
      `failed to pull and unpack image "${image}": failed to resolve reference "${image}": unexpected status from HEAD request: 403 Forbidden`;
    this.#event(pod, { type: "Normal", reason: "Pulling", message: `Pulling image "${image}"`, fieldPath });
    this.#event(pod, {
      type: "Warning",
      reason: "Failed",
      message: `Failed to pull image "${image}": rpc error: code = Unknown desc = ${why}`,
      fieldPath,
    });
    this.#event(pod, { type: "Warning", reason: "Failed", message: "Error: ErrImagePull", fieldPath });
    this.#event(pod, { type: "Normal", reason: "BackOff", message: `Back-off pulling image "${image}"`, fieldPath });
    this.#event(pod, { type: "Warning", reason: "Failed", message: "Error: ImagePullBackOff", fieldPath });
    const backOff = {
      reason: "ImagePullBackOff",
      message: `Back-off pulling image "${image}": ErrImagePull: rpc error: code = Unknown desc = ${why}`,
    };
    this.#set(pod, "Pending", () => ({ state: { waiting: backOff }, isReady: false }));
  }

  #crash(pod: KubeObject, message: string, exitCode: number): void {
    const time = timestamp(this.input.store.clock.now());
    const [first] = listAt(pod, "spec.containers").filter((one) => isMain(one));
    const name = textAt(first, "name");
    const { uid = "", namespace = "" } = pod.metadata;
    const podName = `${pod.metadata.name}_${namespace}(${uid})`;
    const backOff = `back-off 5m0s restarting failed container=${name} pod=${podName}`;
    this.#event(pod, {
      type: "Warning",
      reason: "BackOff",
      message: `Back-off restarting failed container ${name} in pod ${podName}`,
      fieldPath: `spec.containers{${name}}`,
    });
    const last = { terminated: { exitCode, reason: "Error", message, startedAt: time, finishedAt: time } };
    this.#set(pod, "Running", (container) =>
      container["name"] === name
        ? {
            state: { waiting: { reason: "CrashLoopBackOff", message: backOff } },
            isReady: false,
            restarts: 6,
            lastState: last,
          }
        : running(time, true),
    );
  }

  #end(pod: KubeObject): void {
    const grace = Math.min(1000, (pod.metadata.deletionGracePeriodSeconds ?? 0) * 1000);
    for (const container of listAt(pod, "spec.containers")) {
      const name = textAt(container, "name");
      const fieldPath = `spec.containers{${name}}`;
      this.#event(pod, { type: "Normal", reason: "Killing", message: `Stopping container ${name}`, fieldPath });
    }
    this.input.timers.after(grace, () => {
      const current = this.input.store.get("pods", keyOf(pod));
      if (current?.metadata.uid === pod.metadata.uid && !current?.metadata.finalizers?.length) {
        this.input.store.remove("pods", keyOf(pod));
      }
    });
  }
}

/** Nobody has said anything of it yet: made by a client or a controller, not put there by a test. */
function isFresh(pod: KubeObject): boolean {
  return listAt(pod, "status.conditions").length === 0 && listAt(pod, "status.containerStatuses").length === 0;
}

function isMain(container: Record<string, unknown>): boolean {
  return !["node-driver-registrar", "liveness-probe"].includes(textAt(container, "name"));
}

function podAddress(pod: KubeObject): string {
  const digits = parseInt((pod.metadata.uid ?? "0").slice(0, 4), 16);
  return `10.244.${digits >> 8}.${digits & 255 || 1}`;
}

function runsForever(pod: KubeObject): boolean {
  const [container] = listAt(pod, "spec.containers");
  const words = [...((container?.["command"] as unknown[]) ?? []), ...((container?.["args"] as unknown[]) ?? [])].join(
    " ",
  );
  return /sleep\s+(infinity|inf|\d{3,})|tail -f|while true|pause/.test(`${words} ${textAt(container, "image")}`);
}

/** The first Secret that a container's environment wants and that is not there. */
function missingSecret(store: Store, pod: KubeObject): string | undefined {
  const wanted = listAt(pod, "spec.containers").flatMap((container) => [
    ...listAt(container, "env").map((env) => at(env, "valueFrom.secretKeyRef")),
    ...listAt(container, "envFrom").map((from) => from["secretRef"]),
  ]);
  return wanted
    .filter((reference) => isRecord(reference) && reference["optional"] !== true)
    .map((reference) => textAt(reference, "name"))
    .find((name) => store.get("secrets", `${pod.metadata.namespace ?? ""}/${name}`) === undefined);
}
