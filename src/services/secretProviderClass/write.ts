import type { KubernetesObject } from "../kubernetes/clusterClient.ts";
import type { AccessMode, ClassObject, SecretProviderClassModel, SyncedSecret } from "./model.ts";

type Texts = Readonly<Record<string, string>>;

/**
 * The class as YAML that the provider reads in versions 1.7 and 1.8 alike: `objects` is a block of blocks, every parameter a quoted string.
 * @see https://azure.github.io/secrets-store-csi-driver-provider-azure/docs/getting-started/usage/
 */
export function writeSecretProviderClass(model: SecretProviderClassModel): string {
  const lines = [
    "apiVersion: secrets-store.csi.x-k8s.io/v1",
    "kind: SecretProviderClass",
    "metadata:",
    ...indent(writeMetadata(model)),
    "spec:",
    "  provider: azure",
    "  parameters:",
    ...indent(Object.entries(parametersOf(model)).flatMap(writeParameter), 4),
    ...(model.syncedSecrets.length === 0
      ? []
      : ["  secretObjects:", ...indent(model.syncedSecrets.flatMap(writeSynced), 4)]),
  ];
  return `${lines.join("\n")}\n`;
}

/** The class as the API server takes it: the same that {@link writeSecretProviderClass} says in YAML. */
export function toKubernetesObject(model: SecretProviderClassModel): KubernetesObject {
  const { name, namespace, labels, annotations, syncedSecrets } = model;
  return {
    apiVersion: "secrets-store.csi.x-k8s.io/v1",
    kind: "SecretProviderClass",
    metadata: { name, ...given({ namespace, labels, annotations }) },
    spec: {
      provider: "azure",
      parameters: parametersOf(model),
      ...(syncedSecrets.length === 0 ? {} : { secretObjects: syncedSecrets.map(toSecretObject) }),
    },
  };
}

function toSecretObject({ secretName, type, labels, annotations, data }: SyncedSecret) {
  return { secretName, type, ...given({ labels, annotations }), data };
}

/** Without the fields that are undefined. */
function given<T extends object>(fields: T): T {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as T;
}

/** `spec.parameters`; each value is a string, booleans too. */
function parametersOf(model: SecretProviderClassModel): Texts {
  return {
    ...identityParameters(model.access),
    keyvaultName: model.keyvaultName,
    ...(model.cloudName === undefined ? {} : { cloudName: model.cloudName }),
    objects: writeObjects(model.objects),
    tenantID: model.tenantId,
    ...model.otherParameters,
  };
}

/** Exactly one mode; what is not of the mode is left out, since the provider reads it in ways that surprise. */
function identityParameters(access: AccessMode): Texts {
  switch (access.kind) {
    case "workloadIdentity":
      return { usePodIdentity: "false", clientID: access.clientId };
    case "nodeIdentity":
      return { usePodIdentity: "false", useVMManagedIdentity: "true", userAssignedIdentityID: access.clientId };
    case "systemAssigned":
      return { usePodIdentity: "false", useVMManagedIdentity: "true", userAssignedIdentityID: "" };
    case "servicePrincipal":
      return { usePodIdentity: "false" };
    case "identityBinding":
      return { usePodIdentity: "false", useAzureTokenProxy: "true", clientID: access.clientId };
    case "podIdentity":
      return { usePodIdentity: "true" };
  }
}

/** The `objects` parameter. The provider parses the text, then each item of its `array` as YAML of its own. */
function writeObjects(objects: readonly ClassObject[]): string {
  if (objects.length === 0) {
    return "array: []\n";
  }
  const items = objects.flatMap((object) => ["  - |", ...indent(writeObject(object), 4)]);
  return `${["array:", ...items].join("\n")}\n`;
}

function writeObject(object: ClassObject): readonly string[] {
  const { objectVersionHistory, ...texts } = object;
  const order = [
    "objectName",
    "objectType",
    "objectAlias",
    "objectVersion",
    "objectFormat",
    "objectEncoding",
    "filePermission",
  ] as const;
  return [
    ...order.flatMap((field) => (texts[field] === undefined ? [] : [`${field}: ${scalar(texts[field])}`])),
    // A number, not a text: the provider refuses a quoted one.
    ...(objectVersionHistory === undefined ? [] : [`objectVersionHistory: ${objectVersionHistory}`]),
  ];
}

function writeMetadata({ name, namespace, labels, annotations }: SecretProviderClassModel): readonly string[] {
  return [
    `name: ${scalar(name)}`,
    ...(namespace === undefined ? [] : [`namespace: ${scalar(namespace)}`]),
    ...writeMap("labels", labels),
    ...writeMap("annotations", annotations),
  ];
}

function writeMap(name: string, map: Texts | undefined): readonly string[] {
  if (map === undefined) {
    return [];
  }
  const entries = Object.entries(map).map(([key, value]) => `${scalar(key)}: ${quoted(value)}`);
  return entries.length === 0 ? [`${name}: {}`] : [`${name}:`, ...indent(entries)];
}

function writeParameter([name, value]: readonly [string, string]): readonly string[] {
  if (name !== "objects") {
    return [`${scalar(name)}: ${quoted(value)}`];
  }
  return ["objects: |", ...indent(value.trimEnd().split("\n"))];
}

function writeSynced({ secretName, type, labels, annotations, data }: SyncedSecret): readonly string[] {
  const items = data.flatMap(({ objectName, key }) => [`- objectName: ${scalar(objectName)}`, `  key: ${scalar(key)}`]);
  return [
    `- secretName: ${scalar(secretName)}`,
    ...indent([
      `type: ${scalar(type)}`,
      ...writeMap("labels", labels),
      ...writeMap("annotations", annotations),
      ...(items.length === 0 ? ["data: []"] : ["data:", ...indent(items)]),
    ]),
  ];
}

function indent(lines: readonly string[], by = 2): readonly string[] {
  return lines.map((line) => " ".repeat(by) + line);
}

/** Words that one version or another of YAML takes for something else than text. */
const reserved = /^(?:y|n|yes|no|on|off|true|false|null|nan|inf)$/i;

/** Plain where every YAML reader takes it for this very text, else quoted. */
function scalar(text: string): string {
  return /^[A-Za-z][A-Za-z0-9._/-]*$/.test(text) && !reserved.test(text) ? text : quoted(text);
}

/** JSON's quoting is YAML's, but for characters that JSON leaves alone and YAML takes for line breaks or refuses. */
function quoted(text: string): string {
  return JSON.stringify(text).replace(
    /[\u007f-\u009f\u2028\u2029\ufeff\ufffe\uffff]/g,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
}
