import type {
  ClusterChoice,
  Handlers,
  Nothing,
  Preview,
  Run,
  VaultChoice,
  WizardRequests,
} from "../../../src/wizard/protocol.ts";

const subscriptionId = "11111111-1111-1111-1111-111111111111";
const nothing: Nothing = {};

export function cluster(name: string, more: Partial<ClusterChoice> = {}): ClusterChoice {
  return {
    id: `/subscriptions/${subscriptionId}/resourceGroups/myResourceGroup/providers/Microsoft.ContainerService/managedClusters/${name}`,
    ...{ name, subscriptionId, resourceGroup: "myResourceGroup", location: "eastus2" },
    ...{ subscriptionName: "Contoso Production", state: "off", isPrivate: false, isUnreachable: false },
    ...more,
  };
}

export function vault(name: string, more: Partial<VaultChoice> = {}): VaultChoice {
  return {
    id: `/subscriptions/${subscriptionId}/resourceGroups/myResourceGroup/providers/Microsoft.KeyVault/vaults/${name}`,
    ...{ name, resourceGroup: "myResourceGroup", location: "eastus2", subscriptionName: "Contoso Production" },
    ...{ usesRbac: true, network: "open" },
    ...more,
  };
}

const clusters = [
  cluster("myAKSCluster"),
  cluster("web", { state: "on" }),
  cluster("batch", { state: "updating", subscriptionName: "Contoso Test" }),
  cluster("asleep", { state: "stopped", subscriptionName: "Contoso Test" }),
  cluster("inner", { state: "on", isPrivate: true, isUnreachable: true, subscriptionName: "Contoso Test" }),
  cluster("broken", { state: "failed", subscriptionName: "Contoso Test" }),
];

const vaults = [
  vault("contoso-kv"),
  vault("old-kv", { usesRbac: false }),
  vault("walled-kv", { network: "selected", subscriptionName: "Contoso Test" }),
  vault("inner-kv", { network: "closed", subscriptionName: "Contoso Test" }),
];

const preview: Preview = {
  steps: [
    {
      id: "keyVaultCsiAddon",
      title: 'Key Vault CSI add-on on "myAKSCluster"',
      why: "The add-on installs the Secrets Store CSI Driver and the Azure Key Vault provider on every node.",
      state: {
        kind: "needed",
        before: "Off",
        after: "On, rotation off",
        warnings: ["Virtual nodes do not get the driver: pods there cannot mount secrets."],
      },
      irreversible: undefined,
      commands: [
        "az aks enable-addons --addons azure-keyvault-secrets-provider --name myAKSCluster --resource-group myResourceGroup",
      ],
    },
    {
      id: "vault",
      title: 'Key vault "contoso-kv"',
      why: "The vault holds the secret; the driver fetches it from there.",
      state: { kind: "satisfied", now: "It exists and uses Azure RBAC." },
      irreversible: undefined,
      commands: ["az keyvault create --name contoso-kv"],
    },
  ],
  script: "#!/usr/bin/env bash\n",
};

export const blockedPreview: Preview = {
  ...preview,
  steps: [
    ...preview.steps,
    {
      id: "vaultSecret",
      title: 'Secret "db-password"',
      why: "This is what arrives in the pod as a file.",
      state: {
        kind: "blocked",
        reason: "You lack the right Microsoft.KeyVault/vaults/write.",
        remedy: "Ask an owner.",
      },
      irreversible: undefined,
      commands: [],
    },
  ],
};

const classYaml = `apiVersion: secrets-store.csi.x-k8s.io/v1
kind: SecretProviderClass
metadata:
  name: contoso-kv-db-password
  namespace: default
spec:
  provider: azure
  parameters:
    usePodIdentity: "false"
    clientID: "\${READER_CLIENT_ID}"
    keyvaultName: "contoso-kv"
`;

export const runningRun: Run = {
  id: "run-1",
  kind: "apply",
  state: "running",
  steps: [
    {
      id: "keyVaultCsiAddon",
      title: 'Key Vault CSI add-on on "myAKSCluster"',
      state: "running",
      detail: "Turning the add-on on; this takes some minutes",
    },
    { id: "vault", title: 'Key vault "contoso-kv"', state: "waiting", detail: undefined },
    { id: "driver", title: "Driver on every node", state: "waiting", detail: undefined },
  ],
  message: undefined,
  result: undefined,
  undo: [],
};

export const failedRun: Run = {
  ...runningRun,
  state: "failed",
  steps: runningRun.steps.map((step, index) =>
    index === 0
      ? { ...step, state: "done", detail: "On, rotation off" }
      : index === 1
        ? { ...step, state: "failed", detail: "The name is taken." }
        : step,
  ),
  message: 'The vault cannot be created under this name: "contoso-kv".',
};

export const stoppedRun: Run = {
  ...runningRun,
  state: "stopped",
  steps: runningRun.steps.map((step, index) => (index === 0 ? { ...step, state: "stopped" } : step)),
  message: 'Stopped during "Key Vault CSI add-on on "myAKSCluster"". What Azure has accepted by then goes on there.',
};

