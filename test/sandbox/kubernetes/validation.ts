import type { ResourceType } from "./kinds.ts";
import { at, isRecord, isSame, listAt, textAt, type KubeObject } from "./object.ts";
import { schemaOf, type Schema } from "./schema.ts";
import { matchesLabelSelector } from "./selectors.ts";
import { invalid, type Cause } from "./status.ts";

const label = "[a-z0-9]([-a-z0-9]*[a-z0-9])?";
const dnsLabel = new RegExp(`^${label}$`);
const dnsSubdomain = new RegExp(`^${label}(\\.${label})*$`);

const labelText = `a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?')`;
const subdomainText = `a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')`;

function invalidValue(field: string, value: unknown, why: string): Cause {
  return { reason: "FieldValueInvalid", message: `Invalid value: ${JSON.stringify(value)}: ${why}`, field };
}

function required(field: string, why = ""): Cause {
  return { reason: "FieldValueRequired", message: why ? `Required value: ${why}` : "Required value", field };
}

function nameCauses(type: ResourceType, name: string): readonly Cause[] {
  if (name === "") {
    return [required("metadata.name", "name or generateName is required")];
  }
  if (type.group === "rbac.authorization.k8s.io") {
    return /[/%]/.test(name) ? [invalidValue("metadata.name", name, "may not contain '/'")] : [];
  }
  const isLabel = type.kind === "Namespace" || type.kind === "Service";
  const why = isLabel ? labelProblem(name) : subdomainProblem(name);
  return why === undefined ? [] : [invalidValue("metadata.name", name, why)];
}

function labelProblem(name: string): string | undefined {
  if (name.length > 63) {
    return "must be no more than 63 characters";
  }
  return dnsLabel.test(name) ? undefined : dnsSubdomain.test(name) ? "must not contain dots" : labelText;
}

function subdomainProblem(name: string): string | undefined {
  return name.length > 253
    ? "must be no more than 253 characters"
    : dnsSubdomain.test(name)
      ? undefined
      : subdomainText;
}

/** A generated name is checked as if it ended in a letter where it ends in a dash. */
function prefixCauses({ metadata }: KubeObject): readonly Cause[] {
  const prefix = metadata.generateName ?? "";
  const why = prefix === "" ? undefined : subdomainProblem(prefix.replace(/-$/, "a"));
  return why === undefined ? [] : [invalidValue("metadata.generateName", prefix, why)];
}

