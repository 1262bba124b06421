import { parseResourceId } from "../services/azure/resourceId.ts";
import { t } from "../services/l10n.ts";
import type { IntendedAccess } from "../services/plan/access.ts";
import { defaultMount } from "../services/plan/defaults.ts";
import type { IntendedMount } from "../services/plan/intent.ts";
import { fileName, type ClassObject } from "../services/secretProviderClass/model.ts";
import { vaultIdOf, type WholeDraft } from "./draftSchema.ts";
import type { MountDraft, MountNameKind, MountProposal } from "./protocol.ts";

/** What a draft that is to be mounted wants. @param location where a new identity is made */
export function intendedMount(draft: WholeDraft, location: string): IntendedMount {
  const { mount, secret } = draft;
  const object: ClassObject = {
    objectName: secret.name,
    objectType: "secret",
    ...(mount.fileName === "" || mount.fileName === secret.name ? {} : { objectAlias: mount.fileName }),
  };
  const byDefault = mountByDefault(draft, [object], location);
  return {
    ...byDefault,
    access: withChoices(byDefault.access, mount),
    className: mount.className || classNameFor(draft),
    syncedSecrets: syncedSecrets(mount, object),
    proof: mount.isProved ? "linux" : undefined,
  };
}

function mountByDefault(draft: WholeDraft, objects: readonly ClassObject[], location: string): IntendedMount {
  const { access, namespace } = draft.mount;
  return defaultMount({
    ...{ clusterId: draft.cluster.id, vaultId: vaultIdOf(draft), location, objects },
    access: access === "none" ? undefined : access,
    namespace: namespace || undefined,
  });
}

function withChoices(access: IntendedAccess, { identity, serviceAccount }: MountDraft): IntendedAccess {
  const identityId = identity && { identityId: identity.id };
  switch (access.kind) {
    case "addonIdentity":
      return access;
    case "nodeIdentity":
      return { ...access, ...identityId };
    case "workloadIdentity":
      return { ...access, ...identityId, serviceAccount: serviceAccount || access.serviceAccount };
  }
}

/** The key is the object's name, which is a legal one; a file's name may have folders. */
function syncedSecrets({ syncedSecret }: MountDraft, object: ClassObject): IntendedMount["syncedSecrets"] {
  return syncedSecret === ""
    ? []
    : [
        {
          secretName: syncedSecret,
          type: "Opaque",
          data: [{ objectName: fileName(object), key: object.objectName }],
        },
      ];
}

/** The names a mount will have where nothing else is typed. */
export function proposeMount(draft: WholeDraft): MountProposal {
  const { access, namespace } = mountByDefault(draft, [], "");
  const { name, resourceGroup } = parseResourceId("identityId" in access ? access.identityId : draft.cluster.id);
  return {
    ...{ identityName: name, identityGroup: resourceGroup, namespace },
    serviceAccount: access.kind === "workloadIdentity" ? access.serviceAccount : "",
    className: classNameFor(draft),
    fileName: draft.secret.name,
  };
}

/** With the secret's name in it, so that a second secret of the vault does not take over the class of the first. */
function classNameFor(draft: WholeDraft): string {
  const name = `${parseResourceId(vaultIdOf(draft)).name}-${draft.secret.name}`.toLowerCase();
  return name.replace(/-+$/, "");
}

/**
 * Says which rule a name breaks; undefined when it is fine. Kubernetes checks again.
 * @see https://kubernetes.io/docs/concepts/overview/working-with-objects/names/
 */
export function mountNameProblem(kind: MountNameKind, name: string): string | undefined {
  switch (kind) {
    case "namespace":
      return /^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/.test(name)
        ? undefined
        : t("Use 1–63 lower-case letters, digits and hyphens, with a letter or digit at both ends.");
    case "file":
      return fileNameProblem(name);
    case "serviceAccount":
    case "class":
    case "syncedSecret":
      return name.length <= 253 && /^[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)*$/.test(name)
        ? undefined
        : t("Use lower-case letters, digits, hyphens and periods, with a letter or digit at both ends; at most 253.");
  }
}

/** The provider refuses a name that leads out of the volume. */
function fileNameProblem(name: string): string | undefined {
  if (name.startsWith("/")) {
    return t("The file's name is relative to the volume: it may not begin with a slash.");
  }
  return name.includes("..") || name.split("/").some((part) => part === "" || part === ".")
    ? t("The file's name may have folders, but none that is empty or a period, and no two periods in a row.")
    : undefined;
}
