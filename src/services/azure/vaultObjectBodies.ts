import * as z from "zod/mini";

import { parseBody } from "./answers.ts";
import type { DeletedObject, ObjectType, SecretProperties, VaultObject, VaultObjectVersion } from "./vaultObjects.ts";

const seconds = z.nullish(z.number());

/** An item of a list, or what a change answers. A value that comes along is not even read. */
const Item = z.object({
  id: z.optional(z.string()),
  kid: z.optional(z.string()),
  key: z.optional(z.object({ kid: z.string() })),
  attributes: z.nullish(
    z.object({ enabled: z.nullish(z.boolean()), exp: seconds, nbf: seconds, created: seconds, updated: seconds }),
  ),
  contentType: z.nullish(z.string()),
  tags: z.nullish(z.record(z.string(), z.string())),
  managed: z.nullish(z.boolean()),
});

const DeletedItem = z.extend(Item, { deletedDate: seconds, scheduledPurgeDate: seconds });

type Body = z.infer<typeof Item>;

/** An object as the vault lists it. */
export function readObject(type: ObjectType, body: unknown, vaultName: string): VaultObject {
  return toObject(type, parseBody(Item, body, vaultName), vaultName);
}

/** A version as the vault lists it. */
export function readVersion(type: ObjectType, body: unknown, vaultName: string): VaultObjectVersion {
  const item = parseBody(Item, body, vaultName);
  return {
    ...toObject(type, item, vaultName),
    version: segment(type, item, { at: 2, vaultName }),
    createdOn: toDate(item.attributes?.created),
  };
}

/** A deleted object as the vault lists it. */
export function readDeletedObject(type: ObjectType, body: unknown, vaultName: string): DeletedObject {
  const item = parseBody(DeletedItem, body, vaultName);
  return {
    type,
    name: segment(type, item, { at: 1, vaultName }),
    deletedOn: toDate(item.deletedDate),
    scheduledPurgeDate: toDate(item.scheduledPurgeDate),
  };
}

/** The attributes the vault takes; only what is given is sent, so that the rest stays. */
export function propertiesBody({ contentType, expiresOn, notBefore, isEnabled, tags }: SecretProperties): object {
  const attributes = {
    ...(isEnabled === undefined ? {} : { enabled: isEnabled }),
    ...(notBefore ? { nbf: toSeconds(notBefore) } : {}),
    ...(expiresOn ? { exp: toSeconds(expiresOn) } : {}),
  };
  return {
    ...(contentType === undefined ? {} : { contentType }),
    ...(tags ? { tags } : {}),
    ...(Object.keys(attributes).length > 0 ? { attributes } : {}),
  };
}

function toObject(type: ObjectType, item: Body, vaultName: string): VaultObject {
  const { attributes } = item;
  return {
    type,
    name: segment(type, item, { at: 1, vaultName }),
    isEnabled: attributes?.enabled ?? true,
    expiresOn: toDate(attributes?.exp),
    notBefore: toDate(attributes?.nbf),
    updatedOn: toDate(attributes?.updated),
    contentType: item.contentType ?? undefined,
    tags: item.tags ?? {},
    isManaged: item.managed ?? false,
  };
}

/** A part of an identifier: the name stands at 1, the version at 2. The vault names keys by `kid`; the `kid` of a secret is another object's. */
function segment(
  type: ObjectType,
  { id, kid, key }: Body,
  { at, vaultName }: { readonly at: 1 | 2; readonly vaultName: string },
): string {
  const identifier = type === "key" ? (kid ?? key?.kid) : id;
  return parseBody(z.string(), identifier?.replace(/^https:\/\/[^/]+\//, "").split("/")[at], vaultName);
}

function toDate(unixSeconds: number | null | undefined): Date | undefined {
  return unixSeconds === null || unixSeconds === undefined ? undefined : new Date(unixSeconds * 1000);
}

function toSeconds(date: Date): number {
  return Math.floor(date.getTime() / 1000);
}
