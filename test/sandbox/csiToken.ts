/** How the provider becomes somebody: workload identity, an identity of the node, or a service principal. */
import { CsiFailure } from "./csiFailure.ts";
import type { Family, Settings } from "./csiParameters.ts";
import { metadataFailure, refusal, unknownTenant, type Credential } from "./csiTokenErrors.ts";
import type { VaultCaller } from "./keyVaultAccess.ts";
import { at, listAt, textAt, type KubeObject } from "./kubernetes/object.ts";
import type { Store } from "./kubernetes/store.ts";
import type { Cluster, ManagedIdentity, World } from "./state.ts";

interface TokenInput {
  readonly world: World;
  readonly cluster: Cluster;
  readonly store: Store;
  readonly pod: KubeObject;
  readonly settings: Settings;
  readonly family: Family;
  /** Data of the Secret that `nodePublishSecretRef` names. */
  readonly secrets: Readonly<Record<string, string>> | undefined;
}

/** Asks for the token when it is needed: a wrong identity is told only by the first fetch. */
type GetToken = () => VaultCaller;

const exchangeAudience = "api://AzureADTokenExchange";

/** The few seconds that a new federated credential takes to be known. */
const propagationMs = 5000;

function caller(objectId: string, appId: string, tenantId: string): VaultCaller {
  const iss = `https://sts.windows.net/${tenantId}/`;
  return { oid: objectId, appid: appId, tid: tenantId, iss, aud: "https://vault.azure.net", exp: 0 };
}

function configFailure(input: TokenInput, mode: string, text: string): CsiFailure {
  return new CsiFailure(input.family === "1.8" ? `failed to build auth config for mode ${mode}: ${text}` : text);
}

/** Chooses the identity as the provider does. @throws {CsiFailure} where the class does not say enough */
export function chooseIdentity(input: TokenInput): GetToken {
  const { settings, store } = input;
  const audiences = listAt(
    store.get("csidrivers.storage.k8s.io", "secrets-store.csi.k8s.io"),
    "spec.tokenRequests",
  ).map((request) => textAt(request, "audience"));
  if (settings.clientId !== "" && settings.mode !== "tokenProxy") {
    const parse = "failed to parse workload identity tokens, error:";
    if (audiences.length === 0) {
      throw configFailure(input, "None", `${parse} service account tokens not found`);
    }
    if (!audiences.includes(exchangeAudience)) {
      const text = `token for audience ${exchangeAudience} not found`;
      throw configFailure(input, "None", input.family === "1.8" ? `${parse} ${text}` : text);
    }
  }
  switch (settings.mode) {
    case "podIdentity":
      return () => {
        throw new CsiFailure(
          'Get "http://localhost:2579/host/token/?resource=https://vault.azure.net": dial tcp 127.0.0.1:2579: connect: connection refused',
        );
      };
    case "vmManagedIdentity":
      return () => nodeIdentity(input);
    case "tokenProxy":
      return tokenProxy(input);
    case "none":
      return settings.clientId === "" ? servicePrincipal(input) : () => workloadIdentity(input);
  }
}

function tokenProxy(input: TokenInput): GetToken {
  if (input.settings.clientId === "") {
    throw configFailure(input, "AzureTokenProxy", "clientID is required for identity binding");
  }
  throw configFailure(
    input,
    "AzureTokenProxy",
    "failed to parse service account token for identity binding, error: token for audience api://AKSIdentityBinding not found",
  );
}

function unknownApplication(input: TokenInput, credential: Credential, appId: string, tenantName: string): CsiFailure {
  const text = `Application with identifier '${appId}' was not found in the directory '${tenantName}'. This can happen if the application has not been installed by the administrator of the tenant or consented to by any user in the tenant. You may have sent your authentication request to the wrong tenant.`;
  return refusal({ ...asked(input, credential), code: 700016, text, error: "unauthorized_client" });
}

function asked(
  { family, settings }: TokenInput,
  credential: Credential,
): { readonly family: Family; readonly credential: Credential; readonly tenantId: string } {
  return { family, credential, tenantId: settings.tenantId };
}

function tenantName(input: TokenInput, credential: Credential): string {
  const { world, settings } = input;
  const tenant = [...world.tenants.values()].find((one) => isSame(one.id, settings.tenantId));
  if (tenant === undefined && world.tenants.size > 0) {
    throw unknownTenant(asked(input, credential));
  }
  return tenant?.displayName ?? settings.tenantId;
}

function isSame(a: string, b: string): boolean {
  return a.toLowerCase() === b.toLowerCase();
}

function workloadIdentity(input: TokenInput): VaultCaller {
  const { world, settings, pod } = input;
  const name = tenantName(input, "ClientAssertionCredential");
  const identity = [...world.identities.values()].find(
    (one) => isSame(one.clientId, settings.clientId) && isSame(one.tenantId, settings.tenantId),
  );
  if (identity === undefined) {
    throw unknownApplication(input, "ClientAssertionCredential", settings.clientId, name);
  }
  const issuer = textAt(input.cluster.body, "properties.oidcIssuerProfile.issuerURL");
  const account = textAt(pod, "spec.serviceAccountName") || "default";
  const subject = `system:serviceaccount:${pod.metadata.namespace ?? ""}:${account}`;
  matchCredential(input, identity, { issuer, subject });
  return caller(identity.principalId, identity.clientId, identity.tenantId);
}

