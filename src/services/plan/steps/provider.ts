import type { ResourceGroups } from "../../azure/resourceGroups.ts";
import { t } from "../../l10n.ts";
import type { Step } from "../step.ts";

/** The resource provider is registered in the subscription: without it every create fails with `MissingSubscriptionRegistration`. */
export function providerStep(
  services: { readonly resourceGroups: Pick<ResourceGroups, "getProviderState" | "registerProvider"> },
  { subscriptionId, namespace }: { readonly subscriptionId: string; readonly namespace: string },
): Step {
  const { resourceGroups } = services;
  return {
    id: `provider ${namespace}`,
    title: t("Register the resource provider {0}", namespace),
    why: t("A subscription can hold such resources only once their provider is registered in it."),
    rights: [{ scope: `/subscriptions/${subscriptionId}`, actions: [`${namespace}/register/action`] }],
    async check(options) {
      const state = await resourceGroups.getProviderState(subscriptionId, namespace, options);
      return state === "Registered"
        ? { kind: "satisfied", now: t("{0} is registered.", namespace) }
        : { kind: "needed", before: state, after: "Registered", warnings: [] };
    },
    apply: (options) => resourceGroups.registerProvider(subscriptionId, namespace, options),
    irreversible: t("A registration is kept: it costs nothing, and other resources may need it by now."),
    commands: () => [
      {
        tool: "az",
        words: ["provider", "register", "--namespace", namespace, "--subscription", subscriptionId, "--wait"],
      },
    ],
  };
}
