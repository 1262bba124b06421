/** A cluster, a vault with everything a class can name, identities for every access mode: what both the real provider and the sandbox's driver mount from. */
import { request } from "node:https";

import { createDriver } from "../sandbox/csi.ts";
import { driverName } from "../sandbox/kubernetes/addon.ts";
import type { MountResult } from "../sandbox/kubernetes/mounts.ts";
import type { KubeObject } from "../sandbox/kubernetes/object.ts";
import type { Store } from "../sandbox/kubernetes/store.ts";
import { startSandbox, type Sandbox } from "../sandbox/sandbox.ts";
import type { Cluster, JsonObject, KubernetesServer, ManagedIdentity, Principal, Vault } from "../sandbox/state.ts";
import { until } from "../harness/until.ts";

export const issuer = "https://eastus2.oic.prod-aks.azure.com/tenant/cluster/";
export const tokenAudience = "api://AzureADTokenExchange";

export interface Scene {
  readonly sandbox: Sandbox;
  readonly vault: Vault;
  /** Federated with the service account default/app. */
  readonly workload: ManagedIdentity;
  /** On the nodes. */
  readonly node: ManagedIdentity;
  /** Of no right. */
  readonly stranger: ManagedIdentity;
  readonly application: Principal;
  /** Versions of the secret `history`, oldest first. */
  readonly versions: readonly string[];
  /** Mounts as the sandbox does, with the provider of that version. */
  mount(version: ProviderVersion, parameters: Readonly<Record<string, string>>, how?: How): MountResult;
  close(): Promise<void>;
}

export type ProviderVersion = "1.7.2" | "1.8.2";

export interface How {
  readonly secrets?: Readonly<Record<string, string>> | undefined;
  readonly serviceAccount?: string | undefined;
}

export async function startScene(): Promise<Scene> {
  const sandbox = await startSandbox();
  const vault = sandbox.addVault({
    name: "kv-peers",
    secrets: { plain: "value", hex: "7a6b", text: "no hex!", base64: "aGVsbG8=" },
  });
  const [workload, node, stranger] = ["workload", "node", "stranger"].map((name) => sandbox.addIdentity(name)) as [
    ManagedIdentity,
    ManagedIdentity,
    ManagedIdentity,
  ];
  const application = sandbox.addPrincipal({ type: "ServicePrincipal", displayName: "app" });
  for (const { principalId } of [workload, node]) {
    grant(sandbox, vault, principalId);
  }
  grant(sandbox, vault, application.objectId);
  for (const identity of [workload, stranger]) {
    federate(identity);
  }
  const versions = await fill(sandbox, vault);
  const clusters = await Promise.all(
    (["1.7.2", "1.8.2"] as const).map(
      async (version) => [version, await startCluster(sandbox, version, node)] as const,
    ),
  );
  const byVersion = new Map(clusters);
  return {
    ...{ sandbox, vault, workload, node, stranger, application, versions },
    mount: (version, parameters, how) => mount(sandbox, byVersion.get(version)!, parameters, how),
    close: () => sandbox.close(),
  };
}

function grant(sandbox: Sandbox, vault: Vault, objectId: string): void {
  for (const role of ["Key Vault Secrets User", "Key Vault Crypto User", "Key Vault Certificate User"]) {
    sandbox.assignRole({ objectId, type: "ServicePrincipal" }, role, vault.id);
  }
}

function federate(identity: ManagedIdentity): void {
  identity.federatedCredentials.set("app", {
    name: "app",
    issuer,
    subject: "system:serviceaccount:default:app",
    audiences: [tokenAudience],
    createdAt: 0,
  });
}

async function startCluster(sandbox: Sandbox, provider: ProviderVersion, node: ManagedIdentity): Promise<Cluster> {
  const cluster = sandbox.addCluster({
    name: `peers-${provider.replaceAll(".", "-")}`,
    pools: [{ name: "system", count: 1 }],
    properties: { oidcIssuerProfile: { enabled: true, issuerURL: issuer } },
  });
  for (const set of sandbox.world.scaleSets.values()) {
    set.body["identity"] = { type: "UserAssigned", userAssignedIdentities: { [node.id]: {} } };
  }
  await sandbox.kubeconfig(cluster.id);
  const kubernetes = cluster.kubernetes!;
  kubernetes.installKeyVaultCsi({ driver: provider === "1.7.2" ? "1.5.4" : "1.6.0", provider });
  await until("the driver", () => {
    const pods = kubernetes.list("Pod") as unknown as {
      status?: { conditions?: { type: string; status: string }[] };
    }[];
    const ready = pods.filter((pod) =>
      pod.status?.conditions?.some(({ type, status }) => type === "Ready" && status === "True"),
    );
    return ready.length === 2 ? true : undefined;
  });
  return cluster;
}

