import { kinds } from "../../kubernetes/clusterClient.ts";
import type { ClusterClients } from "../../kubernetes/clusterClient.ts";
import { t } from "../../l10n.ts";
import type { Step } from "../step.ts";
import { openIfThere, waitsForCluster } from "./openCluster.ts";
import type { ClusterTarget } from "./openCluster.ts";

/** A namespace exists. One that exists is left as it is. */
export function namespaceStep(
  services: { readonly clusterClients: Pick<ClusterClients, "open"> },
  target: ClusterTarget & { readonly namespace: string },
): Step {
  const { namespace } = target;
  const after = t("Created.");
  const object = { apiVersion: "v1", kind: "Namespace", metadata: { name: namespace } };
  return {
    id: `namespace ${namespace}`,
    title: t('Namespace "{0}"', namespace),
    why: t("A pod can mount only a SecretProviderClass of its own namespace."),
    rights: [],
    async check(options) {
      const client = await openIfThere(services, target, options);
      if (!client) {
        return waitsForCluster(after);
      }
      return (await client.find(kinds.namespace, namespace, undefined, options))
        ? { kind: "satisfied", now: t("It exists.") }
        : { kind: "needed", before: t("It does not exist."), after, warnings: [] };
    },
    async apply(options) {
      const client = await services.clusterClients.open(target.clusterId, options);
      await client.apply(kinds.namespace, object, {}, options);
    },
    irreversible: t("A namespace that was made is kept: something else may live in it by then."),
    commands: () => [
      {
        tool: "kubectl",
        words: ["apply", "--server-side", "--field-manager", "key-vault-csi", "--filename", "-"],
        stdin: ["apiVersion: v1", "kind: Namespace", "metadata:", `  name: ${namespace}`].join("\n"),
      },
    ],
  };
}
