/** What secrets, keys and certificates have in common: names, attributes, pages, and their way into deletion and back. */
import { randomUUID } from "node:crypto";
import type { SandboxRequest } from "./http.ts";
import { asObject } from "./json.ts";
import { properties, type VaultCaller } from "./keyVaultAccess.ts";
import {
  badParameter,
  busy,
  deletedButRecoverable,
  deletedNotFound,
  invalidProperty,
  notFound,
  notYetReusable,
  purgeProtected,
  type ObjectKind,
} from "./keyVaultErrors.ts";
import type { Json, JsonObject, Vault, VaultObject, World } from "./state.ts";

/** One authorized request to one vault. */
export interface VaultCall {
  readonly world: World;
  readonly vault: Vault;
  readonly caller: VaultCaller;
  readonly request: SandboxRequest;
  /** `https://127.0.0.1:<port>` of the vault, as in its ids. */
  readonly base: string;
  /** As the client reached it: where its next page is. */
  readonly origin: string;
  readonly name: string;
  readonly version: string;
}

export interface Attributes {
  enabled: boolean;
  created: number;
  updated: number;
  exp?: number;
  nbf?: number;
  recoveryLevel: string;
  recoverableDays: number;
}

const maxPageSize = 25;
const maxTags = 15;
const secondsPerDay = 86_400;

/** What the demo makes visible; `instant` worlds wait only when told to. */
const demoDelayMs = 3_000;

export function seconds(world: World): number {
  return Math.floor(world.clock.now() / 1000);
}

export function newVersion(): string {
  return randomUUID().replaceAll("-", "");
}

export function delayOf(world: World): number {
  return world.delays?.vaultObject ?? (world.clock.pace === "demo" ? demoDelayMs : 0);
}

interface Due {
  readonly at: number;
  readonly run: () => void;
}

const dues = new WeakMap<Vault, Due[]>();

/** Runs once the delay of the world's vault objects is over: at once where there is none, else when the vault is next looked at. */
export function later({ world, vault }: Pick<VaultCall, "world" | "vault">, run: () => void): void {
  const delay = delayOf(world);
  if (delay === 0) {
    run();
    return;
  }
  dues.set(vault, [...(dues.get(vault) ?? []), { at: world.clock.now() + delay, run }]);
}

/** Does what has come due in a vault. */
export function catchUp(world: World, vault: Vault): void {
  const all = dues.get(vault) ?? [];
  const now = world.clock.now();
  dues.set(
    vault,
    all.filter(({ at }) => at > now),
  );
  all.filter(({ at }) => at <= now).forEach(({ run }) => run());
}

/** @throws {VaultError} 400 for a name that no object can have */
export function checkName(name: string): void {
  if (!/^[0-9a-zA-Z-]{1,127}$/.test(name)) {
    throw badParameter(`The request URI contains an invalid name: ${name}`);
  }
}

/** @throws {VaultError} 400 when the body is not a JSON object */
export function readBody(call: VaultCall): JsonObject {
  try {
    const body: unknown = JSON.parse(call.request.body.toString("utf8"));
    if (typeof body === "object" && body !== null && !Array.isArray(body)) {
      return body as JsonObject;
    }
  } catch {
    // Falls through: no JSON and JSON of another kind are told the same.
  }
  throw invalidProperty();
}

export function retentionDays(vault: Vault): number {
  return Number(properties(vault)["softDeleteRetentionInDays"] ?? 90);
}

function recoveryLevel(vault: Vault): string {
  const level = retentionDays(vault) < 90 ? "CustomizedRecoverable" : "Recoverable";
  return properties(vault)["enablePurgeProtection"] === true ? level : `${level}+Purgeable`;
}

export function newAttributes(call: VaultCall, given: unknown): Attributes {
  const now = seconds(call.world);
  const attributes: Attributes = {
    enabled: true,
    created: now,
    updated: now,
    recoveryLevel: recoveryLevel(call.vault),
    recoverableDays: retentionDays(call.vault),
  };
  return changeAttributes(call.world, attributes, given);
}

