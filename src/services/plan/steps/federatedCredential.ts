import { createHash } from "node:crypto";

import * as z from "zod/mini";

import { maxFederatedCredentials } from "../../azure/identities.ts";
import type { FederatedCredential, Identities } from "../../azure/identities.ts";
import type { ManagedClusters } from "../../azure/managedClusters.ts";
import { parseResourceId } from "../../azure/resourceId.ts";
import type { CallOptions } from "../../call.ts";
import { ServiceError } from "../../errors.ts";
import { t } from "../../l10n.ts";
import type { ApplyOptions, CommandLine, Step, StepState } from "../step.ts";

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
    rights: [
      {
        scope: target.identityId,
        actions: ["Microsoft.ManagedIdentity/userAssignedIdentities/federatedIdentityCredentials/write"],
      },
    ],
    check: (options) => checkFederation(services, target, options),
    apply: (options) => applyFederation(services, target, options),
    undo: (made, options) => undoFederation(services, target.identityId, made, options),
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

async function applyFederation(
  services: FederationServices,
  target: FederationTarget,
  options?: ApplyOptions,
): Promise<void> {
  const [{ oidcIssuer }, before] = await Promise.all([
    services.managedClusters.get(target.clusterId, options),
    services.identities.listFederatedCredentials(target.identityId, options),
  ]);
  if (oidcIssuer.url === undefined) {
    throw new ServiceError("conflict", t("The cluster has no OIDC issuer yet."));
  }
  const put = await services.identities.putFederatedCredential(
    target.identityId,
    wanted(target, oidcIssuer.url),
    options,
  );
  const replaced = before.find(({ name }) => name.toLowerCase() === put.name.toLowerCase());
  if (JSON.stringify(replaced) !== JSON.stringify(put)) {
    options?.onMade?.(JSON.stringify({ name: put.name, replaced }));
  }
}

const Made = z.object({
  name: z.string(),
  replaced: z.optional(
    z.object({ name: z.string(), issuer: z.string(), subject: z.string(), audiences: z.array(z.string()) }),
  ),
});

/** Deletes the credential, or puts back the one it took the place of. */
async function undoFederation(
  { identities }: Pick<FederationServices, "identities">,
  identityId: string,
  made: readonly string[],
  options?: CallOptions,
): Promise<void> {
  if (!(await identities.find(identityId, options))) {
    return;
  }
  for (const text of made) {
    const { name, replaced } = Made.parse(JSON.parse(text));
    await identities.deleteFederatedCredential(identityId, name, options);
    if (replaced) {
      await identities.putFederatedCredential(identityId, replaced, options);
    }
  }
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
