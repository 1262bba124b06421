import { z } from "zod";

import { formatResourceId } from "../services/azure/resourceId.ts";
import { ServiceError } from "../services/errors.ts";
import { t } from "../services/l10n.ts";
import type { IntendedSecret } from "../services/plan/intent.ts";
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
  mount: z.object({
    access: z.enum(["workloadIdentity", "addonIdentity", "nodeIdentity", "none"]),
    identity: z.object({ id: z.string(), name: z.string() }).optional(),
    namespace: z.string(),
    serviceAccount: z.string(),
    className: z.string(),
    fileName: z.string(),
    syncedSecret: z.string(),
    isProved: z.boolean(),
  }),
}) satisfies z.ZodType<WizardDraft>;

/** A draft in which the cluster is chosen. */
export type WholeDraft = z.infer<typeof draftSchema>;

const onlyDraftSchema = z.object({ draft: draftSchema });
const previewSchema = z.object({ draft: draftSchema, hasValue: z.boolean() });
const applySchema = z.object({ draft: draftSchema, value: z.string().optional() });

/** Reads params that hold a draft and nothing else. @throws {ServiceError} `invalidRequest` */
export function parseDraft(params: unknown): WholeDraft {
  return parseParams(onlyDraftSchema, params).draft;
}

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

/** The id a vault will have. */
export function newVaultId(fresh: Pick<NewVaultDraft, "subscriptionId" | "resourceGroup" | "name">): string {
  return formatResourceId({ ...fresh, type: "Microsoft.KeyVault/vaults" });
}

/** The id of the vault a draft is about. */
export function vaultIdOf({ vault }: Pick<WholeDraft, "vault">): string {
  return vault.kind === "existing" && vault.existing ? vault.existing.id : newVaultId(vault.fresh);
}

/** The properties a draft gives a secret; what was left empty is left out. */
export function secretProperties({ contentType, expiresOn, tags }: SecretDraft): IntendedSecret["properties"] {
  return {
    ...(contentType === "" ? {} : { contentType }),
    ...(expiresOn === "" ? {} : { expiresOn: new Date(expiresOn) }),
    ...(tags.length === 0 ? {} : { tags: Object.fromEntries(tags.map(({ name, value }) => [name, value])) }),
  };
}