/** @throws {VaultError} 400 when an attribute is of the wrong type, or expires before it begins */
export function changeAttributes(world: World, attributes: Attributes, given: unknown): Attributes {
  const { enabled, exp, nbf } = asObject(given);
  const changed = { ...attributes, updated: seconds(world) };
  if (enabled !== undefined && enabled !== null) {
    changed.enabled = requireType(enabled, "boolean", "enabled");
  }
  if (exp !== undefined && exp !== null) {
    changed.exp = requireType(exp, "number", "exp");
  }
  if (nbf !== undefined && nbf !== null) {
    changed.nbf = requireType(nbf, "number", "nbf");
  }
  if (changed.exp !== undefined && changed.nbf !== undefined && changed.exp <= changed.nbf) {
    throw invalidProperty("nbf");
  }
  return changed;
}

function requireType<T extends "boolean" | "number">(
  value: Json,
  type: T,
  field: string,
): T extends "boolean" ? boolean : number {
  if (typeof value !== type) {
    throw invalidProperty(field);
  }
  return value as T extends "boolean" ? boolean : number;
}

/** @throws {VaultError} 400 beyond 15 tags, or for values that are no strings */
export function readTags(given: unknown): Record<string, string> | undefined {
  if (given === undefined || given === null) {
    return undefined;
  }
  const entries = Object.entries(asObject(given));
  const isValid = entries.every(
    ([key, value]) => key.length <= 512 && typeof value === "string" && value.length <= 512,
  );
  if (entries.length > maxTags || !isValid) {
    throw invalidProperty();
  }
  return Object.fromEntries(entries) as Record<string, string>;
}

/** Forgets what has been purged and what its retention has run out for, and ends what was under way. */
function settle<V>(world: World, objects: Map<string, VaultObject<V>>, name: string): VaultObject<V> | undefined {
  const key = name.toLowerCase();
  const found = objects.get(key);
  const now = world.clock.now();
  if (found?.busyUntil && found.busyUntil.at <= now) {
    if (found.busyUntil.doing === "purging") {
      objects.delete(key);
      return undefined;
    }
    delete found.busyUntil;
  }
  if (found?.deleted && found.deleted.scheduledPurgeDate * 1000 <= now) {
    objects.delete(key);
    return undefined;
  }
  return found;
}

export function settleAll<V>(world: World, objects: Map<string, VaultObject<V>>): VaultObject<V>[] {
  return [...objects.keys()].sort().flatMap((name) => settle(world, objects, name) ?? []);
}

export function isActive<V>(object: VaultObject<V> | undefined): object is VaultObject<V> {
  return object !== undefined && !object.deleted && !object.busyUntil;
}

export function isDeleted<V>(object: VaultObject<V> | undefined): object is VaultObject<V> & { deleted: object } {
  return object?.deleted !== undefined && !object.busyUntil;
}

/** @throws {VaultError} 404 */
export function getActive<V>(call: VaultCall, objects: Map<string, VaultObject<V>>, kind: ObjectKind): VaultObject<V> {
  const found = settle(call.world, objects, call.name);
  if (!isActive(found)) {
    throw notFound(kind, call.name);
  }
  return found;
}

/** The version asked for, or the newest. @throws {VaultError} 404 */
export function getVersion<V extends { readonly version: string }>(
  call: VaultCall,
  objects: Map<string, VaultObject<V>>,
  kind: ObjectKind,
): V {
  const { versions } = getActive(call, objects, kind);
  const wanted = call.version.toLowerCase();
  const found = wanted ? versions.find(({ version }) => version === wanted) : versions.at(-1);
  if (!found) {
    throw notFound(kind, wanted ? `${call.name}/${call.version}` : call.name);
  }
  return found;
}

