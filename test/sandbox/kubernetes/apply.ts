import {
  children,
  difference,
  FieldSet,
  fieldsOf,
  isLeaf,
  itemStep,
  pathText,
  childSchema,
  type Path,
} from "./fieldSet.ts";
import { isRecord, isSame, timestamp, type KubeObject, type ManagedFieldsEntry } from "./object.ts";
import type { Schema } from "./schema.ts";
import { StatusError } from "./status.ts";

export interface Manager {
  readonly name: string;
  readonly operation: "Apply" | "Update";
  readonly apiVersion: string;
  readonly subresource?: string | undefined;
}

interface Owner extends Manager {
  readonly time?: string | undefined;
  readonly fields: FieldSet;
}

/** Nobody owns what the system sets. */
const unowned = [
  ["f:apiVersion"],
  ["f:kind"],
  ["f:metadata"],
  ...[
    "name",
    "namespace",
    "creationTimestamp",
    "uid",
    "generation",
    "managedFields",
    "resourceVersion",
    "selfLink",
  ].map((name) => ["f:metadata", `f:${name}`]),
];

function stripped(set: FieldSet): FieldSet {
  return new FieldSet(
    [...set].filter(
      (path) =>
        !unowned.some((one) => one.length === path.length && one.every((s, i) => path[i] === s)) &&
        path[1] !== "f:managedFields",
    ),
  );
}

function owners(object: KubeObject | undefined): readonly Owner[] {
  return (object?.metadata.managedFields ?? []).map(
    ({ manager, operation, apiVersion, subresource, time, fieldsV1 }) => ({
      name: manager,
      operation,
      apiVersion,
      subresource,
      time,
      fields: FieldSet.fromFieldsV1(fieldsV1),
    }),
  );
}

function entry(owner: Owner): ManagedFieldsEntry {
  return {
    manager: owner.name,
    operation: owner.operation,
    apiVersion: owner.apiVersion,
    ...(owner.time && { time: owner.time }),
    fieldsType: "FieldsV1",
    fieldsV1: owner.fields.toFieldsV1(),
    ...(owner.subresource && { subresource: owner.subresource }),
  };
}

function isManager(owner: Owner, manager: Manager): boolean {
  return (
    owner.name === manager.name &&
    owner.operation === manager.operation &&
    owner.apiVersion === manager.apiVersion &&
    (owner.subresource ?? "") === (manager.subresource ?? "")
  );
}

function withOwners(object: KubeObject, list: readonly Owner[]): KubeObject {
  const metadata = { ...object.metadata };
  delete metadata.managedFields;
  const entries = list.filter((owner) => owner.fields.size > 0).map(entry);
  const sorted = entries.sort((a, b) => (a.operation === b.operation ? 0 : a.operation === "Apply" ? -1 : 1));
  return { ...object, metadata: { ...metadata, ...(sorted.length > 0 && { managedFields: sorted }) } };
}

/** Gives `manager` what an update changed and takes it from the others. */
export function trackUpdate(
  schema: Schema,
  before: KubeObject | undefined,
  after: KubeObject,
  manager: Manager,
  now: number,
): KubeObject {
  const sent = after.metadata.managedFields;
  const base = sent === undefined ? before : sent.length === 0 || !sent[0]?.manager ? undefined : after;
  const { changed, removed } = difference(schema, before ?? {}, after);
  const mine = stripped(changed);
  const gone = mine.union(removed);
  const list = owners(base).map((owner) =>
    isManager(owner, manager)
      ? { ...owner, fields: owner.fields.minus(removed).union(mine), ...(mine.size > 0 && { time: timestamp(now) }) }
      : { ...owner, fields: owner.fields.minus(gone) },
  );
  if (!list.some((owner) => isManager(owner, manager))) {
    list.push({ ...manager, time: timestamp(now), fields: mine });
  }
  return withOwners(after, list);
}

interface Conflict {
  readonly owner: Owner;
  readonly path: Path;
}

function quoted(owner: Owner): string {
  const name = `${JSON.stringify(owner.name)}${owner.subresource ? ` with subresource ${JSON.stringify(owner.subresource)}` : ""}`;
  if (owner.operation === "Apply") {
    return name;
  }
  return `${name} using ${owner.apiVersion}`;
}

function conflictError(conflicts: readonly Conflict[]): StatusError {
  const causes = conflicts.map(({ owner, path }) => ({
    reason: "FieldManagerConflict",
    message: `conflict with ${quoted(owner)}`,
    field: pathText(path),
  }));
  const [first] = conflicts;
  const names = [...new Set(conflicts.map(({ owner }) => quoted(owner)))].sort();
  const lines = names.flatMap((name) => [
    `conflicts with ${name}:`,
    ...conflicts.filter(({ owner }) => quoted(owner) === name).map(({ path }) => `- ${pathText(path)}`),
  ]);
  const message =
    conflicts.length === 1 && first
      ? `Apply failed with 1 conflict: conflict with ${quoted(first.owner)}: ${pathText(first.path)}`
      : `Apply failed with ${conflicts.length} conflicts: ${lines.join("\n")}`;
  return new StatusError(409, "Conflict", message, { causes });
}

