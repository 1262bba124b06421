import type { CallOptions } from "../call.ts";
import { ServiceError, hasCode } from "../errors.ts";
import { parseJson, unexpectedAnswer, type Target } from "./apiErrors.ts";
import type { ClusterClient, KubernetesObject, ListQuery, ResourceKind } from "./clusterClient.ts";
import { acceptOf, queryString, resourcePath, selection, targetOf } from "./resourcePath.ts";
import type { ApiRequest, Transport } from "./transport.ts";
import { watchKind } from "./watch.ts";

/** Who we are in `managedFields`. */
const fieldManager = "key-vault-csi";

const pageSize = 500;

/** One page of a list. */
export interface ListPage {
  readonly items: readonly KubernetesObject[];
  readonly continueToken: string | undefined;
  readonly resourceVersion: string | undefined;
}

/** What the client of one cluster is made with. */
export interface ApiClientInput {
  /** The cluster's name, to be shown. */
  readonly cluster: string;
  readonly server: string;
  readonly transport: Transport;
}

/** Makes the client of one cluster. Makes no request. */
export function createApiClient(input: ApiClientInput): ClusterClient {
  const { cluster, server, transport } = input;
  const object = async (request: ApiRequest, options: CallOptions | undefined) =>
    readObject(await transport.send(request, options), request.target);
  const one = (method: "GET" | "DELETE", kind: ResourceKind, name: string, namespace: string | undefined) => ({
    method,
    path: resourcePath(kind, namespace, name),
    target: targetOf(cluster, kind, namespace, name),
  });
  const client: ClusterClient = {
    server,
    list: (kind, query = {}, options = {}) => collect(input, kind, { query, read: (item) => item }, options),
    collect: (kind, query, read, options = {}) => collect(input, kind, { query, read }, options),
    get: (kind, name, namespace, options) => object(one("GET", kind, name, namespace), options),
    find: (kind, name, namespace, options) => orUndefined(client.get(kind, name, namespace, options)),
    create(kind, body, options) {
      const { name, namespace } = body.metadata;
      const path = resourcePath(kind, namespace) + queryString({ fieldManager });
      return object({ method: "POST", path, body, target: targetOf(cluster, kind, namespace, name) }, options);
    },
    apply: (kind, body, how, options) => object(applyRequest(cluster, kind, body, how), options),
    async delete(kind, name, namespace, options) {
      await orUndefined(transport.send(one("DELETE", kind, name, namespace), options));
    },
    watch: (kind, query, options) => watchKind(input, kind, query, options),
    readLog: (pod, options) => transport.send(logRequest(cluster, pod), options),
    canI: (verb, kind, namespace, options) => canI(input, { verb, kind, namespace }, options),
    listServed: (apiVersion, options) => listServed(input, apiVersion, options),
    getServerVersion: (options) => getServerVersion(input, options),
  };
  return client;
}

/** 404 is an answer: the object is not there, or its kind is not. */
async function orUndefined<T>(call: Promise<T>): Promise<T | undefined> {
  try {
    return await call;
  } catch (error) {
    if (hasCode(error, "notFound")) {
      return undefined;
    }
    throw error;
  }
}

interface Collection<T> {
  readonly query: ListQuery;
  readonly read: (item: KubernetesObject) => T | undefined;
}

async function collect<T>(
  input: ApiClientInput,
  kind: ResourceKind,
  { query, read }: Collection<T>,
  options: CallOptions,
): Promise<readonly T[]> {
  let found: T[] = [];
  let continueToken: string | undefined;
  do {
    const page = await readPageOrRestart(input, kind, { query, continueToken }, options);
    if (page.isRestart) {
      found = [];
    }
    for (const item of page.items) {
      const value = read(item);
      if (value !== undefined) {
        found.push(value);
      }
    }
    continueToken = page.continueToken;
  } while (continueToken !== undefined);
  return found;
}

interface PagePosition {
  readonly query: ListQuery;
  readonly continueToken: string | undefined;
}

/** A continue token lives as long as etcd keeps the revision, five minutes: after that the list starts again. */
async function readPageOrRestart(
  input: ApiClientInput,
  kind: ResourceKind,
  position: PagePosition,
  options: CallOptions,
): Promise<ListPage & { readonly isRestart: boolean }> {
  try {
    return { ...(await readPage(input, kind, position, options)), isRestart: false };
  } catch (error) {
    if (position.continueToken === undefined || !isExpired(error)) {
      throw error;
    }
    return { ...(await readPage(input, kind, { ...position, continueToken: undefined }, options)), isRestart: true };
  }
}

/** Whether the API server has forgotten the revision asked for. */
export function isExpired(error: unknown): boolean {
  return error instanceof ServiceError && error.details.status === 410;
}

/** Reads one page of a list. */
export async function readPage(
  { cluster, transport }: ApiClientInput,
  kind: ResourceKind,
  { query, continueToken }: PagePosition,
  options: CallOptions,
): Promise<ListPage> {
  const target = targetOf(cluster, kind, query.namespace);
  const parameters = { ...selection(query), limit: query.limit ?? pageSize, continue: continueToken };
  const text = await transport.send(
    {
      method: "GET",
      path: resourcePath(kind, query.namespace) + queryString(parameters),
      accept: acceptOf("list", query.metadataOnly),
      target,
    },
    options,
  );
  return toPage(parseJson(text), target);
}

