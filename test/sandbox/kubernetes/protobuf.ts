import { schemaName, splitApiVersion } from "./kinds.ts";
import { typeNamed, type Field, type Schema } from "./schema.ts";
import { badRequest } from "./status.ts";

/** kubectl's typed clients send protocol buffers; answers are JSON, which they accept as well. */
const magic = Buffer.from("k8s\0", "latin1");

/** Fields that are pointers in Go: 0 and false say something there, elsewhere they say "not set". */
const pointers = new Set(
  `activeDeadlineSeconds allowPrivilegeEscalation attachRequired automountServiceAccountToken backoffLimit blockOwnerDeletion
  completions controller defaultMode enableServiceLinks expirationSeconds failedJobsHistoryLimit fsGroup gracePeriodSeconds hostUsers
  immutable optional orphanDependents parallelism podInfoOnMount privileged readOnlyRootFilesystem replicas requiresRepublish
  revisionHistoryLimit runAsGroup runAsNonRoot runAsUser shareProcessNamespace storageCapacity successfulJobsHistoryLimit suspend
  terminationGracePeriodSeconds tolerationSeconds ttlSecondsAfterFinished`.split(/\s+/),
);

interface Part {
  readonly number: number;
  readonly value: bigint | Buffer;
}

function* parts(bytes: Buffer): Generator<Part> {
  let at = 0;
  const varint = (): bigint => {
    let result = 0n;
    for (let shift = 0n; ; shift += 7n) {
      const byte = bytes[at++];
      if (byte === undefined) {
        throw badRequest("unexpected EOF");
      }
      result |= BigInt(byte & 0x7f) << shift;
      if (byte < 0x80) {
        return result;
      }
    }
  };
  while (at < bytes.length) {
    const tag = Number(varint());
    const wire = tag & 7;
    const length = wire === 2 ? Number(varint()) : wire === 1 ? 8 : wire === 5 ? 4 : 0;
    const value = wire === 0 ? varint() : bytes.subarray(at, at + length);
    at += length;
    yield { number: tag >> 3, value };
  }
}

interface Slot {
  field?: Field;
  inner?: Map<number, Slot>;
}

const slots = new WeakMap<Schema, Map<number, Slot>>();

function slotsOf(schema: Schema): Map<number, Slot> {
  const known = slots.get(schema);
  if (known) {
    return known;
  }
  const root = new Map<number, Slot>();
  for (const field of schema.fields?.values() ?? []) {
    const numbers = field.numbers ?? [];
    let level = root;
    for (const [i, number] of numbers.entries()) {
      const slot: Slot = level.get(number) ?? {};
      level.set(number, slot);
      if (i === numbers.length - 1) {
        slot.field = field;
      } else {
        level = slot.inner ??= new Map<number, Slot>();
      }
    }
  }
  slots.set(schema, root);
  return root;
}

function scalar(name: string, value: bigint | Buffer): unknown {
  if (typeof value === "bigint") {
    return name === "boolean" ? value !== 0n : Number(BigInt.asIntN(64, value));
  }
  switch (name) {
    case "string":
      return value.toString("utf8");
    case "byte":
      return value.toString("base64");
    case "quantity":
      return text(value, 1);
    case "intOrString":
      return numberIn(value, 1) === 1 ? text(value, 3) : numberIn(value, 2);
    case "time":
    case "microTime":
      return time(value, name);
    default:
      return value.length === 8 ? value.readDoubleLE() : value.toString("utf8");
  }
}

function text(bytes: Buffer, number: number): string {
  const value = [...parts(bytes)].find((part) => part.number === number)?.value;
  return Buffer.isBuffer(value) ? value.toString("utf8") : "";
}

function numberIn(bytes: Buffer, number: number): number {
  const value = [...parts(bytes)].find((part) => part.number === number)?.value;
  return typeof value === "bigint" ? Number(BigInt.asIntN(64, value)) : 0;
}

function time(bytes: Buffer, name: string): string | undefined {
  const seconds = numberIn(bytes, 1);
  const iso = new Date(seconds * 1000).toISOString();
  return seconds === 0 ? undefined : name === "time" ? iso.replace(".000Z", "Z") : iso.replace(".000Z", ".000000Z");
}

function decodeValue(schema: Schema, value: bigint | Buffer): unknown {
  if (schema.kind === "scalar" || !Buffer.isBuffer(value)) {
    return scalar(schema.name, value);
  }
  if (schema.kind === "any") {
    const raw = text(value, 1);
    return raw === "" ? undefined : (JSON.parse(raw) as unknown);
  }
  const result: Record<string, unknown> = {};
  read(slotsOf(schema), value, result);
  return result;
}

function read(level: Map<number, Slot>, bytes: Buffer, result: Record<string, unknown>): void {
  for (const { number, value } of parts(bytes)) {
    const slot = level.get(number);
    if (slot?.inner && Buffer.isBuffer(value)) {
      read(slot.inner, value, result);
    }
    if (slot?.field) {
      put(slot.field, value, result);
    }
  }
}

function put({ name, schema, isRequired }: Field, value: bigint | Buffer, result: Record<string, unknown>): void {
  const { kind, items } = schema;
  if (kind === "list" && items) {
    result[name] = [...((result[name] as unknown[] | undefined) ?? []), decodeValue(items, value)];
  } else if (kind === "map" && items && Buffer.isBuffer(value)) {
    result[name] = { ...(result[name] as object | undefined), ...decodeEntry(items, value) };
  } else {
    const decoded = decodeValue(schema, value);
    if (!isUnset(decoded) || isRequired || pointers.has(name)) {
      result[name] = decoded;
    }
  }
}

function decodeEntry(items: Schema, bytes: Buffer): Record<string, unknown> {
  const item = [...parts(bytes)].find((part) => part.number === 2)?.value ?? Buffer.alloc(0);
  return { [text(bytes, 1)]: decodeValue(items, item) };
}

function isUnset(value: unknown): boolean {
  return value === undefined || value === "" || value === 0 || value === false;
}

/** An object in Kubernetes' envelope of protocol buffers. @throws 400 where it is none, or of an unknown type */
export function decodeProtobuf(body: Buffer): unknown {
  if (!body.subarray(0, magic.length).equals(magic)) {
    throw badRequest(
      "the body of the request was in an unknown format - provided data does not appear to be a protobuf message",
    );
  }
  const envelope = [...parts(body.subarray(magic.length))];
  const meta = envelope.find((part) => part.number === 1)?.value;
  const raw = envelope.find((part) => part.number === 2)?.value;
  const apiVersion = Buffer.isBuffer(meta) ? text(meta, 1) : "";
  const kind = Buffer.isBuffer(meta) ? text(meta, 2) : "";
  const { group, version } = splitApiVersion(apiVersion);
  const schema = typeNamed(kind === "DeleteOptions" ? "meta.DeleteOptions" : schemaName(group, version, kind));
  if (schema === undefined || !Buffer.isBuffer(raw)) {
    throw badRequest(`no kind "${kind}" is registered for version "${apiVersion}"`);
  }
  return { apiVersion, kind, ...(decodeValue(schema, raw) as Record<string, unknown>) };
}
