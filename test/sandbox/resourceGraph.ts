/** Azure Resource Graph: queries over everything a caller may read in one tenant, page by page. */
import { randomUUID } from "node:crypto";

import { resourceGraphVersions } from "./armApiVersions.ts";
import { resourcesOf } from "./armResourceGroups.ts";
import type { ArmContext, ArmRoute } from "./armRoute.ts";
import { visibleSubscriptions } from "./armSubscriptions.ts";
import { isAllowed } from "./authorization.ts";
import { ArmError } from "./errors.ts";
import type { SandboxResponse } from "./http.ts";
import { asArray, asObject, asText } from "./json.ts";
import { KqlError, parseKql } from "./kqlParser.ts";
import { runKql, type Row } from "./kqlRun.ts";
import type { JsonObject, Subscription } from "./state.ts";

export const resourceGraphRoutes: readonly ArmRoute[] = [
  {
    method: "POST",
    pattern: "/providers/Microsoft.ResourceGraph/resources",
    apiVersions: resourceGraphVersions,
    action: undefined,
    handle: queryResources,
  },
];

const largestPage = 1000;

/** The rest of a result, kept for whoever has its token. */
interface Rest {
  readonly callerId: string;
  readonly rows: readonly Row[];
}

const rests = new Map<string, Rest>();
const keptRests = 50;

function queryResources(context: ArmContext): SandboxResponse {
  const body = context.body();
  const options = asObject(body["options"]);
  const token = asText(options["$skipToken"]);
  const rows = token ? resume(context, token) : firstRows(context, body).slice(Number(options["$skip"] ?? 0));
  return answer(context, rows, { ...options, isTable: isTable(options, context.apiVersion) });
}

function isTable(options: JsonObject, apiVersion: string): boolean {
  const format = asText(options["resultFormat"]).toLowerCase();
  return format ? format === "table" : apiVersion === "2019-04-01";
}

/** A token is the offset into a kept result: `<id>.<offset>.<total>`. */
function resume({ caller }: ArmContext, token: string): readonly Row[] {
  const [id = "", offset = ""] = Buffer.from(token, "base64url").toString("utf8").split(".");
  const rest = rests.get(id);
  if (rest?.callerId !== caller.oid) {
    throw badQuery("InvalidSkipToken", "The skip token provided is invalid or has expired.", {});
  }
  return rest.rows.slice(Number(offset));
}

function readTop(options: JsonObject): number {
  const top = Number(options["$top"] ?? largestPage);
  if (!Number.isInteger(top) || top < 1 || top > largestPage) {
    throw badQuery("InvalidTop", `The $top value must be between 1 and ${largestPage}.`, {});
  }
  return top;
}

function answer(
  { caller }: ArmContext,
  rows: readonly Row[],
  options: JsonObject & { readonly isTable: boolean },
): SandboxResponse {
  const top = readTop(options);
  const page = rows.slice(0, top);
  const isCut = rows.length > top;
  // Only rows that carry their id can be paged over.
  const canPage = page.every((row) => typeof row["id"] === "string");
  const { id, offset, total } = positionOf(asText(options["$skipToken"]), rows.length);
  const next = isCut && canPage ? keep(caller.oid, rows, { id, offset: offset + top, total }) : undefined;
  return {
    status: 200,
    headers: { "x-ms-user-quota-remaining": "14", "x-ms-user-quota-resets-after": "00:00:05" },
    body: {
      totalRecords: total,
      count: page.length,
      data: options.isTable ? toTable(page) : page,
      facets: [],
      resultTruncated: String(isCut && !canPage),
      ...(next !== undefined && { $skipToken: next }),
    },
  };
}

function positionOf(token: string, count: number): Position {
  const [id = "", offset = "0", total = String(count)] = token
    ? Buffer.from(token, "base64url").toString("utf8").split(".")
    : [];
  return { id, offset: Number(offset), total: Number(total) };
}

interface Position {
  readonly id: string;
  readonly offset: number;
  readonly total: number;
}

function keep(callerId: string, rows: readonly Row[], { id, offset, total }: Position): string {
  if (id) {
    return Buffer.from([id, offset, total].join(".")).toString("base64url");
  }
  const fresh = randomUUID();
  rests.set(fresh, { callerId, rows });
  const [oldest] = rests.keys();
  if (rests.size > keptRests && oldest !== undefined) {
    rests.delete(oldest);
  }
  return Buffer.from([fresh, offset, total].join(".")).toString("base64url");
}

function toTable(rows: readonly Row[]): JsonObject {
  const names = Object.keys(rows[0] ?? {});
  const columns = names.map((name) => ({ name, type: typeof rows[0]?.[name] === "object" ? "object" : "string" }));
  return { columns, rows: rows.map((row) => names.map((name) => row[name])) } as unknown as JsonObject;
}

