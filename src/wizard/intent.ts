import { ServiceError } from "../services/errors.ts";
import { t } from "../services/l10n.ts";
import type { Intent, IntendedSecret, IntendedVault } from "../services/plan/intent.ts";
import { newVaultId, secretProperties, type WholeDraft } from "./draftSchema.ts";
import { intendedMount } from "./mount.ts";
import type { NewVaultDraft, SecretDraft, WizardDraft } from "./protocol.ts";

/** What a draft wants, for `makePlan`. @throws {ServiceError} `invalidRequest` when something is not chosen yet */
export async function makeIntent(draft: WholeDraft, known: Known): Promise<Intent> {
  const vault = await intendedVault(draft, known);
  const secret = vault && draft.secret.kind === "set" ? intendedSecret(draft.secret) : undefined;
  return {
    clusterId: draft.cluster.id,
    rotation: draft.rotation,
    vault,
    secret,
    mount:
      secret && draft.mount.access !== "none"
        ? intendedMount(draft, await known.locationOf(draft.cluster.id))
        : undefined,
  };
}

/** What a draft does not say. */
interface Known {
  tenantOf(subscriptionId: string): Promise<string | undefined>;
  /** The region of a cluster. */
  locationOf(clusterId: string): Promise<string>;
}

async function intendedVault(
  { vault }: Pick<WizardDraft, "vault">,
  known: Pick<Known, "tenantOf">,
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
      return newVault(vault.fresh, await known.tenantOf(vault.fresh.subscriptionId));
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

function intendedSecret(secret: SecretDraft): IntendedSecret {
  return { name: secret.name, properties: secretProperties(secret), ifDeleted: secret.ifDeleted };
}
