import { z } from "zod";

import { formatResourceId } from "../services/azure/resourceId.ts";
import { ServiceError } from "../services/errors.ts";
import { t } from "../services/l10n.ts";
import type { Intent, IntendedSecret, IntendedVault } from "../services/plan/intent.ts";
import type { NewVaultDraft, SecretDraft, WizardDraft } from "./protocol.ts";

const ifDeleted = z.enum(["recover", "purge"]).optional();
const tag = z.object({ name: z.string(), value: z.string() });

const draftSchema = z.object({
  cluster: z.object({
    id: z.string(),
    name: z.string(),
    subscriptionId: z.string(),
    resourceGroup: z.string(),
  }),
  rotation: z.object({ isEnabled: z.boolean(), pollInterval: z.string() }).optional(),
  vault: z.object({
    kind: z.enum(["existing", "new", "none"]),
    existing: z.object({ id: z.string(), name: z.string(), usesRbac: z.boolean() }).optional(),
    fresh: z.object({
      name: z.string(),
      subscriptionId: z.string(),
      resourceGroup: z.string(),
      isNewGroup: z.boolean(),
      location: z.string(),
      usesRbac: z.boolean(),
      isPurgeProtected: z.boolean(),
      ifDeleted,
    }),
  }),
  secret: z.object({
    kind: z.enum(["set", "none"]),
    name: z.string(),
    contentType: z.string(),
    expiresOn: z.string(),
    tags: z.array(tag),
    ifDeleted,
    hadValue: z.boolean(),
  }),
}) satisfies z.ZodType<WizardDraft>;

const previewSchema = z.object({ draft: draftSchema, hasValue: z.boolean() });
const applySchema = z.object({ draft: draftSchema, value: z.string().optional() });

/** Reads the params of `preview`. @throws {ServiceError} `invalidRequest` */
export function parsePreview(params: unknown) {
  return parseParams(previewSchema, params);
}

/** Reads the params of `apply`. @throws {ServiceError} `invalidRequest`, which never quotes them: they hold a value */
export function parseApply(params: unknown) {
  return parseParams(applySchema, params);
}

function parseParams<T>(schema: z.ZodType<T>, params: unknown): T {
  const parsed = schema.safeParse(params);
  if (!parsed.success) {
    const where = parsed.error.issues[0]?.path.join(".") ?? "";
    throw new ServiceError("invalidRequest", t('The setup is not complete: "{0}".', where));
  }
  return parsed.data;
}

/** What a draft wants, for `makePlan`. @throws {ServiceError} `invalidRequest` when something is not chosen yet */
export async function makeIntent(
  draft: z.infer<typeof draftSchema>,
  tenantOf: (subscriptionId: string) => Promise<string | undefined>,
): Promise<Intent> {
  const vault = await intendedVault(draft, tenantOf);
  return {
    clusterId: draft.cluster.id,
    rotation: draft.rotation,
    vault,
    secret: vault && draft.secret.kind === "set" ? intendedSecret(draft.secret) : undefined,
  };
}

async function intendedVault(
  { vault }: Pick<WizardDraft, "vault">,
  tenantOf: (subscriptionId: string) => Promise<string | undefined>,
): Promise<IntendedVault | undefined> {
  switch (vault.kind) {
    case "none":
      return undefined;
    case "existing":
      if (!vault.existing) {
        throw new ServiceError("invalidRequest", t("No vault is chosen yet."));
      }
      return { kind: "existing", id: vault.existing.id };
    case "new":
      return newVault(vault.fresh, await tenantOf(vault.fresh.subscriptionId));
  }
}

function newVault(fresh: NewVaultDraft, tenantId: string | undefined): IntendedVault {
  if (tenantId === undefined) {
    throw new ServiceError(
      "notFound",
      t('The subscription for the new vault is not there any more: "{0}".', fresh.subscriptionId),
    );
  }
  const { location, usesRbac, isPurgeProtected } = fresh;
  return {
    kind: "new",
    vault: { id: newVaultId(fresh), location, tenantId, usesRbac, isPurgeProtected },
    ifDeleted: fresh.ifDeleted,
  };
}

/** The id a vault will have. */
export function newVaultId(fresh: Pick<NewVaultDraft, "subscriptionId" | "resourceGroup" | "name">): string {
  return formatResourceId({ ...fresh, type: "Microsoft.KeyVault/vaults" });
}

function intendedSecret(secret: SecretDraft): IntendedSecret {
  return { name: secret.name, properties: secretProperties(secret), ifDeleted: secret.ifDeleted };
}

/** The properties a draft gives a secret; what was left empty is left out. */
export function secretProperties({ contentType, expiresOn, tags }: SecretDraft): IntendedSecret["properties"] {
  return {
    ...(contentType === "" ? {} : { contentType }),
    ...(expiresOn === "" ? {} : { expiresOn: new Date(expiresOn) }),
    ...(tags.length === 0 ? {} : { tags: Object.fromEntries(tags.map(({ name, value }) => [name, value])) }),
  };
}
