import { isRecord, listAt, textAt, type KubeObject } from "./object.ts";
import type { Store } from "./store.ts";

/** Whether a pod tolerates the taint. */
function tolerates(pod: unknown, taint: Record<string, unknown>): boolean {
  return listAt(pod, "spec.tolerations").some((toleration) => {
    const key = textAt(toleration, "key");
    const effect = textAt(toleration, "effect");
    const isKey = key === "" ? toleration["operator"] === "Exists" : key === taint["key"];
    const isValue = toleration["operator"] === "Exists" || textAt(toleration, "value") === textAt(taint, "value");
    return isKey && isValue && (effect === "" || effect === taint["effect"]);
  });
}

function expressionHolds(expression: unknown, value: string | undefined): boolean {
  const values = (isRecord(expression) ? (expression["values"] as readonly string[] | undefined) : undefined) ?? [];
  switch (textAt(expression, "operator")) {
    case "In":
      return value !== undefined && values.includes(value);
    case "NotIn":
      return value === undefined || !values.includes(value);
    case "Exists":
      return value !== undefined;
    case "DoesNotExist":
      return value === undefined;
    default:
      return true;
  }
}

const requiredAffinity = "spec.affinity.nodeAffinity.requiredDuringSchedulingIgnoredDuringExecution.nodeSelectorTerms";

function hasAffinity(pod: unknown, node: KubeObject): boolean {
  const terms = listAt(pod, requiredAffinity);
  return (
    terms.length === 0 ||
    terms.some(
      (term) =>
        listAt(term, "matchExpressions").every((one) =>
          expressionHolds(one, node.metadata.labels?.[textAt(one, "key")]),
        ) && listAt(term, "matchFields").every((one) => expressionHolds(one, node.metadata.name)),
    )
  );
}

/** Whether node selector and affinity let the pod land there. */
export function fitsSelectors(pod: unknown, node: KubeObject): boolean {
  const selector = isRecord(pod) && isRecord(pod["spec"]) ? pod["spec"]["nodeSelector"] : undefined;
  const wanted = Object.entries(isRecord(selector) ? selector : {});
  return wanted.every(([key, value]) => node.metadata.labels?.[key] === value) && hasAffinity(pod, node);
}

export function fitsTaints(pod: unknown, node: KubeObject): boolean {
  return listAt(node, "spec.taints")
    .filter((taint) => taint["effect"] !== "PreferNoSchedule")
    .every((taint) => tolerates(pod, taint));
}

function isNodeReady(node: KubeObject): boolean {
  return listAt(node, "status.conditions").some((one) => one["type"] === "Ready" && one["status"] === "True");
}

/** The node a pod of a DaemonSet is made for. */
export function targetNode(pod: KubeObject): string | undefined {
  for (const term of listAt(pod, requiredAffinity)) {
    for (const field of listAt(term, "matchFields")) {
      const values = field["values"];
      if (field["key"] === "metadata.name" && Array.isArray(values)) {
        return String(values[0]);
      }
    }
  }
  return undefined;
}

type Placement = { readonly node: string } | { readonly refusal: string };

type Obstacle = "mismatch" | "taint" | "notReady";

function obstacle(pod: KubeObject, node: KubeObject): Obstacle | undefined {
  if (!fitsSelectors(pod, node)) {
    return "mismatch";
  }
  if (!fitsTaints(pod, node)) {
    return "taint";
  }
  return isNodeReady(node) ? undefined : "notReady";
}

const obstacleTexts: Readonly<Record<Obstacle, string>> = {
  mismatch: "node(s) didn't match Pod's node affinity/selector",
  taint: "node(s) had untolerated taint(s)",
  notReady: "node(s) had untolerated taint {node.kubernetes.io/unreachable: }",
};

function refusal(total: number, counts: ReadonlyMap<Obstacle, number>): string {
  const reasons = [...counts].map(([kind, count]) => `${count} ${obstacleTexts[kind]}`);
  const why = reasons.length > 0 ? `: ${reasons.join(", ")}.` : ".";
  const preemption = `0/${total} nodes are available: ${total} Preemption is not helpful for scheduling.`;
  return `0/${total} nodes are available${why} preemption: ${preemption}`;
}

/** A pod of a DaemonSet goes to its node, ready or not. */
function placeOnTarget(store: Store, pod: KubeObject, target: string): Placement {
  const node = store.get("nodes", target);
  if (node !== undefined && fitsSelectors(pod, node) && fitsTaints(pod, node)) {
    return { node: target };
  }
  const total = store.table("nodes").keys.size;
  return { refusal: refusal(total, new Map([["mismatch", total]])) };
}

/** Finds the node with the fewest pods that takes this one; else says why none does, as the scheduler does. */
export function place(store: Store, pod: KubeObject): Placement {
  const target = targetNode(pod);
  if (target !== undefined) {
    return placeOnTarget(store, pod, target);
  }
  const counts = new Map<Obstacle, number>();
  let best: KubeObject | undefined;
  for (const node of store.all("nodes")) {
    const kind = obstacle(pod, node);
    if (kind !== undefined) {
      counts.set(kind, (counts.get(kind) ?? 0) + 1);
    } else if (best === undefined || podCount(store, node) < podCount(store, best)) {
      best = node;
    }
  }
  return best ? { node: best.metadata.name } : { refusal: refusal(store.table("nodes").keys.size, counts) };
}

function podCount(store: Store, node: KubeObject): number {
  return store.table("pods").byNode.get(node.metadata.name)?.size ?? 0;
}