function toPage(body: unknown, target: Target): ListPage {
  if (!isRecord(body) || !isRecord(body["metadata"])) {
    throw unexpectedAnswer(target);
  }
  const { items, metadata } = body;
  const list: unknown[] | undefined = items === null ? [] : Array.isArray(items) ? items : undefined;
  if (!list?.every(isObject)) {
    throw unexpectedAnswer(target);
  }
  return {
    items: list,
    continueToken: textOf(metadata["continue"]),
    resourceVersion: textOf(metadata["resourceVersion"]),
  };
}

function readObject(text: string, target: Target): KubernetesObject {
  const body = parseJson(text);
  if (!isObject(body)) {
    throw unexpectedAnswer(target);
  }
  return body;
}

/** Checked by hand: a schema would cost more than the parsing on a list of ten thousand pods. */
function isObject(value: unknown): value is KubernetesObject {
  return isRecord(value) && isRecord(value["metadata"]) && typeof value["metadata"]["name"] === "string";
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null;
}

function textOf(value: unknown): string | undefined {
  return typeof value === "string" && value !== "" ? value : undefined;
}

/** @see https://kubernetes.io/docs/reference/using-api/server-side-apply/ */
function applyRequest(
  cluster: string,
  kind: ResourceKind,
  object: KubernetesObject,
  how: { readonly force?: boolean; readonly dryRun?: boolean } = {},
): ApiRequest {
  const { name, namespace } = object.metadata;
  const parameters = { fieldManager, force: how.force === true, dryRun: how.dryRun === true ? "All" : undefined };
  return {
    method: "PATCH",
    path: resourcePath(kind, namespace, name) + queryString(parameters),
    // JSON is YAML.
    contentType: "application/apply-patch+yaml",
    body: { ...object, apiVersion: kind.apiVersion, kind: kind.kind },
    target: targetOf(cluster, kind, namespace, name),
  };
}

const podKind = { apiVersion: "v1", kind: "Pod", plural: "pods", isNamespaced: true } as const;

function logRequest(cluster: string, pod: Parameters<ClusterClient["readLog"]>[0]): ApiRequest {
  const { name, namespace, container, tailLines, isPrevious } = pod;
  return {
    method: "GET",
    path: `${resourcePath(podKind, namespace, name)}/log${queryString({ container, tailLines, previous: isPrevious })}`,
    accept: "*/*",
    target: targetOf(cluster, podKind, namespace, name),
  };
}

async function canI(
  { cluster, transport }: ApiClientInput,
  question: { readonly verb: string; readonly kind: ResourceKind; readonly namespace: string | undefined },
  options: CallOptions | undefined,
): Promise<boolean> {
  const { verb, kind, namespace } = question;
  const group = kind.apiVersion.includes("/") ? kind.apiVersion.split("/", 1)[0] : "";
  // `pods/log` is a resource and a subresource.
  const [resource, subresource] = kind.plural.split("/");
  const place = { ...(subresource ? { subresource } : {}), ...(namespace ? { namespace } : {}) };
  const review = {
    apiVersion: "authorization.k8s.io/v1",
    kind: "SelfSubjectAccessReview",
    spec: { resourceAttributes: { verb, group, resource, ...place } },
  };
  const target = { cluster, what: kind.plural, reference: kind.plural };
  const path = "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews";
  const answer = parseJson(await transport.send({ method: "POST", path, body: review, target }, options));
  if (!isRecord(answer) || !isRecord(answer["status"]) || typeof answer["status"]["allowed"] !== "boolean") {
    throw unexpectedAnswer(target);
  }
  return answer["status"]["allowed"];
}

async function listServed(
  { cluster, transport }: ApiClientInput,
  apiVersion: string,
  options: CallOptions | undefined,
): Promise<readonly string[]> {
  const target = { cluster, what: apiVersion, reference: apiVersion };
  const path = `${apiVersion.includes("/") ? "/apis" : "/api"}/${apiVersion}`;
  const text = await orUndefined(transport.send({ method: "GET", path, target }, options));
  if (text === undefined) {
    return [];
  }
  const answer = parseJson(text);
  if (!isRecord(answer) || !Array.isArray(answer["resources"])) {
    throw unexpectedAnswer(target);
  }
  return answer["resources"].filter(isRecord).flatMap(({ name }) => (typeof name === "string" ? [name] : []));
}

async function getServerVersion(
  { cluster, transport }: ApiClientInput,
  options: CallOptions | undefined,
): Promise<string> {
  const target = { cluster, what: "/version", reference: "/version" };
  const answer = parseJson(await transport.send({ method: "GET", path: "/version", target }, options));
  if (!isRecord(answer) || typeof answer["gitVersion"] !== "string") {
    throw unexpectedAnswer(target);
  }
  return answer["gitVersion"];
}
