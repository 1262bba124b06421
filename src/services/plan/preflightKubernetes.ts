import type { ManagedCluster } from "../azure/managedClusters.ts";
import type { CallOptions } from "../call.ts";
import { kinds } from "../kubernetes/clusterClient.ts";
import type { ClusterClient, ResourceKind } from "../kubernetes/clusterClient.ts";
import { t } from "../l10n.ts";
import type { Intent } from "./intent.ts";
import { closingPolicies } from "./networkPolicies.ts";
import type { PreflightServices, Question } from "./preflight.ts";

interface KubernetesParts {
  readonly intent: Intent;
  readonly cluster: ManagedCluster;
}

/** What the cluster's own API says. */
export function kubernetesRows(
  services: PreflightServices,
  { intent, cluster }: KubernetesParts,
  options: CallOptions,
): readonly Question[] {
  const open = () => services.clusterClients.open(cluster.id, options);
  return [
    {
      id: "kubernetesRights",
      title: t("Your rights in the cluster"),
      look: async () => rightsRow(await open(), intent, options),
    },
    {
      id: "openSourceDriver",
      title: t("Other installations of the driver"),
      look: async () => driverRow(services, await open(), options),
    },
    {
      id: "networkPolicies",
      title: t("Network policies"),
      look: async () => policiesRow(await open(), options),
    },
  ];
}

interface Verb {
  readonly verb: string;
  readonly kind: ResourceKind;
  readonly namespace?: string | undefined;
}

const podLog: ResourceKind = { ...kinds.pod, plural: "pods/log" };

/** The verbs a plan uses: server-side apply of something new takes `patch` and `create`. */
function verbsFor({ mount }: Intent): readonly Verb[] {
  const looking: readonly Verb[] = [
    { verb: "list", kind: kinds.node },
    { verb: "list", kind: kinds.csiNode },
    { verb: "list", kind: kinds.pod, namespace: "kube-system" },
  ];
  if (!mount) {
    return looking;
  }
  const { namespace } = mount;
  const applied = [
    kinds.secretProviderClass,
    ...(mount.access.kind === "workloadIdentity" ? [kinds.serviceAccount] : []),
  ];
  const proving: readonly Verb[] = [
    ...["create", "get", "delete"].map((verb) => ({ verb, kind: kinds.pod, namespace })),
    { verb: "get", kind: podLog, namespace },
    { verb: "list", kind: kinds.event, namespace },
    { verb: "list", kind: kinds.secretProviderClassPodStatus, namespace },
  ];
  return [
    ...looking,
    ...applied.flatMap((kind) => ["create", "patch"].map((verb) => ({ verb, kind, namespace }))),
    ...(mount.proof ? proving : []),
  ];
}

async function rightsRow(client: ClusterClient, intent: Intent, options: CallOptions) {
  const verbs = verbsFor(intent);
  const answers = await Promise.all(
    verbs.map(({ verb, kind, namespace }) => client.canI(verb, kind, namespace, options)),
  );
  const missing = verbs.filter((_verb, index) => !answers[index]).map(describe);
  return missing.length === 0
    ? { state: "ok" as const, text: t("You may do everything the plan does there."), remedy: undefined }
    : {
        state: "blocked" as const,
        text: t("You may not {0}.", missing.join(", ")),
        remedy: t("Ask for a role such as Azure Kubernetes Service RBAC Writer in that namespace."),
      };
}

function describe({ verb, kind, namespace }: Verb): string {
  return namespace === undefined ? `${verb} ${kind.plural}` : t("{0} {1} in {2}", verb, kind.plural, namespace);
}

async function driverRow({ driver }: PreflightServices, client: ClusterClient, options: CallOptions) {
  const { installation } = await driver.verify(client, { withinMs: 0, everyMs: 0 }, undefined, options);
  switch (installation) {
    case "both":
      return {
        state: "blocked" as const,
        text: t("The driver is installed twice: by the add-on and by Helm or YAML. They fight over one socket."),
        remedy: t("Remove the open-source installation."),
      };
    case "openSource":
      return {
        state: "blocked" as const,
        text: t("The driver is installed by Helm or YAML already; the add-on beside it would fight over one socket."),
        remedy: t("Remove that installation first. Pods keep the files they have meanwhile."),
      };
    case "addon":
    case "none":
      return { state: "ok" as const, text: t("There is none."), remedy: undefined };
  }
}

async function policiesRow(client: ClusterClient, options: CallOptions) {
  const policies = await client.list(kinds.networkPolicy, { namespace: "kube-system" }, options);
  const closing = closingPolicies(policies);
  return closing.length === 0
    ? { state: "ok" as const, text: t("None closes the driver's ports."), remedy: undefined }
    : {
        state: "warning" as const,
        text: t("They may close the driver's ports 9808 and 8095: {0}.", closing.join(", ")),
        remedy: t("Allow ingress to these ports on pods with the label app=secrets-store-csi-driver."),
      };
}
