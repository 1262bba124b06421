import type { AccessToken } from "@azure/core-auth";
import * as vscode from "vscode";

import type { AuthenticationMethod } from "../manifest.ts";
import type { Cloud } from "../services/azure/cloud.ts";
import type { RefreshableCredential } from "../services/azure/tokens.ts";
import {
  cacheTokens,
  expiryOf,
  signInError,
  type CachedCredential,
  type SignInMethod,
  type TokenWish,
} from "./credentialCache.ts";
import { identityVscodeMethod } from "./credentialIdentityVscode.ts";
import { azureCliMethod, environmentMethod } from "./credentialMethods.ts";

/** Which cloud and which method; read anew each time the credential is made. */
export interface SignInInput {
  readonly cloud: Cloud;
  readonly method: AuthenticationMethod;
}

/** The person's sign-in, by the method of the setting. Background calls never prompt; {@link signIn} does. */
export interface SignIn extends vscode.Disposable {
  /** For `createServices`. */
  readonly credential: RefreshableCredential;
  /** Another person, or nobody, is signed in now. */
  readonly onDidChange: vscode.Event<void>;
  /** Who is signed in and by which method, for the tree's title. */
  describe(): string;
  /**
   * Signs in, asking the person where the method can; with several accounts VS Code lets them choose. Rejects with an `AbortError` when they close the question.
   * @param tenantId a tenant that wants a sign-in of its own
   */
  signIn(tenantId?: string): Promise<void>;
}

/** Makes the sign-in of one cloud and method. Asks nobody anything yet. */
export function createSignIn({ cloud, method }: SignInInput): SignIn {
  if (method === "vscode") {
    return new VscodeSignIn(cloud);
  }
  const others = {
    identityVscode: () => identityVscodeMethod(cloud),
    azureCli: () => azureCliMethod(),
    environment: () => environmentMethod(cloud),
  } satisfies Record<Exclude<AuthenticationMethod, "vscode">, () => SignInMethod>;
  return new OutsideSignIn(cloud, cacheTokens(others[method]()));
}

/** A method that VS Code has no part in: signing in means trying again. */
class OutsideSignIn implements SignIn {
  readonly credential: CachedCredential;
  readonly #cloud: Cloud;
  readonly #changed = new vscode.EventEmitter<void>();
  readonly onDidChange = this.#changed.event;

  constructor(cloud: Cloud, credential: CachedCredential) {
    this.#cloud = cloud;
    this.credential = credential;
  }

  describe(): string {
    return this.credential.describe();
  }

