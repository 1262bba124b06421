import { randomUUID } from "node:crypto";
import type { Handler, SandboxRequest, SandboxResponse } from "../http.ts";
import type { Authentication } from "./authentication.ts";
import type { Authorizer } from "./authorizer.ts";
import type { Call } from "./call.ts";
import { Deletes, deletedStatus } from "./deletes.ts";
import { discover } from "./discovery.ts";
import { impersonate } from "./impersonation.ts";
import { listPage } from "./list.ts";
import { checkDryRun, checkListOptions } from "./options.ts";
import type { Kinds } from "./kinds.ts";
import type { KubeObject } from "./object.ts";
import { openApi } from "./openapi.ts";
import { parsePath, verbOf, type ResourcePath } from "./path.ts";
import { allowsPath, refusal } from "./rbac.ts";
import { parseSelector } from "./selectors.ts";
import * as status from "./status.ts";
import { Entry, type Store } from "./store.ts";
import type { Subresources } from "./subresources.ts";
import type { User } from "./user.ts";
import { listJson, oneJson, readView, toVersion } from "./views.ts";
import { watch } from "./watch.ts";
import { Writes } from "./writes.ts";

export interface ApiInput {
  readonly kinds: Kinds;
  readonly store: Store;
  readonly authentication: Authentication;
  readonly authorizer: Authorizer;
  readonly subresources: Subresources;
  /** `v1.35.1`. */
  readonly version: () => string;
}

const open = ["/healthz", "/livez", "/readyz", "/version"];

/** The API server's one door: who is it, may they, and then the resource. */
export class Api {
  readonly #writes: Writes;
  readonly #deletes: Deletes;

  constructor(readonly input: ApiInput) {
    this.#writes = new Writes(input.kinds, input.store);
    this.#deletes = new Deletes(input.kinds, input.store);
  }

  readonly handle: Handler = (request) => {
    try {
      return withHeaders(this.#answer(request));
    } catch (error) {
      if (error instanceof status.StatusError) {
        return withHeaders(error.response());
      }
      throw error;
    }
  };

  #answer(request: SandboxRequest): SandboxResponse {
    const caller = this.input.authentication.authenticate(request.headers["authorization"]);
    if (caller === undefined) {
      throw status.unauthorized();
    }
    const user = impersonate(this.input.authorizer, caller, request.headers);
    const path = parsePath(this.input.kinds, request.path);
    if (path === undefined) {
      return this.#plain(request, user);
    }
    const verb = verbOf(request.method, path, request.query);
    if (verb === undefined) {
      throw status.methodNotAllowed();
    }
    const call: Call = { request, user, ...path, warnings: path.type.warning ? [path.type.warning] : [] };
    this.#authorize(call, verb);
    checkDryRun(call, verb);
    if (path.subresource === undefined && !path.type.verbs.includes(verb)) {
      throw status.methodNotAllowed();
    }
    const answer = path.subresource && path.subresource !== "status" ? this.#sub(call) : this.#do(call, verb, path);
    return warned(answer, call.warnings);
  }

