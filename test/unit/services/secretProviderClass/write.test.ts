import assert from "node:assert/strict";

import fc from "fast-check";
import { describe, it } from "mocha";
import { parse } from "yaml";

import {
  cloudNames,
  objectEncodings,
  objectFormats,
  objectTypes,
  type AccessMode,
  type ClassObject,
  type SecretProviderClassModel,
  type SyncedSecret,
} from "../../../../src/services/secretProviderClass/model.ts";
import { readKubernetesObject, readSecretProviderClass } from "../../../../src/services/secretProviderClass/read.ts";
import { toKubernetesObject, writeSecretProviderClass } from "../../../../src/services/secretProviderClass/write.ts";

const web: SecretProviderClassModel = {
  name: "web",
  namespace: "shop",
  keyvaultName: "kv-shop",
  tenantId: "72f988bf-86f1-41af-91ab-2d7cd011db47",
  access: { kind: "workloadIdentity", clientId: "11111111-2222-3333-4444-555555555555" },
  objects: [
    { objectName: "db-password", objectType: "secret", objectAlias: "DB_PASSWORD" },
    { objectName: "tls", objectType: "secret", objectFormat: "pfx", objectEncoding: "base64", filePermission: "0600" },
    { objectName: "signing", objectType: "key", objectVersionHistory: 3 },
  ],
  syncedSecrets: [{ secretName: "web-db", type: "Opaque", data: [{ objectName: "DB_PASSWORD", key: "password" }] }],
};

describe("writeSecretProviderClass", () => {
  it("writes objects as a block of blocks and every parameter as a quoted string", () => {
    assert.equal(
      writeSecretProviderClass(web),
      `apiVersion: secrets-store.csi.x-k8s.io/v1
kind: SecretProviderClass
metadata:
  name: web
  namespace: shop
spec:
  provider: azure
  parameters:
    usePodIdentity: "false"
    clientID: "11111111-2222-3333-4444-555555555555"
    keyvaultName: "kv-shop"
    objects: |
      array:
        - |
          objectName: db-password
          objectType: secret
          objectAlias: DB_PASSWORD
        - |
          objectName: tls
          objectType: secret
          objectFormat: pfx
          objectEncoding: base64
          filePermission: "0600"
        - |
          objectName: signing
          objectType: key
          objectVersionHistory: 3
    tenantID: "72f988bf-86f1-41af-91ab-2d7cd011db47"
  secretObjects:
    - secretName: web-db
      type: Opaque
      data:
        - objectName: DB_PASSWORD
          key: password
`,
    );
  });

  it("names the client id of a node identity, and an empty one for the system-assigned identity", () => {
    const parameters = (access: AccessMode) =>
      (toKubernetesObject({ ...web, access })["spec"] as { parameters: Record<string, string> }).parameters;

    assert.equal(parameters({ kind: "nodeIdentity", clientId: "abc" })["useVMManagedIdentity"], "true");
    assert.equal(parameters({ kind: "nodeIdentity", clientId: "abc" })["userAssignedIdentityID"], "abc");
    assert.equal(parameters({ kind: "nodeIdentity", clientId: "abc" })["clientID"], undefined);
    assert.equal(parameters({ kind: "systemAssigned" })["userAssignedIdentityID"], "");
    assert.equal(parameters({ kind: "servicePrincipal" })["clientID"], undefined);
  });

  it("says the same in YAML as in the object for the API server", () => {
    fc.assert(
      fc.property(model, (any) => {
        assert.deepEqual(parse(writeSecretProviderClass(any)), toKubernetesObject(any));
      }),
    );
  });

  it("quotes what another reader of YAML would take for a number, a boolean or nothing", () => {
    const text = writeSecretProviderClass({
      ...web,
      objects: [
        {
          objectName: "007",
          objectType: "secret",
          objectAlias: "yes",
          objectVersion: "12345678901234567890123456789012",
        },
      ],
    });

    assert.match(text, /objectName: "007"/);
    assert.match(text, /objectAlias: "yes"/);
    assert.match(text, /objectVersion: "12345678901234567890123456789012"/);
  });
});

