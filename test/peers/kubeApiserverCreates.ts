/** What is created, and what is refused to be. */
import type { Case } from "./kubeApiserverCompare.ts";
import {
  core,
  maps,
  classes,
  group,
  get,
  post,
  patch,
  map,
  secretClass,
  pod,
  deployment,
} from "./kubeApiserverRequests.ts";

export const creates: readonly Case[] = [
  { title: "a config map", steps: [post(maps, map("c1")), get(`${maps}/c1`), post(maps, map("c1"))] },
  {
    title: "a secret of text",
    steps: [
      post(`${core}/secrets`, { apiVersion: "v1", kind: "Secret", metadata: { name: "s" }, stringData: { a: "b" } }),
      get(`${core}/secrets/s`),
    ],
  },
  {
    title: "a secret whose data is no base64",
    steps: [post(`${core}/secrets`, { apiVersion: "v1", kind: "Secret", metadata: { name: "t" }, data: { a: "%%%" } })],
  },
  {
    title: "a secret without what its type needs",
    steps: [
      post(`${core}/secrets`, {
        apiVersion: "v1",
        kind: "Secret",
        type: "kubernetes.io/tls",
        metadata: { name: "tls" },
      }),
    ],
  },
  {
    title: "a class",
    steps: [post(classes, secretClass("c1")), get(`${classes}/c1`), post(classes, secretClass("c1"))],
  },
  {
    title: "a class with a boolean parameter",
    steps: [post(classes, secretClass("b", { provider: "azure", parameters: { usePodIdentity: false } }))],
  },
  {
    title: "a class with a number parameter",
    steps: [post(classes, secretClass("b", { provider: "azure", parameters: { a: 1 } }))],
  },
  { title: "a class whose spec is a list", steps: [post(classes, secretClass("b", []))] },
  {
    title: "a class with an unknown field",
    steps: [post(classes, secretClass("u1", { provider: "azure", unknown: 1 }))],
  },
  {
    title: "a class with an unknown field, strictly",
    steps: [post(`${classes}?fieldValidation=Strict`, secretClass("u2", { provider: "azure", unknown: 1 }))],
  },
  {
    title: "a class with an unknown field, ignored",
    steps: [post(`${classes}?fieldValidation=Ignore`, secretClass("u3", { provider: "azure", unknown: 1 }))],
  },
  {
    title: "a config map with an unknown field",
    steps: [post(maps, { ...map("u1"), spec: 1 }), post(`${maps}?fieldValidation=Strict`, { ...map("u2"), spec: 1 })],
  },
  {
    title: "a config map with data of a wrong type",
    steps: [post(maps, map("w", { a: 1 })), post(maps, map("w", "text")), post(maps, map("w", { a: true }))],
  },
  { title: "labels of a wrong type", steps: [post(maps, map("w", {}, { labels: { a: 1 } }))] },
  {
    title: "a name that is not allowed",
    steps: [
      post(maps, map("Upper_Case")),
      post(classes, secretClass("Upper_Case")),
      post("/api/v1/namespaces", { metadata: { name: "a.b" } }),
    ],
  },
  {
    title: "a name that is too long",
    steps: [post(maps, map("a".repeat(254))), post("/api/v1/namespaces", { metadata: { name: "a".repeat(64) } })],
  },
  {
    title: "no name",
    steps: [
      post(maps, { apiVersion: "v1", kind: "ConfigMap", metadata: {} }),
      post(classes, { apiVersion: group, kind: "SecretProviderClass", metadata: {} }),
    ],
  },
  {
    title: "a label that is not allowed",
    steps: [
      post(maps, map("l", {}, { labels: { app: "-x-" } })),
      post(classes, { ...secretClass("l"), metadata: { name: "l", labels: { app: "a b" } } }),
    ],
  },
  {
    title: "an annotation key that is not allowed",
    steps: [
      post(maps, map("l", {}, { annotations: { "a b": "" } })),
      post(maps, map("l", {}, { labels: { "a b": "" } })),
    ],
  },
  { title: "a key that is not allowed", steps: [post(maps, map("k", { "a/b": "1" }))] },
  { title: "another namespace than the path's", steps: [post(maps, map("n", {}, { namespace: "other" }))] },
  {
    title: "a namespace that does not exist",
    steps: [
      post("/api/v1/namespaces/none/configmaps", map("n")),
      post("/apis/secrets-store.csi.x-k8s.io/v1/namespaces/none/secretproviderclasses", secretClass("n")),
    ],
  },
  { title: "a resource version on a new object", steps: [post(maps, map("rv", {}, { resourceVersion: "1" }))] },
  { title: "another kind than the path's", steps: [post(maps, pod("x")), post(classes, map("x"))] },
  {
    title: "another version than the path's",
    steps: [
      post(maps, { ...map("x"), apiVersion: "v2" }),
      post(classes, { ...secretClass("x"), apiVersion: "secrets-store.csi.x-k8s.io/v2" }),
    ],
  },
  {
    title: "no kind",
    steps: [post(maps, { metadata: { name: "nokind" } }), post(classes, { metadata: { name: "nokind" }, spec: {} })],
  },
  { title: "a body that is no JSON", steps: [post(maps, "{"), post(maps, "nothing"), post(maps, "")] },
  { title: "a body of another media type", steps: [post(maps, "x", { "content-type": "text/plain" })] },
  {
    title: "YAML",
    steps: [
      post(maps, "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: yaml\n", { "content-type": "application/yaml" }),
    ],
  },
  {
    title: "a dry run",
    steps: [post(`${maps}?dryRun=All`, map("dry")), get(`${maps}/dry`), post(`${maps}?dryRun=Some`, map("dry"))],
  },
  { title: "a generated name", steps: [{ ...post(`${maps}?dryRun=All`, { metadata: { generateName: "Bad_" } }) }] },
  { title: "a namespace", steps: [post("/api/v1/namespaces?dryRun=All", { metadata: { name: "fresh" } })] },
  {
    title: "the deprecated version of the class",
    steps: [
      get("/apis/secrets-store.csi.x-k8s.io/v1alpha1/namespaces/conformance/secretproviderclasses/c1"),
      post("/apis/secrets-store.csi.x-k8s.io/v1alpha1/namespaces/conformance/secretproviderclasses", {
        ...secretClass("alpha"),
        apiVersion: "secrets-store.csi.x-k8s.io/v1alpha1",
      }),
    ],
  },
];

