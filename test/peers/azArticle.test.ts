/**
 * The start article and its next pages, command by command in their own order, by the real Azure CLI; and what it made, read by our services.
 * @see https://learn.microsoft.com/azure/aks/csi-secrets-store-driver
 * @see https://learn.microsoft.com/azure/aks/csi-secrets-store-identity-access
 * @see https://learn.microsoft.com/azure/aks/csi-secrets-store-configuration-options
 */
import assert from "node:assert/strict";

import { after, before, describe, it } from "mocha";

import type { AgentPool } from "../../src/services/azure/managedClusters.ts";
import { startAzureBench, type AzureBench } from "../unit/services/azure/support/azureBench.ts";
import { startAzureCli, whyNoAzureCli, type AzureCli } from "./azureCli.ts";

const group = "myResourceGroup";
const addon = "azure-keyvault-secrets-provider";
const vaultName = "myakskeyvault-peers";

describe("the Azure CLI on the sandbox, as the article has it", function () {
  this.timeout(120_000);
  let bench: AzureBench;
  let az: AzureCli;
  let compared = 0;

  before(async function () {
    const why = whyNoAzureCli();
    if (why !== undefined) {
      console.log(`      Skipped: ${why}`);
      this.skip();
    }
    bench = await startAzureBench();
    bench.sandbox.world.delays = { retryAfterSeconds: 1 };
    az = await startAzureCli(bench.sandbox);
  });

  after(async () => {
    await az?.close();
    await bench?.sandbox.close();
    console.log(
      `      ${az?.count() ?? 0} command lines of az and kubectl, ${compared} fields compared with our services.`,
    );
  });

  const clusterId = (name: string): string =>
    `/subscriptions/${bench.sandbox.subscriptionId}/resourceGroups/${group}/providers/Microsoft.ContainerService/managedClusters/${name}`;
  const vaultId = (name = vaultName): string =>
    `/subscriptions/${bench.sandbox.subscriptionId}/resourceGroups/${group}/providers/Microsoft.KeyVault/vaults/${name}`;

  /** What az printed and what our services read, field by field. */
  function same(printed: Readonly<Record<string, unknown>>, read: Readonly<Record<string, unknown>>): void {
    compared += Object.keys(printed).length;
    assert.deepEqual(read, printed);
  }

  it("creates a resource group", async () => {
    const { name, location, properties } = await az.ask(`group create --name ${group} --location eastus2`);

    assert.equal(properties.provisioningState, "Succeeded");
    const found = await bench.services.resourceGroups.find(bench.sandbox.subscriptionId, group);
    same({ name, location }, { name: found?.name, location: found?.location });
  });

  it("creates a cluster with the add-on, whose identity both name", async () => {
    const printed = await az.ask(
      `aks create --name myAKSCluster --resource-group ${group} --enable-addons ${addon} --generate-ssh-keys`,
    );

    const { azureKeyvaultSecretsProvider: profile } = printed.addonProfiles;
    const read = await bench.services.managedClusters.get(clusterId("myAKSCluster"));
    same(
      {
        id: printed.id,
        location: printed.location,
        kubernetesVersion: printed.currentKubernetesVersion,
        nodeResourceGroup: printed.nodeResourceGroup,
        eTag: printed.eTag,
        pools: printed.agentPoolProfiles.map(pool),
        isEnabled: profile.enabled,
        identity: profile.identity,
        rotation: [profile.config.enableSecretRotation, profile.config.rotationPollInterval],
        issuer: [printed.oidcIssuerProfile.enabled, printed.oidcIssuerProfile.issuerUrl],
      },
      {
        id: read.id,
        location: read.location,
        kubernetesVersion: read.kubernetesVersion,
        nodeResourceGroup: read.nodeResourceGroup,
        eTag: read.eTag,
        pools: read.agentPools.map(pool),
        isEnabled: read.keyVaultCsi.isEnabled,
        identity: read.keyVaultCsi.identity,
        rotation: [String(read.keyVaultCsi.rotation.isEnabled), read.keyVaultCsi.rotation.pollInterval],
        issuer: [read.oidcIssuer.isEnabled, read.oidcIssuer.url],
      },
    );
    assert.equal(printed.agentPoolProfiles[0].count, 3);
    assert.equal(printed.networkProfile.networkPlugin, "azure");
  });

  it("creates a cluster with OIDC issuer and workload identity", async () => {
    const printed = await az.ask(
      `aks create --name workload --resource-group ${group} --enable-addons ${addon} --enable-oidc-issuer --enable-workload-identity --no-ssh-key`,
    );

    const read = await bench.services.managedClusters.get(clusterId("workload"));
    assert.match(printed.oidcIssuerProfile.issuerUrl, /^https:\/\/eastus2\.oic\.prod-aks\.azure\.com\/.+\/$/);
    same(
      {
        issuerUrl: printed.oidcIssuerProfile.issuerUrl,
        workloadIdentity: printed.securityProfile.workloadIdentity.enabled,
      },
      { issuerUrl: read.oidcIssuer.url, workloadIdentity: read.isWorkloadIdentityEnabled },
    );
  });

  it("turns the add-on on for an existing cluster, and refuses to a second time", async () => {
    await az.ask(`aks create --name bare --resource-group ${group} --no-ssh-key --node-count 1`);
    const line = `aks enable-addons --addons ${addon} --name bare --resource-group ${group}`;
    const { addonProfiles } = await az.ask(line);
    const refused = await az.refuse(line);

    const { keyVaultCsi } = await bench.services.managedClusters.get(clusterId("bare"));
    assert.match(refused, /The azure-keyvault-secrets-provider addon is already enabled for this managed cluster\./);
    const { enabled, identity } = addonProfiles.azureKeyvaultSecretsProvider;
    same({ enabled, identity }, { enabled: keyVaultCsi.isEnabled, identity: keyVaultCsi.identity });
  });

  it("gets credentials under az's names, with which kubectl finds driver and provider on each node", async () => {
    await az.ask(`aks get-credentials --name myAKSCluster --resource-group ${group}`);
    const selector = "app in (secrets-store-csi-driver,secrets-store-provider-azure)";
    const { out } = await az.kubectl(["get", "pods", "-n", "kube-system", "-l", selector, "-o", "wide"]);
    await az.ask(`aks get-credentials --name myAKSCluster --resource-group ${group} --admin`);
    const contexts = await az.kubectl(["config", "get-contexts", "-o", "name"]);

    assert.equal(out.match(/aks-secrets-store-csi-driver-\S+\s+3\/3\s+Running/g)?.length, 3, out);
    assert.equal(out.match(/aks-secrets-store-provider-azure-\S+\s+1\/1\s+Running/g)?.length, 3, out);
    assert.deepEqual(contexts.out.trim().split("\n").sort(), ["myAKSCluster", "myAKSCluster-admin"]);
  });

  it("creates a vault with Azure RBAC, and refuses its name a second time", async () => {
    const line = `keyvault create --name ${vaultName} --resource-group ${group} --location eastus2 --enable-rbac-authorization`;
    const { id, name, location, properties } = await az.ask(line);
    const refused = await az.refuse(line);

    const read = await bench.services.keyVaults.get(vaultId());
    assert.match(refused, /The specified vault: myakskeyvault-peers already exists/);
    same(
      {
        ...{ id, name, location, tenantId: properties.tenantId, vaultUri: properties.vaultUri },
        usesRbac: properties.enableRbacAuthorization,
        retention: properties.softDeleteRetentionInDays,
        access: [properties.publicNetworkAccess, properties.networkAcls.defaultAction],
        policies: properties.accessPolicies,
      },
      {
        ...{ id: read.id, name: read.name, location: read.location, tenantId: read.tenantId, vaultUri: read.vaultUri },
        usesRbac: read.usesRbac,
        retention: read.softDeleteRetentionInDays,
        access: [read.publicNetworkAccess, read.networkDefaultAction],
        policies: read.accessPolicies,
      },
    );
  });

  it("updates a vault with access policies to Azure RBAC", async () => {
    const created = await az.ask(
      `keyvault create --name ${vaultName}-2 --resource-group ${group} --location eastus2 --enable-rbac-authorization false`,
    );
    assert.equal(created.properties.accessPolicies[0].objectId, bench.owner.objectId);
    const before = await bench.services.keyVaults.get(vaultId(`${vaultName}-2`));
    // The article adds `--location eastus2`, which az takes at `create` only.
    const { properties } = await az.ask(
      `keyvault update --name ${vaultName}-2 --resource-group ${group} --enable-rbac-authorization`,
    );

    const read = await bench.services.keyVaults.get(vaultId(`${vaultName}-2`));
    assert.equal(before.usesRbac, false);
    same({ usesRbac: properties.enableRbacAuthorization }, { usesRbac: read.usesRbac });
    same({ policies: properties.accessPolicies.length }, { policies: read.accessPolicies.length });
  });

  it("sets the sample secret only after the role is assigned, even for the owner", async () => {
    const set = `keyvault secret set --vault-name ${vaultName} --name ExampleSecret --value MyAKSExampleSecret`;
    const refused = await az.refuse(set);
    const role = await az.ask(
      `role assignment create --role "Key Vault Secrets Officer" --assignee ${bench.sandbox.clientId} --scope ${vaultId()}`,
    );
    const again = await az.ask(
      `role assignment create --role "Key Vault Secrets Officer" --assignee ${bench.sandbox.clientId} --scope ${vaultId()}`,
    );
    const secret = await az.ask(set);

    assert.match(refused, /ForbiddenByRbac/);
    assert.equal(again.id, role.id);
    const vault = await bench.services.keyVaults.get(vaultId());
    const [version] = await bench.services.vaultObjects.listVersions(vault, "secret", "ExampleSecret");
    const value = await bench.services.vaultObjects.revealSecret(vault, "ExampleSecret");
    same(
      { value: secret.value, version: secret.id.split("/").at(-1), isEnabled: secret.attributes.enabled },
      { value, version: version?.version, isEnabled: version?.isEnabled },
    );
    const [read] = await bench.services.roleAssignments.listEffective(vaultId(), bench.owner.objectId);
    assert.ok(read);
  });

  it("takes a secret's value from standard input, deletes, recovers and purges it", async () => {
    const at = `--vault-name ${vaultName} --name Piped`;
    const value = "päss\nword ";
    const set = `printf '%s' "$SECRET_VALUE" | az keyvault secret set ${at} --file /dev/stdin --encoding utf-8`;
    const { code, error } = await az.script(set, { env: { SECRET_VALUE: value } });
    assert.equal(code, 0, error);
    const vault = await bench.services.keyVaults.get(vaultId());
    const read = await bench.services.vaultObjects.revealSecret(vault, "Piped");
    await az.ask(`keyvault secret delete ${at}`);
    const deleted = await az.ask(`keyvault secret list-deleted --vault-name ${vaultName} --query [].name`);
    const found = await bench.services.vaultObjects.findDeleted(vault, "secret", "Piped");
    await az.ask(`keyvault secret recover ${at}`);
    await az.ask(`keyvault secret delete ${at}`);
    await az.ask(`keyvault secret purge ${at}`);

    same({ value, deleted }, { value: read, deleted: [found?.name] });
    assert.equal(await bench.services.vaultObjects.findDeleted(vault, "secret", "Piped"), undefined);
  });

  it("updates the add-on with rotation, in core az by aks update", async () => {
    const { addonProfiles } = await az.ask(
      `aks update --name myAKSCluster --resource-group ${group} --enable-secret-rotation --rotation-poll-interval 5m`,
    );

    const { config, identity } = addonProfiles.azureKeyvaultSecretsProvider;
    const { keyVaultCsi } = await bench.services.managedClusters.get(clusterId("myAKSCluster"));
    same(
      { rotation: [config.enableSecretRotation, config.rotationPollInterval], identity },
      {
        rotation: [String(keyVaultCsi.rotation.isEnabled), keyVaultCsi.rotation.pollInterval],
        identity: keyVaultCsi.identity,
      },
    );
  });

  it("updates the add-on by az aks addon update", async function () {
    const line = `aks addon update --name myAKSCluster --resource-group ${group} --addon ${addon} --enable-secret-rotation --rotation-poll-interval 10m`;
    const { code, error } = await az.run(line);
    if (code !== 0 && error.includes("'addon' is misspelled or not recognized")) {
      console.log("      Skipped: az aks addon is part of the extension aks-preview, which is on no package registry.");
      this.skip();
    }
    assert.equal(code, 0, error);
  });

  it("disables the add-on, but not while a SecretProviderClass is left", async () => {
    await az.ask(`aks get-credentials --name bare --resource-group ${group} --overwrite-existing`);
    const manifest = JSON.stringify({
      apiVersion: "secrets-store.csi.x-k8s.io/v1",
      kind: "SecretProviderClass",
      metadata: { name: "left" },
      spec: { provider: "azure", parameters: { keyvaultName: vaultName } },
    });
    await az.kubectl(["apply", "-f", "-"], { input: manifest });
    const line = `aks disable-addons --addons ${addon} --name bare --resource-group ${group}`;
    const refused = await az.refuse(line);
    await az.kubectl(["delete", "secretproviderclass", "left"]);
    const { addonProfiles } = await az.ask(line);

    assert.match(refused, /AzureKeyvaultSecretsProvider addon cannot be disabled/);
    assert.deepEqual(addonProfiles.azureKeyvaultSecretsProvider, { config: null, enabled: false, identity: null });
    const { keyVaultCsi } = await bench.services.managedClusters.get(clusterId("bare"));
    same({ enabled: false }, { enabled: keyVaultCsi.isEnabled });
  });

  it("gives a managed identity a role and a federated credential for a service account", async () => {
    const identity = await az.ask(`identity create --name myIdentity --resource-group ${group}`);
    await az.ask(
      `role assignment create --role "Key Vault Secrets User" --assignee-object-id ${identity.principalId} --assignee-principal-type ServicePrincipal --scope ${vaultId()}`,
    );
    const issuer = await az.ask(
      `aks show --resource-group ${group} --name workload --query oidcIssuerProfile.issuerUrl --output tsv`,
    );
    const credential = await az.ask(
      `identity federated-credential create --name aksfederatedidentity --identity-name myIdentity --resource-group ${group} --issuer ${issuer} --subject system:serviceaccount:default:workload-identity-sa --audience api://AzureADTokenExchange`,
    );

    const read = await bench.services.identities.find(identity.id);
    const [federated] = await bench.services.identities.listFederatedCredentials(identity.id);
    const { id, clientId, principalId, location } = identity;
    const [found] = (await bench.services.roleAssignments.listEffective(vaultId(), principalId)) ?? [];
    same(
      { id, clientId, principalId, location },
      { id: read?.id, clientId: read?.clientId, principalId: read?.principalId, location: read?.location },
    );
    const { name, issuer: url, subject, audiences } = credential;
    same(
      { name, url, subject, audiences },
      {
        name: federated?.name,
        url: federated?.issuer,
        subject: federated?.subject,
        audiences: federated?.audiences,
      },
    );
    assert.ok(found);
  });

  it("assigns the identity to the nodes' scale set", async () => {
    const { nodeResourceGroup, agentPools } = await bench.services.managedClusters.get(clusterId("myAKSCluster"));
    assert.equal(agentPools.length, 1);
    const name = await az.ask(`vmss list --resource-group ${nodeResourceGroup} --query [0].name --output tsv`);
    const id = await az.ask(`identity show --name myIdentity --resource-group ${group} --query id --output tsv`);
    const before = await az.ask(`vmss identity show --resource-group ${nodeResourceGroup} --name ${name}`);
    await az.ask(`vmss identity assign --resource-group ${nodeResourceGroup} --name ${name} --identities ${id}`);
    const { userAssignedIdentities } = await az.ask(
      `vmss identity show --resource-group ${nodeResourceGroup} --name ${name}`,
    );

    const ids = Object.keys(userAssignedIdentities).map((one) => one.toLowerCase());
    assert.deepEqual(
      ids.sort(),
      [...Object.keys(before.userAssignedIdentities), String(id)].map((one) => one.toLowerCase()).sort(),
    );
  });

  it("shows by query what the article asks for", async () => {
    const { keyVaultCsi } = await bench.services.managedClusters.get(clusterId("myAKSCluster"));
    const profile = "addonProfiles.azureKeyvaultSecretsProvider.identity";
    const of = `--resource-group ${group} --name myAKSCluster`;
    const shown = await az.ask(`aks show ${of} --query [${profile}.clientId,${profile}.objectId]`);
    const vault = await az.ask(
      `keyvault show --resource-group ${group} --name ${vaultName} --query properties.vaultUri`,
    );

    same({ shown }, { shown: [keyVaultCsi.identity?.clientId, keyVaultCsi.identity?.objectId] });
    same({ vault }, { vault: (await bench.services.keyVaults.get(vaultId())).vaultUri });
  });

  it("deletes a vault, lists it among the deleted, recovers and purges it", async () => {
    const name = `${vaultName}-2`;
    await az.ask(`keyvault delete --name ${name} --resource-group ${group}`);
    const deleted = await az.ask("keyvault list-deleted --resource-type vault");
    const read = await bench.services.keyVaults.listDeleted(bench.sandbox.subscriptionId);
    const taken = await bench.services.keyVaults.checkName(vaultId(name));
    await az.ask(`keyvault recover --name ${name} --location eastus2`);
    const recovered = await bench.services.keyVaults.find(vaultId(name));
    await az.ask(`keyvault delete --name ${name} --resource-group ${group}`);
    await az.ask(`keyvault purge --name ${name} --location eastus2`);

    same(
      { deleted: deleted.map((one: Record<string, unknown>) => one["name"]) },
      { deleted: read.map((one) => one.name) },
    );
    assert.deepEqual([taken.kind, recovered?.name], ["softDeleted", name]);
    assert.equal((await bench.services.keyVaults.checkName(vaultId(name))).kind, "available");
  });

  it("lists the same estate as our inventory", async () => {
    const clusters = await az.ask("aks list --query [].id");
    const vaults = await az.ask("keyvault list --query [].id");

    const estate = await bench.services.inventory.readEstate();
    same(
      { clusters: [...clusters].sort(), vaults: [...vaults].sort() },
      { clusters: estate.clusters.map(({ id }) => id).sort(), vaults: estate.vaults.map(({ id }) => id).sort() },
    );
  });

  it("asked the sandbox for nothing that it does not know, and nobody else for anything it needed", () => {
    assert.deepEqual(bench.sandbox.unknownRequests, []);
    const needed = az.refused.filter(
      (name) => !/^(aka\.ms|azcliprod\.blob\.core\.windows\.net|azcliextensionsync\.)/.test(name),
    );
    assert.deepEqual(needed, []);
  });
});

function pool({ name, mode, osType, count, vmSize, type }: AgentPool): AgentPool {
  return { name, mode, osType, count, vmSize, type };
}