  async signIn(tenantId?: string): Promise<void> {
    this.credential.forgetTokens();
    await this.credential.getToken(scopeOf(this.#cloud), tenantId ? { tenantId } : {});
    this.#changed.fire();
  }

  dispose(): void {
    this.#changed.dispose();
  }
}

/** VS Code's own Microsoft session. */
class VscodeSignIn implements SignIn {
  readonly #cloud: Cloud;
  readonly #provider: string;
  readonly #changed = new vscode.EventEmitter<void>();
  readonly #subscription: vscode.Disposable;
  readonly #cache: CachedCredential;
  #account: vscode.AuthenticationSessionAccountInformation | undefined;
  /** What a background call could not get without asking the person. */
  #unanswered: readonly string[] | vscode.AuthenticationWwwAuthenticateRequest | undefined;
  readonly onDidChange = this.#changed.event;
  readonly credential: RefreshableCredential;

  constructor(cloud: Cloud) {
    this.#cloud = cloud;
    this.#provider = cloud.name === "AzureCloud" ? "microsoft" : "microsoft-sovereign-cloud";
    this.#cache = cacheTokens({
      ...vscodeMethod(),
      getToken: (wish) => this.#getToken(wish),
    });
    this.credential = this.#cache;
    this.#subscription = vscode.authentication.onDidChangeSessions((event) => {
      if (event.provider.id === this.#provider) {
        // Cannot reject: a failure to look counts as nobody being signed in.
        void this.#compareAccount();
      }
    });
  }

  describe(): string {
    return this.#account ? `${this.#account.label} (Visual Studio Code)` : this.#cache.describe();
  }

  async signIn(tenantId?: string): Promise<void> {
    const accounts = await vscode.authentication.getAccounts(this.#provider);
    const isChoice = tenantId === undefined && accounts.length > 1;
    const options = {
      createIfNone: true,
      ...(isChoice ? { clearSessionPreference: true } : {}),
      ...(tenantId && this.#account ? { account: this.#account } : {}),
    } as const;
    const request = tenantId === undefined ? this.#unanswered : undefined;
    const scopes = scopesOf(scopeOf(this.#cloud), tenantId);
    const session = await askPerson(() => vscode.authentication.getSession(this.#provider, request ?? scopes, options));
    this.#unanswered = undefined;
    this.#cache.forgetTokens();
    this.#account = session.account;
    this.#changed.fire();
  }

  dispose(): void {
    this.#subscription.dispose();
    this.#changed.dispose();
  }

  async #getToken(wish: TokenWish): Promise<AccessToken> {
    const scopes = scopesOf(wish.scope, wish.tenantId);
    const account = this.#account ?? (await this.#findAccount());
    const options = { silent: true, ...(account ? { account } : {}) } as const;
    const request = requestOf(scopes, wish.claims);
    const session = await vscode.authentication.getSession(this.#provider, request, options);
    if (!session) {
      this.#unanswered = wish.claims === undefined ? this.#unanswered : request;
      throw new Error(
        wish.tenantId
          ? vscode.l10n.t('there is no session for the tenant "{0}"', wish.tenantId)
          : vscode.l10n.t("there is no session"),
      );
    }
    this.#account ??= session.account;
    return { token: session.accessToken, expiresOnTimestamp: expiryOf(session.accessToken) };
  }

  /** The account this extension was allowed to use, so that every tenant is asked for the same person. */
  async #findAccount(): Promise<vscode.AuthenticationSessionAccountInformation | undefined> {
    const session = await vscode.authentication.getSession(this.#provider, scopesOf(scopeOf(this.#cloud), undefined), {
      silent: true,
    });
    this.#account = session?.account;
    return session?.account;
  }

  async #compareAccount(): Promise<void> {
    const before = this.#account?.id;
    this.#cache.forgetTokens();
    this.#account = undefined;
    try {
      await this.#findAccount();
    } catch {
      this.#account = undefined;
    }
    if (this.#accountId() !== before) {
      this.#changed.fire();
    }
  }

  #accountId(): string | undefined {
    return this.#account?.id;
  }
}

async function askPerson<T>(question: () => Thenable<T>): Promise<T> {
  try {
    return await question();
  } catch (error) {
    // VS Code rejects with a plain error when the person closes the question.
    if (error instanceof Error && /did not consent|cancell?ed/i.test(error.message)) {
      throw new DOMException("The sign-in was closed", "AbortError");
    }
    throw signInError(error, vscodeMethod());
  }
}

function vscodeMethod() {
  return { label: "Visual Studio Code", remedy: vscode.l10n.t("sign in to your Microsoft account in VS Code") };
}

function scopeOf(cloud: Cloud): string {
  return `${cloud.resourceManagerAudience}/.default`;
}

function scopesOf(scope: string, tenantId: string | undefined): readonly string[] {
  return tenantId ? [scope, `VSCODE_TENANT:${tenantId}`] : [scope];
}

/** A challenge goes to VS Code as the header it came in; the SDK hands over its claims decoded. */
function requestOf(
  scopes: readonly string[],
  claims: string | undefined,
): readonly string[] | vscode.AuthenticationWwwAuthenticateRequest {
  if (claims === undefined) {
    return scopes;
  }
  const encoded = Buffer.from(claims, "utf8").toString("base64");
  return { wwwAuthenticate: `Bearer claims="${encoded}"`, fallbackScopes: scopes };
}