function firstRows(context: ArmContext, body: JsonObject): readonly Row[] {
  const subscriptions = asked(context, body);
  if (subscriptions.some((subscription) => subscription.isResourceGraphDenied)) {
    throw new ArmError(
      403,
      "AccessDenied",
      "Access is denied to the requested resource. The user might not have enough permission.",
    );
  }
  try {
    const query = parseKql(asText(body["query"]));
    return runKql(query, (name) => tables[name]?.(context, subscriptions));
  } catch (error) {
    if (!(error instanceof KqlError)) {
      throw error;
    }
    throw badQuery(
      "InvalidQuery",
      "Query is invalid. Please refer to the documentation for the Azure Resource Graph service and fix the error before retrying.",
      { token: error.token, characterPositionInLine: error.position },
    );
  }
}

function badQuery(code: string, message: string, parser: JsonObject): ArmError {
  const details = [
    { code, message },
    ...(Object.keys(parser).length > 0
      ? [{ code: "ParserFailure", message: "ParserFailure", line: 1, ...parser }]
      : []),
  ];
  const support = `Please provide below info when asking for support: timestamp = ${new Date().toISOString()}, correlationId = ${randomUUID()}.`;
  return new ArmError(400, "BadRequest", support, { fields: { details } });
}

/** Those named, of those the caller sees in the token's tenant. @throws {ArmError} 403 when none of those named is visible */
function asked({ world, caller }: ArmContext, body: JsonObject): Subscription[] {
  const visible = visibleSubscriptions(world, caller);
  const named = asArray(body["subscriptions"]).map((id) => asText(id).toLowerCase());
  const found = named.length === 0 ? visible : visible.filter(({ id }) => named.includes(id.toLowerCase()));
  if (named.length > 0 && found.length === 0) {
    throw new ArmError(
      403,
      "AccessDenied",
      "Access is denied to the requested resource. The user might not have enough permission.",
    );
  }
  return found;
}

const tables: Readonly<Record<string, (context: ArmContext, subscriptions: readonly Subscription[]) => Row[]>> = {
  resources: resourceRows,
  resourcecontainers: containerRows,
};

function resourceRows({ world, caller }: ArmContext, subscriptions: readonly Subscription[]): Row[] {
  const known = new Map(subscriptions.map((subscription) => [subscription.id.toLowerCase(), subscription]));
  const mayReadAll = new Map<string, boolean>();
  const rows: Row[] = [];
  for (const { id, body } of resourcesOf(world)) {
    const [, , subscriptionId = "", , resourceGroup = ""] = id.split("/");
    const subscription = known.get(subscriptionId.toLowerCase());
    if (!subscription) {
      continue;
    }
    const type = asText(body["type"]).toLowerCase();
    const key = `${subscriptionId}/${type}`;
    const may = (scope: string): boolean => isAllowed(world, caller.oid, scope, `${type}/read`, "action");
    if (!mayReadAll.has(key)) {
      mayReadAll.set(key, may(`/subscriptions/${subscriptionId}`));
    }
    if (mayReadAll.get(key) || may(id)) {
      rows.push({ ...row(subscription), ...pickColumns(body), id, type, resourceGroup: resourceGroup.toLowerCase() });
    }
  }
  return rows;
}

function row({ id, tenantId }: Subscription): Row {
  return { tenantId, subscriptionId: id, kind: "", managedBy: "", sku: null, plan: null, identity: null, tags: null };
}

function pickColumns({ name, kind, location, sku, properties, tags, identity }: JsonObject): Row {
  return {
    name,
    kind: kind ?? "",
    location,
    sku: sku ?? null,
    properties: properties ?? {},
    tags: tags ?? null,
    identity: identity ?? null,
  };
}

function containerRows({ world }: ArmContext, subscriptions: readonly Subscription[]): Row[] {
  const known = new Map(subscriptions.map((subscription) => [subscription.id.toLowerCase(), subscription]));
  const subscriptionRows = subscriptions.map((subscription) => ({
    ...row(subscription),
    id: `/subscriptions/${subscription.id}`,
    name: subscription.displayName,
    type: "microsoft.resources/subscriptions",
    location: "",
    resourceGroup: "",
    properties: { state: subscription.state, managementGroupAncestorsChain: [] },
  }));
  const groupRows = [...world.resourceGroups.values()].flatMap(
    ({ id, name, location, tags, managedBy, subscriptionId }) => {
      const subscription = known.get(subscriptionId.toLowerCase());
      const type = "microsoft.resources/subscriptions/resourcegroups";
      const resourceGroup = name.toLowerCase();
      const own = { id, name, type, location, tags, managedBy: managedBy ?? "", resourceGroup, properties: {} };
      return subscription ? [{ ...row(subscription), ...own }] : [];
    },
  );
  return [...subscriptionRows, ...groupRows];
}
