import type { KubeObject } from "./object.ts";

const group = "secrets-store.csi.x-k8s.io";

type Schema = Readonly<Record<string, unknown>>;

const text = (description?: string): Schema => ({ ...(description && { description }), type: "string" });
const texts = (description: string): Schema => ({
  additionalProperties: { type: "string" },
  description,
  type: "object",
});
const record = (description: string, properties: Schema): Schema => ({ description, properties, type: "object" });
const list = (items: Schema): Schema => ({ items, type: "array" });

const typeMeta: Schema = {
  apiVersion: text(
    "APIVersion defines the versioned schema of this representation of an object.\nServers should convert recognized schemas to the latest internal value, and\nmay reject unrecognized values.\nMore info: https://git.k8s.io/community/contributors/devel/sig-architecture/api-conventions.md#resources",
  ),
  kind: text(
    "Kind is a string value representing the REST resource this object represents.\nServers may infer this from the endpoint the client submits requests to.\nCannot be updated.\nIn CamelCase.\nMore info: https://git.k8s.io/community/contributors/devel/sig-architecture/api-conventions.md#types-kinds",
  ),
  metadata: { type: "object" },
};

const secretObject = record("SecretObject defines the desired state of synced K8s secret objects", {
  annotations: texts("annotations of k8s secret object"),
  data: list(
    record("SecretObjectData defines the desired state of synced K8s secret object data", {
      key: text("data field to populate"),
      objectName: text("name of the object to sync"),
    }),
  ),
  labels: texts("labels of K8s secret object"),
  secretName: text("name of the K8s secret object"),
  type: text("type of K8s secret object"),
});

const classSpec = record("SecretProviderClassSpec defines the desired state of SecretProviderClass", {
  parameters: texts("Configuration for specific provider"),
  provider: text("Configuration for provider name"),
  secretObjects: list(secretObject),
});

const byPod = list(
  record("ByPodStatus defines the state of SecretProviderClass as seen by\nan individual controller", {
    id: text("id of the pod that wrote the status"),
    namespace: text("namespace of the pod that wrote the status"),
  }),
);

const podStatus = record(
  "SecretProviderClassPodStatusStatus defines the observed state of SecretProviderClassPodStatus",
  {
    mounted: { type: "boolean" },
    objects: list(
      record("SecretProviderClassObject defines the object fetched from external secrets store", {
        id: text(),
        version: text(),
      }),
    ),
    podName: text(),
    secretProviderClassName: text(),
    targetPath: text(),
  },
);

function classSchema(status: Schema): Schema {
  const description = "SecretProviderClass is the Schema for the secretproviderclasses API";
  const described = {
    ...status,
    description: "SecretProviderClassStatus defines the observed state of SecretProviderClass",
    type: "object",
  };
  return { openAPIV3Schema: record(description, { ...typeMeta, spec: classSpec, status: described }) };
}

function podStatusSchema(): Schema {
  const description = "SecretProviderClassPodStatus is the Schema for the secretproviderclassespodstatus API";
  return { openAPIV3Schema: record(description, { ...typeMeta, status: podStatus }) };
}

function definition(
  kind: string,
  plural: string,
  schemas: { readonly v1: Schema; readonly v1alpha1: Schema },
): KubeObject {
  const names = { kind, listKind: `${kind}List`, plural, singular: kind.toLowerCase() };
  const accepted = [
    { type: "NamesAccepted", status: "True", reason: "NoConflicts", message: "no conflicts found" },
    {
      type: "Established",
      status: "True",
      reason: "InitialNamesAccepted",
      message: "the initial names have been accepted",
    },
  ];
  return {
    apiVersion: "apiextensions.k8s.io/v1",
    kind: "CustomResourceDefinition",
    metadata: {
      name: `${plural}.${group}`,
      annotations: { "controller-gen.kubebuilder.io/version": "v0.16.3" },
      labels: { "addonmanager.kubernetes.io/mode": "Reconcile", "kubernetes.io/cluster-service": "true" },
    },
    spec: {
      conversion: { strategy: "None" },
      group,
      names,
      scope: "Namespaced",
      versions: [
        { name: "v1", schema: schemas.v1, served: true, storage: true },
        {
          deprecated: true,
          deprecationWarning: `${group}/v1alpha1 is deprecated. Use ${group}/v1 instead.`,
          name: "v1alpha1",
          schema: schemas.v1alpha1,
          served: true,
          storage: false,
        },
      ],
    },
    status: { acceptedNames: names, conditions: accepted, storedVersions: ["v1"] },
  };
}

/** The two kinds that the driver adds to a cluster. */
export const driverCrds: readonly KubeObject[] = [
  definition("SecretProviderClass", "secretproviderclasses", {
    v1: classSchema({}),
    v1alpha1: classSchema({ properties: { byPod } }),
  }),
  definition("SecretProviderClassPodStatus", "secretproviderclasspodstatuses", {
    v1: podStatusSchema(),
    v1alpha1: podStatusSchema(),
  }),
];
