import { isMap, isScalar, parseAllDocuments, parseDocument, type Document } from "yaml";
import * as z from "zod/mini";

import { ServiceError } from "../errors.ts";
import type { KubernetesObject } from "../kubernetes/clusterClient.ts";
import { t } from "../l10n.ts";
import {
  cloudNames,
  type CloudName,
  objectEncodings,
  objectFormats,
  objectTypes,
  type AccessMode,
  type ClassObject,
  type SecretProviderClassModel,
  type SyncedSecret,
} from "./model.ts";

const Texts = z.record(z.string(), z.string());
const optional = <T extends z.ZodMiniType>(type: T) => z.optional(z.nullable(type));

const Class = z.object({
  kind: z.literal("SecretProviderClass"),
  metadata: z.object({
    name: z.string(),
    namespace: optional(z.string()),
    labels: optional(Texts),
    annotations: optional(Texts),
  }),
  spec: z.object({
    provider: z.literal("azure"),
    parameters: Texts,
    secretObjects: optional(
      z.array(
        z.object({
          secretName: z.string(),
          type: z.string(),
          labels: optional(Texts),
          annotations: optional(Texts),
          data: optional(z.array(z.object({ objectName: z.string(), key: z.string() }))),
        }),
      ),
    ),
  }),
});

const Entry = z.object({
  objectName: z.string().check(z.minLength(1)),
  objectType: z.enum(objectTypes),
  objectAlias: optional(z.string()),
  objectVersion: optional(z.string()),
  objectVersionHistory: optional(z.pipe(z.string().check(z.regex(/^[+-]?\d+$/)), z.transform(Number))),
  objectFormat: optional(z.pipe(z.string(), z.pipe(z.transform(lowerCase), z.enum(objectFormats)))),
  objectEncoding: optional(z.pipe(z.string(), z.pipe(z.transform(lowerCase), z.enum(objectEncodings)))),
  filePermission: optional(z.string()),
});

function lowerCase(text: string): string {
  return text.toLowerCase();
}

/**
 * Reads the first SecretProviderClass of a YAML text, through its three layers.
 * @throws {ServiceError} `invalidRequest` saying what is wrong and where
 */
export function readSecretProviderClass(text: string): SecretProviderClassModel {
  const documents = parseAllDocuments(text);
  const list = "empty" in documents ? [] : documents;
  const broken = list.flatMap(({ errors }) => errors)[0];
  if (broken) {
    throw invalid(t("This is not valid YAML: {0}", broken.message.split("\n", 1)[0] ?? ""));
  }
  const objects = list.map((document) => document.toJS() as unknown);
  const found = objects.find(
    (object) => z.looseObject({ kind: z.literal("SecretProviderClass") }).safeParse(object).success,
  );
  if (found === undefined) {
    throw invalid(t("There is no SecretProviderClass in this text."));
  }
  return readClass(found);
}

/**
 * Reads a SecretProviderClass as the API server gave it.
 * @throws {ServiceError} `invalidRequest` saying what is wrong and where
 */
export function readKubernetesObject(object: KubernetesObject): SecretProviderClassModel {
  return readClass({ kind: "SecretProviderClass", ...object });
}

function readClass(value: unknown): SecretProviderClassModel {
  const { metadata, spec } = orInvalid(Class.safeParse(value), "SecretProviderClass");
  const parameters = trimmed(spec.parameters);
  const { access, used } = readAccess(parameters);
  const cloudName = readCloudName(parameters["cloudName"]);
  return given({
    name: metadata.name,
    namespace: metadata.namespace ?? undefined,
    labels: metadata.labels ?? undefined,
    annotations: metadata.annotations ?? undefined,
    keyvaultName: required(parameters, "keyvaultName"),
    tenantId: textOr(parameters["tenantID"], () => required(parameters, "tenantId")),
    access,
    objects: readObjects(required(parameters, "objects")),
    syncedSecrets: (spec.secretObjects ?? []).map(readSynced),
    cloudName,
    otherParameters: otherParameters(spec.parameters, [...used, ...common]),
  });
}

const common = ["keyvaultName", "tenantID", "tenantId", "objects", "cloudName", ...["usePodIdentity"]];

/** The provider trims every value. */
function trimmed(parameters: Readonly<Record<string, string>>): Readonly<Record<string, string>> {
  return Object.fromEntries(Object.entries(parameters).map(([name, value]) => [name, value.trim()]));
}

function required(parameters: Readonly<Record<string, string>>, name: string): string {
  const value = parameters[name];
  if (value === undefined || value === "") {
    throw invalid(t('The parameter "{0}" is missing.', name));
  }
  return value;
}

function textOr(text: string | undefined, other: () => string): string {
  return text === undefined || text === "" ? other() : text;
}

interface Access {
  readonly access: AccessMode;
  /** Parameters that it is made of. */
  readonly used: readonly string[];
}