  #authorize(call: Call, verb: string): void {
    const { type, namespace, name, subresource, user } = call;
    const scope = type.kind === "Namespace" && name ? name : namespace;
    const asked = { verb, group: type.group, resource: type.plural, subresource, namespace: scope, name };
    const decision = this.input.authorizer.decide(user, asked);
    if (!decision.isAllowed) {
      const why = refusal(user, asked);
      throw status.forbidden(type, name, decision.reason ? `${why}: ${decision.reason}` : why);
    }
  }

  /** Paths that are no resource: discovery, documents, health. */
  #plain(request: SandboxRequest, user: User): SandboxResponse {
    const { kinds, store, version } = this.input;
    const { path } = request;
    if (!allowsPath(store, user, request.method === "POST" ? "post" : "get", path)) {
      const message = `forbidden: User "${user.name}" cannot get path "${path}"`;
      throw new status.StatusError(403, "Forbidden", message, {});
    }
    if (open.includes(path)) {
      return path === "/version" ? { status: 200, body: versionBody(version()) } : text("ok");
    }
    const found = discover(kinds, path, request.headers["accept"]) ?? openApi(kinds, path, version());
    if (found === undefined && isOfBuiltIns(kinds, path)) {
      throw status.unknownResource();
    }
    return found ?? status.pageNotFound;
  }

  #sub(call: Call): SandboxResponse {
    return this.input.subresources.answer(call);
  }

  #do(call: Call, verb: string, path: ResourcePath): SandboxResponse {
    switch (verb) {
      case "get":
        return this.#get(call);
      case "list":
        return this.#list(call);
      case "watch":
        return this.#watch(call);
      case "create":
        return this.#create(call, path);
      case "update":
        return this.#one(call, this.#writes.update(call), 200);
      case "patch": {
        const { object, isNew } = this.#writes.patch(call);
        return this.#one(call, object, isNew ? 201 : 200);
      }
      case "delete": {
        const { object, isGone } = this.#deletes.delete(call);
        const isPod = call.type.kind === "Pod";
        return isGone && !isPod
          ? { status: 200, body: deletedStatus(call.type, object) }
          : this.#one(call, object, 200);
      }
      default:
        return this.#deleteAll(call);
    }
  }

  #create(call: Call, path: ResourcePath): SandboxResponse {
    const review = this.input.subresources.review(call, path);
    if (review !== undefined) {
      return review;
    }
    if (call.type.isNamespaced && call.namespace === undefined) {
      throw status.methodNotAllowed();
    }
    return this.#one(call, this.#writes.create(call), 201);
  }

  #one(call: Call, object: KubeObject, code: number): SandboxResponse {
    const view = readView(call.request.headers["accept"], call.request.query);
    const entry = this.input.store.entry(call.type.storage, keyIn(call, object)) ?? new Entry(object);
    const shown = entry.object === object ? entry : new Entry(object);
    return json(code, oneJson(view, call.type, shown, this.input.store.clock.now()));
  }

  #get(call: Call): SandboxResponse {
    const key = call.namespace ? `${call.namespace}/${call.name ?? ""}` : (call.name ?? "");
    const entry = this.input.store.entry(call.type.storage, key);
    if (entry === undefined) {
      throw status.notFound(call.type, call.name ?? "");
    }
    const view = readView(call.request.headers["accept"], call.request.query);
    return json(200, oneJson(view, call.type, entry, this.input.store.clock.now()));
  }

  #list(call: Call): SandboxResponse {
    const { query, headers } = call.request;
    checkListOptions(query);
    const { store } = this.input;
    const page = listPage(store, {
      type: call.type,
      namespace: call.namespace,
      selector: parseSelector(query, call.type),
      limit: Number(query.get("limit") ?? "0"),
      continueToken: query.get("continue") ?? undefined,
      resourceVersion: query.get("resourceVersion") ?? undefined,
    });
    return json(200, listJson(readView(headers["accept"], query), call.type, page, store.clock.now()));
  }

  #watch(call: Call): SandboxResponse {
    const { query, headers, signal } = call.request;
    checkListOptions(query);
    const stream = watch(this.input.store, {
      type: call.type,
      namespace: call.namespace,
      selector: parseSelector(query, call.type),
      view: readView(headers["accept"], query),
      resourceVersion: query.get("resourceVersion") ?? undefined,
      timeoutSeconds: Number(query.get("timeoutSeconds") ?? "1800"),
      hasBookmarks: query.get("allowWatchBookmarks") === "true",
      sendsInitialEvents: query.get("sendInitialEvents") === "true",
      signal,
    });
    return { status: 200, headers: { "content-type": "application/json" }, stream };
  }

  #deleteAll(call: Call): SandboxResponse {
    const { store } = this.input;
    const page = listPage(store, {
      type: call.type,
      namespace: call.namespace,
      selector: parseSelector(call.request.query, call.type),
      limit: 0,
      continueToken: undefined,
      resourceVersion: undefined,
    });
    const objects = page.entries.map((entry) => entry.object);
    this.#deletes.deleteAll(call, objects);
    return json(200, listJson({ kind: "object" }, call.type, page, store.clock.now()));
  }
}

/** Groups of custom resources leave what they do not serve to the page that is nobody's. */
function isOfBuiltIns(kinds: Kinds, path: string): boolean {
  const [, root, group, version] = path.split("/");
  return (
    (root === "api" && group !== undefined) ||
    (root === "apis" &&
      kinds.all().some((type) => type.group === group && type.version === version && type.crd === undefined))
  );
}

function keyIn(call: Call, object: KubeObject): string {
  const { name, namespace } = toVersion(call.type, object).metadata;
  return namespace ? `${namespace}/${name}` : name;
}

function json(code: number, body: string): SandboxResponse {
  return { status: code, headers: { "content-type": "application/json" }, body };
}

function text(body: string): SandboxResponse {
  return { status: 200, headers: { "content-type": "text/plain; charset=utf-8" }, body };
}

function withHeaders(response: SandboxResponse): SandboxResponse {
  const headers = { "audit-id": randomUUID(), "cache-control": "no-cache, private", ...response.headers };
  return { ...response, headers };
}

function warned(response: SandboxResponse, warnings: readonly string[]): SandboxResponse {
  if (warnings.length === 0) {
    return response;
  }
  const warning = warnings.map((one) => `299 - "${one.replaceAll("\\", "\\\\").replaceAll('"', '\\"')}"`).join(", ");
  return { ...response, headers: { ...response.headers, warning } };
}

function versionBody(gitVersion: string): unknown {
  const [, major = "1", minor = "35"] = /^v(\d+)\.(\d+)/.exec(gitVersion) ?? [];
  return {
    major,
    minor,
    emulationMajor: major,
    emulationMinor: minor,
    minCompatibilityMajor: major,
    minCompatibilityMinor: String(Number(minor) - 1),
    gitVersion,
    gitCommit: "0000000000000000000000000000000000000000",
    gitTreeState: "clean",
    buildDate: "2026-06-01T00:00:00Z",
    goVersion: "go1.25.5",
    compiler: "gc",
    platform: "linux/amd64",
  };
}
