import { randomUUID } from "node:crypto";
import { serverSideApply, trackUpdate, type Manager } from "./apply.ts";
import { admitNamespace, admitPod } from "./admission.ts";
import { fieldManager, isDryRun, type Call } from "./call.ts";
import {
  asObject,
  decode,
  invalidPatch,
  parseBody,
  parsePatch,
  refuseMistyped,
  refuseUntyped,
  unknownTexts,
} from "./decode.ts";
import { withDefaults } from "./defaults.ts";
import { apiVersionOf, type Kinds, type ResourceType } from "./kinds.ts";
import { randomSuffix } from "./names.ts";
import { at, isSame, keyOf, textAt, timestamp, type KubeObject } from "./object.ts";
import { jsonPatch, mergePatch, strategicMerge } from "./patch.ts";
import { schemaOf } from "./schema.ts";
import * as status from "./status.ts";
import type { Store } from "./store.ts";
import { checkApplied, checkPreconditions, hasLostItsLastFinalizer, requireFieldManager } from "./preconditions.ts";
import { validate } from "./validation.ts";
import { toStored, toVersion } from "./views.ts";

/** Kinds whose `metadata.generation` counts changes of the spec. */
const counted = /^(apps|batch|networking\.k8s\.io|apiextensions\.k8s\.io|secrets-store\.csi\.x-k8s\.io)$/;

/** Creates, replaces and patches objects, with all that stands between a body and the store. */
export class Writes {
  constructor(
    readonly kinds: Kinds,
    readonly store: Store,
  ) {}

  create(call: Call): KubeObject {
    const sent = asObject(parseBody(call.request.body, call.request.headers["content-type"]), call.type);
    if (textAt(sent, "metadata.resourceVersion")) {
      throw new status.StatusError(500, "", "resourceVersion should not be set on objects to be created");
    }
    return this.#insert(call, this.#read(call, sent), this.#manager(call, "Update"));
  }

  update(call: Call): KubeObject {
    const sent = asObject(parseBody(call.request.body, call.request.headers["content-type"]), call.type);
    const object = this.#read(call, sent);
    const live = this.#live(call);
    refuseOtherName(object.metadata.name, live.metadata.name);
    if (call.type.crd && !object.metadata.resourceVersion) {
      const cause = {
        reason: "FieldValueInvalid",
        message: "Invalid value: 0: must be specified for an update",
        field: "metadata.resourceVersion",
      };
      throw status.invalid({ ...call.type, kind: call.type.plural }, live.metadata.name, [cause]);
    }
    return this.#replace(call, live, object, this.#manager(call, "Update"));
  }