const namePart = /^([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]$/;
const namePartText =
  "name part must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')";

function keyCauses(map: Readonly<Record<string, string>> | undefined, field: string): readonly Cause[] {
  return Object.keys(map ?? {})
    .filter((key) => !namePart.test(key.split("/").at(-1) ?? ""))
    .map((key) => invalidValue(field, key, namePartText));
}

const standardFinalizers = ["kubernetes", "orphan", "foregroundDeletion"];

function finalizerCauses({ metadata }: KubeObject): readonly Cause[] {
  return (metadata.finalizers ?? []).flatMap((name, i) =>
    name.includes("/") || standardFinalizers.includes(name)
      ? []
      : [
          invalidValue(
            `metadata.finalizers[${i}]`,
            name,
            "name is neither a standard finalizer name nor is it fully qualified",
          ),
        ],
  );
}

const neededKeys: Readonly<Record<string, readonly string[]>> = {
  "kubernetes.io/tls": ["tls.crt", "tls.key"],
  "kubernetes.io/dockerconfigjson": [".dockerconfigjson"],
};

function dataCauses(object: KubeObject): readonly Cause[] {
  if (object.kind !== "Secret" && object.kind !== "ConfigMap") {
    return [];
  }
  const data = isRecord(object["data"]) ? object["data"] : {};
  const why =
    "a valid config key must consist of alphanumeric characters, '-', '_' or '.' (e.g. 'key.name',  or 'KEY_NAME',  or 'key-name', regex used for validation is '[-._a-zA-Z0-9]+')";
  const wrong = Object.keys(data).filter((key) => !/^[-._a-zA-Z0-9]+$/.test(key));
  const missing = (neededKeys[textAt(object, "type")] ?? []).filter((key) => !(key in data));
  return [
    ...wrong.map((key) => invalidValue(`data[${key}]`, key, why)),
    ...missing.map((key) => required(`data[${key}]`)),
  ];
}

const labelValue = /^(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?$/;

function labelCauses(object: KubeObject): readonly Cause[] {
  return Object.values(object.metadata.labels ?? {})
    .filter((value) => !labelValue.test(value) || value.length > 63)
    .map((value) =>
      invalidValue(
        "metadata.labels",
        value,
        value.length > 63
          ? "must be no more than 63 bytes"
          : "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyValue',  or 'my_value',  or '12345', regex used for validation is '(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?')",
      ),
    );
}

const requiredPaths: Readonly<Record<string, readonly string[]>> = {
  Pod: ["spec.containers"],
  Deployment: ["spec.selector", "spec.template.spec.containers"],
  ReplicaSet: ["spec.selector", "spec.template.spec.containers"],
  StatefulSet: ["spec.selector", "spec.template.spec.containers"],
  DaemonSet: ["spec.selector", "spec.template.spec.containers"],
  Job: ["spec.template.spec.containers"],
  CronJob: ["spec.schedule", "spec.jobTemplate.spec.template.spec.containers"],
};

function podSpecPath(kind: string): string | undefined {
  return requiredPaths[kind]?.at(-1)?.replace(/\.containers$/, "");
}

function isEmpty(value: unknown): boolean {
  return value === undefined || value === null || value === "" || (Array.isArray(value) && value.length === 0);
}

function containerCauses(object: KubeObject): readonly Cause[] {
  const path = podSpecPath(object.kind);
  if (path === undefined) {
    return [];
  }
  const volumes = new Set(listAt(object, `${path}.volumes`).map((volume) => textAt(volume, "name")));
  return listAt(object, `${path}.containers`).flatMap((container, i): readonly Cause[] => {
    const where = `${path}.containers[${i}]`;
    const name = textAt(container, "name");
    const mounts = listAt(container, "volumeMounts");
    const isTwice = listAt(object, `${path}.containers`).findIndex((one) => textAt(one, "name") === name) < i;
    return [
      ...(name === "" ? [required(`${where}.name`)] : []),
      ...(name !== "" && isTwice
        ? [
            {
              reason: "FieldValueDuplicate",
              message: `Duplicate value: ${JSON.stringify(name)}`,
              field: `${where}.name`,
            },
          ]
        : []),
      ...(textAt(container, "image") === "" ? [required(`${where}.image`)] : []),
      ...mounts.flatMap((mount, j): readonly Cause[] =>
        volumes.has(textAt(mount, "name"))
          ? []
          : [
              {
                reason: "FieldValueNotFound",
                message: `Not found: ${JSON.stringify(textAt(mount, "name"))}`,
                field: `${where}.volumeMounts[${j}].name`,
              },
            ],
      ),
    ];
  });
}

function selectorCauses(object: KubeObject): readonly Cause[] {
  const selector = at(object, "spec.selector");
  const labels = at(object, "spec.template.metadata.labels") as Record<string, string> | undefined;
  if (!["Deployment", "ReplicaSet", "StatefulSet", "DaemonSet"].includes(object.kind)) {
    return [];
  }
  return isRecord(selector) && matchesLabelSelector(selector, labels)
    ? []
    : [invalidValue("spec.template.metadata.labels", labels ?? {}, "`selector` does not match template `labels`")];
}

function restartCauses(object: KubeObject): readonly Cause[] {
  if (object.kind !== "Job" || ["Never", "OnFailure"].includes(textAt(object, "spec.template.spec.restartPolicy"))) {
    return [];
  }
  const found = textAt(object, "spec.template.spec.restartPolicy");
  const message = `Required value: valid values: "OnFailure", "Never"`;
  return [
    found === "Always"
      ? {
          reason: "FieldValueNotSupported",
          message: `Unsupported value: "Always": supported values: "OnFailure", "Never"`,
          field: "spec.template.spec.restartPolicy",
        }
      : { reason: "FieldValueRequired", message, field: "spec.template.spec.restartPolicy" },
  ];
}

/** What a schema of a CustomResourceDefinition requires. */
function schemaCauses(schema: Schema, value: unknown, path: string): readonly Cause[] {
  if (!isRecord(value) || schema.fields === undefined) {
    return [];
  }
  return [...schema.fields.values()].flatMap((field): readonly Cause[] => {
    const inner = path === "" ? field.name : `${path}.${field.name}`;
    if (value[field.name] === undefined) {
      return field.isRequired ? [required(inner)] : [];
    }
    return schemaCauses(field.schema, value[field.name], inner);
  });
}

/** @throws 422 with every cause, as the API server does: what is wrong with the object, and what an update may not change */
export function validate(type: ResourceType, object: KubeObject, before?: KubeObject): void {
  const paths = requiredPaths[type.kind] ?? [];
  const causes = [
    ...prefixCauses(object),
    ...nameCauses(type, object.metadata.name),
    ...labelCauses(object),
    ...keyCauses(object.metadata.labels, "metadata.labels"),
    ...keyCauses(object.metadata.annotations, "metadata.annotations"),
    ...finalizerCauses(object),
    ...dataCauses(object),
    ...paths.filter((path) => isEmpty(at(object, path))).map((path) => required(path)),
    ...containerCauses(object),
    ...selectorCauses(object),
    ...restartCauses(object),
    ...(type.crd ? schemaCauses(schemaOf(type), object, "") : []),
    ...(before ? updateCauses(type, before, object) : []),
  ];
  if (causes.length > 0) {
    throw invalid(type, object.metadata.name, causes);
  }
}

const immutable: Readonly<Record<string, readonly string[]>> = {
  Deployment: ["spec.selector"],
  ReplicaSet: ["spec.selector"],
  DaemonSet: ["spec.selector"],
  Job: ["spec.selector", "spec.template"],
  Secret: ["type"],
};

const podUpdateText =
  "pod updates may not change fields other than `spec.containers[*].image`,`spec.initContainers[*].image`,`spec.activeDeadlineSeconds`,`spec.tolerations` (only additions to existing tolerations),`spec.terminationGracePeriodSeconds` (allow it to be set to 1 if it was previously negative)";

function withoutMutable(pod: KubeObject): unknown {
  const spec = structuredClone(pod["spec"]) as Record<string, unknown>;
  for (const name of ["activeDeadlineSeconds", "tolerations", "terminationGracePeriodSeconds"]) {
    Reflect.deleteProperty(spec, name);
  }
  for (const one of [...listAt(spec, "containers"), ...listAt(spec, "initContainers")]) {
    Reflect.deleteProperty(one, "image");
  }
  return spec;
}

/** An update changes what may not change. */
function updateCauses(type: ResourceType, before: KubeObject, after: KubeObject): readonly Cause[] {
  const causes = (immutable[type.kind] ?? [])
    .filter((path) => !isSame(at(before, path), at(after, path)))
    .map((path) => invalidValue(path, at(after, path), "field is immutable"));
  if (type.kind.endsWith("RoleBinding") || type.kind === "RoleBinding") {
    if (!isSame(before["roleRef"], after["roleRef"])) {
      causes.push(invalidValue("roleRef", after["roleRef"], "cannot change roleRef"));
    }
  }
  if (type.kind === "Pod" && !isSame(withoutMutable(before), withoutMutable(after))) {
    causes.push({ reason: "FieldValueForbidden", message: `Forbidden: ${podUpdateText}`, field: "spec" });
  }
  if (before["immutable"] === true && !isSame(before["data"], after["data"])) {
    const message = "Forbidden: field is immutable when `immutable` is set";
    causes.push({ reason: "FieldValueForbidden", message, field: "data" });
  }
  return causes;
}