export const workloads: readonly Case[] = [
  { title: "a pod", steps: [post(`${core}/pods?dryRun=All`, pod("p1"))] },
  {
    title: "a pod without containers",
    steps: [
      post(`${core}/pods`, pod("p2", { containers: [] })),
      post(`${core}/pods`, pod("p2", { containers: [{ name: "a" }] })),
    ],
  },
  {
    title: "a pod that mounts an unknown volume",
    steps: [
      post(
        `${core}/pods`,
        pod("p3", { containers: [{ name: "a", image: "x", volumeMounts: [{ name: "v", mountPath: "/m" }] }] }),
      ),
    ],
  },
  {
    title: "a pod with a class's volume",
    steps: [
      post(
        `${core}/pods?dryRun=All`,
        pod("p4", {
          volumes: [
            {
              name: "kv",
              csi: {
                driver: "secrets-store.csi.k8s.io",
                readOnly: true,
                volumeAttributes: { secretProviderClass: "c1" },
              },
            },
          ],
        }),
      ),
    ],
  },
  {
    title: "a pod without a service account",
    steps: [post(`${core}/pods`, pod("p5", { serviceAccountName: "none" }))],
  },
  {
    title: "a pod with two containers of one name",
    steps: [
      post(
        `${core}/pods`,
        pod("p6", {
          containers: [
            { name: "a", image: "x" },
            { name: "a", image: "x" },
          ],
        }),
      ),
    ],
  },
  {
    title: "a deployment",
    steps: [post("/apis/apps/v1/namespaces/conformance/deployments?dryRun=All", deployment("d1"))],
  },
  {
    title: "a deployment without a selector",
    steps: [post("/apis/apps/v1/namespaces/conformance/deployments", deployment("d2", { selector: undefined }))],
  },
  {
    title: "a deployment whose labels do not match",
    steps: [
      post(
        "/apis/apps/v1/namespaces/conformance/deployments",
        deployment("d3", { selector: { matchLabels: { app: "x" } } }),
      ),
    ],
  },
  { title: "logs", steps: [get(`${core}/pods/none/log`)] },
  {
    title: "a pod's status",
    steps: [
      post(`${core}/pods`, pod("p7", { schedulerName: "none" })),
      patch(`${core}/pods/p7/status`, "merge-patch+json", { status: { phase: "Failed", message: "x" } }),
      get(`${core}/pods/p7/status`),
    ],
  },
];
