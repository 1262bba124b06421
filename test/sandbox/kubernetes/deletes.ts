import { isDryRun, type Call } from "./call.ts";
import { parseBody } from "./decode.ts";
import type { Kinds, ResourceType } from "./kinds.ts";
import { isRecord, keyOf, numberAt, textAt, timestamp, type KubeObject } from "./object.ts";
import { conflict, notFound } from "./status.ts";
import type { Store } from "./store.ts";

interface DeleteOptions {
  readonly propagation: string;
  readonly graceSeconds: number | undefined;
  readonly uid: string;
  readonly resourceVersion: string;
}

function readOptions(call: Call): DeleteOptions {
  const body = parseBody(call.request.body, call.request.headers["content-type"]);
  const { query } = call.request;
  const options = isRecord(body) ? body : {};
  const grace = query.get("gracePeriodSeconds");
  return {
    propagation: query.get("propagationPolicy") ?? (textAt(options, "propagationPolicy") || "Background"),
    graceSeconds: grace === null ? numberAt(options, "gracePeriodSeconds") : Number(grace),
    uid: textAt(options, "preconditions.uid"),
    resourceVersion: textAt(options, "preconditions.resourceVersion"),
  };
}

/** Removes objects: at once, or after grace, finalizers and dependents. */
export class Deletes {
  constructor(
    readonly kinds: Kinds,
    readonly store: Store,
  ) {}

  /** @returns the object while it is still there, or undefined when it is gone */
  delete(call: Call): { readonly object: KubeObject; readonly isGone: boolean } {
    const key = call.namespace ? `${call.namespace}/${call.name ?? ""}` : (call.name ?? "");
    const live = this.store.get(call.type.storage, key);
    if (live === undefined) {
      throw notFound(call.type, call.name ?? "");
    }
    const options = readOptions(call);
    checkPreconditions(call.type, live, options);
    return isDryRun(call) ? { object: live, isGone: true } : this.#remove(call.type, live, options);
  }

  deleteAll(call: Call, objects: readonly KubeObject[]): void {
    const options = readOptions(call);
    for (const object of isDryRun(call) ? [] : objects) {
      this.#remove(call.type, object, options);
    }
  }

  /** A pod is shown as it was marked for the last moment. */
  #ended(pod: KubeObject): KubeObject {
    const generation = (pod.metadata.generation ?? 1) + 1;
    const deletionTimestamp = timestamp(this.store.clock.now());
    return { ...pod, metadata: { ...pod.metadata, generation, deletionTimestamp, deletionGracePeriodSeconds: 0 } };
  }

  #remove(type: ResourceType, live: KubeObject, options: DeleteOptions): { object: KubeObject; isGone: boolean } {
    const grace = graceOf(type, live, options.graceSeconds);
    const finalizers = [...(live.metadata.finalizers ?? []), ...added(options.propagation, live)];
    if (grace === 0 && finalizers.length === 0 && type.kind !== "Namespace") {
      this.store.remove(type.storage, keyOf(live));
      return { object: type.kind === "Pod" ? this.#ended(live) : live, isGone: true };
    }
    if (live.metadata.deletionTimestamp !== undefined && grace >= (live.metadata.deletionGracePeriodSeconds ?? 0)) {
      return { object: live, isGone: false };
    }
    const metadata = {
      ...live.metadata,
      ...(finalizers.length > 0 && { finalizers }),
      deletionTimestamp: timestamp(this.store.clock.now() + grace * 1000),
      deletionGracePeriodSeconds: grace,
    };
    const marked: KubeObject = { ...live, metadata };
    if (type.kind === "Namespace") {
      marked["status"] = { phase: "Terminating" };
    }
    return { object: this.store.put(type.storage, marked), isGone: false };
  }
}

function checkPreconditions(type: ResourceType, live: KubeObject, { uid, resourceVersion }: DeleteOptions): void {
  const { name } = live.metadata;
  if (uid && uid !== live.metadata.uid) {
    throw conflict(
      { ...type, plural: type.kind },
      name,
      `the UID in the precondition (${uid}) does not match the UID in record (${live.metadata.uid}). The object might have been deleted and then recreated`,
    );
  }
  if (resourceVersion && resourceVersion !== live.metadata.resourceVersion) {
    const found = live.metadata.resourceVersion;
    throw conflict(
      { ...type, plural: type.kind },
      name,
      `the ResourceVersion in the precondition (${resourceVersion}) does not match the ResourceVersion in record (${found}). The object might have been modified`,
    );
  }
}

/** A pod that runs on a node gets time to end; everything else goes at once. */
function graceOf(type: ResourceType, live: KubeObject, asked: number | undefined): number {
  if (type.kind !== "Pod" || !textAt(live, "spec.nodeName")) {
    return 0;
  }
  if (/^(Succeeded|Failed)$/.test(textAt(live, "status.phase"))) {
    return 0;
  }
  return asked ?? numberAt(live, "spec.terminationGracePeriodSeconds") ?? 30;
}

function added(propagation: string, live: KubeObject): readonly string[] {
  const wanted = propagation === "Foreground" ? "foregroundDeletion" : propagation === "Orphan" ? "orphan" : "";
  return wanted === "" || live.metadata.finalizers?.includes(wanted) ? [] : [wanted];
}

/** The `Status` that tells of a finished deletion. */
export function deletedStatus(type: ResourceType, object: KubeObject): Readonly<Record<string, unknown>> {
  return {
    kind: "Status",
    apiVersion: "v1",
    metadata: {},
    status: "Success",
    details: {
      name: object.metadata.name,
      ...(type.group && { group: type.group }),
      kind: type.plural,
      uid: object.metadata.uid,
    },
  };
}
