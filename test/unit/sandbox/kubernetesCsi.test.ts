import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { afterEach, describe, it } from "mocha";
import type { JsonObject } from "../../sandbox/state.ts";
import {
  clientId,
  fill,
  grant,
  identity,
  issuer,
  objects,
  pod,
  principalId,
  secretClass,
  secretObject,
  vault,
  vaultKey,
  type Scene,
} from "./kubernetesCsiScene.ts";
import { startCluster, until, type Body, type TestCluster } from "./kubernetesFixture.ts";

describe("The sandbox's CSI driver", () => {
  let cluster: TestCluster | undefined;

  afterEach(async () => {
    await cluster?.close();
    cluster = undefined;
  });

  async function start(scene: Scene = {}, provider = "1.7.2"): Promise<TestCluster> {
    const started = await startCluster({ ...scene.options, fill: fill(scene) });
    cluster = started;
    started.server.installKeyVaultCsi({ driver: "1.5.4", provider });
    started.server.put({ apiVersion: "v1", kind: "ServiceAccount", metadata: { name: "app", namespace: "default" } });
    await until("driver ready", () => readyPods(started) === 6);
    return started;
  }

  function readyPods({ server }: TestCluster): number {
    return server.list("Pod").filter((one) => ready(one)).length;
  }

  function ready(one: Body): boolean {
    return (one.status.conditions ?? []).some((c: Body) => c.type === "Ready" && c.status === "True");
  }

  async function create(on: TestCluster, object: JsonObject, path: string): Promise<void> {
    const answer = await on.ask("POST", path, { body: object });
    assert.equal(answer.status, 201, answer.text);
  }

  const classPath = "/apis/secrets-store.csi.x-k8s.io/v1/namespaces/default/secretproviderclasses";
  const podPath = "/api/v1/namespaces/default/pods";

  async function mountFailure(on: TestCluster, object: JsonObject = pod()): Promise<string> {
    await create(on, object, podPath);
    let message = "";
    await until("FailedMount", () => {
      const found = on.server.list("Event").find((event) => event["reason"] === "FailedMount");
      message = (found as Body)?.message ?? "";
      return message !== "";
    });
    return message;
  }

  async function get(on: TestCluster, path: string): Promise<Body> {
    return (await on.ask("GET", path)).body;
  }

  async function untilReady(on: TestCluster, name = "reader"): Promise<void> {
    await until(`${name} ready`, async () => ready(await get(on, `${podPath}/${name}`)));
  }

  it("mounts by workload identity and tells so in the pod status", async () => {
    const on = await start();
    await create(on, secretClass(), classPath);
    await create(on, pod(), podPath);
    await untilReady(on);

    const status = await get(
      on,
      "/apis/secrets-store.csi.x-k8s.io/v1/namespaces/default/secretproviderclasspodstatuses/reader-default-kv",
    );
    assert.deepEqual(status.status.objects, [{ id: "secret/ExampleSecret", version: "b".repeat(32) }]);
    assert.equal(status.metadata.ownerReferences[0].kind, "Pod");
    assert.match(String(status.metadata.labels["internal.secrets-store.csi.k8s.io/node-name"]), /^aks-/);
  });

  it("makes the Secret that the class asks for and takes it away with its last owner", async () => {
    const on = await start();
    const secretObjects = [
      { secretName: "synced", type: "Opaque", data: [{ objectName: "ExampleSecret", key: "password" }] },
    ];
    await create(on, secretClass({}, { secretObjects }), classPath);
    const env = [{ name: "P", valueFrom: { secretKeyRef: { name: "synced", key: "password" } } }];
    const containers = [{ name: "main", image: "busybox", command: ["sleep", "infinity"], env }];
    await create(on, pod({ containers }), podPath);
    await untilReady(on);

    const secret = await get(on, "/api/v1/namespaces/default/secrets/synced");
    assert.equal(Buffer.from(String(secret.data.password), "base64").toString(), "value");
    assert.equal(secret.metadata.labels["secrets-store.csi.k8s.io/managed"], "true");

    await on.ask("DELETE", `${podPath}/reader`, { body: { gracePeriodSeconds: 0 } });
    await until(
      "Secret gone",
      async () => (await on.ask("GET", "/api/v1/namespaces/default/secrets/synced")).status === 404,
    );
  });

  it("prints size, salted hash and name of each file for a pod that calls sha256sum", async () => {
    const on = await start();
    await create(on, secretClass({ objects: objects(`${secretObject}\nobjectAlias: a.txt`) }), classPath);
    const command = ["sh", "-c", 'for f in *; do echo "$f $(sha256sum)"; done'];
    const main = { name: "main", image: "busybox", command, env: [{ name: "SALT", value: "pepper" }] };
    await create(
      on,
      pod({ restartPolicy: "Never", containers: [{ ...main, volumeMounts: [{ name: "kv", mountPath: "/mnt" }] }] }),
      podPath,
    );
    await until("done", async () => (await get(on, `${podPath}/reader`)).status.phase === "Succeeded");

    const log = await on.ask("GET", `${podPath}/reader/log`);
    const hash = createHash("sha256").update("pepper").update("value").digest("hex");
    assert.equal(log.text, `5 ${hash} a.txt\n`);
  });

  it("mounts when the cause of the failure is mended", async () => {
    const on = await start({ isGranted: false });
    await create(on, secretClass(), classPath);
    const message = await mountFailure(on);
    assert.match(
      message,
      /^MountVolume\.SetUp failed for volume "kv" : rpc error: code = Unknown desc = failed to mount secrets store objects for pod default\/reader, err: rpc error: code = Unknown desc = failed to mount objects, error: failed to get objectType:secret, objectName:ExampleSecret, objectVersion:: GET https:\/\/myvault\.vault\.azure\.net\/secrets\/ExampleSecret\//,
    );
    assert.match(message, /"code": "ForbiddenByRbac"/);

    grant(on.world);
    await untilReady(on);
  });

  const failures: readonly [
    string,
    RegExp,
    Scene & { parameters?: JsonObject; spec?: JsonObject; csi?: JsonObject; provider?: string },
  ][] = [
    [
      "the class is missing",
      /desc = failed to get secretproviderclass default\/other, error: secretproviderclasses\.secrets-store\.csi\.x-k8s\.io "other" not found$/,
      { csi: { volumeAttributes: { secretProviderClass: "other" } } },
    ],
    [
      "the volume is not read-only",
      /code = InvalidArgument desc = Readonly is not true in request$/,
      { csi: { readOnly: false } },
    ],
    [
      "the service account is forgotten",
      /AADSTS700213: No matching federated identity record found for presented assertion subject 'system:serviceaccount:default:default'/,
      { spec: { serviceAccountName: "default" } },
    ],
    [
      "the issuer lacks its slash",
      /AADSTS700211: No matching federated identity record found for presented assertion issuer/,
      { identity: identity({ issuer: issuer.slice(0, -1) }) },
    ],
    ["the audience is another", /AADSTS700212/, { identity: identity({ audiences: ["api://other"] }) }],
    [
      "the client id is unknown",
      /AADSTS700016: Application with identifier '.*' was not found in the directory 'Contoso'/,
      { parameters: { clientID: principalId } },
    ],
    [
      "an identity is not on the node",
      /ManagedIdentityCredential authentication failed[\s\S]*Identity not found/,
      { parameters: { clientID: "", useVMManagedIdentity: "true", userAssignedIdentityID: clientId } },
    ],
    [
      "no mode is chosen",
      /failed to create auth config, error: failed to get credentials, nodePublishSecretRef secret is not set$/,
      { parameters: { clientID: "" } },
    ],
    [
      "no mode is chosen, provider 1.8",
      /error: failed to build auth config for mode None: failed to get credentials, nodePublishSecretRef secret is not set$/,
      { parameters: { clientID: "" }, provider: "1.8.1" },
    ],
    [
      "a flag is misspelt",
      /failed to parse useVMManagedIdentity flag, error: strconv\.ParseBool: parsing "yes": invalid syntax$/,
      { parameters: { useVMManagedIdentity: "yes" } },
    ],
    [
      "the vault's name is miscased",
      /error: keyvaultName is not set$/,
      { parameters: { keyvaultName: "", keyVaultName: "myvault" } },
    ],
    [
      "there is no such vault",
      /lookup nosuchvault\.vault\.azure\.net on .*: no such host$/,
      { parameters: { keyvaultName: "nosuchvault" } },
    ],
    [
      "the firewall keeps nodes out",
      /"code": "ForbiddenByFirewall"/,
      { vault: vault({ networkAcls: { defaultAction: "Deny", ipRules: [{ value: "203.0.113.10" }] } }) },
    ],
    [
      "no policy lets the identity in",
      /does not have secrets get permission on key vault 'myvault;location=eastus2'/,
      { vault: vault({ enableRbacAuthorization: false }) },
    ],
    [
      "the vault is of another tenant",
      /AKV10032: Invalid issuer\./,
      { vault: vault({ tenantId: "00000000-0000-4000-8000-000000000001" }) },
    ],
    [
      "the secret does not exist",
      /A secret with \(name\/id\) nothing was not found in this key vault/,
      { parameters: { objects: objects("objectName: nothing\nobjectType: secret") } },
    ],
    [
      "the secret is disabled",
      /Operation get is not allowed on a disabled secret\./,
      { parameters: { objects: objects("objectName: off\nobjectType: secret") } },
    ],
    [
      "the type is unknown",
      /objectVersion:: Invalid vaultObjectTypes\. Should be secret, key, or cert$/,
      { parameters: { objects: objects("objectName: a\nobjectType: certificate") } },
    ],
    [
      "objects is a list",
      /failed to yaml unmarshal objects, error: yaml: unmarshal errors:\n {2}line 1: cannot unmarshal !!seq into types\.StringArray$/,
      { parameters: { objects: "- |\n  objectName: a" } },
    ],
    [
      "an item is a map",
      /line 2: cannot unmarshal !!map into string$/,
      { parameters: { objects: "array:\n  - objectName: a\n    objectType: secret" } },
    ],
    [
      "array is misspelt",
      /err: missing object versions$/,
      { parameters: { objects: "arrays:\n  - |\n    objectName: a" } },
    ],
    [
      "history is quoted",
      /unmarshal failed for keyVaultObjects at index 0, error: yaml: unmarshal errors:\n {2}line 3: cannot unmarshal !!str `5` into int32$/,
      { parameters: { objects: objects(`${secretObject}\nobjectVersionHistory: "5"`) } },
    ],
  ];

  for (const [why, text, { parameters, spec, csi, provider, ...scene }] of failures) {
    it(`fails in the words of driver and provider when ${why}`, async () => {
      const on = await start(scene, provider);
      await create(on, secretClass(parameters), classPath);

      assert.match(await mountFailure(on, pod(spec, csi)), text);
    });
  }

  it("knows no driver on a node where none is registered, and no provider where none runs", async () => {
    const on = await start();
    const [node = ""] = on.server.list("Node").map((one) => String((one["metadata"] as Body).name));
    await create(on, secretClass(), classPath);
    on.server.breakNode(node, { kind: "unregistered" });
    const selector = { nodeSelector: { "kubernetes.io/hostname": node } };
    assert.match(
      await mountFailure(on, pod(selector)),
      /driver name secrets-store\.csi\.k8s\.io not found in the list of registered CSI drivers$/,
    );

    on.server.mendNode(node);
    await untilReady(on);
    on.server.breakNode(node, { kind: "missing", component: "provider" });
    const second = { ...pod(selector), metadata: { name: "second", namespace: "default" } };
    await create(on, second, podPath);
    await until("provider missed", () =>
      on.server
        .list("Event")
        .some((event) =>
          (event as Body).message.endsWith(
            'error connecting to provider "azure": provider not found: provider "azure"',
          ),
        ),
    );
  });

  it("gives one file more than the history asked for, newest first", async () => {
    const on = await start();
    await create(on, secretClass({ objects: objects(`${secretObject}\nobjectVersionHistory: 2`) }), classPath);
    await create(on, pod(), podPath);
    await untilReady(on);

    const path =
      "/apis/secrets-store.csi.x-k8s.io/v1/namespaces/default/secretproviderclasspodstatuses/reader-default-kv";
    const { status } = await get(on, path);
    assert.deepEqual(
      status.objects.map((object: Body) => [object.id, object.version[0]]),
      [
        ["secret/ExampleSecret/0", "b"],
        ["secret/ExampleSecret/1", "a"],
      ],
    );
  });

  it("rotates at the add-on's interval and says so, and keeps the old content when it cannot", async () => {
    const config = { enableSecretRotation: "true", rotationPollInterval: "2m" };
    const addonProfiles = { azureKeyvaultSecretsProvider: { enabled: true, config } };
    const on = await start({ options: { properties: { addonProfiles } } });
    await create(on, secretClass(), classPath);
    await create(on, pod(), podPath);
    await untilReady(on);
    const versions = on.world.vaults.get(vaultKey)?.secrets.get("examplesecret")?.versions;
    const newest = versions?.at(-1);
    assert.ok(versions && newest);
    versions.push({ ...newest, version: "e".repeat(32), value: "newer" });

    on.clock.advance(121_000);
    const path =
      "/apis/secrets-store.csi.x-k8s.io/v1/namespaces/default/secretproviderclasspodstatuses/reader-default-kv";
    await until("rotated", async () => (await get(on, path)).status.objects[0].version === "e".repeat(32));
    const reasons = (): readonly string[] => on.server.list("Event").map((event) => (event as Body).reason as string);
    await until("told", () => reasons().includes("MountRotationComplete"));

    on.world.roleAssignments.clear();
    on.clock.advance(121_000);
    await until("failure told", () => reasons().includes("MountRotationFailed"));
    assert.equal((await get(on, `${podPath}/reader`)).status.phase, "Running");
  });
});
