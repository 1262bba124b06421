/** One intent, two worlds: in one our plan is applied, in the other the script exported from it is run by the real az and kubectl. Afterwards they are alike. */
import assert from "node:assert/strict";

import { after, afterEach, before, describe, it } from "mocha";

import { defaultCluster, defaultMount } from "../../src/services/plan/defaults.ts";
import { exportScript } from "../../src/services/plan/export.ts";
import type { Intent } from "../../src/services/plan/intent.ts";
import { newVault, startPlanBench, type PlanBench } from "../unit/services/plan/support/planBench.ts";
import { startAzureCli, whyNoAzureCli, type AzureCli } from "./azureCli.ts";
import { comparable, countOf } from "./comparableWorld.ts";

interface Case {
  readonly title: string;
  readonly intent: (bench: PlanBench) => Intent;
}

const rotation = { isEnabled: true, pollInterval: "5m" };

function mounting(bench: PlanBench, access: "workloadIdentity" | "addonIdentity" | "nodeIdentity"): Intent {
  const objects = [{ objectName: "ExampleSecret", objectType: "secret" as const }];
  const basis = { clusterId: bench.cluster.id, vaultId: bench.vaultId(), location: "eastus2", namespace: "app" };
  return bench.intent({ mount: defaultMount({ ...basis, objects, access }) });
}

const cases: readonly Case[] = [
  { title: "with workload identity", intent: (bench) => mounting(bench, "workloadIdentity") },
  {
    title: "with the add-on's identity, rotation, and a vault on access policies",
    intent: (bench) => ({
      ...mounting(bench, "addonIdentity"),
      rotation,
      vault: {
        kind: "new",
        vault: { ...newVault(bench.vaultId(), bench.owner.tenantId), usesRbac: false },
        ifDeleted: undefined,
      },
    }),
  },
  { title: "with an identity on the nodes", intent: (bench) => mounting(bench, "nodeIdentity") },
  {
    title: "on a new cluster",
    intent: (bench) =>
      bench.intent({
        clusterId: `${bench.cluster.id}-new`,
        newCluster: defaultCluster("eastus2"),
        vault: undefined,
        secret: undefined,
      }),
  },
];

