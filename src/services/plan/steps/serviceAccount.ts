import { kinds } from "../../kubernetes/clusterClient.ts";
import type { ClusterClients } from "../../kubernetes/clusterClient.ts";
import { t } from "../../l10n.ts";
import type { Step } from "../step.ts";
import { openIfThere, waitsForCluster } from "./openCluster.ts";
import type { ClusterTarget } from "./openCluster.ts";

/** A service account exists in a namespace. One that exists is left as it is. */
export function serviceAccountStep(
  services: { readonly clusterClients: Pick<ClusterClients, "open"> },
  target: ClusterTarget & { readonly namespace: string; readonly name: string },
): Step {
  const { name, namespace } = target;
  const after = t("Created.");
  const object = { apiVersion: "v1", kind: "ServiceAccount", metadata: { name, namespace } };
  return {
    id: "serviceAccount",
    title: t('Service account "{0}" in namespace "{1}"', name, namespace),
    why: t("Pods that run under this service account, and only they, get the identity."),
    rights: [],
    async check(options) {
      const client = await openIfThere(services, target, options);
      if (!client) {
        return waitsForCluster(after);
      }
      return (await client.find(kinds.serviceAccount, name, namespace, options))
        ? { kind: "satisfied", now: t("It exists.") }
        : { kind: "needed", before: t("It does not exist."), after, warnings: [] };
    },
    async apply(options) {
      const client = await services.clusterClients.open(target.clusterId, options);
      await client.apply(kinds.serviceAccount, object, {}, options);
      options?.onMade?.(`${namespace}/${name}`);
    },
    async undo(_made, options) {
      const client = await services.clusterClients.open(target.clusterId, options);
      await client.delete(kinds.serviceAccount, name, namespace, options);
    },
    commands: () => [
      {
        tool: "kubectl",
        words: ["apply", "--server-side", "--field-manager", "key-vault-csi", "--filename", "-"],
        stdin: [
          ...["apiVersion: v1", "kind: ServiceAccount", "metadata:", `  name: ${name}`],
          `  namespace: ${namespace}`,
        ].join("\n"),
      },
    ],
  };
}
