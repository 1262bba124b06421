/** PKCS#12 (.pfx): Key Vault's secrets behind certificates are made of it, and imports come as it. */
import {
  createCipheriv,
  createDecipheriv,
  createHash,
  createHmac,
  createPrivateKey,
  pbkdf2Sync,
  randomBytes,
  type KeyObject,
} from "node:crypto";
import {
  child,
  children,
  der,
  integer,
  isObjectId,
  nothing,
  objectId,
  octets,
  readAll,
  sequence,
  tags,
  toNumber,
  type DerValue,
} from "./der.ts";

export interface Pkcs12 {
  readonly key: KeyObject | undefined;
  /** DER, in the order of the file. */
  readonly certificates: readonly Buffer[];
}

const oid = {
  data: "1.2.840.113549.1.7.1",
  encryptedData: "1.2.840.113549.1.7.6",
  keyBag: "1.2.840.113549.1.12.10.1.1",
  shroudedKeyBag: "1.2.840.113549.1.12.10.1.2",
  certBag: "1.2.840.113549.1.12.10.1.3",
  x509Certificate: "1.2.840.113549.1.9.22.1",
  localKeyId: "1.2.840.113549.1.9.21",
  sha1TripleDes: "1.2.840.113549.1.12.1.3",
  sha1: "1.3.14.3.2.26",
  sha256: "2.16.840.1.101.3.4.2.1",
  pbes2: "1.2.840.113549.1.5.13",
  hmacSha1: "1.2.840.113549.2.7",
  hmacSha256: "1.2.840.113549.2.9",
  hmacSha384: "1.2.840.113549.2.10",
  hmacSha512: "1.2.840.113549.2.11",
  aes128: "2.16.840.1.101.3.4.1.2",
  aes192: "2.16.840.1.101.3.4.1.22",
  aes256: "2.16.840.1.101.3.4.1.42",
  tripleDes: "1.2.840.113549.3.7",
};

const iterations = 2_000;

/** RFC 7292 appendix B. @param purpose 1 key, 2 initial value, 3 MAC */
function derive(hash: "sha1" | "sha256", password: Buffer, salt: Buffer, rounds: number, purpose: Purpose): Buffer {
  const block = 64;
  const repeat = (bytes: Buffer): Buffer =>
    bytes.length === 0 ? bytes : Buffer.alloc(block * Math.ceil(bytes.length / block), bytes);
  const input = Buffer.concat([repeat(salt), repeat(password)]);
  const output: Buffer[] = [];
  while (Buffer.concat(output).length < purpose.length) {
    let digest = createHash(hash).update(Buffer.alloc(block, purpose.id)).update(input).digest();
    for (let round = 1; round < rounds; round += 1) {
      digest = createHash(hash).update(digest).digest();
    }
    output.push(digest);
    addOne(input, Buffer.alloc(block, digest), block);
  }
  return Buffer.concat(output).subarray(0, purpose.length);
}

interface Purpose {
  readonly id: 1 | 2 | 3;
  readonly length: number;
}

/** Adds `addend` + 1 to every block of `input`, modulo its size. */
function addOne(input: Buffer, addend: Buffer, block: number): void {
  for (let start = 0; start < input.length; start += block) {
    let carry = 1;
    for (let index = block - 1; index >= 0; index -= 1) {
      const sum = (input[start + index] ?? 0) + (addend[index] ?? 0) + carry;
      input[start + index] = sum & 0xff;
      carry = sum >> 8;
    }
  }
}

/** A BMPString with its terminating zero. */
function toPassword(text: string): Buffer {
  return Buffer.from(`${text}\0`, "utf16le").swap16();
}

function tripleDes(password: Buffer, salt: Buffer, rounds: number): { key: Buffer; iv: Buffer } {
  return {
    key: derive("sha1", password, salt, rounds, { id: 1, length: 24 }),
    iv: derive("sha1", password, salt, rounds, { id: 2, length: 8 }),
  };
}

const explicit = (...contents: readonly Buffer[]): Buffer => der(tags.context0, ...contents);

/** Without a password, as Key Vault writes it. */
export function writePkcs12({ key, certificates }: Pkcs12): Buffer {
  const password = toPassword("");
  const keyId = der(tags.set, sequence(objectId(oid.localKeyId), der(tags.set, octets(Buffer.from([1])))));
  const certBags = certificates.map((certificate, index) =>
    sequence(
      objectId(oid.certBag),
      explicit(sequence(objectId(oid.x509Certificate), explicit(octets(certificate)))),
      ...(index === 0 ? [keyId] : []),
    ),
  );
  const keyBags = key ? [sequence(objectId(oid.shroudedKeyBag), explicit(shroud(key, password)), keyId)] : [];
  const contents = sequence(...[certBags, keyBags].map((bags) => contentInfo(sequence(...bags))));
  const salt = randomBytes(8);
  const macKey = derive("sha1", password, salt, iterations, { id: 3, length: 20 });
  const mac = createHmac("sha1", macKey).update(contents).digest();
  const digest = sequence(sequence(objectId(oid.sha1), nothing()), octets(mac));
  return sequence(integer(3), contentInfo(contents), sequence(digest, octets(salt), integer(iterations)));
}

function contentInfo(content: Buffer): Buffer {
  return sequence(objectId(oid.data), explicit(octets(content)));
}