/** The object a new version goes to, made when the name is free. @throws {VaultError} 409 while the name is not */
export function openForWriting<V>(
  call: VaultCall,
  objects: Map<string, VaultObject<V>>,
  kind: ObjectKind,
): VaultObject<V> {
  checkName(call.name);
  const found = settle(call.world, objects, call.name);
  if (found?.busyUntil) {
    throw notYetReusable(kind, found.name, found.busyUntil.doing === "recovering" ? "recovered" : "deleted");
  }
  if (found?.deleted) {
    throw deletedButRecoverable(kind, found.name);
  }
  if (found) {
    return found;
  }
  const made: VaultObject<V> = { name: call.name, versions: [] };
  objects.set(call.name.toLowerCase(), made);
  return made;
}

export function markDeleted<V>(call: VaultCall, object: VaultObject<V>): void {
  const deletedDate = seconds(call.world);
  object.deleted = {
    deletedDate,
    scheduledPurgeDate: deletedDate + retentionDays(call.vault) * secondsPerDay,
  };
  beBusy(call, object, "deleting");
}

/** @throws {VaultError} 404 when nothing of that name is deleted, 409 while the deletion still runs */
export function getDeleted<V>(call: VaultCall, objects: Map<string, VaultObject<V>>, kind: ObjectKind): VaultObject<V> {
  const found = settle(call.world, objects, call.name);
  const isWrite = call.request.method !== "GET";
  if (isWrite && found?.busyUntil) {
    throw busy(kind, found.name, found.busyUntil.doing === "recovering" ? "recovered" : "deleted");
  }
  if (!isDeleted(found)) {
    throw deletedNotFound(kind, call.name);
  }
  return found;
}

export function recover<V>(call: VaultCall, object: VaultObject<V>): void {
  delete object.deleted;
  beBusy(call, object, "recovering");
}

/** @throws {VaultError} 403 on a vault with purge protection */
export function purge<V>(call: VaultCall, objects: Map<string, VaultObject<V>>, object: VaultObject<V>): void {
  if (properties(call.vault)["enablePurgeProtection"] === true) {
    throw purgeProtected();
  }
  if (delayOf(call.world) === 0) {
    objects.delete(object.name.toLowerCase());
  } else {
    beBusy(call, object, "purging");
  }
}

function beBusy<V>(call: VaultCall, object: VaultObject<V>, doing: "deleting" | "recovering" | "purging"): void {
  const delay = delayOf(call.world);
  if (delay > 0) {
    object.busyUntil = { at: call.world.clock.now() + delay, doing };
  }
}

/** What a deleted object's body says beside what it was. */
export function deletion<V>(call: VaultCall, object: VaultObject<V>, collection: string): JsonObject {
  return {
    recoveryId: `${call.base}/${collection}/${object.name}`,
    deletedDate: object.deleted?.deletedDate,
    scheduledPurgeDate: object.deleted?.scheduledPurgeDate,
  };
}

/** @throws {VaultError} 400 for a page size outside 1–25 */
export function page(call: VaultCall, items: readonly JsonObject[]): JsonObject {
  const { query, path } = call.request;
  const size = Number(query.get("maxresults") ?? maxPageSize);
  if (!Number.isInteger(size) || size < 1 || size > maxPageSize) {
    throw badParameter("maxresults");
  }
  const start = readSkipToken(query.get("$skiptoken"));
  const next = new URLSearchParams({ "api-version": query.get("api-version") ?? "" });
  next.set("$skiptoken", Buffer.from(String(start + size)).toString("base64"));
  next.set("maxresults", String(size));
  return {
    value: items.slice(start, start + size),
    nextLink: start + size < items.length ? `${call.origin}${path}?${next.toString()}` : null,
  };
}

function readSkipToken(token: string | null): number {
  if (token === null) {
    return 0;
  }
  const start = Number(Buffer.from(token, "base64").toString());
  if (!Number.isInteger(start) || start < 0) {
    throw badParameter("Invalid skiptoken.");
  }
  return start;
}
