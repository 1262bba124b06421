import assert from "node:assert/strict";

import { afterEach, beforeEach, describe, it } from "mocha";

import { startSandbox, type Sandbox } from "../../sandbox/sandbox.ts";
import type { Cluster, Principal } from "../../sandbox/state.ts";
import { armCaller, send, type Answer } from "./callers.ts";

const apiVersion = "2026-06-01";
const addonKey = "azureKeyvaultSecretsProvider";

describe("the sandbox's managed clusters", () => {
  let sandbox: Sandbox;
  let cluster: Cluster;

  beforeEach(async () => {
    sandbox = await startSandbox();
    cluster = sandbox.addCluster({ name: "myAKSCluster", properties: { fromTheFuture: { kept: [1, null, "x"] } } });
  });

  afterEach(async () => {
    assert.deepEqual(sandbox.unknownRequests, []);
    await sandbox.close();
  });

  const call = (
    method: string,
    url: string,
    {
      body,
      headers = {},
      as = sandbox.principal,
    }: { body?: unknown; headers?: Record<string, string>; as?: Principal } = {},
  ): Promise<Answer> => {
    const target = url.startsWith("https:") ? url : `${sandbox.resourceManager}${url}?api-version=${apiVersion}`;
    return send(target, method, body, { authorization: `Bearer ${sandbox.token(as)}`, ...headers });
  };
  const get = async (): Promise<Answer["body"]> => (await call("GET", cluster.id)).body;
  const withAddon = (body: Answer["body"], profile: unknown) => ({
    ...body,
    properties: { ...body.properties, addonProfiles: { [addonKey]: profile } },
  });
  const finish = async ({ headers }: Answer): Promise<Answer["body"]> => {
    const operation = headers.get("azure-asyncoperation") ?? "";
    assert.equal((await call("GET", operation)).body.status, "InProgress");
    return (await call("GET", operation)).body;
  };
  const enable = async (): Promise<void> => {
    const body = await get();
    const answer = await call("PUT", cluster.id, { body: withAddon(body, { enabled: true }) });
    assert.equal(answer.status, 200);
    assert.equal((await finish(answer)).status, "Succeeded");
  };

  it("are read without regard to letter case, and are missed in Resource Manager's words", async () => {
    const { status, body } = await call("GET", cluster.id.toUpperCase());
    assert.equal(status, 200);
    assert.equal(body.id, cluster.id);
    const missing = await call("GET", `${cluster.id}2`);
    assert.equal(missing.status, 404);
    assert.equal(missing.body.error.code, "ResourceNotFound");
    const group = await call("GET", cluster.id.replace("myResourceGroup", "nowhere"));
    assert.equal(group.body.error.code, "ResourceGroupNotFound");
  });

  it("ask for a known api-version", async () => {
    const raw = (query: string) =>
      send(`${sandbox.resourceManager}${cluster.id}${query}`, "GET", undefined, {
        authorization: `Bearer ${sandbox.token(sandbox.principal)}`,
      });
    assert.equal((await raw("")).body.error.code, "MissingApiVersionParameter");
    assert.equal((await raw("?api-version=2031-01-01")).body.error.code, "NoRegisteredProviderFound");
    assert.deepEqual(sandbox.unknownRequests.splice(0).length, 1);
  });

  it("name the caller, the action and the scope to whoever may not", async () => {
    const reader = sandbox.addPrincipal({ roles: ["Reader"] });
    assert.equal((await call("GET", cluster.id, { as: reader })).status, 200);
    const { status, body } = await call("PUT", cluster.id, { as: reader, body: await get() });
    assert.equal(status, 403);
    assert.equal(
      body.error.message,
      `The client '${reader.appId ?? ""}' with object id '${reader.objectId}' does not have authorization to perform action 'Microsoft.ContainerService/managedClusters/write' over scope '${cluster.id}' or the scope is invalid. If access was recently granted, please refresh your credentials.`,
    );
  });

  it("get the add-on: defaults as strings at once, its identity when the operation is over", async () => {
    const answer = await call("PUT", cluster.id, { body: withAddon(await get(), { enabled: true }) });
    assert.deepEqual(answer.body.properties.addonProfiles[addonKey], {
      enabled: true,
      config: { enableSecretRotation: "false", rotationPollInterval: "2m" },
      identity: null,
    });
    assert.equal(answer.body.properties.provisioningState, "Updating");
    assert.equal((await finish(answer)).status, "Succeeded");

    const { properties } = await get();
    const { identity } = properties.addonProfiles[addonKey];
    assert.equal(properties.provisioningState, "Succeeded");
    assert.match(
      identity.resourceId,
      /\/resourcegroups\/MC_myResourceGroup_myAKSCluster_eastus2\/providers\/Microsoft.ManagedIdentity\/userAssignedIdentities\/azurekeyvaultsecretsprovider-myakscluster$/,
    );
    const group = `/subscriptions/${sandbox.subscriptionId}/resourceGroups/${properties.nodeResourceGroup}`;
    const { body } = await armCaller(sandbox, "2024-07-01")(
      "GET",
      `${group}/providers/Microsoft.Compute/virtualMachineScaleSets`,
    );
    assert.equal(body.value.length, 1);
    for (const scaleSet of body.value) {
      const attached = Object.entries<Answer["body"]>(scaleSet.identity.userAssignedIdentities).find(
        ([id]) => id.toLowerCase() === identity.resourceId.toLowerCase(),
      );
      assert.equal(attached?.[1].clientId, identity.clientId);
    }
  });

  it("keep what no SDK knows when the whole body comes back, and lose it when it does not", async () => {
    const body = await get();
    await enable();
    assert.deepEqual((await get()).properties.fromTheFuture, { kept: [1, null, "x"] });
    const properties = { ...(await get()).properties, fromTheFuture: undefined };
    await finish(await call("PUT", cluster.id, { body: { ...body, properties } }));
    assert.equal((await get()).properties.fromTheFuture, undefined);
  });

  it("lose the add-on's identity and config when it is disabled", async () => {
    await enable();
    await finish(await call("PUT", cluster.id, { body: withAddon(await get(), { enabled: false, config: null }) }));
    const { properties } = await get();
    assert.deepEqual(properties.addonProfiles[addonKey], { config: null, enabled: false, identity: null });
    const names = [...sandbox.world.identities.values()].map(({ name }) => name);
    assert.ok(!names.includes("azurekeyvaultsecretsprovider-myakscluster"));
  });

  it("keep the add-on while a SecretProviderClass exists", async () => {
    await enable();
    cluster.kubernetes?.put({
      apiVersion: "secrets-store.csi.x-k8s.io/v1",
      kind: "SecretProviderClass",
      metadata: { name: "one", namespace: "default" },
      spec: { provider: "azure" },
    });
    const { status, body } = await call("PUT", cluster.id, { body: withAddon(await get(), { enabled: false }) });
    assert.equal(status, 400);
    assert.equal(
      body.message,
      "AzureKeyvaultSecretsProvider addon cannot be disabled due to more than 0 Secret Provider Classes",
    );
    assert.equal((await get()).properties.addonProfiles[addonKey].enabled, true);
  });

  it("take one operation at a time", async () => {
    const body = await get();
    const answer = await call("PUT", cluster.id, { body: withAddon(body, { enabled: true }) });
    const second = await call("PUT", cluster.id, { body });
    assert.equal(second.status, 409);
    assert.deepEqual(second.body, {
      code: "OperationNotAllowed",
      details: null,
      message:
        "Operation is not allowed: Another operation (Updating) is in progress, please wait for it to finish before starting a new operation. See https://aka.ms/aks-pending-operation for more details",
      subcode: "",
    });
    await finish(answer);
  });

  it("say what they refuse in a body", async () => {
    const body = await get();
    const refusal = async (changed: unknown): Promise<string> => {
      const answer = await call("PUT", cluster.id, { body: changed });
      assert.equal(answer.status, 400);
      return (answer.body.code ?? answer.body.error.code) as string;
    };
    const config = (values: unknown) => withAddon(body, { enabled: true, config: values });
    assert.equal(await refusal(config({ enableSecretRotation: true })), "UnmarshalError");
    assert.equal(await refusal(config({ rotationPollInterval: "2 minutes" })), "InvalidParameter");
    assert.equal(await refusal({ ...body, location: "atlantis" }), "LocationNotAvailableForResourceType");
    assert.equal(await refusal({ properties: body.properties }), "LocationRequired");
    const workloadIdentity = { securityProfile: { workloadIdentity: { enabled: true } } };
    assert.equal(
      await refusal({ ...body, properties: { ...body.properties, ...workloadIdentity } }),
      "WorkloadIdentityRequiresOIDCIssuer",
    );
  });

  it("never turn an OIDC issuer off, whose URL ends with a slash", async () => {
    const body = await get();
    const put = (enabled: boolean) =>
      call("PUT", cluster.id, {
        body: { ...body, properties: { ...body.properties, oidcIssuerProfile: { enabled } } },
      });
    await finish(await put(true));
    const { issuerURL } = (await get()).properties.oidcIssuerProfile;
    assert.match(
      issuerURL,
      new RegExp(`^https://eastus2\\.oic\\.prod-aks\\.azure\\.com/${sandbox.tenantId}/[0-9a-f-]{36}/$`),
    );
    assert.equal((await put(false)).status, 400);
    assert.equal((await get()).properties.oidcIssuerProfile.issuerURL, issuerURL);
  });

  it("end a failed operation as Failed, with its reason", async () => {
    sandbox.operations.failNext(/Updating/, { code: "ReconcileVMSSFailed", message: "Quota." });
    const answer = await call("PUT", cluster.id, { body: withAddon(await get(), { enabled: true }) });
    const ended = await finish(answer);
    assert.equal(ended.status, "Failed");
    assert.deepEqual(ended.error, { code: "ReconcileVMSSFailed", message: "Quota." });
    assert.equal((await get()).properties.provisioningState, "Failed");
  });

  describe("and their eTags", () => {
    const statusOf = async (method: string, id: string, headers: Record<string, string>): Promise<number> => {
      const answer = await call(method, id, { headers, ...(method === "PUT" && { body: newCluster }) });
      if (answer.headers.has("azure-asyncoperation")) {
        await finish(answer);
      }
      return answer.status;
    };
    const newCluster = {
      location: "eastus2",
      identity: { type: "SystemAssigned" },
      properties: {
        dnsPrefix: "other",
        agentPoolProfiles: [{ name: "nodepool1", mode: "System", count: 1, vmSize: "Standard_D4ds_v5" }],
      },
    };

    const table: readonly (readonly [header: string, value: string, put: number, update: number])[] = [
      ["if-match", "", 201, 200],
      ["if-match", "*", 412, 200],
      ["if-match", "xyz", 412, 412],
      ["if-none-match", "*", 201, 412],
    ];
    for (const [header, value, absent, present] of table) {
      it(`answer ${absent} to a new one and ${present} to an update with ${header} "${value}"`, async () => {
        const existing = sandbox.addCluster({ name: "present", properties: { dnsPrefix: "other" } });
        assert.equal(await statusOf("PUT", existing.id, { [header]: value }), present);
        assert.equal(await statusOf("PUT", `${cluster.id}-absent`, { [header]: value }), absent);
      });
    }

    it("change with every operation, so that an old one is refused", async () => {
      const { eTag, ...body } = await get();
      const headers = { "if-match": eTag as string };
      await finish(await call("PUT", cluster.id, { headers, body }));
      assert.notEqual((await get()).eTag, eTag);
      assert.equal((await call("PUT", cluster.id, { headers, body })).status, 412);
    });

    it("let a deletion of what is absent through, and hold it where the eTag is another's", async () => {
      assert.equal(await statusOf("DELETE", `${cluster.id}-absent`, { "if-match": "xyz" }), 204);
      assert.equal(await statusOf("DELETE", cluster.id, { "if-match": "xyz" }), 412);
      assert.equal(await statusOf("DELETE", cluster.id, { "if-match": "*" }), 202);
      assert.equal((await call("GET", cluster.id)).status, 404);
    });

    it("go with either header, never with both", async () => {
      const headers = { "if-match": "*", "if-none-match": "*" };
      const { status, body } = await call("PUT", cluster.id, { headers, body: newCluster });
      assert.equal(status, 400);
      assert.equal(body.code, "BadRequest");
    });
  });

  it("are created with their node resource group, scale sets and Kubernetes", async () => {
    const id = `${cluster.id}2`;
    const pool = { mode: "System", count: 2, vmSize: "Standard_D4ds_v5" };
    const answer = await call("PUT", id, {
      body: {
        location: "East US 2",
        identity: { type: "SystemAssigned" },
        properties: {
          dnsPrefix: "two",
          agentPoolProfiles: [
            { ...pool, name: "nodepool1" },
            { ...pool, name: "npwin", mode: "User", osType: "Windows" },
          ],
          windowsProfile: { adminUsername: "azureuser", adminPassword: "not to be seen" },
          addonProfiles: { [addonKey]: { enabled: true } },
        },
      },
    });
    assert.equal(answer.status, 201);
    assert.equal(answer.body.properties.provisioningState, "Creating");
    assert.doesNotMatch(JSON.stringify(answer.body), /not to be seen/);
    await finish(answer);
    const { body } = await call("GET", id);
    assert.equal(body.properties.nodeResourceGroup, "MC_myResourceGroup_myAKSCluster2_eastus2");
    assert.ok(body.properties.addonProfiles[addonKey].identity.clientId);
    const created = sandbox.world.clusters.get(id.toLowerCase());
    assert.equal(created?.kubernetes?.list("Node").length, 4);
  });

  it("hand out kubeconfigs: a local one, and none of the administrator where local accounts are off", async () => {
    const { body } = await call("POST", `${cluster.id}/listClusterUserCredential`);
    assert.equal(body.kubeconfigs[0].name, "clusterUser");
    const text = Buffer.from(body.kubeconfigs[0].value as string, "base64").toString();
    const address = /server: (https:\/\/127\.0\.0\.1:\d+)/.exec(text)?.[1] ?? "";
    const authorization = `Bearer ${/token: (\S+)/.exec(text)?.[1] ?? ""}`;
    assert.equal((await send(`${address}/version`, "GET", undefined, { authorization })).status, 200);
    const strict = sandbox.addCluster({ name: "strict", entra: "azureRbac", disableLocalAccounts: true });
    const refused = await call("POST", `${strict.id}/listClusterAdminCredential`);
    assert.equal(
      refused.body.message,
      "Getting static credential is not allowed because this cluster is set to disable local accounts.",
    );
  });

  it("deny changes to scale sets in a locked node resource group", async () => {
    const locked = sandbox.addCluster({ name: "locked", isNodeResourceGroupLocked: true });
    const arm = armCaller(sandbox, "2024-07-01");
    const patch = async (name: string): Promise<Answer> => {
      const group = `/subscriptions/${sandbox.subscriptionId}/resourceGroups/MC_myResourceGroup_${name}_eastus2`;
      const list = await arm("GET", `${group}/providers/Microsoft.Compute/virtualMachineScaleSets`);
      const identity = sandbox.addIdentity("own");
      const identities = { userAssignedIdentities: { [identity.id]: {} } };
      return arm("PATCH", list.body.value[0].id as string, { identity: { type: "UserAssigned", ...identities } });
    };
    const denied = await patch(locked.name);
    assert.equal(denied.status, 403);
    assert.equal(denied.body.error.code, "DenyAssignmentAuthorizationFailed");
    assert.match(
      denied.body.error.message as string,
      /has permission to perform action .* because of the deny assignment/,
    );
    const done = await patch(cluster.name);
    assert.equal(done.status, 200);
    assert.equal(Object.keys(done.body.identity.userAssignedIdentities as object).length, 2);
  });

  it("run a command inside, and answer when it is over", async () => {
    await enable();
    const started = await call("POST", `${cluster.id}/runCommand`, {
      body: { command: "kubectl get pods -n kube-system -l app=secrets-store-provider-azure -o json" },
    });
    assert.equal(started.status, 202);
    const location = started.headers.get("location") ?? "";
    assert.equal((await call("GET", location)).status, 202);
    const { properties } = (await call("GET", location)).body;
    assert.equal(properties.exitCode, 0);
    assert.equal(JSON.parse(properties.logs as string).items.length, 3);
  });
});
