import type { AccessToken } from "@azure/core-auth";
import * as z from "zod/mini";

import type { Cloud } from "../services/azure/cloud.ts";
import { t } from "../services/l10n.ts";
import type { SignInMethod, TokenWish } from "./credentialCache.ts";

/** The application under which the Azure Account extension got its refresh tokens. */
const azureAccountClientId = "aebc6443-996d-45c2-90f0-388ff96faa56";

interface SavedSession {
  readonly account: string;
  /** A refresh token. */
  readonly password: string;
}

type FindSessions = () => Promise<readonly SavedSession[]>;

/** The plugin of `@azure/identity-vscode` as it is at 1.0.1. */
export type VscodePlugin = (context: unknown) => void;

const label = "@azure/identity-vscode";

/**
 * The sign-in that the Azure Account extension left in the system's keychain, read by `@azure/identity-vscode`.
 *
 * Version 1.0.1 of that plugin and the current `@azure/identity` do not fit together: the plugin offers a finder of saved sessions that the library no longer
 * takes. So the finder is taken here, and the session is redeemed as the library used to. The plugin and its native keychain module are loaded on first use; where
 * they are not there, the failure says so.
 */
export function identityVscodeMethod(
  cloud: Cloud,
  loadPlugin: () => Promise<VscodePlugin> = loadInstalledPlugin,
): SignInMethod {
  return {
    label,
    remedy: t(
      'it reads the keychain entry of the retired Azure Account extension; choose another method in the setting "{0}"',
      "keyVaultCsi.authentication.method",
    ),
    async getToken(wish) {
      const find = takeFinder(await loadPlugin());
      return redeem(cloud, pickSession(await find(), cloud), wish);
    },
  };
}

async function loadInstalledPlugin(): Promise<VscodePlugin> {
  const { vsCodePlugin } = await import("@azure/identity-vscode");
  return vsCodePlugin;
}

function takeFinder(plugin: VscodePlugin): FindSessions {
  let taken: FindSessions | undefined;
  plugin({
    vsCodeCredentialControl: {
      setVsCodeCredentialFinder(finder: FindSessions) {
        taken = finder;
      },
    },
  });
  if (!taken) {
    throw new Error(t("this version of the plugin offers no saved sessions"));
  }
  return taken;
}

const cloudNames: Readonly<Record<Cloud["name"], string>> = {
  AzureCloud: "AzureCloud",
  AzureUSGovernment: "AzureUSGovernment",
  AzureChinaCloud: "AzureChinaCloud",
  custom: "AzureCustomCloud",
};

function pickSession(sessions: readonly SavedSession[], cloud: Cloud): SavedSession {
  const session = sessions.find(({ account }) => account === cloudNames[cloud.name]) ?? sessions[0];
  if (!session) {
    throw new Error(t("the keychain holds no saved session"));
  }
  return session;
}

const Answer = z.object({ access_token: z.string(), expires_in: z.number() });
const Refusal = z.object({ error: z.string(), error_description: z.optional(z.string()) });

async function redeem(
  cloud: Cloud,
  session: SavedSession,
  { scope, tenantId, claims }: TokenWish,
): Promise<AccessToken> {
  const answer = await fetch(`${cloud.authority}/${tenantId ?? "organizations"}/oauth2/v2.0/token`, {
    method: "POST",
    body: new URLSearchParams({
      grant_type: "refresh_token",
      client_id: azureAccountClientId,
      refresh_token: session.password,
      scope: `${scope} offline_access`,
      ...(claims ? { claims } : {}),
    }),
  });
  const body: unknown = await answer.json();
  const granted = Answer.safeParse(body).data;
  if (!granted) {
    const refused = Refusal.safeParse(body).data;
    throw new Error(refused?.error_description ?? refused?.error ?? t("the authority answered {0}", answer.status));
  }
  return { token: granted.access_token, expiresOnTimestamp: Date.now() + granted.expires_in * 1000 };
}