export const doneRun: Run = {
  ...runningRun,
  state: "done",
  steps: runningRun.steps.map((step, index) => ({ ...step, state: index === 1 ? "skipped" : "done" })),
  result: {
    objectName: "db-password",
    objectType: "secret",
    vaultName: "contoso-kv",
    tenantId: "72f988bf-86f1-41af-91ab-2d7cd011db47",
    identityClientId: "33333333-3333-3333-3333-333333333333",
    identityObjectId: "44444444-4444-4444-4444-444444444444",
    driver: {
      verdict: "pending",
      summary: "2 of 3 nodes are healthy.",
      nodes: [
        { name: "aks-win-000000", verdict: "pending", reason: "The driver has not registered with the node yet." },
        { name: "aks-nodepool1-vmss000000", verdict: "healthy", reason: undefined },
        { name: "aks-nodepool1-vmss000001", verdict: "healthy", reason: undefined },
      ],
    },
    missing: [],
  },
};

/** With a proved mount, and things to take back. */
export const provedRun: Run = {
  ...doneRun,
  result: {
    ...doneRun.result,
    missing: [],
    classYaml,
    proof: {
      namespace: "default",
      files: [
        {
          ...{ name: "db-password", sizeBytes: 13, version: "5f3c1e7d84a5419c60b15e8f0a2d47c1" },
          ...{ isCurrent: false, hash: "0a1b2c3d4e5f" },
        },
      ],
    },
  },
  undo: [
    { title: 'SecretProviderClass "contoso-kv-db-password" in namespace "default"', isKept: false, note: undefined },
    { title: 'Namespace "store"', isKept: true, note: "A namespace that was made is kept." },
    { title: 'Managed identity "id-myAKSCluster-default"', isKept: false, note: undefined },
  ],
};

export const undoingRun: Run = {
  ...runningRun,
  ...{ id: "run-2", kind: "undo" },
  steps: [{ id: "identity", title: 'Managed identity "id-myAKSCluster-default"', state: "running", detail: undefined }],
};

function found<T extends { readonly name: string }>(all: readonly T[], text: string) {
  const items = all.filter(({ name }) => name.toLowerCase().includes(text.toLowerCase()));
  return { items, growing: { isLoading: false, total: all.length, found: items.length, missing: [] } };
}

/** Handlers that answer at once with a small estate. A test replaces those it is about. */
export function scenario(replaced: Partial<Handlers<WizardRequests>> = {}): Handlers<WizardRequests> {
  return {
    load: () => ({ run: undefined, maxSecretBytes: 25_600 }),
    takeOpening: () => ({ cluster: undefined }),
    listClusters({ text }) {
      const { items, growing } = found(clusters, text);
      return { ...growing, clusters: items };
    },
    listVaults({ text }) {
      const { items, growing } = found(vaults, text);
      return { ...growing, vaults: items };
    },
    listSubscriptions: () => ({
      subscriptions: [{ id: subscriptionId, name: "Contoso Production" }],
      ...{ isLoading: false, total: 1, found: 1, missing: [] },
    }),
    refreshEstate: () => nothing,
    getCluster: ({ clusterId }) => {
      const { state, isPrivate } = clusters.find(({ id }) => id === clusterId) ?? cluster("?");
      return {
        ...{ location: "eastus2", state, isOn: state === "on", isPrivate, kubernetesVersion: "1.34.2" },
        ...{ provisioningState: "Succeeded", rotation: { isEnabled: false, pollInterval: "2m" } },
      };
    },
    checkClusterReach: () => ({ kind: "reached" }),
    checkPollInterval: ({ text }) => ({
      problem: /^(\d+[smh])+$/.test(text) ? undefined : "Write the interval like 2m.",
    }),
    getVault: () => ({ usesRbac: true, closedMessage: undefined }),
    listPlaces: () => ({
      groups: [{ name: "myResourceGroup", location: "eastus2" }],
      locations: [
        { name: "eastus2", displayName: "East US 2" },
        { name: "westeurope", displayName: "West Europe" },
      ],
    }),
    checkGroupName: () => ({ problem: undefined }),
    checkVaultName: ({ name }) =>
      name.includes("_") ? { kind: "wrong", message: "The name may not contain this." } : { kind: "available" },
    checkSecretName: () => ({ kind: "free" }),
    checkSecretProperties: () => ({ problem: undefined }),
    proposeMount: ({ draft }) => ({
      ...{ identityName: `id-myAKSCluster-${draft.mount.namespace || "default"}`, identityGroup: "myResourceGroup" },
      ...{ namespace: "default", serviceAccount: "key-vault-reader" },
      ...{ className: "contoso-kv-db-password", fileName: draft.secret.name },
    }),
    listIdentities: () => ({
      identities: [{ id: "/identities/web-reader", name: "web-reader", resourceGroup: "myResourceGroup" }],
    }),
    listNamespaces: () => ({ namespaces: ["default", "store"], missing: undefined }),
    checkMountName: ({ text }) => ({
      problem: /^[a-z0-9./-]+$/.test(text) ? undefined : "Use lower-case letters, digits, hyphens and periods.",
    }),
    previewClass: () => ({ yaml: classYaml, isWhole: false }),
    preview: () => preview,
    apply: () => runningRun,
    stopApply: () => ({ ...runningRun, state: "stopping" }),
    undo: () => undoingRun,
    closeRun: () => nothing,
    copyText: () => nothing,
    openLink: () => nothing,
    ...replaced,
  };
}