function valueAt(schema: Schema, value: unknown, path: Path): { readonly schema: Schema; readonly value: unknown } {
  let current = { schema, value };
  for (const step of path) {
    const part = children(current.schema, current.value).find((one) => one.step === step);
    current = part ?? { schema: { kind: "any", name: "any" }, value: undefined };
  }
  return current;
}

function findConflicts(
  schema: Schema,
  live: KubeObject,
  applied: unknown,
  others: readonly Owner[],
): readonly Conflict[] {
  const set = stripped(fieldsOf(schema, applied));
  return others.flatMap((owner) =>
    [...set]
      .filter((path) => owner.fields.has(path))
      .filter((path) => {
        const wanted = valueAt(schema, applied, path);
        const present = valueAt(schema, live, path).value;
        return isLeaf(wanted.schema, wanted.value) && present !== undefined && !isSame(present, wanted.value);
      })
      .map((path) => ({ owner, path })),
  );
}

function mergeApplied(schema: Schema, live: unknown, applied: unknown): unknown {
  if (live === undefined || (isLeaf(schema, applied) && !isEmptyMap(schema, applied))) {
    return applied;
  }
  if (Array.isArray(applied)) {
    return mergeItems(schema, Array.isArray(live) ? live : [], applied);
  }
  const result: Record<string, unknown> = isRecord(live) ? { ...live } : {};
  for (const [name, value] of Object.entries(applied as Record<string, unknown>)) {
    result[name] = mergeApplied(childSchema(schema, name), result[name], value);
  }
  return result;
}

/** `{}` says that the map is wanted, not that what others put into it is not. */
function isEmptyMap(schema: Schema, value: unknown): boolean {
  return isRecord(value) && !schema.isAtomic && (schema.kind === "map" || schema.kind === "object");
}

function mergeItems(schema: Schema, live: readonly unknown[], applied: readonly unknown[]): readonly unknown[] {
  const items = schema.items ?? { kind: "any" as const, name: "any" };
  const byStep = new Map(live.map((item) => [itemStep(schema, item), item]));
  const merged = applied.map((item) => mergeApplied(items, byStep.get(itemStep(schema, item)), item));
  const named = new Set(applied.map((item) => itemStep(schema, item)));
  return [...merged, ...live.filter((item) => !named.has(itemStep(schema, item)))];
}

/** The value without what lies at `path`; what became empty goes too. */
function removePath(schema: Schema, value: unknown, path: Path): unknown {
  const [step, ...rest] = path;
  if (Array.isArray(value)) {
    const items = schema.items ?? { kind: "any" as const, name: "any" };
    const kept = value.flatMap((item: unknown) => {
      if (itemStep(schema, item) !== step) {
        return [item];
      }
      return rest.length === 0 ? [] : [removePath(items, item, rest)];
    });
    return kept.length > 0 ? kept : undefined;
  }
  if (!isRecord(value) || step === undefined) {
    return value;
  }
  const name = step.slice(2);
  const inner = rest.length === 0 ? undefined : removePath(childSchema(schema, name), value[name], rest);
  const fields = Object.entries({ ...value, [name]: inner }).filter(([, field]) => field !== undefined);
  return fields.length > 0 ? Object.fromEntries(fields) : undefined;
}

/** Server-side apply. @throws 409 where another manager owns a field with another value, unless `isForced` */
export function serverSideApply(
  schema: Schema,
  live: KubeObject | undefined,
  applied: KubeObject,
  how: { readonly manager: Manager; readonly isForced: boolean; readonly now: number },
): KubeObject {
  const { manager, isForced, now } = how;
  const everyone = knownOwners(schema, live, how);
  const others = everyone.filter((owner) => !isManager(owner, manager));
  const mine = everyone.find((owner) => isManager(owner, manager));
  const conflicts = live ? findConflicts(schema, live, applied, others) : [];
  if (conflicts.length > 0 && !isForced) {
    throw conflictError(conflicts);
  }
  const set = stripped(fieldsOf(schema, applied));
  const abandoned = [...(mine?.fields.minus(set) ?? [])].filter(
    (path) => !set.reaches(path) && !others.some((owner) => owner.fields.reaches(path)),
  );
  const merged = abandoned.reduce(
    (value, path) => removePath(schema, value, path),
    mergeApplied(schema, live, applied),
  );
  const taken = new FieldSet(conflicts.map(({ path }) => path));
  const isUnchanged = mine?.fields.equals(set) === true && isSame(merged, live);
  const time = isUnchanged ? mine?.time : timestamp(now);
  const list = others.map((owner) => ({ ...owner, fields: owner.fields.minus(taken) }));
  return withOwners(merged as KubeObject, [...list, { ...manager, time, fields: set }]);
}

/** An object from before field management belongs to `before-first-apply`. */
function knownOwners(
  schema: Schema,
  live: KubeObject | undefined,
  { manager, now }: { readonly manager: Manager; readonly now: number },
): readonly Owner[] {
  const known = owners(live);
  if (live === undefined || known.length > 0) {
    return known;
  }
  const fields = stripped(fieldsOf(schema, live));
  return [{ ...manager, name: "before-first-apply", operation: "Update", time: timestamp(now), fields }];
}
