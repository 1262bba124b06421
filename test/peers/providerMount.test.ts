import assert from "node:assert/strict";
import { createHash } from "node:crypto";

import { after, before, describe, it } from "mocha";

import type { KubernetesObject } from "../../src/services/kubernetes/clusterClient.ts";
import {
  fileNames,
  type AccessMode,
  type ClassObject,
  type SecretProviderClassModel,
} from "../../src/services/secretProviderClass/model.ts";
import { toKubernetesObject } from "../../src/services/secretProviderClass/write.ts";
import { startProvider, startPublicCloud, type Provider, type PublicCloud } from "./provider.ts";
import { brokenClasses } from "./providerBrokenClasses.ts";
import { issuer, startScene, tokenAudience, type How, type ProviderVersion, type Scene } from "./providerScene.ts";
import { ensureProvider } from "./tools.ts";

type Parameters = Readonly<Record<string, string>>;

interface Mounted {
  readonly files?: readonly { readonly path: string; readonly mode: number; readonly sha256: string }[];
  readonly versions?: Readonly<Record<string, string>>;
  readonly error?: string;
}

const caFolder = process.env["KEY_VAULT_CSI_SANDBOX_CA"] ?? "";

describe("what the real provider mounts beside what the sandbox mounts", function () {
  this.timeout(600_000);
  let scene: Scene;
  let cloud: PublicCloud;
  const providers = new Map<ProviderVersion, Provider>();
  let mounts = 0;

  before(async function () {
    const tools = [["1.7.2", ensureProvider("v1.7")] as const, ["1.8.2", ensureProvider("v1.8")] as const];
    for (const [, tool] of tools) {
      if (tool.kind === "absent") {
        console.log(`      Skipped: ${tool.why}`);
        this.skip();
      }
    }
    scene = await startScene();
    cloud = await startPublicCloud(scene.sandbox, caFolder, () => [scene.node]);
    for (const [version, tool] of tools) {
      providers.set(version, startProvider(tool.kind === "ready" ? tool.path : "", cloud.environment));
    }
  });
  after(async () => {
    await Promise.all([...providers.values()].map((provider) => provider.close()));
    await cloud?.close();
    await scene?.close();
    console.log(`      ${mounts} mounts compared, ${cloud?.requests() ?? 0} requests of the provider answered.`);
  });

  const model = (access: AccessMode, objects: readonly ClassObject[]): SecretProviderClassModel => ({
    name: "kv",
    namespace: "default",
    keyvaultName: "kv-peers",
    tenantId: scene.sandbox.tenantId,
    access,
    objects,
    syncedSecrets: [],
  });
  const parametersOf = (object: KubernetesObject): Parameters =>
    (object["spec"] as { parameters: Parameters }).parameters;
  const workload = (): AccessMode => ({ kind: "workloadIdentity", clientId: scene.workload.clientId });

  async function byProvider(version: ProviderVersion, parameters: Parameters, how: How): Promise<Mounted> {
    const answer = await providers.get(version)!.mount({
      attributes: { ...parameters, ...podAttributes(how.serviceAccount ?? "app") },
      secrets: how.secrets,
    });
    return answer.error !== undefined
      ? { error: comparable(withoutWrapper(answer.error)) }
      : {
          files: sorted(
            answer.files.map(({ contents, ...file }) => ({ ...file, sha256: hash(Buffer.from(contents, "base64")) })),
          ),
          versions: answer.versions,
        };
  }

  function bySandbox(version: ProviderVersion, parameters: Parameters, how: How): Mounted {
    const result = scene.mount(version, parameters, how);
    if ("error" in result) {
      return { error: comparable(withoutWrapper(result.error)) };
    }
    const files = result.files as readonly {
      path: string;
      mode: number;
      content: Buffer;
      id: string;
      version: string;
    }[];
    return {
      files: sorted(files.map(({ path, mode, content }) => ({ path, mode, sha256: hash(content) }))),
      versions: Object.fromEntries(files.map(({ id, version: one }) => [id, one])),
    };
  }

  async function same(version: ProviderVersion, parameters: Parameters, how: How = {}): Promise<Mounted> {
    const real = await byProvider(version, parameters, how);
    mounts += 1;
    assert.deepEqual(bySandbox(version, parameters, how), real);
    return real;
  }

  for (const version of ["1.7.2", "1.8.2"] as const) {
    describe(`provider ${version}`, () => {
      const objects: readonly ClassObject[] = [
        { objectName: "plain", objectType: "secret" },
        { objectName: "plain", objectType: "secret", objectAlias: "folder/alias.txt", filePermission: "0400" },
        { objectName: "hex", objectType: "secret", objectAlias: "hex", objectEncoding: "hex" },
        { objectName: "base64", objectType: "secret", objectAlias: "base64", objectEncoding: "base64" },
        { objectName: "base64", objectType: "secret", objectAlias: "utf-8", objectEncoding: "utf-8" },
        { objectName: "history", objectType: "secret" },
        ...(["pfx", "pem"] as const).flatMap((name): readonly ClassObject[] => [
          { objectName: name, objectType: "cert", objectAlias: `${name}.cert` },
          { objectName: name, objectType: "key", objectAlias: `${name}.key` },
          { objectName: name, objectType: "secret", objectAlias: `${name}.secret` },
          { objectName: name, objectType: "secret", objectAlias: `${name}.pem`, objectFormat: "pem" },
          { objectName: name, objectType: "secret", objectAlias: `${name}.pfx`, objectFormat: "pfx" },
        ]),
        {
          objectName: "pfx",
          objectType: "secret",
          objectAlias: "bytes.pfx",
          objectFormat: "pfx",
          objectEncoding: "base64",
        },
        { objectName: "rsa", objectType: "key" },
        { objectName: "ec", objectType: "key" },
      ];
      for (const object of objects) {
        const { objectName, objectType, objectAlias = "", objectFormat = "", objectEncoding = "" } = object;
        it(`mounts ${[objectType, objectName, objectAlias, objectFormat, objectEncoding].filter(Boolean).join(" ")}`, async () => {
          const mounted = await same(version, parametersOf(toKubernetesObject(model(workload(), [object]))));
          assert.deepEqual(
            mounted.files?.map(({ path }) => path),
            fileNames(object),
          );
        });
      }

      it("mounts all of them together", async () => {
        const mounted = await same(version, parametersOf(toKubernetesObject(model(workload(), objects))));
        assert.deepEqual(mounted.files?.map(({ path }) => path).sort(), objects.flatMap(fileNames).sort());
      });

      it("mounts one more version than the history that is asked for", async () => {
        const history: ClassObject = { objectName: "history", objectType: "secret", objectVersionHistory: 2 };
        const mounted = await same(version, parametersOf(toKubernetesObject(model(workload(), [history]))));
        assert.deepEqual(
          mounted.files?.map(({ path }) => path),
          fileNames(history),
        );
      });

      for (const objectVersionHistory of [0, 1, 3, 10]) {
        it(`mounts a history of ${objectVersionHistory}`, async () => {
          const history: ClassObject = { objectName: "history", objectType: "secret", objectVersionHistory };
          await same(version, parametersOf(toKubernetesObject(model(workload(), [history]))));
        });
      }

      it("mounts a pinned version, and a history from one", async () => {
        const pinned: ClassObject = { objectName: "history", objectType: "secret", objectVersion: scene.versions[1] };
        const mounted = await same(version, parametersOf(toKubernetesObject(model(workload(), [pinned]))));
        assert.equal(mounted.versions?.["secret/history"], scene.versions[1]);
        await same(
          version,
          parametersOf(toKubernetesObject(model(workload(), [{ ...pinned, objectVersionHistory: 2 }]))),
        );
      });

      it("signs in by each access mode", async () => {
        const plain: readonly ClassObject[] = [{ objectName: "plain", objectType: "secret" }];
        const secrets = { clientid: scene.application.appId ?? "", clientsecret: scene.application.clientSecret ?? "" };
        const of = (access: AccessMode): Parameters => parametersOf(toKubernetesObject(model(access, plain)));
        const answers = [
          await same(version, of(workload())),
          await same(version, of({ kind: "nodeIdentity", clientId: scene.node.clientId })),
          await same(version, of({ kind: "systemAssigned" })),
          await same(version, of({ kind: "servicePrincipal" }), { secrets }),
        ];
        assert.ok(answers.every(({ files }) => files?.length === 1));
      });

      it("knows the public cloud by either of its names", async () => {
        const plain = model(workload(), [{ objectName: "plain", objectType: "secret" }]);
        const base = parametersOf(toKubernetesObject({ ...plain, cloudName: "AzurePublicCloud" }));
        assert.equal((await same(version, base)).files?.length, 1);
        assert.equal((await same(version, { ...base, cloudName: "AzureCloud" })).files?.length, 1);
      });

      for (const broken of brokenClasses) {
        it(`refuses alike: ${broken.title}`, async () => {
          const object = model(workload(), [{ objectName: "plain", objectType: "secret" }]);
          const base = parametersOf(toKubernetesObject(object));
          const { parameters, how = {} } = broken.make(base, scene);
          const real = await byProvider(version, parameters, how);
          const sandbox = bySandbox(version, parameters, how);
          mounts += 1;
          assert.ok(real.error, "The real provider mounted it.");
          assert.deepEqual(sandbox, real);
        });
      }
    });
  }
});