describe("a plan and the script exported from it", function () {
  this.timeout(300_000);
  let lines = 0;
  let fields = 0;
  let applied: PlanBench | undefined;
  let scripted: PlanBench | undefined;
  let az: AzureCli | undefined;

  before(function () {
    const why = whyNoAzureCli();
    if (why !== undefined) {
      console.log(`      Skipped: ${why}`);
      this.skip();
    }
  });

  afterEach(async () => {
    await az?.close();
    await Promise.all([applied?.sandbox.close(), scripted?.sandbox.close()]);
  });

  after(() => console.log(`      ${lines} command lines of az and kubectl, ${fields} fields of worlds compared.`));

  async function start(): Promise<{ applied: PlanBench; scripted: PlanBench }> {
    applied = await startPlanBench();
    scripted = await startPlanBench();
    scripted.sandbox.world.delays = { retryAfterSeconds: 1 };
    return { applied, scripted };
  }

  for (const { title, intent } of cases) {
    it(`make the same world ${title}`, async () => {
      const worlds = await start();
      await worlds.applied.apply(worlds.applied.plan(intent(worlds.applied)));
      const script = exportScript(worlds.scripted.plan(intent(worlds.scripted)));
      az = await startAzureCli(worlds.scripted.sandbox);
      const env = {
        SECRET_VALUE: worlds.applied.canary,
        SIGNED_IN_OBJECT_ID: worlds.scripted.owner.objectId,
        SIGNED_IN_PRINCIPAL_TYPE: "ServicePrincipal",
      };

      const { code, error } = await az.script(script, { env });

      assert.equal(code, 0, `${error}\n\n${script}`);
      lines += script.split("\n").filter((line) => /^\s*(az|kubectl)\b|\$\((az|kubectl)\b|\| az\b/.test(line)).length;
      const [ours, theirs] = [comparable(worlds.applied.sandbox), comparable(worlds.scripted.sandbox)];
      fields += countOf(ours);
      assert.deepEqual(theirs, ours);
      assert.deepEqual(worlds.scripted.sandbox.unknownRequests, []);
    });
  }

  it("are shown by az as our services read them", async () => {
    const { applied: bench } = await start();
    const intent = mounting(bench, "workloadIdentity");
    await bench.apply(bench.plan(intent));
    az = await startAzureCli(bench.sandbox);

    const before = az.count();
    const [shown, read] = [await showByAz(az, bench, intent), await readByServices(bench, intent)];

    lines += az.count() - before;
    fields += countOf(read);
    assert.deepEqual(shown, read);
  });
});

function identityOf({ mount }: Intent): string {
  assert.ok(mount?.access.kind === "workloadIdentity");
  return mount.access.identityId;
}

async function showByAz(az: AzureCli, bench: PlanBench, intent: Intent): Promise<unknown> {
  const { cluster, group } = bench;
  const profile = "addonProfiles.azureKeyvaultSecretsProvider";
  const identity = identityOf(intent);
  const [name] = identity.split("/").slice(-1);
  const shown = await az.ask(
    `aks show --name ${cluster.name} --resource-group ${group} --query "{id:id,eTag:eTag,provisioningState:provisioningState,addon:${profile}.identity,isEnabled:${profile}.enabled,interval:${profile}.config.rotationPollInterval,issuer:oidcIssuerProfile.issuerUrl,workloadIdentity:securityProfile.workloadIdentity.enabled,nodeResourceGroup:nodeResourceGroup}"`,
  );
  const vault = await az.ask(
    `keyvault show --name contoso-kv --query "{id:id,location:location,tenantId:properties.tenantId,vaultUri:properties.vaultUri,usesRbac:properties.enableRbacAuthorization,retention:properties.softDeleteRetentionInDays}"`,
  );
  const secret = await az.ask(
    `keyvault secret show --vault-name contoso-kv --name ExampleSecret --query "{id:id,value:value,isEnabled:attributes.enabled}"`,
  );
  const reader = await az.ask(
    `identity show --ids ${identity} --query "{id:id,clientId:clientId,principalId:principalId,location:location,tenantId:tenantId}"`,
  );
  const credentials = await az.ask(
    `identity federated-credential list --identity-name ${name ?? ""} --resource-group ${group} --query "[].{name:name,issuer:issuer,subject:subject,audiences:audiences}"`,
  );
  const roles = await az.ask(
    `role assignment list --scope ${bench.vaultId()} --assignee-object-id ${reader.principalId} --fill-role-definition-name false --fill-principal-name false --query "[].{id:id,scope:scope,principalId:principalId}"`,
  );
  return { shown, vault, secret, reader, credentials, roles };
}

async function readByServices(bench: PlanBench, intent: Intent): Promise<unknown> {
  const { cluster, services } = bench;
  const vaultId = bench.vaultId();
  const read = await services.managedClusters.get(cluster.id);
  const vault = await services.keyVaults.get(vaultId);
  const [version] = await services.vaultObjects.listVersions(vault, "secret", "ExampleSecret");
  const reader = await services.identities.find(identityOf(intent));
  const credentials = await services.identities.listFederatedCredentials(identityOf(intent));
  const roles = await services.roleAssignments.listEffective(vaultId, reader?.principalId ?? "");
  const { id, eTag, provisioningState, keyVaultCsi, oidcIssuer, nodeResourceGroup } = read;
  return {
    shown: {
      ...{ id, eTag, provisioningState, nodeResourceGroup },
      addon: keyVaultCsi.identity,
      isEnabled: keyVaultCsi.isEnabled,
      interval: keyVaultCsi.rotation.pollInterval,
      issuer: oidcIssuer.url,
      workloadIdentity: read.isWorkloadIdentityEnabled,
    },
    vault: {
      ...{ id: vault.id, location: vault.location, tenantId: vault.tenantId, vaultUri: vault.vaultUri },
      usesRbac: vault.usesRbac,
      retention: vault.softDeleteRetentionInDays,
    },
    secret: {
      id: `${vault.vaultUri}secrets/ExampleSecret/${version?.version ?? ""}`,
      value: await services.vaultObjects.revealSecret(vault, "ExampleSecret"),
      isEnabled: version?.isEnabled,
    },
    reader: reader && {
      ...{ id: reader.id, clientId: reader.clientId, principalId: reader.principalId },
      ...{ location: reader.location, tenantId: reader.tenantId },
    },
    credentials: credentials.map(({ name, issuer, subject, audiences }) => ({ name, issuer, subject, audiences })),
    roles: roles.map((role) => ({ id: role.id, scope: role.scope, principalId: role.principalId })),
  };
}
