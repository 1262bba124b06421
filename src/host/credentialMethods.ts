import type { Cloud } from "../services/azure/cloud.ts";
import { ServiceError } from "../services/errors.ts";
import { t } from "../services/l10n.ts";
import type { SignInMethod } from "./credentialCache.ts";

type Environment = Readonly<Record<string, string | undefined>>;

const anyTenant = { additionallyAllowedTenants: ["*"] };

/** A service principal by `AZURE_TENANT_ID`, `AZURE_CLIENT_ID` and `AZURE_CLIENT_SECRET`. */
export function environmentMethod(cloud: Cloud, environment: Environment = process.env): SignInMethod {
  const label = t("environment variables");
  let principal: ReturnType<typeof makePrincipal> | undefined;
  return {
    label,
    remedy: t("check AZURE_TENANT_ID, AZURE_CLIENT_ID and AZURE_CLIENT_SECRET, then restart VS Code"),
    async getToken({ scope, tenantId, claims }) {
      principal ??= makePrincipal(cloud, environment, label);
      const credential = await principal;
      return credential.getToken(scope, {
        enableCae: true,
        ...(tenantId ? { tenantId } : {}),
        ...(claims ? { claims } : {}),
      });
    },
    // The client keeps tokens of its own: another one starts empty.
    forget() {
      principal = undefined;
    },
  };
}

async function makePrincipal(cloud: Cloud, environment: Environment, label: string) {
  const names = ["AZURE_TENANT_ID", "AZURE_CLIENT_ID", "AZURE_CLIENT_SECRET"] as const;
  const [tenantId, clientId, secret] = names.map((name) => environment[name]);
  if (!tenantId || !clientId || !secret) {
    const missing = names.filter((name) => !environment[name]).join(", ");
    throw new ServiceError(
      "notSignedIn",
      t("Signing in by {0} failed: {1} not set; set it and restart VS Code, or choose another method.", label, missing),
    );
  }
  const { ClientSecretCredential } = await import("@azure/identity");
  return new ClientSecretCredential(tenantId, clientId, secret, {
    authorityHost: cloud.authority,
    // Microsoft's public instance discovery does not know a custom cloud.
    disableInstanceDiscovery: cloud.name === "custom",
    retryOptions: { maxRetries: 2, retryDelayInMs: 300 },
    ...anyTenant,
  });
}

const cliTimeoutMs = 30_000;

/** Whoever is signed in to the Azure CLI. */
export function azureCliMethod(): SignInMethod {
  return {
    label: t("Azure CLI"),
    remedy: t('run "az login" in a terminal'),
    async getToken({ scope, tenantId, claims }) {
      const { AzureCliCredential } = await import("@azure/identity");
      const credential = new AzureCliCredential({ processTimeoutInMs: cliTimeoutMs, ...anyTenant });
      return credential.getToken(scope, { ...(tenantId ? { tenantId } : {}), ...(claims ? { claims } : {}) });
    },
  };
}