function shroud(key: KeyObject, password: Buffer): Buffer {
  const salt = randomBytes(8);
  const secret = tripleDes(password, salt, iterations);
  const cipher = createCipheriv("des-ede3-cbc", secret.key, secret.iv);
  const encrypted = Buffer.concat([cipher.update(key.export({ type: "pkcs8", format: "der" })), cipher.final()]);
  return sequence(
    sequence(objectId(oid.sha1TripleDes), sequence(octets(salt), integer(iterations))),
    octets(encrypted),
  );
}

/** @throws {Error} when it is no PKCS#12, or the password is not its */
export function readPkcs12(file: Buffer, password: string): Pkcs12 {
  const [pfx] = readAll(file);
  if (!pfx) {
    throw new RangeError("An empty file is no PKCS#12.");
  }
  const contents = child(pfx, 1, 1, 0).content;
  const bmp = checkMac(children(pfx)[2], contents, password);
  const bags = children(child({ ...pfx, content: contents }, 0)).flatMap((info) => openContent(info, password, bmp));
  const keys = bags.flatMap((bag) => readKey(bag, password, bmp));
  const certificates = bags.flatMap((bag) =>
    isObjectId(child(bag, 0), oid.certBag) ? [child(bag, 1, 0, 1, 0).content] : [],
  );
  return { key: keys[0], certificates };
}

/** @returns the password as the file's maker encoded it: an empty one may be no bytes at all */
function checkMac(mac: DerValue | undefined, contents: Buffer, password: string): Buffer {
  if (!mac) {
    return toPassword(password);
  }
  const [hash, length] = isObjectId(child(mac, 0, 0, 0), oid.sha256)
    ? (["sha256", 32] as const)
    : (["sha1", 20] as const);
  const rounds = children(mac)[2];
  const expected = child(mac, 0, 1).content;
  const candidates = password === "" ? [toPassword(""), Buffer.alloc(0)] : [toPassword(password)];
  const found = candidates.find((candidate) => {
    const salt = child(mac, 1).content;
    const key = derive(hash, candidate, salt, rounds ? toNumber(rounds) : 1, { id: 3, length });
    return createHmac(hash, key).update(contents).digest().equals(expected);
  });
  if (!found) {
    throw new Error("The password is not the file's.");
  }
  return found;
}

function openContent(info: DerValue, password: string, bmp: Buffer): DerValue[] {
  if (isObjectId(child(info, 0), oid.data)) {
    return children(child({ ...info, content: child(info, 1, 0).content }, 0));
  }
  const encrypted = child(info, 1, 0, 1);
  const bytes = child(encrypted, 2).content;
  const plain = decrypt(child(encrypted, 1), bytes, password, bmp);
  return children(child({ ...info, content: plain }, 0));
}

function readKey(bag: DerValue, password: string, bmp: Buffer): KeyObject[] {
  const value = child(bag, 1, 0);
  if (isObjectId(child(bag, 0), oid.keyBag)) {
    return [createPrivateKey({ key: value.raw, type: "pkcs8", format: "der" })];
  }
  if (!isObjectId(child(bag, 0), oid.shroudedKeyBag)) {
    return [];
  }
  const plain = decrypt(child(value, 0), child(value, 1).content, password, bmp);
  return [createPrivateKey({ key: plain, type: "pkcs8", format: "der" })];
}

function decrypt(algorithm: DerValue, bytes: Buffer, password: string, bmp: Buffer): Buffer {
  const decipher = isObjectId(child(algorithm, 0), oid.pbes2)
    ? pbes2(child(algorithm, 1), password)
    : legacy(algorithm, bmp);
  return Buffer.concat([decipher.update(bytes), decipher.final()]);
}

function legacy(algorithm: DerValue, bmp: Buffer): ReturnType<typeof createDecipheriv> {
  if (!isObjectId(child(algorithm, 0), oid.sha1TripleDes)) {
    throw new Error("The file is encrypted in a way that nobody should use any more.");
  }
  const { key, iv } = tripleDes(bmp, child(algorithm, 1, 0).content, toNumber(child(algorithm, 1, 1)));
  return createDecipheriv("des-ede3-cbc", key, iv);
}

function pbes2(parameters: DerValue, password: string): ReturnType<typeof createDecipheriv> {
  const [salt, rounds, ...more] = children(child(parameters, 0, 1));
  const [cipher, length] = pick(child(parameters, 1, 0), [
    [oid.aes256, ["aes-256-cbc", 32]],
    [oid.aes192, ["aes-192-cbc", 24]],
    [oid.aes128, ["aes-128-cbc", 16]],
    [oid.tripleDes, ["des-ede3-cbc", 24]],
  ] as const);
  if (!salt || !rounds) {
    throw new RangeError("The key derivation lacks its parameters.");
  }
  const prf = more.find(({ tag }) => tag === tags.sequence);
  const hash = prf ? pick(child(prf, 0), hashes) : "sha1";
  const key = pbkdf2Sync(password, salt.content, toNumber(rounds), length, hash);
  return createDecipheriv(cipher, key, child(parameters, 1, 1).content);
}

const hashes = [
  [oid.hmacSha256, "sha256"],
  [oid.hmacSha1, "sha1"],
  [oid.hmacSha384, "sha384"],
  [oid.hmacSha512, "sha512"],
] as const;

function pick<T>(id: DerValue, known: readonly (readonly [string, T])[]): T {
  const found = known.find(([dotted]) => isObjectId(id, dotted));
  if (!found) {
    throw new Error("The file is encrypted in a way that is not known here.");
  }
  return found[1];
}