describe("readSecretProviderClass", () => {
  it("reads back what was written", () => {
    fc.assert(
      fc.property(model, (any) => {
        assert.deepEqual(readSecretProviderClass(writeSecretProviderClass(any)), any);
        assert.deepEqual(readKubernetesObject(toKubernetesObject(any)), any);
      }),
      { numRuns: 100 },
    );
  });

  it("reads the documentation's own form: tenantId, JSON entries, spaces, flags as Go reads them", () => {
    const read = readSecretProviderClass(`apiVersion: v1
kind: ServiceAccount
metadata: {name: sa}
---
apiVersion: secrets-store.csi.x-k8s.io/v1
kind: SecretProviderClass
metadata:
  name: azure-kvname
spec:
  provider: azure
  parameters:
    useVMManagedIdentity: "T"
    userAssignedIdentityID: " 22222222-2222-3333-4444-555555555555 "
    keyvaultName: kvname
    cloudName: "azurechinacloud"
    objects: |
      array:
        - |
          # the secret
          objectName: 1234
          objectType: secret
          objectVersion: ""
        - '{"objectName": "key1", "objectType": "key", "objectFormat": "PEM"}'
    tenantId: "t"
    resourceGroup: rg
`);

    assert.deepEqual(read, {
      name: "azure-kvname",
      keyvaultName: "kvname",
      tenantId: "t",
      access: { kind: "nodeIdentity", clientId: "22222222-2222-3333-4444-555555555555" },
      cloudName: "AzureChinaCloud",
      objects: [
        { objectName: "1234", objectType: "secret" },
        { objectName: "key1", objectType: "key", objectFormat: "pem" },
      ],
      syncedSecrets: [],
      otherParameters: { resourceGroup: "rg" },
    });
  });

  const broken: readonly {
    readonly flaw: string;
    readonly from: string;
    readonly to: string;
    readonly says: RegExp;
  }[] = [
    {
      flaw: "a boolean parameter",
      from: 'usePodIdentity: "false"',
      to: "usePodIdentity: false",
      says: /usePodIdentity/,
    },
    { flaw: "a flag that Go cannot read", from: 'usePodIdentity: "false"', to: 'usePodIdentity: "yes"', says: /"yes"/ },
    {
      flaw: "two modes",
      from: 'usePodIdentity: "false"',
      to: 'usePodIdentity: "1"\n    useVMManagedIdentity: "1"',
      says: /Only one/,
    },
    { flaw: "a miscased vault name", from: "keyvaultName", to: "keyVaultName", says: /"keyvaultName" is missing/ },
    {
      flaw: "an objectType the provider refuses",
      from: "objectType: secret",
      to: "objectType: Secret",
      says: /objects\[0\]\.objectType/,
    },
    {
      flaw: "a quoted history",
      from: "objectVersionHistory: 3",
      to: 'objectVersionHistory: "3"',
      says: /objects\[2\].*quotes/,
    },
    {
      flaw: "entries that are maps",
      from: "        - |\n          objectName: db-password",
      to: "        - objectName: db-password",
      says: /objects/,
    },
    { flaw: "no array", from: "array:", to: "arrays:", says: /objects\.array/ },
    {
      flaw: "an unknown cloud",
      from: "keyvaultName:",
      to: 'cloudName: "AzureMarsCloud"\n    keyvaultName:',
      says: /AzureMarsCloud/,
    },
    { flaw: "another provider", from: "provider: azure", to: "provider: vault", says: /spec\.provider/ },
  ];
  it("reads the clouds by the other names that the provider takes", () => {
    const readCloud = (name: string) =>
      readSecretProviderClass(
        writeSecretProviderClass(web).replace("keyvaultName:", `cloudName: ${name}\n    keyvaultName:`),
      ).cloudName;

    assert.equal(readCloud("AzureCloud"), "AzurePublicCloud");
    assert.equal(readCloud("AZUREUSGOVERNMENT"), "AzureUSGovernmentCloud");
  });

  for (const { flaw, from, to, says } of broken) {
    it(`refuses ${flaw}`, () => {
      const text = writeSecretProviderClass(web).replace(from, to);

      assert.notEqual(text, writeSecretProviderClass(web));
      assert.throws(() => readSecretProviderClass(text), { code: "invalidRequest", message: says });
    });
  }
});

const anyText = fc.string({ unit: "grapheme", maxLength: 30 });
const anyMap = fc.dictionary(fc.stringMatching(/^[a-z][a-z0-9./-]{0,20}$/), anyText, { noNullPrototype: true });
const anyName = fc.stringMatching(/^[0-9a-zA-Z-]{1,40}$/);
/** The provider trims parameters, and an empty one counts as absent. */
const anyParameter = anyText.map((text) => text.trim()).filter((text) => text !== "");
const anyFileName = fc.string({ unit: "grapheme", minLength: 1, maxLength: 20 });

const access: fc.Arbitrary<AccessMode> = fc.oneof(
  fc.record(
    { kind: fc.constantFrom("workloadIdentity", "nodeIdentity", "identityBinding"), clientId: fc.uuid() },
    { noNullPrototype: true },
  ),
  fc.record({ kind: fc.constantFrom("systemAssigned", "servicePrincipal", "podIdentity") }, { noNullPrototype: true }),
);

const classObject: fc.Arbitrary<ClassObject> = fc.record(
  {
    objectName: anyName,
    objectType: fc.constantFrom(...objectTypes),
    objectAlias: anyFileName,
    objectVersion: fc.stringMatching(/^[0-9a-f]{32}$/),
    objectVersionHistory: fc.integer({ min: 0, max: 100 }),
    objectFormat: fc.constantFrom(...objectFormats),
    objectEncoding: fc.constantFrom(...objectEncodings),
    filePermission: fc.stringMatching(/^0[0-7]{3}$/),
  },
  { requiredKeys: ["objectName", "objectType"], noNullPrototype: true },
);

const syncedSecret: fc.Arbitrary<SyncedSecret> = fc.record(
  {
    secretName: anyName,
    type: fc.constantFrom("Opaque", "kubernetes.io/tls", "kubernetes.io/dockerconfigjson"),
    data: fc.array(fc.record({ objectName: anyFileName, key: anyFileName }, { noNullPrototype: true }), {
      maxLength: 3,
    }),
    labels: anyMap,
    annotations: anyMap,
  },
  { requiredKeys: ["secretName", "type", "data"], noNullPrototype: true },
);

const model: fc.Arbitrary<SecretProviderClassModel> = fc.record(
  {
    name: anyName,
    namespace: anyName,
    labels: anyMap,
    annotations: anyMap,
    keyvaultName: anyName,
    tenantId: anyParameter,
    access,
    objects: fc.array(classObject, { maxLength: 4 }),
    syncedSecrets: fc.array(syncedSecret, { maxLength: 3 }),
    cloudName: fc.constantFrom(...cloudNames),
    otherParameters: fc.dictionary(fc.stringMatching(/^x[a-zA-Z]{1,10}$/), anyText, {
      minKeys: 1,
      noNullPrototype: true,
    }),
  },
  { requiredKeys: ["name", "keyvaultName", "tenantId", "access", "objects", "syncedSecrets"], noNullPrototype: true },
);
