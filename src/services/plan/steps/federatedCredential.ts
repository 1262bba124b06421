import { createHash } from "node:crypto";

import { maxFederatedCredentials } from "../../azure/identities.ts";
import type { FederatedCredential, Identities } from "../../azure/identities.ts";
import type { ManagedClusters } from "../../azure/managedClusters.ts";
import { parseResourceId } from "../../azure/resourceId.ts";
import type { CallOptions } from "../../call.ts";
import { ServiceError } from "../../errors.ts";
import { t } from "../../l10n.ts";
import type { CommandLine, Step, StepState } from "../step.ts";

interface FederationServices {
  readonly identities: Pick<
    Identities,
    "find" | "listFederatedCredentials" | "putFederatedCredential" | "deleteFederatedCredential"
  >;
  readonly managedClusters: Pick<ManagedClusters, "find" | "get">;
}

/** Which service account of which cluster the identity is to trust. */
export interface FederationTarget {
  readonly clusterId: string;
  readonly identityId: string;
  readonly namespace: string;
  readonly serviceAccount: string;
}

/** The audience the driver asks kubelet for. @see https://learn.microsoft.com/azure/aks/workload-identity-deploy-cluster */
const audience = "api://AzureADTokenExchange";

/**
 * The identity trusts the service account's tokens: issuer byte for byte as ARM gives it, subject and audience exact.
 * @see https://learn.microsoft.com/azure/aks/workload-identity-deploy-cluster
 */
export function federatedCredentialStep(services: FederationServices, target: FederationTarget): Step {
  const { name } = parseResourceId(target.identityId);
  return {
    id: "federatedCredential",
    title: t('Federated credential of "{0}"', name),
    why: t("It lets pods of this service account act as the identity, and nobody else."),
    rights: [],
    check: (options) => checkFederation(services, target, options),
    async apply(options) {
      const { oidcIssuer } = await services.managedClusters.get(target.clusterId, options);
      if (oidcIssuer.url === undefined) {
        throw new ServiceError("conflict", t("The cluster has no OIDC issuer yet."));
      }
      await services.identities.putFederatedCredential(target.identityId, wanted(target, oidcIssuer.url), options);
    },
    undo: (options) => services.identities.deleteFederatedCredential(target.identityId, nameFor(target), options),
    commands: () => commandsFor(target),
  };
}

async function checkFederation(
  services: FederationServices,
  target: FederationTarget,
  options?: CallOptions,
): Promise<StepState> {
  const [cluster, identity] = await Promise.all([
    services.managedClusters.find(target.clusterId, options),
    services.identities.find(target.identityId, options),
  ]);
  const after = t("Trusts {0}", subjectOf(target));
  const issuer = cluster?.oidcIssuer.url;
  if (!identity || issuer === undefined) {
    const before = identity ? t("The cluster has no OIDC issuer yet.") : t("The identity does not exist yet.");
    return { kind: "needed", before, after, warnings: [] };
  }
  const credentials = await services.identities.listFederatedCredentials(target.identityId, options);
  if (credentials.some((credential) => isSame(credential, wanted(target, issuer)))) {
    return { kind: "satisfied", now: after };
  }
  const namesake = credentials.find((credential) => credential.name === nameFor(target));
  if (!namesake && credentials.length >= maxFederatedCredentials) {
    return {
      kind: "blocked",
      reason: t("The identity has {0} federated credentials, and Microsoft Entra allows no more.", credentials.length),
      remedy: t("Delete one that is not used, or choose another identity."),
    };
  }
  const before = namesake
    ? t("It trusts {0} of {1}.", namesake.subject, namesake.issuer)
    : t("{0} of {1} in use.", credentials.length, maxFederatedCredentials);
  return { kind: "needed", before, after, warnings: [] };
}

function isSame(a: FederatedCredential, b: FederatedCredential): boolean {
  return a.issuer === b.issuer && a.subject === b.subject && a.audiences.includes(audience);
}

function wanted(target: FederationTarget, issuer: string): FederatedCredential {
  return { name: nameFor(target), issuer, subject: subjectOf(target), audiences: [audience] };
}

function subjectOf({ namespace, serviceAccount }: FederationTarget): string {
  return `system:serviceaccount:${namespace}:${serviceAccount}`;
}

/** Readable, the same at every try, and different for every cluster, namespace and service account: 3–120 letters, digits, `-` and `_`. */
function nameFor(target: FederationTarget): string {
  const { name } = parseResourceId(target.clusterId);
  const digest = createHash("sha256")
    .update(`${target.clusterId.toLowerCase()} ${subjectOf(target)}`)
    .digest("hex")
    .slice(0, 8);
  const readable = `${name}-${target.namespace}-${target.serviceAccount}`.replace(/[^A-Za-z0-9-]/g, "-").slice(0, 110);
  return `${readable}-${digest}`;
}

function commandsFor(target: FederationTarget): readonly CommandLine[] {
  const cluster = parseResourceId(target.clusterId);
  const identity = parseResourceId(target.identityId);
  return [
    {
      tool: "az",
      words: [
        ...[
          "aks",
          "show",
          "--name",
          cluster.name,
          "--resource-group",
          cluster.resourceGroup,
          "--subscription",
          cluster.subscriptionId,
        ],
        ...["--query", "oidcIssuerProfile.issuerUrl", "--output", "tsv"],
      ],
      captures: "OIDC_ISSUER",
    },
    {
      tool: "az",
      words: [
        ...["identity", "federated-credential", "create", "--name", nameFor(target), "--identity-name", identity.name],
        ...["--resource-group", identity.resourceGroup, "--subscription", identity.subscriptionId],
        ...["--issuer", { template: "${OIDC_ISSUER}" }, "--subject", subjectOf(target), "--audiences", audience],
      ],
    },
  ];
}
