import { stringify } from "yaml";
import type { Cluster } from "../state.ts";
import { aksServerApp } from "./authentication.ts";
import { at, textAt } from "./object.ts";

/** The public client under which kubelogin signs people in. */
const aksClientApp = "80faf920-1908-4b52-b5ef-a8e7bedfc67a";

const installHint = `
kubelogin is not installed which is required to connect to AAD enabled cluster.

To learn more, please go to https://aka.ms/aks/kubelogin
`;

interface KubeconfigInput {
  readonly cluster: Cluster;
  readonly url: string;
  readonly caPem: string;
  /** Of the local account; undefined makes an Entra kubeconfig. */
  readonly localToken: string | undefined;
  readonly isAdmin: boolean;
  readonly login: "devicecode" | "azurecli";
}

function exec(cluster: Cluster, login: "devicecode" | "azurecli"): unknown {
  const tenant = textAt(cluster.body, "properties.aadProfile.tenantID");
  const interactive = ["--environment", "AzurePublicCloud", "--server-id", aksServerApp, "--client-id", aksClientApp];
  const args =
    login === "azurecli"
      ? ["get-token", "--login", "azurecli", "--server-id", aksServerApp]
      : ["get-token", ...interactive, "--tenant-id", tenant, "--login", "devicecode"];
  return {
    exec: {
      apiVersion: "client.authentication.k8s.io/v1beta1",
      args,
      command: "kubelogin",
      env: null,
      installHint,
      provideClusterInfo: false,
    },
  };
}

/** The kubeconfig that `listClusterUserCredential` or `listClusterAdminCredential` gives; it is az that appends `-admin` to the latter's context. */
export function formatKubeconfig(input: KubeconfigInput): string {
  const { cluster, isAdmin, localToken } = input;
  const userName = `${isAdmin ? "clusterAdmin" : "clusterUser"}_${cluster.resourceGroup}_${cluster.name}`;
  const authority = Buffer.from(input.caPem).toString("base64");
  return stringify(
    {
      apiVersion: "v1",
      clusters: [{ cluster: { "certificate-authority-data": authority, server: input.url }, name: cluster.name }],
      contexts: [{ context: { cluster: cluster.name, user: userName }, name: cluster.name }],
      "current-context": cluster.name,
      kind: "Config",
      preferences: {},
      users: [{ name: userName, user: localToken ? { token: localToken } : exec(cluster, input.login) }],
    },
    { lineWidth: 0 },
  );
}

export function serverVersion(cluster: Cluster): string {
  const { body } = cluster;
  const version = textAt(body, "properties.currentKubernetesVersion") || textAt(body, "properties.kubernetesVersion");
  const [major = "1", minor = "34", patch = "0"] = version.split(".");
  return `v${major}.${minor}.${patch}`;
}

export function issuerUrl(cluster: Cluster, url: string): string {
  const issuer = at(cluster.body, "properties.oidcIssuerProfile.issuerURL");
  return typeof issuer === "string" ? issuer : url;
}