  patch(call: Call): { readonly object: KubeObject; readonly isNew: boolean } {
    const media = call.request.headers["content-type"]?.split(";")[0]?.trim() ?? "";
    if (media === "application/apply-patch+yaml") {
      return this.#apply(call);
    }
    const live = toVersion(call.type, this.#live(call));
    const patch = parsePatch(call.request.body, media);
    const patched = asObject(this.#patched(call, live, patch, media), call.type);
    const object = this.#read(call, patched, true);
    refuseOtherName(object.metadata.name, live.metadata.name);
    return { object: this.#replace(call, this.#live(call), object, this.#manager(call, "Update")), isNew: false };
  }

  #patched(call: Call, live: KubeObject, patch: unknown, media: string): unknown {
    switch (media) {
      case "application/json-patch+json":
        return jsonPatch(live, patch);
      case "application/merge-patch+json":
        return mergePatch(live, patch);
      case "application/strategic-merge-patch+json":
        if (call.type.crd === undefined) {
          return strategicMerge(live, patch, schemaOf(call.type));
        }
    }
    if (call.type.crd === undefined) {
      throw new status.StatusError(415, "UnsupportedMediaType", "415: Unsupported Media Type", {});
    }
    throw status.unsupportedMediaType([
      "application/json-patch+json",
      "application/merge-patch+json",
      "application/apply-patch+yaml",
    ]);
  }

  #apply(call: Call): { readonly object: KubeObject; readonly isNew: boolean } {
    const { type, request } = call;
    requireFieldManager(call);
    const body = parseBody(request.body, "application/yaml");
    if (!textAt(body, "kind")) {
      throw status.badRequest(`invalid object type: /${textAt(body, "apiVersion")}, Kind=`);
    }
    const sent = asObject(body, type);
    if (sent.metadata.managedFields?.length) {
      throw status.badRequest("metadata.managedFields must be nil");
    }
    const named = { ...sent, metadata: { ...sent.metadata, name: sent.metadata.name || (call.name ?? "") } };
    refuseOtherName(named.metadata.name, call.name ?? "");
    refuseUntyped(type, named);
    const applied = this.#read(call, named);
    const live = this.store.get(type.storage, this.#key(call));
    checkApplied(type, live, applied);
    const merged = serverSideApply(schemaOf(type), live && toVersion(type, live), applied, {
      manager: this.#manager(call, "Apply"),
      isForced: request.query.get("force") === "true",
      now: this.store.clock.now(),
    });
    if (live === undefined) {
      return { object: this.#insert(call, merged, undefined), isNew: true };
    }
    return { object: this.#replace(call, live, merged, undefined), isNew: false };
  }

  /** Reads by the schema; what is unknown is refused, warned of or dropped, as `fieldValidation` says. */
  #read(call: Call, sent: KubeObject, isPatch = false): KubeObject {
    const { type } = call;
    const decoded = decode(type, sent);
    refuseMistyped(type, decoded, isPatch);
    const unknown = unknownTexts(decoded);
    const mode = call.request.query.get("fieldValidation") ?? "Warn";
    if (unknown.length > 0 && mode === "Strict") {
      const why = `strict decoding error: ${unknown.join(", ")}`;
      throw isPatch
        ? invalidPatch(sent, why)
        : status.badRequest(`${type.kind} in version "${type.version}" cannot be handled as a ${type.kind}: ${why}`);
    }
    if (mode === "Warn") {
      call.warnings.push(...unknown);
    }
    return this.#placed(call, toStored(type, decoded.object));
  }

  #placed(call: Call, object: KubeObject): KubeObject {
    const { namespace } = object.metadata;
    if (call.namespace && namespace && namespace !== call.namespace) {
      throw status.badRequest("the namespace of the provided object does not match the namespace sent on the request");
    }
    return call.namespace ? { ...object, metadata: { ...object.metadata, namespace: call.namespace } } : object;
  }

  #manager(call: Call, operation: "Apply" | "Update"): Manager {
    const apiVersion = apiVersionOf(call.type);
    return { name: fieldManager(call), operation, apiVersion, subresource: call.subresource };
  }

  #key(call: Call): string {
    return call.namespace ? `${call.namespace}/${call.name ?? ""}` : (call.name ?? "");
  }

  #live(call: Call): KubeObject {
    const live = this.store.get(call.type.storage, this.#key(call));
    if (live === undefined) {
      throw status.notFound(call.type, call.name ?? "");
    }
    return live;
  }

  /** @param manager undefined where the object carries its managers already */
  #insert(call: Call, sent: KubeObject, manager: Manager | undefined): KubeObject {
    const { type } = call;
    const object = withDefaults({ ...sent, metadata: this.#newMetadata(sent) });
    if (type.subresources.includes("status") && sent["status"] !== undefined) {
      object["status"] = withDefaults({ ...sent, status: undefined, metadata: sent.metadata })["status"];
    }
    validate(type, object);
    admitNamespace(this.kinds, type, object);
    if (this.store.get(type.storage, keyOf(object)) !== undefined) {
      throw status.alreadyExists(type, object.metadata.name);
    }
    if (manager) {
      const sentPart = withoutSystemParts(type, object);
      const { metadata } = trackUpdate(schemaOf(type), undefined, sentPart, manager, this.store.clock.now());
      object.metadata = { ...object.metadata, ...metadata };
    }
    if (type.kind === "Pod") {
      admitPod(type, this.store, object);
    }
    return isDryRun(call) ? object : this.store.put(type.storage, object);
  }

  #newMetadata(sent: KubeObject): KubeObject["metadata"] {
    const { generateName, name, ...rest } = sent.metadata;
    const group = sent.apiVersion.split("/")[0] ?? "";
    return {
      ...rest,
      ...(generateName && { generateName }),
      name: name || (generateName ? `${generateName}${randomSuffix()}` : ""),
      uid: randomUUID(),
      creationTimestamp: timestamp(this.store.clock.now()),
      ...((counted.test(group) || sent.kind === "Pod") && { generation: 1 }),
    };
  }

