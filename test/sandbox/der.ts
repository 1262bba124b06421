/** DER, as much of it as PKCS#12 needs. */
export interface DerValue {
  readonly tag: number;
  readonly content: Buffer;
  /** Tag, length and content. */
  readonly raw: Buffer;
}

export const tags = {
  integer: 0x02,
  octetString: 0x04,
  null: 0x05,
  objectId: 0x06,
  sequence: 0x30,
  set: 0x31,
  context0: 0xa0,
} as const;

export function der(tag: number, ...contents: readonly Buffer[]): Buffer {
  const content = Buffer.concat(contents);
  return Buffer.concat([Buffer.from([tag]), encodeLength(content.length), content]);
}

function encodeLength(length: number): Buffer {
  if (length < 0x80) {
    return Buffer.from([length]);
  }
  const hex = length.toString(16);
  const bytes = Buffer.from(hex.padStart(hex.length + (hex.length % 2), "0"), "hex");
  return Buffer.concat([Buffer.from([0x80 | bytes.length]), bytes]);
}

export const sequence = (...contents: readonly Buffer[]): Buffer => der(tags.sequence, ...contents);
export const octets = (content: Buffer): Buffer => der(tags.octetString, content);
export const nothing = (): Buffer => der(tags.null);

export function integer(value: number): Buffer {
  const hex = value.toString(16);
  const bytes = Buffer.from(hex.padStart(hex.length + (hex.length % 2), "0"), "hex");
  return der(tags.integer, (bytes[0] ?? 0) >= 0x80 ? Buffer.concat([Buffer.from([0]), bytes]) : bytes);
}

export function objectId(dotted: string): Buffer {
  const [first = 0, second = 0, ...rest] = dotted.split(".").map(Number);
  return der(tags.objectId, Buffer.from([first * 40 + second, ...rest.flatMap(encodeArc)]));
}

function encodeArc(arc: number): number[] {
  const low = [arc & 0x7f];
  for (let rest = arc >> 7; rest > 0; rest >>= 7) {
    low.unshift((rest & 0x7f) | 0x80);
  }
  return low;
}

/** The values that follow one another in a buffer. @throws {RangeError} when they do not fill it exactly */
export function readAll(buffer: Buffer): DerValue[] {
  const values: DerValue[] = [];
  for (let offset = 0; offset < buffer.length;) {
    const value = readAt(buffer, offset);
    values.push(value);
    offset += value.raw.length;
  }
  return values;
}

function readAt(buffer: Buffer, offset: number): DerValue {
  const tag = buffer.readUInt8(offset);
  const first = buffer.readUInt8(offset + 1);
  const lengthBytes = first < 0x80 ? 0 : first & 0x7f;
  const length = lengthBytes === 0 ? first : buffer.readUIntBE(offset + 2, lengthBytes);
  const start = offset + 2 + lengthBytes;
  if (start + length > buffer.length) {
    throw new RangeError("A DER value is longer than what holds it.");
  }
  return { tag, content: buffer.subarray(start, start + length), raw: buffer.subarray(offset, start + length) };
}

/** The children of a constructed value. */
export function children(value: DerValue): DerValue[] {
  return readAll(value.content);
}

/** @throws {RangeError} */
export function child(value: DerValue, ...path: readonly number[]): DerValue {
  return path.reduce((parent, index) => {
    const found = children(parent)[index];
    if (!found) {
      throw new RangeError("A DER value lacks a member.");
    }
    return found;
  }, value);
}

export function isObjectId(value: DerValue | undefined, dotted: string): boolean {
  return value?.raw.equals(objectId(dotted)) ?? false;
}

export function toNumber(value: DerValue): number {
  return value.content.readUIntBE(0, value.content.length);
}
