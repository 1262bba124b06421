import type { SandboxResponse } from "../http.ts";
import type { Authentication } from "./authentication.ts";
import type { Authorizer } from "./authorizer.ts";
import type { Call } from "./call.ts";
import { parseBody } from "./decode.ts";
import { at, isRecord, listAt, numberAt, textAt, type KubeObject } from "./object.ts";
import type { ResourcePath } from "./path.ts";
import { rulesFor } from "./rbac.ts";
import { badRequest, methodNotAllowed, notFound } from "./status.ts";
import type { Store } from "./store.ts";

export interface SubresourcesInput {
  readonly store: Store;
  readonly authentication: Authentication;
  readonly authorizer: Authorizer;
  readonly issuer: () => string;
  /** What a container has printed. */
  readonly readLog: (pod: KubeObject, container: string, isPrevious: boolean) => readonly string[];
}

/** Reviews, logs, tokens, scale: what is not plain create, read, update and delete. */
export class Subresources {
  constructor(readonly input: SubresourcesInput) {}

  answer(call: Call): SandboxResponse {
    const key = call.namespace ? `${call.namespace}/${call.name ?? ""}` : (call.name ?? "");
    const object = this.input.store.get(call.type.storage, key);
    if (object === undefined) {
      throw notFound(call.type, call.name ?? "");
    }
    switch (call.subresource ?? "") {
      case "log":
        return this.#log(call, object);
      case "token":
        return this.#token(call, object);
      case "scale":
        return this.#scale(call, object);
      case "eviction":
        this.input.store.remove(call.type.storage, key);
        return { status: 201, body: { kind: "Status", apiVersion: "v1", metadata: {}, status: "Success", code: 201 } };
      default:
        throw methodNotAllowed();
    }
  }

  /** Reviews are answered, not stored. */
  review(call: Call, path: ResourcePath): SandboxResponse | undefined {
    const body = (): Record<string, unknown> => {
      const sent = parseBody(call.request.body, call.request.headers["content-type"]);
      return isRecord(sent) ? sent : {};
    };
    switch (path.type.kind) {
      case "SelfSubjectAccessReview":
        return { status: 201, body: this.#accessReview(call, body()) };
      case "SelfSubjectRulesReview":
        return { status: 201, body: this.#rulesReview(call, body()) };
      case "SelfSubjectReview":
        return { status: 201, body: selfReview(call) };
      default:
        return undefined;
    }
  }

  #accessReview(call: Call, body: Record<string, unknown>): unknown {
    const asked = at(body, "spec.resourceAttributes");
    const decision = isRecord(asked)
      ? this.input.authorizer.decide(call.user, {
          verb: textAt(asked, "verb"),
          group: textAt(asked, "group"),
          resource: textAt(asked, "resource"),
          subresource: textAt(asked, "subresource") || undefined,
          namespace: textAt(asked, "namespace") || undefined,
          name: textAt(asked, "name") || undefined,
        })
      : { isAllowed: call.user.groups.includes("system:masters"), reason: "" };
    const status = { allowed: decision.isAllowed, ...(decision.reason && { reason: decision.reason }) };
    return { ...body, kind: "SelfSubjectAccessReview", apiVersion: "authorization.k8s.io/v1", status };
  }

  #rulesReview(call: Call, body: Record<string, unknown>): unknown {
    const { store, authorizer } = this.input;
    const everything = { verbs: ["*"], apiGroups: ["*"], resources: ["*"] };
    const isMaster = call.user.groups.includes("system:masters");
    const rules = isMaster
      ? [everything, { verbs: ["*"], nonResourceURLs: ["*"] }]
      : rulesFor(store, call.user, textAt(body, "spec.namespace"));
    const usesAzure = authorizer.usesAzure(call.user);
    const status = {
      resourceRules: rules.filter((rule) => listOf(rule, "resources").length > 0),
      nonResourceRules: rules.filter((rule) => listOf(rule, "nonResourceURLs").length > 0),
      incomplete: usesAzure,
      ...(usesAzure && { evaluationError: "webhook authorizer does not support user rule resolution" }),
    };
    return { ...body, kind: "SelfSubjectRulesReview", apiVersion: "authorization.k8s.io/v1", status };
  }

