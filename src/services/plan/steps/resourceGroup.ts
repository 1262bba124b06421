import type { ResourceGroups } from "../../azure/resourceGroups.ts";
import { t } from "../../l10n.ts";
import type { Step } from "../step.ts";

/** A resource group exists. One that exists is left as it is, wherever it lies. Undo deletes it only while it is empty. */
export function resourceGroupStep(
  services: { readonly resourceGroups: Pick<ResourceGroups, "find" | "ensure" | "delete" | "isEmpty"> },
  {
    subscriptionId,
    name,
    location,
  }: { readonly subscriptionId: string; readonly name: string; readonly location: string },
): Step {
  const { resourceGroups } = services;
  return {
    id: `resourceGroup ${name}`,
    title: t('Resource group "{0}"', name),
    why: t("Everything that is created needs a resource group to lie in."),
    rights: [
      {
        scope: `/subscriptions/${subscriptionId}`,
        actions: ["Microsoft.Resources/subscriptions/resourceGroups/write"],
      },
    ],
    async check(options) {
      const group = await resourceGroups.find(subscriptionId, name, options);
      return group
        ? { kind: "satisfied", now: t("It exists in {0}.", group.location) }
        : { kind: "needed", before: t("It does not exist."), after: t("Created in {0}.", location), warnings: [] };
    },
    async apply(options) {
      const { isNew } = await resourceGroups.ensure(subscriptionId, name, location, options);
      if (isNew) {
        options?.onMade?.(name);
      }
    },
    async undo(_made, options) {
      if (!(await resourceGroups.isEmpty(subscriptionId, name, options))) {
        return t('The resource group is kept, because it is not empty: "{0}".', name);
      }
      await resourceGroups.delete(subscriptionId, name, options);
      return undefined;
    },
    commands: () => [
      {
        tool: "az",
        words: ["group", "create", "--name", name, "--location", location, "--subscription", subscriptionId],
      },
    ],
  };
}
