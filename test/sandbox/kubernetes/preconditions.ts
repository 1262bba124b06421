import type { Call } from "./call.ts";
import type { ResourceType } from "./kinds.ts";
import type { KubeObject } from "./object.ts";
import { conflict, modified, StatusError } from "./status.ts";

/** @throws 409 where the object sent is not of the live one's version, or of another object of that name */
export function checkPreconditions(type: ResourceType, live: KubeObject, sent: KubeObject): void {
  const { name, uid, resourceVersion } = live.metadata;
  if (sent.metadata.resourceVersion && sent.metadata.resourceVersion !== resourceVersion) {
    throw modified(type, name);
  }
  if (sent.metadata.uid && sent.metadata.uid !== uid) {
    const [wanted, found] = [sent.metadata.uid, uid ?? ""];
    const path = [type.crd ? type.group : "", type.plural, live.metadata.namespace, name].filter(Boolean).join("/");
    const why = `Precondition failed: UID in precondition: ${wanted}, UID in object meta: ${found}`;
    throw conflict(
      type,
      name,
      `StorageError: invalid object, Code: 4, Key: /registry/${path}, ResourceVersion: 0, AdditionalErrorMsg: ${why}`,
    );
  }
}

/** @throws 409 */
export function checkApplied(type: ResourceType, live: KubeObject | undefined, applied: KubeObject): void {
  const { name, uid, resourceVersion } = applied.metadata;
  if (live === undefined && uid) {
    const why = `uid mismatch: the provided object specified uid ${uid}, and no existing object was found`;
    throw conflict(type, name, why);
  }
  if (live && resourceVersion && resourceVersion !== live.metadata.resourceVersion) {
    throw modified(type, name);
  }
}

/** @throws 422 where an apply does not say who applies */
export function requireFieldManager(call: Call): void {
  if (call.request.query.get("fieldManager")) {
    return;
  }
  const message = "Required value: is required for apply patch";
  throw new StatusError(422, "Invalid", `PatchOptions.meta.k8s.io "" is invalid: fieldManager: ${message}`, {
    group: "meta.k8s.io",
    kind: "PatchOptions",
    causes: [{ reason: "FieldValueRequired", message, field: "fieldManager" }],
  });
}

/** Nothing holds it any more. Pods and namespaces are taken away by those who look after them. */
export function hasLostItsLastFinalizer({ kind, metadata }: KubeObject): boolean {
  const isAwaited = kind === "Pod" || kind === "Namespace";
  return metadata.deletionTimestamp !== undefined && !metadata.finalizers?.length && !isAwaited;
}