const encode = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString("base64url");

/** What kubelet and driver add to a class's parameters. */
function podAttributes(serviceAccount: string): Parameters {
  const claims = { iss: issuer, sub: `system:serviceaccount:default:${serviceAccount}`, aud: [tokenAudience] };
  const token = `${encode({ alg: "RS256", typ: "JWT" })}.${encode(claims)}.${encode("signature")}`;
  const tokens = { [tokenAudience]: { token, expirationTimestamp: new Date(Date.now() + 3_600_000).toISOString() } };
  return {
    "csi.storage.k8s.io/pod.name": "reader",
    "csi.storage.k8s.io/pod.namespace": "default",
    "csi.storage.k8s.io/pod.uid": "11111111-1111-4111-8111-111111111111",
    "csi.storage.k8s.io/serviceAccount.name": serviceAccount,
    "csi.storage.k8s.io/serviceAccount.tokens": JSON.stringify(tokens),
  };
}

function hash(content: Buffer): string {
  return createHash("sha256").update(content).digest("hex");
}

function sorted<T extends { readonly path: string }>(files: readonly T[]): readonly T[] {
  return [...files].sort((a, b) => (a.path < b.path ? -1 : 1));
}

/** What driver and provider put before the reason. */
function withoutWrapper(text: string): string {
  return text.replace(/^.*?failed to mount objects, error: /s, "");
}

/** Without what is chance. */
function comparable(text: string): string {
  return text
    .replace(/(Trace ID: |Correlation ID: )[0-9a-f-]{36}/g, "$1<id>")
    .replace(/("(?:trace|correlation)_id": ?)"[0-9a-f-]{36}"/g, '$1"<id>"')
    .replace(/iss=https:\/\/[a-z.]+\//g, "iss=https://<entra>/")
    .replace(/\d{4}-\d\d-\d\d \d\d:\d\d:\d\dZ/g, "<time>")
    .replace(/\r/g, "");
}
