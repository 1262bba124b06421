/** Classes that do not mount, each with one thing wrong. */
import type { How, Scene } from "./providerScene.ts";

type Parameters = Readonly<Record<string, string>>;

export interface BrokenClass {
  readonly title: string;
  make(base: Parameters, scene: Scene): { readonly parameters: Parameters; readonly how?: How };
}

function without(parameters: Parameters, ...names: readonly string[]): Parameters {
  return Object.fromEntries(Object.entries(parameters).filter(([name]) => !names.includes(name)));
}

const withParameter = (title: string, changes: Parameters): BrokenClass => ({
  title,
  make: (base) => ({ parameters: { ...base, ...changes } }),
});

const withEntry = (title: string, entry: string): BrokenClass =>
  withParameter(title, {
    objects: `array:\n  - |\n${entry
      .split("\n")
      .map((line) => `    ${line}`)
      .join("\n")}\n`,
  });

const secret = "objectName: plain\nobjectType: secret";

export const brokenClasses: readonly BrokenClass[] = [
  { title: "no vault", make: (base) => ({ parameters: without(base, "keyvaultName") }) },
  {
    title: "a vault's name in the wrong case",
    make: ({ keyvaultName = "", ...rest }) => ({ parameters: { ...rest, keyVaultName: keyvaultName } }),
  },
  { title: "no tenant", make: (base) => ({ parameters: without(base, "tenantID") }) },
  { title: "no objects", make: (base) => ({ parameters: without(base, "objects") }) },
  withParameter("blank objects", { objects: "  \n" }),
  withParameter("an unknown cloud", { cloudName: "Mars" }),
  withParameter("a flag that is no boolean", { usePodIdentity: "yes" }),
  withParameter("another flag that is no boolean", { useVMManagedIdentity: "maybe" }),
  withParameter("two modes", { usePodIdentity: "true", useVMManagedIdentity: "true" }),
  withParameter("a vault's address for its name", { keyvaultName: "https://kv-peers.vault.azure.net/" }),
  withParameter("a vault's name with an underscore", { keyvaultName: "kv_peers" }),
  withParameter("a vault's name that is too short", { keyvaultName: "kv" }),
  withParameter("objects without an array", { objects: "- objectName: plain\n  objectType: secret\n" }),
  withParameter("an array of maps", { objects: "array:\n  - objectName: plain\n    objectType: secret\n" }),
  withParameter("an array that is a text", { objects: "array: plain\n" }),
  withParameter("objects that are a text", { objects: "plain" }),
  withParameter("objects with a tab", { objects: "array:\n\t- |\n    objectName: plain\n" }),
  withEntry("an unknown type", "objectName: plain\nobjectType: certificate"),
  withEntry("a type in the wrong case", "objectName: plain\nobjectType: Secret"),
  withEntry("no type", "objectName: plain"),
  withEntry("no name", "objectType: secret"),
  withEntry("an unknown format", `${secret}\nobjectFormat: der`),
  withEntry("pfx of a key", "objectName: rsa\nobjectType: key\nobjectFormat: pfx"),
  withEntry("an unknown encoding", `${secret}\nobjectEncoding: utf-16`),
  withEntry("an encoding of a key", "objectName: rsa\nobjectType: key\nobjectEncoding: hex"),
  withEntry("an alias that leaves the folder", `${secret}\nobjectAlias: ../x`),
  withEntry("an alias that is absolute", `${secret}\nobjectAlias: /x`),
  withEntry("a history in quotes", `${secret}\nobjectVersionHistory: "2"`),
  withEntry("a history that is a text", `${secret}\nobjectVersionHistory: many`),
  withEntry("a key twice", `${secret}\nobjectName: plain`),
  withEntry("an entry that is a list", "- objectName: plain"),
  withEntry("an entry that is a text", "plain"),
  withEntry("a value that is a list", "objectName: [plain]\nobjectType: secret"),
  withEntry("hex that is none", "objectName: text\nobjectType: secret\nobjectEncoding: hex"),
  withEntry("base64 that is none", "objectName: text\nobjectType: secret\nobjectEncoding: base64"),
  withEntry("a secret that is not there", "objectName: nothing\nobjectType: secret"),
  withEntry("a key that is not there", "objectName: nothing\nobjectType: key"),
  withEntry("a certificate that is not there", "objectName: nothing\nobjectType: cert"),
  withEntry("a secret as a key", "objectName: plain\nobjectType: key"),
  withEntry("a version that is not there", `${secret}\nobjectVersion: ${"0".repeat(32)}`),
  withEntry("a disabled secret", "objectName: off\nobjectType: secret"),
  withEntry("a key of an unknown curve", "objectName: bitcoin\nobjectType: key"),
  {
    title: "a history of a secret that is not there",
    make: (base) => ({
      parameters: {
        ...base,
        objects: "array:\n  - |\n    objectName: nothing\n    objectType: secret\n    objectVersionHistory: 2\n",
      },
    }),
  },
  {
    title: "an identity without a right",
    make: (base, { stranger }) => ({ parameters: { ...base, clientID: stranger.clientId } }),
  },
  {
    title: "a client that is not known",
    make: (base) => ({ parameters: { ...base, clientID: "99999999-9999-4999-8999-999999999999" } }),
  },
  { title: "another service account", make: (base) => ({ parameters: base, how: { serviceAccount: "other" } }) },
  {
    title: "a tenant that is not known",
    make: (base) => ({ parameters: { ...base, tenantID: "99999999-9999-4999-8999-999999999999" } }),
  },
  { title: "no sign-in at all", make: (base) => ({ parameters: without(base, "clientID") }) },
  {
    title: "an empty credential",
    make: (base) => ({ parameters: without(base, "clientID"), how: { secrets: { other: "x" } } }),
  },
  {
    title: "a credential without a secret",
    make: (base, { application }) => ({
      parameters: without(base, "clientID"),
      how: { secrets: { clientid: application.appId ?? "" } },
    }),
  },
  {
    title: "a wrong client secret",
    make: (base, { application }) => ({
      parameters: without(base, "clientID"),
      how: { secrets: { clientid: application.appId ?? "", clientsecret: "wrong" } },
    }),
  },
  {
    title: "an identity that is not on the node",
    make: (base, { workload }) => ({
      parameters: {
        ...without(base, "clientID"),
        useVMManagedIdentity: "true",
        userAssignedIdentityID: workload.clientId,
      },
    }),
  },
  {
    title: "pod identity without its service",
    make: (base) => ({ parameters: { ...without(base, "clientID"), usePodIdentity: "true" } }),
  },
];