const advice =
  "Please check your federated identity credential Subject, Audience and Issuer against the presented assertion. https://learn.microsoft.com/entra/workload-id/workload-identity-federation";

function matchCredential(
  input: TokenInput,
  identity: ManagedIdentity,
  asserted: { readonly issuer: string; readonly subject: string },
): void {
  const { world } = input;
  const { issuer, subject } = asserted;
  const refused = asked(input, "ClientAssertionCredential");
  const now = world.clock.now();
  const isKnown = (createdAt: number): boolean => world.clock.pace === "instant" || now - createdAt >= propagationMs;
  const known = [...identity.federatedCredentials.values()].filter((credential) => isKnown(credential.createdAt));
  const refuse = (code: number, what: string): CsiFailure =>
    refusal({
      ...refused,
      code,
      text: `No matching federated identity record found for presented assertion ${what}. ${advice}`,
    });
  if (known.length === 0) {
    const text = `No matching federated identity record found for presented assertion. Assertion Issuer: '${issuer}'. Assertion Subject: '${subject}'. Assertion Audience: '${exchangeAudience}'. https://docs.microsoft.com/azure/active-directory/develop/workload-identity-federation`;
    throw refusal({ ...refused, code: 70021, text, error: "invalid_request" });
  }
  const ofIssuer = known.filter((credential) => credential.issuer === issuer);
  if (ofIssuer.length === 0) {
    throw refuse(700211, `issuer '${issuer}'`);
  }
  const ofSubject = ofIssuer.filter((credential) => credential.subject === subject);
  if (ofSubject.length === 0) {
    throw refuse(700213, `subject '${subject}'`);
  }
  if (!ofSubject.some((credential) => credential.audiences.includes(exchangeAudience))) {
    throw refuse(700212, `audience '${exchangeAudience}'`);
  }
}

/** The scale set of the pod's node, by the node's provider id. */
function scaleSet({ world, store, pod }: TokenInput): unknown {
  const node = store.get("nodes", textAt(pod, "spec.nodeName"));
  const id = textAt(node, "spec.providerID")
    .replace(/^azure:\/\//, "")
    .replace(/\/virtualMachines\/.*$/, "");
  return world.scaleSets.get(id.toLowerCase())?.body;
}

function nodeIdentity(input: TokenInput): VaultCaller {
  const { world, settings } = input;
  const set = scaleSet(input);
  const attached = Object.keys(
    (at(set, "identity.userAssignedIdentities") as Record<string, unknown> | undefined) ?? {},
  );
  const identities = attached.flatMap((id) => world.identities.get(id.toLowerCase()) ?? []);
  const wanted = settings.userAssignedIdentityId;
  if (wanted !== "") {
    const found = identities.find((one) => isSame(one.clientId, wanted));
    if (found === undefined) {
      throw metadataFailure(
        input.family,
        "Identity not found",
        "the requested identity isn't assigned to this resource",
      );
    }
    return caller(found.principalId, found.clientId, found.tenantId);
  }
  if (textAt(set, "identity.type").includes("SystemAssigned")) {
    return caller(
      textAt(set, "identity.principalId"),
      textAt(set, "identity.principalId"),
      textAt(set, "identity.tenantId"),
    );
  }
  const [only, second] = identities;
  if (only === undefined || second !== undefined) {
    const many =
      "Multiple user assigned identities exist, please specify the clientId / resourceId of the identity in the token request";
    throw metadataFailure(
      input.family,
      only === undefined ? "Identity not found" : many,
      "no default identity is assigned to this resource",
    );
  }
  return caller(only.principalId, only.clientId, only.tenantId);
}

function servicePrincipal(input: TokenInput): GetToken {
  const { secrets, family, world, settings } = input;
  if (secrets === undefined) {
    const text = "failed to get credentials, nodePublishSecretRef secret is not set";
    throw new CsiFailure(
      family === "1.8"
        ? `failed to build auth config for mode None: ${text}`
        : `failed to create auth config, error: ${text}`,
    );
  }
  const value = (key: string): string => {
    const found = Object.entries(secrets).find(([name]) => isSame(name, key))?.[1];
    if (found === undefined) {
      const text = `could not find ${key} in secrets`;
      throw new CsiFailure(
        family === "1.8"
          ? `failed to build auth config for mode None: ${text}`
          : `failed to create auth config, error: ${text}`,
      );
    }
    return found.trim();
  };
  const [appId, password] = [value("clientid"), value("clientsecret")];
  return () => {
    const name = tenantName(input, "ClientSecretCredential");
    const found = [...world.principals.values()].find(
      (one) => isSame(one.appId ?? "", appId) && isSame(one.tenantId, settings.tenantId),
    );
    if (found === undefined) {
      throw unknownApplication(input, "ClientSecretCredential", appId, name);
    }
    if (found.clientSecret !== password) {
      const text = `Invalid client secret provided. Ensure the secret being sent in the request is the client secret value, not the client secret ID, for a secret added to app '${appId}'.`;
      throw refusal({ ...asked(input, "ClientSecretCredential"), code: 7000215, text });
    }
    return caller(found.objectId, appId, found.tenantId);
  };
}
