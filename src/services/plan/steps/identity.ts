import type { Identities } from "../../azure/identities.ts";
import { parseResourceId } from "../../azure/resourceId.ts";
import { t } from "../../l10n.ts";
import type { Step } from "../step.ts";

/** A user-assigned managed identity exists. One that exists is used as it is. */
export function identityStep(
  services: { readonly identities: Pick<Identities, "find" | "ensure" | "delete"> },
  { identityId, location }: { readonly identityId: string; readonly location: string },
): Step {
  const { subscriptionId, resourceGroup, name } = parseResourceId(identityId);
  return {
    id: "identity",
    title: t('Managed identity "{0}"', name),
    why: t("This identity fetches the objects from the vault; no password is involved."),
    rights: [
      {
        scope: `/subscriptions/${subscriptionId}/resourceGroups/${resourceGroup}`,
        actions: ["Microsoft.ManagedIdentity/userAssignedIdentities/write"],
      },
    ],
    async check(options) {
      const identity = await services.identities.find(identityId, options);
      return identity
        ? { kind: "satisfied", now: t("It exists; client id {0}.", identity.clientId) }
        : { kind: "needed", before: t("It does not exist."), after: t("Created in {0}.", location), warnings: [] };
    },
    async apply(options) {
      const { identity, isNew } = await services.identities.ensure(identityId, location, options);
      if (isNew) {
        options?.onMade?.(identity.id);
      }
    },
    undo: (_made, options) => services.identities.delete(identityId, options),
    commands: () => [
      {
        tool: "az",
        words: [
          ...["identity", "create", "--name", name, "--resource-group", resourceGroup, "--location", location],
          ...["--subscription", subscriptionId],
        ],
      },
    ],
  };
}