  #log(call: Call, pod: KubeObject): SandboxResponse {
    const { query } = call.request;
    const names = [...listAt(pod, "spec.initContainers"), ...listAt(pod, "spec.containers")].map((one) =>
      textAt(one, "name"),
    );
    const container = query.get("container") ?? defaultContainer(pod, names);
    if (container === undefined) {
      throw badRequest(
        `a container name must be specified for pod ${pod.metadata.name}, choose one of: [${names.join(" ")}]`,
      );
    }
    if (!names.includes(container)) {
      throw badRequest(`container ${container} is not valid for pod ${pod.metadata.name}`);
    }
    refuseSilent(pod, container, query.get("previous") === "true");
    const lines = this.input.readLog(pod, container, query.get("previous") === "true");
    const tail = query.get("tailLines");
    const shown = tail === null ? lines : lines.slice(Math.max(0, lines.length - Number(tail)));
    const body = shown.map((line) => `${line}\n`).join("");
    const limit = query.get("limitBytes");
    return {
      status: 200,
      headers: { "content-type": "text/plain" },
      body: limit === null ? body : body.slice(0, Number(limit)),
    };
  }

  #token(call: Call, account: KubeObject): SandboxResponse {
    const body = parseBody(call.request.body, call.request.headers["content-type"]);
    const asked = at(body, "spec.audiences");
    const issuer = this.input.issuer();
    const audiences = Array.isArray(asked) && asked.length > 0 ? asked.map(String) : [issuer];
    const seconds = numberAt(body, "spec.expirationSeconds") ?? 3600;
    const status = this.input.authentication.issue(account, audiences, seconds, issuer);
    const { name, namespace, uid } = account.metadata;
    return {
      status: 201,
      body: {
        kind: "TokenRequest",
        apiVersion: "authentication.k8s.io/v1",
        metadata: { name, namespace, uid, creationTimestamp: new Date(this.input.store.clock.now()).toISOString() },
        spec: { audiences, expirationSeconds: seconds, boundObjectRef: null },
        status,
      },
    };
  }

  #scale(call: Call, object: KubeObject): SandboxResponse {
    const { method, body, headers } = call.request;
    if (method !== "GET") {
      const replicas = numberAt(parseBody(body, headers["content-type"]?.replace("strategic-", "")), "spec.replicas");
      if (replicas !== undefined) {
        const spec = { ...(object["spec"] as Record<string, unknown>), replicas };
        object = this.input.store.put(call.type.storage, { ...object, spec });
      }
    }
    const { name, namespace, uid, resourceVersion, creationTimestamp } = object.metadata;
    const labels = Object.entries(
      (at(object, "spec.selector.matchLabels") as Record<string, string> | undefined) ?? {},
    );
    return {
      status: 200,
      body: {
        kind: "Scale",
        apiVersion: "autoscaling/v1",
        metadata: { name, namespace, uid, resourceVersion, creationTimestamp },
        spec: { replicas: numberAt(object, "spec.replicas") ?? 0 },
        status: {
          replicas: numberAt(object, "status.replicas") ?? 0,
          selector: labels.map(([key, value]) => `${key}=${value}`).join(","),
        },
      },
    };
  }
}

function listOf(rule: unknown, field: string): readonly unknown[] {
  const value = at(rule, field);
  return Array.isArray(value) ? value : [];
}

function selfReview(call: Call): unknown {
  const { name, uid, groups } = call.user;
  return {
    kind: "SelfSubjectReview",
    apiVersion: "authentication.k8s.io/v1",
    metadata: { creationTimestamp: new Date().toISOString().replace(/\.\d+/, "") },
    status: { userInfo: { username: name, ...(uid && { uid }), groups } },
  };
}

function defaultContainer(pod: KubeObject, names: readonly string[]): string | undefined {
  const chosen = pod.metadata.annotations?.["kubectl.kubernetes.io/default-container"];
  const own = listAt(pod, "spec.containers");
  return (
    chosen ??
    (own.length === 1 && names.length === 1 ? names[0] : own.length === 1 ? textAt(own[0], "name") : undefined)
  );
}

/** A container that has not started has no log; the kubelet says so through the API server. */
function refuseSilent(pod: KubeObject, container: string, isPrevious: boolean): void {
  const statuses = [...listAt(pod, "status.initContainerStatuses"), ...listAt(pod, "status.containerStatuses")];
  const status = statuses.find((one) => one["name"] === container);
  const name = pod.metadata.name;
  if (!textAt(pod, "spec.nodeName")) {
    return;
  }
  if (isPrevious && !isRecord(at(status, "lastState.terminated"))) {
    throw badRequest(`previous terminated container "${container}" in pod "${name}" not found`);
  }
  const waiting = textAt(status, "state.waiting.reason");
  const hasRun = (numberAt(status, "restartCount") ?? 0) > 0;
  if (waiting === "ContainerCreating" || (waiting !== "" && !hasRun)) {
    const why =
      waiting === "ContainerCreating" || waiting === "PodInitializing"
        ? `is waiting to start: ${waiting}`
        : waiting === "ErrImagePull" || waiting === "ImagePullBackOff"
          ? `is waiting to start: trying and failing to pull image`
          : `is waiting to start: ${waiting}`;
    throw badRequest(`container "${container}" in pod "${name}" ${why}`);
  }
}
