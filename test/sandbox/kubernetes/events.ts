import { createHash } from "node:crypto";
import { timestamp, type KubeObject } from "./object.ts";
import type { Store } from "./store.ts";
import { randomUUID } from "node:crypto";

interface EventSource {
  readonly component: string;
  readonly host?: string | undefined;
}

export interface EventText {
  readonly type: "Normal" | "Warning";
  readonly reason: string;
  readonly message: string;
  readonly fieldPath?: string;
}

/** Records an event about an object; the same one again counts up, as the event recorder does. */
export function recordEvent(store: Store, about: KubeObject, text: EventText, source: EventSource): void {
  const { name, namespace = "default", uid } = about.metadata;
  const same = JSON.stringify([uid, text, source]);
  const eventName = `${name}.${createHash("sha1").update(same).digest("hex").slice(0, 16)}`;
  const key = `${namespace}/${eventName}`;
  const now = timestamp(store.clock.now());
  const known = store.get("events", key);
  if (known !== undefined) {
    store.put("events", { ...known, lastTimestamp: now, count: Number(known["count"] ?? 1) + 1 });
    return;
  }
  store.put("events", {
    apiVersion: "v1",
    kind: "Event",
    metadata: { name: eventName, namespace, uid: randomUUID(), creationTimestamp: now },
    involvedObject: {
      kind: about.kind,
      ...(about.metadata.namespace && { namespace }),
      name,
      uid,
      apiVersion: about.apiVersion,
      resourceVersion: about.metadata.resourceVersion,
      ...(text.fieldPath && { fieldPath: text.fieldPath }),
    },
    reason: text.reason,
    message: text.message,
    source: { component: source.component, ...(source.host && { host: source.host }) },
    firstTimestamp: now,
    lastTimestamp: now,
    count: 1,
    type: text.type,
    eventTime: null,
    reportingComponent: source.component,
    reportingInstance: source.host ?? "",
  });
}