function mount(
  { world }: Sandbox,
  cluster: Cluster,
  parameters: Readonly<Record<string, string>>,
  { secrets, serviceAccount = "app" }: How = {},
): MountResult {
  const kubernetes = cluster.kubernetes as KubernetesServer & { readonly store: Store };
  kubernetes.put({
    apiVersion: "secrets-store.csi.x-k8s.io/v1",
    kind: "SecretProviderClass",
    metadata: { name: "kv", namespace: "default" },
    spec: { provider: "azure", parameters },
  });
  if (secrets) {
    const data = Object.entries(secrets).map(([key, value]) => [key, Buffer.from(value).toString("base64")]);
    kubernetes.put({
      apiVersion: "v1",
      kind: "Secret",
      metadata: { name: "credential", namespace: "default" },
      type: "Opaque",
      data: Object.fromEntries(data) as JsonObject,
    });
  }
  const volume = {
    name: "kv",
    csi: {
      driver: driverName,
      readOnly: true,
      volumeAttributes: { secretProviderClass: "kv" },
      ...(secrets && { nodePublishSecretRef: { name: "credential" } }),
    },
  };
  const [node] = kubernetes.list("Node") as unknown as KubeObject[];
  const pod: KubeObject = {
    apiVersion: "v1",
    kind: "Pod",
    metadata: { name: "reader", namespace: "default", uid: "11111111-1111-4111-8111-111111111111" },
    spec: { nodeName: node!.metadata.name, serviceAccountName: serviceAccount, volumes: [volume] },
  };
  return createDriver({ world, cluster, store: kubernetes.store })(pod, volume);
}

const apiVersion = "api-version=7.5";

/** Keys, certificates and versions, by the vault's own API. @returns versions of `history` */
async function fill(sandbox: Sandbox, vault: Vault): Promise<readonly string[]> {
  sandbox.assignRole(sandbox.principal, "Key Vault Administrator", vault.id);
  const uri = await sandbox.vaultUri(vault.id);
  const send = (method: string, path: string, body: unknown): Promise<{ id: string }> =>
    call(sandbox, method, `${uri}${path}?${apiVersion}`, body);
  const versions: string[] = [];
  for (const value of ["one", "two", "three", "four"]) {
    const { id } = await send("PUT", "secrets/history", { value });
    versions.push(id.split("/").at(-1) ?? "");
  }
  // The provider sorts by the second in which a version was made.
  vault.secrets
    .get("history")
    ?.versions.forEach((version, i) => Object.assign(version.attributes, { created: 1_000 + i }));
  await send("PUT", "secrets/off", { value: "x", attributes: { enabled: false } });
  await send("POST", "keys/rsa/create", { kty: "RSA", key_size: 2048 });
  await send("POST", "keys/ec/create", { kty: "EC", crv: "P-256" });
  await send("POST", "keys/bitcoin/create", { kty: "EC", crv: "P-256K" });
  for (const contentType of ["application/x-pkcs12", "application/x-pem-file"]) {
    await send("POST", `certificates/${contentType.endsWith("12") ? "pfx" : "pem"}/create`, {
      policy: {
        issuer: { name: "Self" },
        key_props: { exportable: true, kty: "RSA", key_size: 2048, reuse_key: false },
        secret_props: { contentType },
        x509_props: { subject: "CN=peers.test", validity_months: 12 },
      },
    });
  }
  await until("the certificates", () =>
    ["pfx", "pem"].every((name) => vault.certificates.get(name)?.versions.length === 1) ? true : undefined,
  );
  return versions;
}

function call(sandbox: Sandbox, method: string, url: string, body: unknown): Promise<{ id: string }> {
  const headers = {
    authorization: `Bearer ${sandbox.token(sandbox.principal, sandbox.keyVaultAudience)}`,
    "content-type": "application/json",
  };
  return new Promise((resolve, reject) => {
    request(url, { method, headers, ca: sandbox.caPem, agent: false }, (answer) => {
      let text = "";
      answer.on("data", (chunk: Buffer) => (text += chunk.toString()));
      answer.on("end", () => {
        if ((answer.statusCode ?? 500) >= 300) {
          reject(new Error(`${method} ${url}: ${answer.statusCode} ${text}`));
        } else {
          resolve(JSON.parse(text) as { id: string });
        }
      });
    })
      .on("error", reject)
      .end(JSON.stringify(body));
  });
}