  #replace(call: Call, live: KubeObject, sent: KubeObject, manager: Manager | undefined): KubeObject {
    const { type } = call;
    checkPreconditions(type, live, sent);
    const merged = this.#merged(call, live, sent);
    validate(type, merged, live);
    const now = this.store.clock.now();
    const tracked = manager ? trackUpdate(schemaOf(type), live, merged, manager, now) : merged;
    if (isSame(withoutTimes(live), withoutTimes(tracked))) {
      return live;
    }
    if (isDryRun(call)) {
      return tracked;
    }
    const stored = this.store.put(type.storage, tracked);
    if (hasLostItsLastFinalizer(tracked)) {
      this.store.remove(type.storage, keyOf(tracked));
      return tracked;
    }
    return stored;
  }

  /** The new state: what the system keeps, what belongs to the status subresource and what does not. */
  #merged(call: Call, live: KubeObject, sent: KubeObject): KubeObject {
    const { type, subresource } = call;
    const system = {
      name: live.metadata.name,
      uid: live.metadata.uid,
      creationTimestamp: live.metadata.creationTimestamp,
      deletionTimestamp: live.metadata.deletionTimestamp,
      deletionGracePeriodSeconds: live.metadata.deletionGracePeriodSeconds,
      generation: live.metadata.generation,
      resourceVersion: live.metadata.resourceVersion,
    };
    if (subresource === "status") {
      const metadata = { ...live.metadata, ...system, managedFields: sent.metadata.managedFields };
      return defined({ ...live, metadata, status: sent["status"] } as KubeObject);
    }
    const { managedFields = live.metadata.managedFields } = sent.metadata;
    const metadata = { ...sent.metadata, ...system, managedFields };
    const object = withDefaults({ ...sent, metadata } as KubeObject);
    if (type.subresources.includes("status")) {
      object["status"] = live["status"];
    }
    const isNewSpec =
      !isSame(at(live, "spec"), at(object, "spec")) || (type.crd && !isSame(contents(live), contents(object)));
    if (isNewSpec && live.metadata.generation !== undefined) {
      object.metadata.generation = live.metadata.generation + 1;
    }
    return defined(object);
  }
}

function refuseOtherName(found: string, wanted: string): void {
  if (found !== wanted) {
    throw status.badRequest(`the name of the object (${found}) does not match the name on the URL (${wanted})`);
  }
}

/** What a client sent of a new object: the status, and the finalizers of a namespace, are the system's. */
function withoutSystemParts(type: ResourceType, object: KubeObject): KubeObject {
  const rest = { ...object };
  if (type.subresources.includes("status")) {
    Reflect.deleteProperty(rest, "status");
  }
  if (type.kind === "Namespace") {
    Reflect.deleteProperty(rest, "spec");
  }
  return rest;
}

function contents(object: KubeObject): unknown {
  return { ...object, metadata: undefined, status: undefined, apiVersion: undefined };
}

/** Without fields that are undefined: the store holds JSON. */
function defined(object: KubeObject): KubeObject {
  const metadata = Object.fromEntries(Object.entries(object.metadata).filter(([, value]) => value !== undefined));
  const rest = Object.entries(object).filter(([, value]) => value !== undefined && value !== null);
  return { ...(Object.fromEntries(rest) as KubeObject), metadata: metadata as unknown as KubeObject["metadata"] };
}

function withoutTimes(object: KubeObject): unknown {
  const { managedFields, ...metadata } = object.metadata;
  const managers = (managedFields ?? []).map((entry) => ({ ...entry, time: undefined }));
  return { ...object, metadata: { ...metadata, managedFields: managers } };
}