/** The order in which the provider chooses. */
function readAccess(parameters: Readonly<Record<string, string>>): Access {
  const flags = ["usePodIdentity", "useVMManagedIdentity", "useAzureTokenProxy"] as const;
  const on = flags.filter((flag) => readBoolean(flag, parameters[flag]));
  const [mode, second] = on;
  if (second !== undefined) {
    throw invalid(t("Only one of {0} may be true.", on.join(", ")));
  }
  const clientId = parameters["clientID"] ?? "";
  switch (mode) {
    case "usePodIdentity":
      return { access: { kind: "podIdentity" }, used: flags };
    case "useVMManagedIdentity":
      return { access: nodeAccess(parameters["userAssignedIdentityID"]), used: [...flags, "userAssignedIdentityID"] };
    case "useAzureTokenProxy":
      return { access: { kind: "identityBinding", clientId }, used: [...flags, "clientID"] };
    case undefined:
    default:
      return {
        access: clientId === "" ? { kind: "servicePrincipal" } : { kind: "workloadIdentity", clientId },
        used: [...flags, "clientID"],
      };
  }
}

function nodeAccess(clientId: string | undefined): AccessMode {
  return clientId === undefined || clientId === "" ? { kind: "systemAssigned" } : { kind: "nodeIdentity", clientId };
}

/** Go's `strconv.ParseBool`; empty is false. */
function readBoolean(name: string, text = ""): boolean {
  if (["1", "t", "T", "TRUE", "true", "True"].includes(text)) {
    return true;
  }
  if (["", "0", "f", "F", "FALSE", "false", "False"].includes(text)) {
    return false;
  }
  throw invalid(t('The parameter "{0}" must be "true" or "false", not "{1}".', name, text));
}

/** The other names under which the provider knows two of the clouds. */
const cloudAliases: Readonly<Record<string, CloudName>> = {
  azurecloud: "AzurePublicCloud",
  azureusgovernment: "AzureUSGovernmentCloud",
};

function readCloudName(text: string | undefined) {
  if (text === undefined || text === "") {
    return undefined;
  }
  const wanted = text.toLowerCase();
  const known = cloudNames.find((name) => name.toLowerCase() === wanted) ?? cloudAliases[wanted];
  if (known === undefined) {
    throw invalid(t('The parameter "cloudName" must be one of {0}, not "{1}".', cloudNames.join(", "), text));
  }
  return known;
}

function otherParameters(parameters: Readonly<Record<string, string>>, used: readonly string[]) {
  const others = Object.entries(parameters).filter(([name]) => !used.includes(name));
  return others.length === 0 ? undefined : Object.fromEntries(others);
}

const StringArray = z.object({ array: z.nullable(z.array(z.string())) });

function readObjects(text: string): readonly ClassObject[] {
  const list = orInvalid(StringArray.safeParse(readYaml(text, "objects").toJS()), "objects");
  return (list.array ?? []).map((item, index) => {
    const where = `objects[${index}]`;
    const document = readYaml(item, where);
    if (isHistoryQuoted(document)) {
      throw invalid(t("{0}: objectVersionHistory must be a number without quotes.", where));
    }
    // The schema has read the fields; only the empty ones go.
    return given(orInvalid(Entry.safeParse(document.toJS()), where)) as ClassObject;
  });
}

/** Scalars keep their text, as the provider's string fields do: a version of digits only is not a number. */
function readYaml(text: string, where: string): Document {
  const document = parseDocument(text, { schema: "failsafe", customTags: ["null"] });
  const [error] = document.errors;
  if (error) {
    throw invalid(t("{0} is not valid YAML: {1}", where, error.message.split("\n", 1)[0] ?? ""));
  }
  return document;
}

function isHistoryQuoted({ contents }: Document): boolean {
  const node = isMap(contents) ? contents.get("objectVersionHistory", true) : undefined;
  return isScalar(node) && (node.type === "QUOTE_DOUBLE" || node.type === "QUOTE_SINGLE");
}

function readSynced(secret: NonNullable<z.infer<typeof Class>["spec"]["secretObjects"]>[number]): SyncedSecret {
  const { secretName, type, labels, annotations, data } = secret;
  return given({
    secretName,
    type,
    labels: labels ?? undefined,
    annotations: annotations ?? undefined,
    data: data ?? [],
  });
}

/** Without the fields that say nothing. */
function given<T extends object>(fields: T): T {
  const isGiven = (value: unknown) => value !== undefined && value !== null && value !== "";
  // Only optional fields can be missing: required ones have been read.
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => isGiven(value))) as T;
}

function orInvalid<T>(result: z.core.util.SafeParseResult<T>, where: string): T {
  if (result.success) {
    return result.data;
  }
  const [issue] = result.error.issues;
  const path = [where, ...(issue?.path ?? []).map(String)].join(".");
  throw invalid(t("{0} is not as the provider wants it: {1}", path, issue?.message ?? ""));
}

function invalid(message: string): ServiceError {
  return new ServiceError("invalidRequest", message);
}
