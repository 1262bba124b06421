import type { KubeConfig, User } from "@kubernetes/client-node";

import { ServiceError } from "../errors.ts";
import { t } from "../l10n.ts";

/** How a kubeconfig's user proves who they are. */
export type ClusterAuth =
  /** A Microsoft Entra token of our own, for the application that the kubeconfig names. */
  | { readonly kind: "entra"; readonly serverId: string; readonly tenantId: string | undefined }
  | { readonly kind: "token"; readonly token: string }
  | { readonly kind: "certificate"; readonly certificate: string; readonly privateKey: string };

/** What it takes to reach one API server. Holds secrets: stays in memory and out of every log. */
export interface ClusterConnection {
  /** The cluster's name in the kubeconfig, to be shown. */
  readonly name: string;
  /** `https://host:port`, without a trailing slash. */
  readonly server: string;
  /** The name the certificate must carry, where it is not the host of `server`. */
  readonly serverName: string | undefined;
  /** PEM; undefined: the machine's own trust. */
  readonly certificateAuthority: string | undefined;
  readonly auth: ClusterAuth;
}

/**
 * Reads a kubeconfig's current context, or the one named. Runs no exec plugin: kubelogin is answered by a token of ours, every other one is refused.
 *
 * @throws {ServiceError} `unexpectedResponse` when it is not a kubeconfig; `invalidRequest` when it asks for something we do not do
 * @see https://learn.microsoft.com/azure/aks/kubelogin-authentication
 */
export async function readKubeconfig(text: string, context?: string): Promise<ClusterConnection> {
  const config = await load(text);
  config.setCurrentContext(context ?? config.getCurrentContext());
  const cluster = config.getCurrentCluster();
  const user = config.getCurrentUser();
  if (!cluster || !user) {
    throw new ServiceError(
      "unexpectedResponse",
      t('The kubeconfig has no usable context "{0}".', config.getCurrentContext() || "current-context"),
    );
  }
  if (cluster.skipTLSVerify) {
    throw refused(t('The kubeconfig turns certificate checks off for "{0}", which is not supported.', cluster.name));
  }
  if (cluster.caFile) {
    throw refused(t('The kubeconfig of "{0}" points to files; its certificates must be inside it.', cluster.name));
  }
  return {
    name: cluster.name,
    server: readServer(cluster.server),
    serverName: cluster.tlsServerName,
    certificateAuthority: decode(cluster.caData),
    auth: readAuth(user),
  };
}

async function load(text: string): Promise<KubeConfig> {
  // The package takes a tenth of a second to load, and most windows never open a cluster.
  const { KubeConfig } = await import("@kubernetes/client-node");
  const config = new KubeConfig();
  try {
    config.loadFromString(text);
  } catch (cause) {
    // The parser's message quotes the line it stumbled over, which may be a key: it is not passed on.
    void cause;
    throw new ServiceError("unexpectedResponse", t("The cluster's kubeconfig could not be read."));
  }
  return config;
}

function readServer(server: string): string {
  if (!URL.canParse(server) || new URL(server).protocol !== "https:") {
    throw refused(t('The API server "{0}" is not an https address.', server));
  }
  return server.replace(/\/+$/, "");
}

function readAuth(user: User): ClusterAuth {
  // Read as unknown: the package passes on whatever the file says.
  const exec = user.exec as unknown;
  if (isRecord(exec)) {
    return readExec(exec);
  }
  if (isRecord(user.authProvider)) {
    return readAuthProvider(user.authProvider);
  }
  if (user.token) {
    return { kind: "token", token: user.token };
  }
  const certificate = decode(user.certData);
  const privateKey = decode(user.keyData);
  if (certificate !== undefined && privateKey !== undefined) {
    return { kind: "certificate", certificate, privateKey };
  }
  throw refused(t('The kubeconfig has no sign-in that is supported for user "{0}".', user.name));
}

function readExec(exec: Readonly<Record<string, unknown>>): ClusterAuth {
  const command = typeof exec["command"] === "string" ? exec["command"] : "";
  const words = Array.isArray(exec["args"]) ? exec["args"].map(String) : [];
  const program =
    command
      .split(/[\\/]/)
      .at(-1)
      ?.toLowerCase()
      .replace(/\.exe$/, "") ?? "";
  const serverId = flag(words, "--server-id");
  const isKubelogin = program === "kubelogin" || program.startsWith("kubectl-");
  if (!isKubelogin || !words.includes("get-token") || serverId === undefined) {
    throw refused(
      t(
        'The kubeconfig signs in by running "{0}", which is not done; only Microsoft Entra ID (kubelogin) is.',
        command,
      ),
    );
  }
  return { kind: "entra", serverId, tenantId: flag(words, "--tenant-id") ?? flag(words, "-t") };
}

/** Kubernetes before 1.26 knew the same sign-in as a built-in provider. */
function readAuthProvider(provider: Readonly<Record<string, unknown>>): ClusterAuth {
  const config = isRecord(provider["config"]) ? provider["config"] : {};
  const serverId = config["apiserver-id"];
  const tenantId = config["tenant-id"];
  if (provider["name"] !== "azure" || typeof serverId !== "string") {
    throw refused(
      t(
        'The kubeconfig signs in by "{0}", which is not supported; only Microsoft Entra ID is.',
        String(provider["name"]),
      ),
    );
  }
  return { kind: "entra", serverId, tenantId: typeof tenantId === "string" ? tenantId : undefined };
}

/** `--name value` or `--name=value`. */
function flag(words: readonly string[], name: string): string | undefined {
  const at = words.findIndex((word) => word === name || word.startsWith(`${name}=`));
  const word = words[at];
  const value = word === name ? words[at + 1] : word?.slice(name.length + 1);
  return value === "" ? undefined : value;
}

function decode(base64: string | undefined): string | undefined {
  return base64 ? Buffer.from(base64, "base64").toString("utf8") : undefined;
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function refused(message: string): ServiceError {
  return new ServiceError("invalidRequest", message);
}
