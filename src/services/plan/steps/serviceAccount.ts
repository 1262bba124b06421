import type { CallOptions } from "../../call.ts";
import { kinds } from "../../kubernetes/clusterClient.ts";
import type { ClusterClients } from "../../kubernetes/clusterClient.ts";
import { t } from "../../l10n.ts";
import type { Step, StepState } from "../step.ts";

/** A namespace and, in it, a service account exist. What exists is left as it is. */
export function serviceAccountStep(
  services: { readonly clusterClients: Pick<ClusterClients, "open"> },
  target: { readonly clusterId: string; readonly namespace: string; readonly name: string },
): Step {
  const open = (options?: CallOptions) => services.clusterClients.open(target.clusterId, options);
  return {
    id: "serviceAccount",
    title: t('Service account "{0}" in namespace "{1}"', target.name, target.namespace),
    why: t("Pods that run under this service account, and only they, get the identity."),
    rights: [],
    async check(options): Promise<StepState> {
      const client = await open(options);
      const [namespace, account] = await Promise.all([
        client.find(kinds.namespace, target.namespace, undefined, options),
        client.find(kinds.serviceAccount, target.name, target.namespace, options),
      ]);
      if (account) {
        return { kind: "satisfied", now: t("It exists.") };
      }
      const before = namespace ? t("It does not exist.") : t("Neither the namespace nor the service account exists.");
      return { kind: "needed", before, after: t("Created."), warnings: [] };
    },
    async apply(options) {
      const client = await open(options);
      if (!(await client.find(kinds.namespace, target.namespace, undefined, options))) {
        await client.apply(kinds.namespace, manifest(kinds.namespace, target.namespace), {}, options);
      }
      await client.apply(
        kinds.serviceAccount,
        manifest(kinds.serviceAccount, target.name, target.namespace),
        {},
        options,
      );
    },
    // The namespace is kept: something else may live in it by now.
    async undo(options) {
      const client = await open(options);
      await client.delete(kinds.serviceAccount, target.name, target.namespace, options);
    },
    commands: () => [
      {
        tool: "kubectl",
        words: ["apply", "--filename", "-"],
        stdin: [
          ...["apiVersion: v1", "kind: Namespace", "metadata:", `  name: ${target.namespace}`, "---"],
          ...[
            "apiVersion: v1",
            "kind: ServiceAccount",
            "metadata:",
            `  name: ${target.name}`,
            `  namespace: ${target.namespace}`,
          ],
        ].join("\n"),
      },
    ],
  };
}

function manifest(kind: { readonly apiVersion: string; readonly kind: string }, name: string, namespace?: string) {
  return {
    apiVersion: kind.apiVersion,
    kind: kind.kind,
    metadata: { name, ...(namespace === undefined ? {} : { namespace }) },
  };
}
